"""Listeners hear everything, and whatever becomes of them the apply ends as it would."""

import io
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from runner.errors import UsageError
from runner.models.events import ApplyStarted, Event
from runner.reports.progress import listeners, reporters
from runner.reports.progress.listeners import (
    LISTENERS,
    Background,
    Listener,
    Surroundings,
    other_listeners,
)
from runner.reports.progress.reporters import Reporters, open_reporters, parse_reports
from tests.reports.outcomes import at, mixed, offline, story

EVENT = ApplyStarted(at(0), "an-apply", ("smoke",))


class Told(Listener):
    """Notes what it is told, and fails where it is asked to."""

    interval = 0.5

    def __init__(self, fail: str = "", wait: float = 0) -> None:
        self.heard: list[str] = []
        self.fail = fail
        self.wait = wait

    def handle(self, event: Event) -> None:
        self._note(type(event).__name__)

    def tick(self, at: datetime) -> None:
        self._note(f"tick {at.second}")

    def close(self) -> None:
        self._note("close")

    def _note(self, what: str) -> None:
        time.sleep(self.wait)
        self.heard.append(what)
        if self.fail and what.startswith(self.fail):
            raise OSError(5, "the disk is\n::error::gone")


def reporters_with(listener: Listener, warn: Callable[[str], None]) -> Reporters:
    reporters = Reporters(io.StringIO(), mask=str, warn=warn)
    reporters.add(listener, "mine")
    return reporters


@pytest.mark.parametrize("place", [lambda told: told, Background])
@pytest.mark.parametrize("fail", ["ApplyStarted", "tick", "close"])
def test_trouble_is_a_warning_once(place: Callable[[Listener], Listener], fail: str) -> None:
    warned: list[str] = []
    told = Told(fail)
    reporters = reporters_with(place(told), warned.append)
    assert reporters.interval == told.interval
    for _ in range(3):
        reporters.handle(EVENT)
        time.sleep(0.05)  # a tick is left out while there is more to do
        reporters.tick(at(1))
        time.sleep(0.05)
    reporters.close()
    assert warned == ["mine stopped: the disk is\n::error::gone"]
    assert sum(each.startswith(fail) for each in told.heard) == 1


def test_a_slow_listener_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "LAST_WORDS", 0.1)
    warned: list[str] = []
    started = time.monotonic()
    reporters = reporters_with(Background(Told(wait=30)), warned.append)
    reporters.handle(EVENT)
    reporters.close()
    assert time.monotonic() - started < 5
    assert warned == ["mine stopped: it did not finish within 0.1 s"]


def test_listeners_close_at_the_same_time() -> None:
    slow = [Told(wait=0.5) for _ in range(6)]
    reporters = Reporters(io.StringIO(), mask=str, warn=print)
    for each in slow:
        reporters.add(Background(each), "one of them")
    started = time.monotonic()
    reporters.close()
    assert time.monotonic() - started < 2
    assert all(each.heard == ["close"] for each in slow)


@pytest.mark.parametrize("is_ending", [False, True])
def test_a_signal_leaves_listeners_a_moment(
    monkeypatch: pytest.MonkeyPatch, is_ending: bool
) -> None:
    told, stuck = Told(wait=0.3), Told(wait=30)
    monkeypatch.setattr(listeners, "HURRIED_WORDS", 1.0)
    opened = Reporters(io.StringIO(), mask=str, warn=print)
    opened.add(Background(stuck), "stuck")
    opened.add(Background(told), "told")
    started = time.monotonic()
    if is_ending:
        opened.hurry()
        opened.close()
    else:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever others left
        try:
            with pytest.raises(KeyboardInterrupt):
                opened.close()
        finally:
            signal.signal(signal.SIGINT, before)
    assert time.monotonic() - started < 3
    assert told.heard == ["close"]


def test_a_warning_that_fails_is_let_go() -> None:
    def warn(_: str) -> None:
        raise BrokenPipeError

    reporters_with(Told("ApplyStarted"), warn).handle(EVENT)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Has another package offer ``theirs``, as an object of this module."""

    def install(name: str) -> None:
        point = EntryPoint("theirs", f"{__name__}:{name}", listeners.ENTRY_POINTS)
        monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: EntryPoints([point]))
        for module in (listeners, reporters):
            monkeypatch.setattr(module, "other_listeners", other_listeners.__wrapped__)

    return install


def open_theirs(surroundings: Surroundings) -> Told:
    surroundings.write("it was opened\n")
    return Told()


def open_broken(_: Surroundings) -> Told:
    raise ValueError("no such place")


def opened(
    name: str, write: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> tuple[Reporters, io.StringIO]:
    """The reporters with one that writes to a file, and what goes to standard error."""
    monkeypatch.setattr(reporters, "growing_file", lambda _: write)
    err = io.StringIO()
    made = open_reporters(
        parse_reports([f"{name}=file"], {}),
        mask=str,
        environ={"GITHUB_TOKEN": "t", "GITHUB_REPOSITORY": "a/b", "GITHUB_SHA": "c" * 40},
        stdout=io.StringIO(),
        stderr=err,
        send=offline,
    )
    return made, err


def test_other_packages_can_bring_reporters(
    installed: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    installed("open_theirs")
    with pytest.raises(UsageError) as refused:
        parse_reports(["nothing"], {})
    assert (refused.value.hint or "").endswith(f"{[*LISTENERS][-1]} and theirs.")
    written: list[str] = []
    made, err = opened("theirs", written.append, monkeypatch)
    made.close()
    assert written == ["it was opened\n"]
    assert err.getvalue() == ""


@pytest.mark.parametrize("name", ["open_broken", "not_there"])
def test_what_does_not_open_is_a_warning(
    name: str, installed: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(name)
    made, err = opened("theirs", print, monkeypatch)
    made.close()
    assert err.getvalue().startswith("Warning: --report theirs did not start: ")
    assert err.getvalue().count("\n") == 1


@pytest.mark.parametrize("name", LISTENERS)
def test_none_of_ours_raises_without_a_network_or_a_place_to_write(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(_: str) -> None:
        raise OSError(28, "No space left on device")

    made, err = opened(name, write, monkeypatch)
    for event in story(mixed()):
        made.handle(event)
    made.close()
    assert err.getvalue().startswith(f"Warning: --report {name} stopped: ")
    assert err.getvalue().count("\n") == 1

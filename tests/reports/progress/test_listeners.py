"""Listeners hear everything, and whatever becomes of them the apply ends as it would."""

import time
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from runner.models.events import ApplyStarted, Event
from runner.reports.progress import listeners
from runner.reports.progress.listeners import (
    LISTENERS,
    Background,
    Guarded,
    Listener,
    Surroundings,
    listener_names,
    open_listener,
)
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


@pytest.mark.parametrize("kind", [Guarded, Background])
@pytest.mark.parametrize("fail", ["ApplyStarted", "tick", "close"])
def test_trouble_is_a_warning_once(kind: type[Guarded], fail: str) -> None:
    warned: list[str] = []
    told = Told(fail)
    listener = kind("mine", told, warned.append)
    for _ in range(3):
        listener.handle(EVENT)
        time.sleep(0.05)  # a tick is left out while there is more to do
        listener.tick(at(1))
        time.sleep(0.05)
    listener.close()
    assert len(warned) == 1
    assert warned[0].startswith("mine stopped: ")
    assert "\n" not in warned[0]
    assert sum(each.startswith(fail) for each in told.heard) == 1


def test_a_slow_listener_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "LAST_WORDS", 0.1)
    warned: list[str] = []
    started = time.monotonic()
    listener = Background("slow", Told(wait=30), warned.append)
    listener.handle(EVENT)
    listener.close()
    assert time.monotonic() - started < 5
    assert warned == ["slow stopped: it did not finish within 0.1 s"]


def test_a_warning_that_fails_is_let_go() -> None:
    def warn(_: str) -> None:
        raise BrokenPipeError

    Guarded("mine", Told("ApplyStarted"), warn).handle(EVENT)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Has another package offer ``theirs``, as an object of this module."""

    def install(name: str) -> None:
        point = EntryPoint("theirs", f"{__name__}:{name}", listeners.ENTRY_POINTS)
        monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: EntryPoints([point]))
        listeners._others.cache_clear()
        monkeypatch.setattr(listeners, "_others", listeners._others.__wrapped__)

    return install


def open_theirs(surroundings: Surroundings) -> Told:
    surroundings.write("it was opened\n")
    return Told()


def open_broken(_: Surroundings) -> Told:
    raise ValueError("no such place")


def test_other_packages_can_bring_reporters(installed: Callable[[str], None]) -> None:
    installed("open_theirs")
    assert [*listener_names()] == [*LISTENERS, "theirs"]
    written: list[str] = []
    surroundings = Surroundings(written.append, {}, offline)
    listener = open_listener("theirs", surroundings, pytest.fail)
    assert listener is not None
    listener.close()
    assert written == ["it was opened\n"]


@pytest.mark.parametrize("name", ["open_broken", "not_there"])
def test_what_does_not_open_is_a_warning(installed: Callable[[str], None], name: str) -> None:
    installed(name)
    warned: list[str] = []
    assert open_listener("theirs", Surroundings(print, {}, offline), warned.append) is None
    assert len(warned) == 1
    assert warned[0].startswith("--report theirs did not start: ")


@pytest.mark.parametrize("name", LISTENERS)
def test_none_of_ours_raises_without_a_network_or_a_place_to_write(name: str) -> None:
    def write(_: str) -> None:
        raise OSError(28, "No space left on device")

    warned: list[str] = []
    environ = {"GITHUB_TOKEN": "t", "GITHUB_REPOSITORY": "a/b", "GITHUB_SHA": "c" * 40}
    listener = open_listener(name, Surroundings(write, environ, offline), warned.append)
    assert listener is not None
    for event in story(mixed()):
        listener.handle(event)
    listener.close()
    assert len(warned) == 1

"""Signals of the process: which are heeded, where, and the key that answers the first Ctrl-C."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from runner.cli.services.signals import heeded, terminable
from runner.engine.control.shutdown import Stop
from runner.models.clock import Clock


@pytest.fixture(autouse=True)
def as_in_a_terminal() -> Iterator[None]:
    """Heed both signals, also where a script or nohup started these tests to ignore one."""
    with (
        handler(signal.SIGINT, signal.default_int_handler),
        handler(signal.SIGHUP, signal.SIG_DFL),
    ):
        yield


@contextmanager
def handler(number: int, act: Any) -> Iterator[None]:
    before = signal.signal(number, act)
    try:
        yield
    finally:
        signal.signal(number, before)


def stopped_by(
    act: Callable[[], None], seconds: float = 5.0, answer: Callable[[], object] = lambda: None
) -> Stop:
    """What ``act``, and the ``answer`` to what comes of it, do to a stop."""

    async def main() -> Stop:
        stop = Stop(Clock())
        with heeded(stop, lambda: None):
            act()
            try:
                await asyncio.wait_for(stop.gently.wait(), seconds)
                answer()
                if stop.offer:
                    await asyncio.wait_for(stop.leave_running.wait(), seconds)
            except TimeoutError:
                pass
        return stop

    return asyncio.run(main())


def send(number: int) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_signal_that_asks_to_end_is_gentle_at_first(number: int) -> None:
    before = signal.getsignal(number)
    stop = stopped_by(send(number))
    assert (stop.gently.is_set(), stop.at_once.is_set()) == (True, False)
    assert signal.getsignal(number) == before


def test_a_hang_up_that_is_ignored_stays_so() -> None:
    with handler(signal.SIGHUP, signal.SIG_IGN):
        assert not stopped_by(send(signal.SIGHUP), 0.1).gently.is_set()


def test_in_a_thread_nothing_is_listened_for_and_nothing_breaks() -> None:
    found: list[Stop] = []

    def run() -> None:
        with terminable():
            found.append(stopped_by(lambda: None, 0.05))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert [stop.gently.is_set() for stop in found] == [False]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_before_the_engine_runs_a_signal_interrupts_like_ctrl_c(number: int) -> None:
    def be_told() -> None:
        with terminable():
            os.kill(os.getpid(), number)
            threading.Event().wait(5)

    with pytest.raises(KeyboardInterrupt):
        be_told()


@pytest.mark.parametrize(("key", "leaves"), [(b"d", True), (b"x", False)])
def test_a_key_on_a_terminal_answers_ctrl_c(
    monkeypatch: pytest.MonkeyPatch, key: bytes, leaves: bool
) -> None:
    master, slave = os.openpty()
    with os.fdopen(slave, "rb", buffering=0) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)

        stop = stopped_by(send(signal.SIGINT), 0.5, partial(os.write, master, key))
    os.close(master)
    assert stop.offer > 0
    assert stop.leave_running.is_set() is leaves

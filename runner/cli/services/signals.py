"""Signals of the process, and the key that answers the first of them."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Final, NoReturn

from runner.engine.control.shutdown import Stop

#: Those that ask to end; not every platform has each of them.
NAMES: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
#: Seconds in which a key may answer the first Ctrl-C.
ANSWER_SECONDS: Final = 3.0
#: Seconds that leaving at once may take if a store or a server does not answer.
LEAVE_SECONDS: Final = 5.0


@contextmanager
def terminable() -> Iterator[None]:
    """Let every signal end what runs before the engine does, as Ctrl-C would."""

    def interrupt(number: int, _frame: object) -> NoReturn:
        _leave_terminal(number)
        raise KeyboardInterrupt

    with _handled_by(interrupt):
        yield


@contextmanager
def heeded(stop: Stop, give_up: Callable[[], object]) -> Iterator[None]:
    """Have the signals of the process set ``stop``.

    On a terminal the first Ctrl-C may be answered with a key. ``give_up`` has to end the process:
    it is called if that takes too long after the second signal.
    """
    loop = asyncio.get_running_loop()

    def come(number: int) -> None:
        _leave_terminal(number)
        if number == signal.SIGINT and not stop.gently.is_set():
            stack.enter_context(_keys(stop))
        stop.signal()
        if stop.at_once.is_set():
            loop.call_later(LEAVE_SECONDS, give_up)

    with (
        ExitStack() as stack,
        _handled_by(lambda number, _: loop.call_soon_threadsafe(come, number)),
    ):
        yield


@contextmanager
def _handled_by(handler: Callable[[int, object], object]) -> Iterator[None]:
    """Handle the signals, except those that the process was started to ignore (``nohup``)."""
    with ExitStack() as stack:
        for number in (getattr(signal, name) for name in NAMES if hasattr(signal, name)):
            if signal.getsignal(number) is not signal.SIG_IGN:
                with suppress(ValueError):  # signals belong to the main thread
                    stack.callback(signal.signal, number, signal.signal(number, handler))
        yield


def _leave_terminal(number: int) -> None:
    """After a hang-up the terminal is gone: what is printed then goes nowhere."""
    if number == getattr(signal, "SIGHUP", None):
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            if os.isatty(descriptor):
                os.dup2(nowhere, descriptor)
        os.close(nowhere)


@contextmanager
def _keys(stop: Stop) -> Iterator[None]:
    """Offer ``d`` as the answer to Ctrl-C, if there is a keyboard."""
    try:
        import termios  # noqa: PLC0415 # not everywhere
        import tty  # noqa: PLC0415
    except ImportError:
        yield
        return
    try:
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
    except (OSError, ValueError, AttributeError, termios.error):  # no terminal, or none at all
        yield
        return

    def read() -> None:
        if os.read(descriptor, 1) in {b"d", b"D"}:
            stop.leave_running.set()

    loop = asyncio.get_running_loop()
    tty.setcbreak(descriptor)
    loop.add_reader(descriptor, read)
    stop.offer = ANSWER_SECONDS
    try:
        yield
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)

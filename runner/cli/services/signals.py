"""Signals of the process, and the key that answers the first of them."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from types import FrameType
from typing import Final, NoReturn

from runner.engine.control.shutdown import Stop

#: Those that ask to end; not every platform has each of them.
NAMES: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
#: Seconds in which a key may answer the first Ctrl-C.
ANSWER_SECONDS: Final = 3.0


@contextmanager
def terminable() -> Iterator[None]:
    """Let every signal end what runs before the engine does, as Ctrl-C would."""

    def interrupt(number: int, _frame: FrameType | None) -> NoReturn:
        _leave_terminal(number)
        raise KeyboardInterrupt

    with ExitStack() as stack:
        for number in _heeded():
            with suppress(ValueError):  # not the main thread: signals are somebody else's
                stack.callback(signal.signal, number, signal.signal(number, interrupt))
        yield


@contextmanager
def heeded(stop: Stop) -> Iterator[None]:
    """Have the signals of the process set ``stop``, as far as this thread and loop can.

    On a terminal the first Ctrl-C may be answered with a key.
    """
    loop = asyncio.get_running_loop()
    with ExitStack() as stack:

        def come(number: int) -> None:
            _leave_terminal(number)
            if number == signal.SIGINT and not stop.gently.is_set():
                stack.enter_context(_keys(stop))
            stop.signal()

        for number in _heeded():
            stack.callback(_listen(loop, number, partial(come, number)))
        yield


def _heeded() -> list[int]:
    """The signals to heed: not those that the process was started to ignore (``nohup``)."""
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]


def _listen(
    loop: asyncio.AbstractEventLoop, number: int, act: Callable[[], None]
) -> Callable[[], object]:
    """Call ``act`` in the loop when the signal comes; returns what ends that."""
    try:
        loop.add_signal_handler(number, act)
    except NotImplementedError:  # Windows
        with suppress(ValueError):
            before = signal.signal(number, lambda *_: loop.call_soon_threadsafe(act))
            return partial(signal.signal, number, before)
    except (ValueError, RuntimeError):  # not the main thread
        pass
    else:
        return partial(loop.remove_signal_handler, number)
    return lambda: None


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
    """Offer ``d`` as the answer to Ctrl-C, where there is a keyboard."""
    try:
        import termios  # noqa: PLC0415 # not everywhere
        import tty  # noqa: PLC0415

        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
    except (ImportError, OSError, ValueError, AttributeError):  # no terminal, or none at all
        yield
        return
    except termios.error:
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

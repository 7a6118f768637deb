"""Calls that keep a thread waiting, made from an event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from math import ceil
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")
_Call: TypeAlias = tuple[Callable[[], Any], asyncio.Future[Any]]
_Result: TypeAlias = tuple[asyncio.Future[Any], Any, BaseException | None]


class Threads:
    """Threads that make calls; of many that come at the same time several share a thread.

    To hand a call to a thread, and its result back, takes longer than to write a small file.
    """

    def __init__(self, number: int, *, row: int) -> None:
        """Nothing is started yet.

        Args:
            number: Threads there are at most.
            row: Calls that one thread makes in a row at most, before it tells their results.
        """
        self._pool = ThreadPoolExecutor(number)
        self._number = number
        self._row = row
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[_Call] = []

    async def call(self, do: Callable[[], T]) -> T:
        """What ``do`` returns, or raises; one that is cancelled before its turn is not made."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # for what another one left nobody waits any more
            self._loop, self._waiting = loop, []
        answer: asyncio.Future[T] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._hand_over, loop)
        self._waiting.append((do, answer))
        return await answer

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        waiting, self._waiting = self._waiting, []
        size = min(self._row, ceil(len(waiting) / self._number))
        for start in range(0, len(waiting), size):
            row = waiting[start : start + size]
            try:
                self._pool.submit(_make, row, loop)
            except RuntimeError as error:  # the machine gives no more threads
                _tell([(answer, None, error) for _, answer in row])


def _make(row: list[_Call], loop: asyncio.AbstractEventLoop) -> None:
    """Makes calls, in a thread, and hands all the results back."""
    results: list[_Result] = []
    for do, answer in row:
        if answer.cancelled():
            continue
        try:
            results.append((answer, do(), None))
        except BaseException as error:  # noqa: BLE001 # it is for who waits
            results.append((answer, None, error))
    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(_tell, results)


def _tell(results: list[_Result]) -> None:
    for answer, result, error in results:
        if answer.cancelled():
            continue
        if error is None:
            answer.set_result(result)
        elif isinstance(error, StopIteration):  # which no coroutine may raise
            answer.set_exception(RuntimeError(f"the call raised {error!r}"))
        else:
            answer.set_exception(error)

"""asyncio, loaded only when a command runs: its import takes as long as all of ``--help``."""

from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


def run_async(coroutine: Coroutine[Any, Any, T]) -> T:
    """What ``coroutine`` returns, worked out in an event loop of its own."""
    from asyncio import run  # noqa: PLC0415 # see above

    silence_libraries()
    return run(coroutine)


def run_at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """What ``coroutine`` returns, which has nothing to wait for: without any event loop."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        found: T = end.value
        return found
    raise AssertionError("it waits")  # pragma: no cover


def iterate(items: AsyncIterator[T]) -> Iterator[T]:
    """``items``, one after the other, worked out in an event loop of their own."""
    from asyncio import Runner  # noqa: PLC0415 # see above

    silence_libraries()

    async def following() -> list[T]:
        async for item in items:
            return [item]
        return []

    with Runner() as loop:
        while found := loop.run(following()):
            yield from found


def silence_libraries() -> None:
    """Keep what libraries log, which is not masked, from going to standard error by default."""
    import logging  # noqa: PLC0415 # asyncio needs it as well

    logging.lastResort = None

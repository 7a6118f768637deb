"""asyncio, loaded only when a command runs: its import takes as long as all of ``--help``."""

from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


def run_async(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run ``coroutine`` in its own event loop, and return its result."""
    from asyncio import run  # noqa: PLC0415 # see above

    silence_libraries()
    return run(coroutine)


def run_at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return the result of ``coroutine``, which never waits, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        found: T = end.value
        return found
    raise AssertionError("The coroutine waits.")  # pragma: no cover


def iterate(items: AsyncIterator[T]) -> Iterator[T]:
    """Yield ``items``, awaited in their own event loop."""
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
    """Keep the logs of libraries, which are not masked, off standard error."""
    import logging  # noqa: PLC0415 # asyncio needs it as well

    logging.lastResort = None

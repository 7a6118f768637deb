"""asyncio, loaded only when a command runs: its import takes as long as all of ``--help``."""

from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_async(coroutine: Coroutine[Any, Any, T]) -> T:
    """What ``coroutine`` returns, worked out in an event loop of its own."""
    from asyncio import run  # noqa: PLC0415 # see above

    silence_libraries()
    return run(coroutine)


def silence_libraries() -> None:
    """Keep what libraries log, which is not masked, from going to standard error by default."""
    import logging  # noqa: PLC0415 # asyncio needs it as well

    logging.lastResort = None

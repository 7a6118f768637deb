"""A lock that is held, the terms it is held by, and how long it can be relied on."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from runner.models.clock import Clock
from runner.state.lock_log import LockDocument

_RELIED_ON: Final = 0.75
"""The part of a lease the owner relies on; the rest is for writes that are under way."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How locks are taken.

    Attributes:
        timeout: Seconds to wait for a busy lock.
        lease: Seconds a lock outlives its owner.
        nonce: Random text that is this owner's alone.
        clock: Tells the time and waits.
        store_time: Tells the time by the store's clock, at the price of a few requests.
        fences: The highest fence already used, of instances whose lock was never taken or is gone.
        unfinished: What to note at a release: of an instance and the applies that may have left
            something unfinished, those that have.
        done: What is to be done before the locks that are left are released.
        waiting: Is told, once for each busy lock, in a sentence who holds it.
    """

    timeout: float
    lease: float
    nonce: str
    clock: Clock
    store_time: Callable[[], Awaitable[datetime]]
    fences: Callable[[Iterable[str]], Awaitable[dict[str, int]]]
    unfinished: Callable[[str, Iterable[str]], tuple[str, ...]]
    done: Callable[[], Awaitable[None]]
    waiting: Callable[[str], None]


@dataclass(slots=True)
class Hold:
    """A lock that is held: its highest link, and when that was written by both clocks."""

    document: LockDocument
    number: int
    replaced: tuple[str, ...]
    monotonic: float
    wall: datetime
    taken_away: bool = False
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def doubt(self, terms: Terms) -> str | None:
        """Why the lock can't be relied on any more, if so."""
        if self.taken_away:
            return "another apply took it over"
        elapsed = terms.clock.monotonic() - self.monotonic
        if elapsed > terms.lease * _RELIED_ON:
            return "it could not be renewed in time"
        jumped = (terms.clock.now() - self.wall).total_seconds() - elapsed
        if jumped > terms.lease * (1 - _RELIED_ON):
            return "the clock of this machine jumped"
        return None

"""The limit of an account, shared by the applies that use one state: ``limits/<n>.json``.

The shares of all never exceed the limit together. An apply lowers its share itself, and never below
what it has sent in the last minute; what is free goes to whoever can use it.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, Protocol

from pydantic import Field

from runner.models.clock import Clock
from runner.models.record import Document, Initiator, Moment, Number
from runner.state.store.numbered import Numbered, NumberedDocument, Version

LOOK_SECONDS: Final = 4.0
"""How often an apply looks at what others need."""
_WINDOW: Final = timedelta(seconds=62)
_LEASE: Final = timedelta(seconds=30)
_LEAST: Final = 60
"""The requests a minute that any apply may ask for, however few it has sent."""
_FALLBACK: Final = 10
"""A share that could not be renewed in time comes down to this."""


class Share(Document):
    """What one apply may send in a minute."""

    by: Initiator
    share: Number
    wants: Number
    has_left: bool = False
    """What it sent in the minute before it left counts for a minute more."""
    seen: Moment | None = None
    """When it was last renewed, by the store's clock; without it, when this table was written."""


class LimitTable(NumberedDocument):
    """``limits/<n>.json``."""

    shares: dict[str, Share] = Field(default_factory=dict)


def fair(limit: int, wants: dict[str, int]) -> dict[str, int]:
    """``limit`` divided so that nobody gets more than wanted and the others share what is left."""
    shares: dict[str, int] = {}
    left = max(limit, 0)
    for number, key in enumerate(sorted(wants, key=lambda key: (wants[key], key))):
        shares[key] = min(wants[key], left // (len(wants) - number))
        left -= shares[key]
    return shares


class Sender(Protocol):
    """What sends requests: ``share`` of them in a minute at most."""

    share: int | None

    def used(self) -> int:
        """How many it sent in the last minute."""
        ...


class AccountLimit:
    """One process's part of the limit of its account."""

    def __init__(
        self,
        table: Callable[[], Awaitable[Numbered[LimitTable]]],
        *,
        key: str,
        by: Initiator,
        limit: int,
        clock: Clock,
    ) -> None:
        self._open = table
        self._key = key
        self._by = by
        self._limit = limit * 19 // 20  # the rest is for those who send too little to take part
        self._clock = clock
        self._renewed = float("-inf")

    @property
    def has_joined(self) -> bool:
        """Whether the others know of it."""
        return self._renewed > float("-inf")

    async def has_room(self, requests: int) -> bool:
        """Whether others leave so much that a few requests need not be told of.

        Raises:
            StateError: The store can't be read.
        """
        version = await (await self._open()).read()
        taken = sum(each.share for each in _alive(version).values())
        return taken + 4 * requests <= self._limit

    async def look(self, sender: Sender, *, is_hungry: bool) -> None:
        """Learn what others need, and take or give accordingly.

        Args:
            sender: Its share is set.
            is_hungry: Whether a request had to wait.

        Raises:
            StateError: The store can't be read or written; the share lapses in the end.
        """
        if self._clock.monotonic() - self._renewed > _LEASE.total_seconds():
            _lower(sender, _FALLBACK if self.has_joined else self._limit)
        wants = _LEAST
        while wants < self._limit and (is_hungry or wants < 2 * sender.used()):
            wants *= 2
        wants = min(wants, self._limit)
        table = await self._open()
        await table.read()
        for _ in range(2):  # only a new document tells the time, and so who has gone
            began = self._clock.monotonic()
            is_due = began - self._renewed > _LEASE.total_seconds() / 3
            version = await table.change(
                lambda version, due=is_due: self._next(version, sender, wants, is_due=due)  # type: ignore[misc]
            )
            if is_due:
                self._renewed = began
            alive = _alive(version)
            if version.document is None or len(alive) == len(version.document.shares):
                break
        sender.share = min(alive[self._key].share, self._target(alive))

    async def leave(self, used: int) -> None:
        """Leave what is not used to others.

        Raises:
            StateError: The store can't be written; the share lapses by itself.
        """

        def make(version: Version[LimitTable]) -> LimitTable | None:
            shares = _alive(version)
            own = shares.get(self._key)
            if own is None or own.has_left:
                return None
            left = own.model_copy(update={"share": used, "has_left": True, "seen": None})
            return LimitTable(shares={**shares, self._key: left})

        await (await self._open()).change(make)

    def _next(
        self, version: Version[LimitTable], sender: Sender, wants: int, *, is_due: bool
    ) -> LimitTable | None:
        shares = _alive(version)
        before = shares.get(self._key) or Share(by=self._by, share=0, wants=0)
        own = before.model_copy(update={"wants": wants})
        target = self._target({**shares, self._key: own})
        free = self._limit - sum(each.share for key, each in shares.items() if key != self._key)
        if target < own.share:
            _lower(sender, target)  # first, so that no more is sent than is told
            share = max(target, sender.used())
        else:
            share = min(target, max(free, own.share))
        own = own.model_copy(update={"share": share})
        if not is_due and own == before:
            return None
        return LimitTable(shares={**shares, self._key: own.model_copy(update={"seen": None})})

    def _target(self, shares: dict[str, Share]) -> int:
        gone = sum(each.share for each in shares.values() if each.has_left)
        wants = {key: each.wants for key, each in shares.items() if not each.has_left}
        return fair(self._limit - gone, wants)[self._key]


def _lower(sender: Sender, share: int) -> None:
    sender.share = share if sender.share is None else min(sender.share, share)


def _alive(version: Version[LimitTable]) -> dict[str, Share]:
    """The shares that count when a table was written, each with the time it was last seen."""
    alive = {}
    for key, share in (version.document or LimitTable()).shares.items():
        seen = share.seen or version.written
        end = _WINDOW if share.has_left else _LEASE + _WINDOW
        if seen and version.written and version.written - seen <= end:
            alive[key] = share.model_copy(update={"seen": seen})
    return alive

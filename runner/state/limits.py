"""The limit of an account, shared by the applies that use one state: ``limits/<n>.json``.

The shares of all never exceed the limit together. An apply lowers its share itself, and never below
what it has sent in the last minute; what is free goes to whoever can use it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Protocol, Self

from pydantic import Field

from runner.models.clock import Clock
from runner.models.record import Initiator, Number
from runner.state.lock_table import Leased, stamped
from runner.state.store.numbered import Numbered, NumberedDocument

LOOK_SECONDS: Final = 4.0
"""How often an apply looks at what others need."""
_WINDOW: Final = timedelta(seconds=62)
_LEASE: Final = timedelta(seconds=30)
_LEAST: Final = 60
"""The requests a minute that any apply may ask for, however few it has sent."""
_FALLBACK: Final = 10
"""The share of an apply that could not renew it in time."""


class Share(Leased):
    """What one apply may send in a minute."""

    by: Initiator
    share: Number
    wants: Number
    has_left: bool = False
    """What it sent in the minute before it left counts for a minute more."""


class LimitTable(NumberedDocument):
    """``limits/<n>.json``."""

    shares: dict[str, Share] = Field(default_factory=dict)

    def stored(self, number: int, written: datetime, **more: Any) -> Self:
        """Return the table with the shares that counted when it was written."""
        alive = {
            key: each
            for key, each in stamped(self.shares, written).items()
            if each.seen and written - each.seen <= (_WINDOW if each.has_left else _LEASE + _WINDOW)
        }
        return super().stored(number, written, shares=alive, **more)


def fair(limit: int, wants: Mapping[str, int]) -> dict[str, int]:
    """Divide ``limit`` so that no one gets more than wanted and the others share what is left."""
    shares: dict[str, int] = {}
    left = max(limit, 0)
    for number, key in enumerate(sorted(wants, key=lambda key: (wants[key], key))):
        shares[key] = min(wants[key], left // (len(wants) - number))
        left -= shares[key]
    return shares


class Sender(Protocol):
    """What sends requests: at most ``share`` of them in a minute."""

    requests_per_minute: int
    share: int | None

    def used(self) -> int:
        """How many it sent in the last minute."""
        ...


@dataclass(eq=False)
class AccountLimit:
    """One sender's part of the limit of its account.

    Every method raises ``StateError`` when the store can't be read or written. The share then
    lapses in the end.
    """

    table: Numbered[LimitTable]
    sender: Sender
    key: str
    by: Initiator
    clock: Clock
    _renewed: float = field(default=float("-inf"), init=False)

    def __post_init__(self) -> None:
        # The rest is for those who send too little to take part.
        self._limit = self.sender.requests_per_minute * 19 // 20

    @property
    def has_joined(self) -> bool:
        """Whether the others know of it."""
        return self._renewed > float("-inf")

    async def has_room(self, requests: int) -> bool:
        """Return whether the others leave so much that a few requests need not be announced."""
        table = await self.table.read()
        taken = sum(each.share for each in table.shares.values())
        return taken + 4 * requests <= self._limit

    async def look(self, *, is_hungry: bool) -> None:
        """Learn what others need, and set the sender's share accordingly.

        Args:
            is_hungry: Whether a request had to wait.
        """
        if self.clock.monotonic() - self._renewed > _LEASE.total_seconds():
            self._lower(_FALLBACK if self.has_joined else self._limit)
        wants = _LEAST
        while wants < self._limit and (is_hungry or wants < 2 * self.sender.used()):
            wants *= 2
        after = partial(self._next, min(wants, self._limit))
        for _ in range(2):  # only a new document tells the time, and so who has gone
            began = self.clock.monotonic()
            is_due = began - self._renewed > _LEASE.total_seconds() / 3
            table = await self.table.change(partial(after, is_due))
            if is_due:
                self._renewed = began
            if after(False, table) is None:
                break
        self.sender.share = min(table.shares[self.key].share, self._target(table.shares))

    async def leave(self) -> None:
        """Leave what is not used to others."""
        used = self.sender.used()

        def make(table: LimitTable) -> LimitTable | None:
            own = table.shares.get(self.key)
            if own is None or own.has_left:
                return None
            left = own.model_copy(update={"share": used, "has_left": True, "seen": None})
            return LimitTable(shares={**table.shares, self.key: left})

        await self.table.change(make)

    def _next(self, wants: int, is_due: bool, table: LimitTable) -> LimitTable | None:
        shares = table.shares
        before = shares.get(self.key) or Share(by=self.by, share=0, wants=0)
        own = before.model_copy(update={"wants": wants})
        target = self._target({**shares, self.key: own})
        if target < own.share:
            self._lower(target)  # first, so that no more is sent than is told
            share = max(target, self.sender.used())
        else:
            free = self._limit - sum(each.share for key, each in shares.items() if key != self.key)
            share = min(target, max(free, own.share))
        own = own.model_copy(update={"share": share})
        if not is_due and own == before:
            return None
        return LimitTable(shares={**shares, self.key: own.model_copy(update={"seen": None})})

    def _target(self, shares: Mapping[str, Share]) -> int:
        """The fair share of this sender."""
        gone = sum(each.share for each in shares.values() if each.has_left)
        wants = {key: each.wants for key, each in shares.items() if not each.has_left}
        return fair(self._limit - gone, wants)[self.key]

    def _lower(self, share: int) -> None:
        now = self.sender.share
        self.sender.share = share if now is None else min(now, share)

"""The lock table of a scope: who holds what, and what earlier applies left open."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import Field

from runner.errors import StateError
from runner.models.clock import Clock
from runner.models.record import Document, Initiator, Moment, Number
from runner.state.store.numbered import NumberedDocument

MAX_LEASE_SECONDS: Final = 3600
GRANULE: Final = 1.0
"""Stores tell the age of an object in whole seconds."""


class Leased(Document):
    """An entry of a table that ends unless its owner renews it."""

    seen: Moment | None = None
    """When it was last renewed, by the store's clock; without it, when its table was written."""


L = TypeVar("L", bound=Leased)


def stamped(entries: Mapping[str, L], written: datetime) -> dict[str, L]:
    """Return the entries of a table, each with the time of its last renewal."""
    return {
        key: each if each.seen else each.model_copy(update={"seen": written})
        for key, each in entries.items()
    }


class Holder(Leased):
    """An apply that holds locks."""

    apply_id: str
    instances: list[str]
    by: Initiator
    since: Moment
    """When the lock was taken, by the owner's clock."""
    lease_seconds: Annotated[float, Field(gt=0, le=MAX_LEASE_SECONDS)]
    fence: Number
    """The number of the table in which the lock was taken."""
    renewals: Number = 0


class LockTable(NumberedDocument):
    """Who holds which instances: ``locks/<n>.json``."""

    holders: dict[str, Holder] = Field(default_factory=dict)
    """By a random key: an apply and a `wait` for it are two holders."""
    open: dict[str, list[str]] = Field(default_factory=dict)
    """Applies that are over and left attempts without an outcome: of which instances."""

    def stored(self, number: int, written: datetime, **more: Any) -> Self:
        """Return the table with the time at which each holder was last seen."""
        return super().stored(number, written, holders=stamped(self.holders, written), **more)

    def with_(self, key: str, holder: Holder) -> Self:
        """Return the table with ``holder`` under ``key``."""
        return self.model_copy(update={"holders": {**self.holders, key: holder}})

    def renewed(self, key: str, renewals: int) -> Self | None:
        """Return the table after a renewal; ``None`` if it has that one, or the holder is gone."""
        holder = self.holders.get(key)
        if holder is None or holder.renewals >= renewals:
            return None
        return self.with_(key, holder.model_copy(update={"renewals": renewals, "seen": None}))

    def released(self, key: str, is_open: Mapping[tuple[str, str], bool]) -> Self | None:
        """Return the table once a holder released its locks and noted what it settled or left open.

        It notes nothing about what it no longer holds.
        """
        if key not in self.holders:
            return None
        left = dict(self.holders)
        own = set(left.pop(key).instances)
        noted = {each: is_left for each, is_left in is_open.items() if each[1] in own}
        return self.model_copy(update={"holders": left}).noted(noted)

    def without(self, keys: Collection[str], names: Collection[str] | None = None) -> Self:
        """Return the table without some holders, or without what they hold of ``names``.

        Their applies may have left those attempts open.
        """
        left, is_open = dict(self.holders), dict[tuple[str, str], bool]()
        for key, holder in self.holders.items():
            if key in keys:
                gone = [each for each in holder.instances if names is None or each in names]
                kept = [each for each in holder.instances if names and each not in names]
                is_open |= {(holder.apply_id, name): True for name in gone}
                left[key] = holder.model_copy(update={"instances": kept})
                if not kept:
                    del left[key]
        return self.model_copy(update={"holders": left}).noted(is_open)

    def noted(self, is_open: Mapping[tuple[str, str], bool]) -> Self:
        """Return the table after attempts, by apply and instance, were settled or left open."""
        before = {(apply_id, name): True for apply_id, names in self.open.items() for name in names}
        open_: dict[str, list[str]] = {}
        for (apply_id, name), is_left in (before | dict(is_open)).items():
            if is_left:
                open_.setdefault(apply_id, []).append(name)
        return self.model_copy(update={"open": open_})

    def holders_of(self, instances: Collection[str]) -> dict[str, Holder]:
        """Return the holders of any of ``instances``."""
        wanted = set(instances)
        return {
            key: holder
            for key, holder in self.holders.items()
            if not wanted.isdisjoint(holder.instances)
        }


@dataclass(eq=False)
class Watch:
    """Judges which holders are gone: by the store's clock, or by watching them.

    No machine's wall clock is compared with another's, since they need not agree.
    """

    clock: Clock
    store_time: Callable[[], Awaitable[datetime]]
    _ends: dict[str, tuple[int, float]] = field(default_factory=dict, init=False)

    async def left(self, holders: Mapping[str, Holder]) -> dict[str, float]:
        """Return the seconds until each lease is surely over, unless it is renewed."""
        new = holders.keys() - self._ends.keys()
        now = await self.store_time() if new else None
        for key, holder in holders.items():
            if key in self._ends and self._ends[key][0] == holder.renewals:
                continue
            left = holder.lease_seconds + GRANULE
            if now and holder.seen and key in new:  # later renewals were seen to come
                left -= max((now - holder.seen).total_seconds(), 0)
            self._ends[key] = holder.renewals, self.clock.monotonic() + left
        return {key: self._ends[key][1] - self.clock.monotonic() for key in holders}

    async def dead(self, holders: Mapping[str, Holder]) -> dict[str, int]:
        """Return the keys of those whose lease is surely over, with the number of renewals seen."""
        left = await self.left(holders)
        return {key: holder.renewals for key, holder in holders.items() if left[key] <= 0}


def taken_over(apply_id: str) -> StateError:
    """Build the error of an owner whose locks another process took over."""
    return StateError(
        f"The apply {apply_id} was taken over by another process.",
        hint="Nothing more is written for it. Check `runner status`.",
    )

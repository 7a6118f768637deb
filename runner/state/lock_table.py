"""The lock table of a scope: who holds what, and what earlier applies left open."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from runner.errors import StateError
from runner.models.clock import Clock
from runner.models.record import Document, Initiator, Moment, Number
from runner.state.store.numbered import NumberedDocument, Version

MAX_LEASE_SECONDS: Final = 3600
GRANULE: Final = 1.0
"""Stores tell the age of an object in whole seconds."""


class Holder(Document):
    """One apply at work."""

    apply_id: str
    instances: list[str]
    by: Initiator
    since: Moment
    """When the lock was taken, by the owner's clock."""
    lease_seconds: Annotated[float, Field(gt=0, le=MAX_LEASE_SECONDS)]
    fence: Number
    """The number of the table in which the lock was taken."""
    renewals: Number = 0
    seen: Moment | None = None
    """When it was last renewed, by the store's clock; without it, when this table was written."""


class LockTable(NumberedDocument):
    """Who holds which instances: ``locks/<n>.json``."""

    holders: dict[str, Holder] = Field(default_factory=dict)
    """By a random key: an apply and a `wait` for it are two holders."""
    open: dict[str, list[str]] = Field(default_factory=dict)
    """Applies that are over and left attempts without an outcome: of which instances."""

    def with_(self, key: str, holder: Holder) -> "LockTable":
        """The table in which ``holder`` stands under ``key``."""
        return self.model_copy(update={"holders": {**self.holders, key: holder}})

    def without(self, keys: Collection[str]) -> "LockTable":
        """The table without some holders, whose applies may have left things open."""
        left = {key: holder for key, holder in self.holders.items() if key not in keys}
        gone = [self.holders[key] for key in keys if key in self.holders]
        is_open = {(each.apply_id, name): True for each in gone for name in each.instances}
        return self.model_copy(update={"holders": left}).noted(is_open)

    def noted(self, is_open: Mapping[tuple[str, str], bool]) -> "LockTable":
        """The table after some attempts were settled, and others left open."""
        open_ = {apply_id: dict.fromkeys(names) for apply_id, names in self.open.items()}
        for (apply_id, instance), open_now in is_open.items():
            if open_now:
                open_.setdefault(apply_id, {})[instance] = None
            else:
                open_.get(apply_id, {}).pop(instance, None)
        kept = {apply_id: list(names) for apply_id, names in open_.items() if names}
        return self.model_copy(update={"open": kept})

    def holders_of(self, instances: Collection[str]) -> dict[str, Holder]:
        """The holders of any of ``instances``."""
        wanted = set(instances)
        return {
            key: holder
            for key, holder in self.holders.items()
            if not wanted.isdisjoint(holder.instances)
        }


def taken_over(apply_id: str) -> StateError:
    """The error of an owner that others took to be gone."""
    return StateError(
        f"The apply {apply_id} was taken over by another process.",
        hint="Nothing more is written for it. Look at `runner status`.",
    )


def stamped(version: Version[LockTable]) -> LockTable:
    """The table of a version, in which each holder says when it was last seen."""
    table = version.document or LockTable()
    holders = {
        key: holder if holder.seen else holder.model_copy(update={"seen": version.written})
        for key, holder in table.holders.items()
    }
    return table.model_copy(update={"holders": holders})


class Watch:
    """Tells which holders are gone: by the store's own clock, or by watching them.

    No machine's wall clock is asked: two of them need not agree.
    """

    def __init__(self, clock: Clock, store_time: Callable[[], Awaitable[datetime]]) -> None:
        self.store_time = store_time
        self._clock = clock
        self._ends: dict[str, tuple[int, float]] = {}

    async def dead(self, holders: Mapping[str, Holder]) -> dict[str, int]:
        """The keys of those whose lease is surely over, with the number of renewals seen."""
        dead = {}
        for key, holder in holders.items():
            if await self.left(key, holder) <= 0:
                dead[key] = holder.renewals
        return dead

    async def left(self, key: str, holder: Holder) -> float:
        """Seconds until the lease of a holder is surely over, if it does not renew it."""
        renewals, end = self._ends.get(key, (-1, 0.0))
        if renewals != holder.renewals:
            left = holder.lease_seconds + GRANULE
            if renewals < 0 and holder.seen:  # later ones were seen to come
                age = (await self.store_time() - holder.seen).total_seconds()
                left = min(left, left - age)
            end = self._clock.monotonic() + left
            self._ends[key] = holder.renewals, end
        return end - self._clock.monotonic()

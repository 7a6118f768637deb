"""Maintain the state: prune, rename, forget, and release locks that were left behind.

All raise ``StateError`` when the store can't be read or written. Those with an ``owner``, whom
others are told of meanwhile, raise ``Locked`` when an apply has one of the instances.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from runner.errors import StateError, UsageError
from runner.models.apply_id import time_of
from runner.models.record import Initiator
from runner.state.lock_table import Holder, LockTable
from runner.state.state import State


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a prune deleted and left.

    Attributes:
        kept: Applies that are left.
        needed: Those among them that were old enough, yet are open or named by a record.
    """

    applies: int
    kept: int
    needed: int


async def prune(
    state: State,
    problems: list[StateError],
    *,
    keep: int | None = None,
    older_than: timedelta | None = None,
) -> Pruned:
    """Delete the history of old applies, except those that are open or that a record names.

    Args:
        state: Where they are.
        problems: Where to add what can't be read; that stays.
        keep: How many of the newest applies stay, whatever their age.
        older_than: Only applies that began longer ago are deleted.
    """
    applies = await state.applies(problems)
    ids = await applies.ids()
    old = ids[keep or 0 :]
    if older_than is not None:
        before = state.clock.now() - older_than
        old = [each for each in old if (time_of(each) or before) < before]
    # In this order, since an apply that ends is first in the table of records and then unlocked.
    locks, table = await state.lock_table.read(), await state.record_table.read()
    rows = table.records.values()
    needed = {str(row.get(key)) for row in rows for key in ("applyId", "checksIn")}
    needed |= {*locks.open, *(holder.apply_id for holder in locks.holders.values())}
    doomed = [each for each in old if each not in needed]
    await applies.drop(doomed)
    return Pruned(len(doomed), len(ids) - len(doomed), len(old) - len(doomed))


async def forget(state: State, instances: Iterable[str], *, owner: Initiator) -> None:
    """Delete the records of ``instances``, even those that can't be read; their history stays."""
    names = set(instances)
    async with state.lock(names, owner, "forget", timeout=0):
        await state.record_table.change(lambda table: table.without(names))


async def rename(state: State, moves: Mapping[str, str], *, owner: Initiator, before: str) -> None:
    """Give instances new names, with their records and history; see ``RecordTable.moved``.

    Raises:
        UsageError: A new name already has a record.
    """
    async with state.lock({*moves, *moves.values()}, owner, "rename", timeout=0):
        if taken := (await state.record_table.read()).records.keys() & moves.values():
            raise UsageError(
                f"{min(taken)} already has a record.",
                hint=f"`runner state forget {min(taken)}` deletes it; its history stays.",
            )
        await state.record_table.change(lambda table: table.moved(moves, before))


async def unlock(state: State, holders: Mapping[str, Holder], names: Collection[str]) -> list[str]:
    """Release the locks of ``names`` that ``holders`` have; return those that were released.

    The holders learn of it at the next renewal. What they left open stays known.
    """
    wanted, released = set(names), list[str]()

    def make(table: LockTable) -> LockTable | None:
        released.clear()
        for key in holders.keys() & table.holders.keys():
            released.extend(name for name in table.holders[key].instances if name in wanted)
            table = table.without([key], wanted)
        return table if released else None

    await state.lock_table.change(make)
    return released

"""Looking after the state: prune, rename, forget, claim, and locks that somebody left.

All raise ``StateError`` when the store can't be read or written, and ``Locked`` when an apply has
one of the instances.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

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
    """Delete the history of old applies; what is open stays, and so does what a record names.

    Args:
        state: Where to prune.
        problems: Where to tell what can't be read; that stays.
        keep: How many of the newest applies stay, whatever their age.
        older_than: Only applies that began longer ago are deleted.
    """
    history = await state.applies(problems)
    ids = await history.ids()
    before = None if older_than is None else state.clock.now() - older_than
    old = [each for each in ids[keep or 0 :] if before is None or _is_before(each, before)]
    table = await state.record_rows()
    named = {tree.get(key) for tree in table.records.values() for key in ("applyId", "checksIn")}
    locks = await state.lock_table.read()
    named |= {*locks.open, *(holder.apply_id for holder in locks.holders.values())}
    doomed = [each for each in old if each not in named]
    await history.drop(doomed)
    return Pruned(len(doomed), len(ids) - len(doomed), len(old) - len(doomed))


async def forget(state: State, instances: Iterable[str], *, owner: Initiator) -> None:
    """Delete the records of ``instances``, even those that can't be read; their history stays."""
    names = list(instances)
    async with state.lock(names, owner, "forget", timeout=0):
        await state.drop_records(names)


async def rename(state: State, moves: Mapping[str, str], *, owner: Initiator, before: str) -> None:
    """Give the records and the history of instances new names.

    Args:
        state: Where they are.
        moves: New names by old ones.
        owner: Told to those who find the instances locked meanwhile.
        before: The id of an apply that would begin now.

    Raises:
        UsageError: A new name has a record of its own.
    """
    names = {*moves, *moves.values()}
    async with state.lock(names, owner, "rename", timeout=0):
        there = await state.record_rows()
        for new in moves.values():
            if new in there.records:
                raise UsageError(
                    f"{new} has a record of its own.",
                    hint=f"`runner state forget {new}` deletes it; its history stays.",
                )
        await state.move(moves, before)


async def held(state: State) -> dict[str, Holder]:
    """Who holds locks, by the key of the table; raises ``DamagedTop`` where it can't be read."""
    return (await state.lock_table.read()).holders


async def unlock(state: State, holders: Mapping[str, Holder], names: Collection[str]) -> list[str]:
    """Release locks of somebody else, who learns of it at the next renewal.

    What the owner may have left open stays known.

    Args:
        state: Where the locks are.
        holders: What ``held`` returned, and the user was asked about.
        names: The instances whose locks are to be released.

    Returns:
        Instances that were released.
    """
    released: dict[str, None] = {}
    wanted = set(names)

    def make(table: LockTable) -> LockTable | None:
        released.clear()
        for key in holders:
            if (holder := table.holders.get(key)) is None:
                continue
            gone = [name for name in holder.instances if name in wanted]
            left = [name for name in holder.instances if name not in wanted]
            released.update(dict.fromkeys(gone))
            if not left:
                table = table.without([key])
            elif gone:
                fewer = holder.model_copy(update={"instances": left})
                is_open = {(holder.apply_id, name): True for name in gone}
                table = table.with_(key, fewer).noted(is_open)
        return table if released else None

    await state.lock_table.change(make)
    return list(released)


def _is_before(apply_id: str, moment: datetime) -> bool:
    began = time_of(apply_id)
    return began is not None and began < moment

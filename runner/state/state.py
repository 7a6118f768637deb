"""The state of one scope: records, applies and locks as documents of an object store."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from runner.errors import StateError
from runner.models.history import PastApply
from runner.models.record import Attempt, Initiator, Lookup, PlanUse
from runner.state.history import FOLD_ABOVE, FOLD_DOWN_TO
from runner.state.journal import ApplyJournal
from runner.state.limits import AccountLimit, Sender
from runner.state.locks import Locks
from runner.state.record_store import Records
from runner.state.record_table import RecordTable, today
from runner.state.store.codec import decode, encode
from runner.state.store.paths import escape_id

_NO_LOOKUP: Final = Lookup(name="", run_location="")


class State(Records):
    """What is remembered of the instances of one host, account, project and scope.

    Every method raises ``StateError`` when the store can't be read or written, or when a document
    is cut off, something else, or of a newer release. Those that read many documents take a list
    of ``problems``: with one, such documents are left out and told there.
    """

    # ---------------------------------------------------------------- applies

    async def history(
        self,
        *,
        named: Callable[[str, str], bool] | None = None,
        wanted: Callable[[Attempt], bool] = lambda _: True,
        without: Collection[str] = (),
        since: datetime | None = None,
        problems: list[StateError] | None = None,
    ) -> AsyncIterator[PastApply]:
        """Past applies, newest first, read page by page as they are asked for.

        Args:
            named: Given a profile and an instance, whether its attempts are read at all.
            wanted: Which attempts; applies that have none of them are left out.
            without: Fields of attempts that need not be read, as they are spelt in documents.
            since: Applies whose attempts were all made earlier are left out.
            problems: See the class.
        """
        await self.folder("applies")  # whose the project is need not be asked twice
        lock_table, table = await asyncio.gather(self._lock_table(), self.record_rows())
        running = {holder.apply_id for holder in lock_table.holders.values()}

        def pick(apply_id: str, instance: str, fields: dict[str, Any]) -> dict[str, Any] | None:
            if named is not None:
                name = _today(instance, apply_id, table, self.moved)
                if not named(name.partition("[")[0], name):
                    return None
            left = {key: fields[key] for key in fields if key not in without} if without else fields
            return left | {"lookup": _NO_LOOKUP} if "lookup" in without else left

        history = await self.applies()
        async for journal in history.past(pick=pick, since=since, problems=problems):
            past = journal.past(is_running=journal.apply_id in running)
            if since and not any(attempt.intent_at >= since for attempt in past.attempts):
                continue
            attempts = [_renamed(attempt, table, self.moved) for attempt in past.attempts]
            if chosen := tuple(filter(wanted, attempts)):
                yield PastApply(past.apply_id, chosen, past.exit_code)

    async def apply(
        self, apply_id: str, *, problems: list[StateError] | None = None
    ) -> PastApply | None:
        """One apply, with what it never started if it is over; ``None`` for an unknown one."""
        async for journal in (await self.applies()).find([apply_id], problems):
            holders = (await self._lock_table()).holders
            dead = await self.watch.dead(holders)
            return journal.past(
                is_running=any(
                    holder.apply_id == apply_id and key not in dead
                    for key, holder in holders.items()
                )
            )
        return None

    async def newest_apply(self) -> PastApply | None:
        """The newest apply of the scope that wrote anything."""
        async for past in self.history():
            return past
        return None

    async def at_work(self) -> dict[str, float]:
        """Applies that hold locks, with the seconds until their leases end unless renewed.

        One whose owner is gone is among them until its lease is over.
        """
        holders = (await self._lock_table()).holders
        left = await self.watch.left(holders)
        return {holders[key].apply_id: left[key] for key in left if left[key] > 0}

    async def left_open(self) -> dict[str, list[str]]:
        """Applies that are over and left attempts without an outcome, and of which instances."""
        table = await self._lock_table()
        return table.without(await self.watch.dead(table.holders)).open

    async def journal(self, apply_id: str) -> ApplyJournal:
        """The journal of an apply, empty until it is loaded or begun."""
        return (await self.applies()).journal(apply_id)

    async def fold(self, keep: int = FOLD_DOWN_TO) -> int:
        """Fold all but the newest applies into months; says how many."""
        return await (await self.applies()).fold(keep)

    async def fold_if_many(self) -> None:
        """Fold old applies where more than a few hundred have documents of their own."""
        history = await self.applies()
        if await history.has_more_than(FOLD_ABOVE):
            await history.fold(FOLD_DOWN_TO)

    # ---------------------------------------------------------------- plans

    async def plan_use(self, plan_id: str) -> PlanUse | None:
        """When and by whom a saved plan was used, if it was."""
        path = await self._plan_path(plan_id)
        found = await self.store.get(path)
        return None if found is None else decode(PlanUse, found, self.store.where(path))

    async def add_plan_use(self, use: PlanUse) -> bool:
        """Note that a saved plan is used now, unless it was; says whether it did."""
        return await self.store.create(await self._plan_path(use.plan_id), encode(use))

    async def _plan_path(self, plan_id: str) -> str:
        return f"{await self.folder('plans')}/{escape_id(plan_id)}.json"

    # ---------------------------------------------------------------- locks

    def lock(
        self,
        instances: Iterable[str],
        owner: Initiator,
        apply_id: str,
        *,
        timeout: float,
        waiting: Callable[[str], None] = lambda _: None,
    ) -> Locks:
        """The locks of ``instances``, to be held with ``async with``.

        Args:
            instances: Taken all at once.
            owner: Told to those who find a lock busy.
            apply_id: The apply that is to be looked at should its owner be killed.
            timeout: Seconds to wait for a busy lock.
            waiting: Is told, once for each apply that holds one, in a sentence who that is.
        """
        return Locks(
            self, instances, owner=owner, apply_id=apply_id, timeout=timeout, waiting=waiting
        )

    def account_limit(self, sender: Sender, by: Initiator) -> AccountLimit:
        """The part of ``sender`` in the limit of its account."""
        return AccountLimit(self.limits, sender, key=self.token(), by=by, clock=self.clock)


def _today(name: str, apply_id: str, table: RecordTable, profiles: Mapping[str, str]) -> str:
    """The name that an instance has today which an apply knew by ``name``."""
    for move in table.moves:
        if name == move.old and apply_id < move.before:
            name = move.new
    return today(name, profiles)


def _renamed(attempt: Attempt, table: RecordTable, profiles: Mapping[str, str]) -> Attempt:
    name = _today(attempt.instance, attempt.apply_id, table, profiles)
    if name == attempt.instance:
        return attempt
    return attempt.model_copy(update={"instance": name, "profile": name.partition("[")[0]})

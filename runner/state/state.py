"""The state of one scope: records, applies and locks as documents of an object store."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable
from datetime import datetime
from typing import Final

from runner.models.history import PastApply
from runner.models.record import Attempt, Initiator, PlanUse
from runner.state.apply_document import ApplyDocument
from runner.state.journal import ApplyJournal
from runner.state.limits import AccountLimit, Sender
from runner.state.locks import Locks
from runner.state.record_store import Records
from runner.state.record_table import renamed
from runner.state.store.codec import Problems, decode, encode
from runner.state.store.paths import escape_id

FOLD_ABOVE: Final = 300
"""An apply folds old applies once more than this many have documents of their own."""
FOLD_DOWN_TO: Final = 100


class State(Records):
    """What is remembered of the instances of one host, account, project and scope.

    Every method raises ``StateError`` when the store can't be read or written, or when a document
    is cut off, something else, or of a newer release; methods with a list ``problems`` add such
    documents there instead, and go on.
    """

    # ---------------------------------------------------------------- applies

    async def history(
        self,
        *,
        named: Callable[[str, str], bool] = lambda _profile, _instance: True,
        wanted: Callable[[Attempt], bool] = lambda _: True,
        without: Collection[str] = (),
        since: datetime | None = None,
        problems: Problems = None,
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
        table = await self.record_table.read()
        async for listed in (await self.applies(problems)).past(since):
            apply, is_running = await self._as_its_owner_left_it(listed)
            current = {
                name: table.current_name(name, apply.apply_id, self.moved)
                for name in apply.instances
            }
            chosen = {then for then, now in current.items() if named(now.partition("[")[0], now)}
            read = apply.read(problems, chosen, without)
            past = apply.past(read, chosen, is_running=is_running)
            if since and not any(attempt.intent_at >= since for attempt in past.attempts):
                continue
            attempts = (renamed(attempt, current[attempt.instance]) for attempt in past.attempts)
            if found := tuple(filter(wanted, attempts)):
                yield PastApply(past.apply_id, found, past.exit_code)

    async def apply(self, apply_id: str, *, problems: Problems = None) -> PastApply | None:
        """Return one apply, with what it never started if it is over; ``None`` if it is unknown."""
        async for found in (await self.applies(problems)).find([apply_id]):
            apply, is_running = await self._as_its_owner_left_it(found)
            if is_running:  # unless its owner is gone
                is_running = apply_id in await self.running_applies()
            return apply.past(apply.read(problems), is_running=is_running)
        return None

    async def _as_its_owner_left_it(self, apply: ApplyDocument) -> tuple[ApplyDocument, bool]:
        """Return an apply as it is, and whether an owner holds its locks.

        One that was read while it ran and is unlocked by now is read again: only then is what it
        never started known.
        """
        if apply.is_over:
            return apply, False
        holders = (await self.lock_table.read()).holders
        if any(holder.apply_id == apply.apply_id for holder in holders.values()):
            return apply, True
        again = (await self.applies([])).find([apply.apply_id])  # its problems are told already
        return await anext(again, apply), False

    async def newest_apply(self) -> PastApply | None:
        """Return the newest apply of the scope that wrote anything."""
        return await anext(self.history(), None)

    async def running_applies(self) -> dict[str, float]:
        """Return the applies that hold locks, with the seconds until their leases end.

        One whose owner is gone is among them until its lease is over.
        """
        holders = (await self.lock_table.read()).holders
        left = await self.watch.left(holders)
        return {holders[key].apply_id: left[key] for key in left if left[key] > 0}

    async def unfinished_applies(self) -> dict[str, list[str]]:
        """Return the applies that are over, and of which instances they left no outcome."""
        table = await self.lock_table.read()
        return table.without(await self.watch.dead(table.holders)).open

    async def begin(
        self, apply_id: str, locks: Locks, planned: dict[str, str], by: Initiator, now: datetime
    ) -> ApplyJournal:
        """Return the journal of an apply of ``planned``, profiles by instances, that begins now.

        Nothing is written yet.
        """
        apply = ApplyDocument(apply_id=apply_id, by=by, started_at=now, planned=planned)
        path = (await self.applies()).path(apply_id)
        return ApplyJournal(self, path, apply, locks, is_own=True)

    async def take_over(self, apply_id: str, locks: Locks, names: Collection[str]) -> ApplyJournal:
        """Go on in the journal of an apply whose owner is gone, and left ``names`` open."""
        applies = await self.applies()
        while True:
            if found := await applies.read([escape_id(apply_id)]):
                apply = found[0]
            else:  # its owner did not get far, but may still wake up
                now = self.clock.now()
                planned = {name: name.partition("[")[0] for name in names}
                apply = ApplyDocument(apply_id=apply_id, started_at=now, planned=planned)
            journal = ApplyJournal(self, applies.path(apply_id), apply, locks, is_own=False)
            if await journal.take_over(names):
                return journal

    async def fold(self, keep: int) -> int:
        """Fold all but the newest applies into months; returns how many."""
        return await (await self.applies()).fold(self.unsettled, keep)

    async def fold_if_many(self) -> None:
        """Fold old applies if more than a few hundred have documents of their own."""
        await (await self.applies()).fold(self.unsettled, FOLD_DOWN_TO, FOLD_ABOVE)

    # ---------------------------------------------------------------- plans

    async def plan_use(self, plan_id: str) -> PlanUse | None:
        """Return when and by which apply a saved plan was used, if it was."""
        path = await self._plan_path(plan_id)
        found = await self.store.get(path)
        return None if found is None else decode(PlanUse, found, self.store.where(path))

    async def add_plan_use(self, use: PlanUse) -> bool:
        """Note that a saved plan is used now; return whether it was not used before."""
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
        """Return the locks of ``instances``, which ``async with`` takes all at once, or none."""
        return Locks(self, instances, owner, apply_id, timeout, waiting)

    def account_limit(self, sender: Sender, by: Initiator) -> AccountLimit:
        """Return the part of ``sender`` in the limit of its account."""
        return AccountLimit(self.limit_table, sender, self.token(), by, self.clock)

"""Records as they are asked for: from the table, from applies that run, whole or in brief."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from runner.errors import StateError
from runner.models.record import Attempt, Record, digest_of
from runner.state.journal import ApplyJournal
from runner.state.locks import Locks
from runner.state.place import Place
from runner.state.record_table import RecordTable, current_name
from runner.state.store.codec import Problems
from runner.state.store.numbered import DamagedTop
from runner.state.store.paths import escape_id


class Records(Place):
    """The last apply of each instance of a scope."""

    @cached_property
    def _settled(self) -> dict[tuple[str, str], Attempt]:
        """Attempts that were read, by apply and instance; they have ended, so they can't change."""
        return {}

    async def records(
        self,
        instances: Iterable[str] | None = None,
        *,
        requests: Mapping[str, dict[str, Any]] | None = None,
        brief: bool = False,
        problems: Problems = None,
    ) -> dict[str, Record]:
        """Return the last applies by instance, those that run or were cut off included.

        Args:
            instances: Those that are wanted; ``None`` for all.
            requests: Requests in normal form: a record whose request equals the one given here is
                handed out with it and without its checks, so its apply need not be read; a record
                of an instance without one, neither with request nor checks.
            brief: Whether no requests and checks are wanted at all.
            problems: Where to add what can't be read; with ``None`` that is an error.
        """
        is_wanted = set(instances).__contains__ if instances is not None else lambda _: True
        applies = await self.applies(problems)  # whose the project is need not be asked twice
        # In this order, since an apply that ends is first in the table and then unlocked.
        unsettled = await self.unsettled(problems)
        table = await self.record_table.read()
        ids = [
            escape_id(apply_id)
            for apply_id, left in unsettled.items()
            if any(is_wanted(table.current_name(name, apply_id, self.moved)) for name in left)
        ]
        running = await applies.read(ids)
        if len(running) < len(ids):  # some may have ended and been folded since
            table = await self.record_table.read()
        attempts = [each for apply in running for each in apply.read(problems).values()]
        rows = table.rows(is_wanted, problems, self.moved)
        merged = table.merged(rows, attempts, self.moved)
        records = {name: record for name, record in merged.items() if is_wanted(name)}
        if not brief:
            await self._complete(records, requests, problems)
        return records

    async def keep(
        self, locks: Locks, journals: Iterable[ApplyJournal], others: Iterable[Record] = ()
    ) -> list[str]:
        """Move the records on by what ``journals`` noted; return those that stay as they are.

        Only then do the locks learn what is not open any more: until then, whoever comes next does
        all of it again.
        """
        noted = [attempt for each in journals if each.is_kept for attempt in each.touched()]
        lost = locks.lost
        sure = [attempt for attempt in noted if attempt.instance not in lost]
        stay = await self.put_records(others, sure, locks.apply_id)
        for attempt in noted:
            # What was lost is left open too: its record is still to come.
            is_open = attempt.is_open or attempt.instance in lost
            locks.note(attempt.apply_id, attempt.instance, is_open=is_open)
        return stay

    async def put_records(
        self, records: Iterable[Record], attempts: Iterable[Attempt] = (), before: str = ""
    ) -> list[str]:
        """Put records into the table, and those that ``attempts`` leave.

        Args:
            records: By themselves.
            attempts: Of this apply, and of earlier ones that it settled.
            before: The id of this apply: what earlier ones knew by an old name is moved for good.

        Returns:
            The instances whose records stay: a later owner of the lock has written them.
        """
        given, stay = {record.instance: record for record in records}, list[str]()

        def make(table: RecordTable) -> RecordTable:
            if self.moved and before:
                moves = {name: current_name(name, self.moved) for name in table.records}
                table = table.moved(moves, before)
            new = table.merged(given, attempts, self.moved)
            table, stay[:] = table.put(new.values())
            return table

        await self.record_table.change(make)
        return stay

    async def _complete(
        self,
        records: dict[str, Record],
        requests: Mapping[str, dict[str, Any]] | None,
        problems: Problems,
    ) -> None:
        """Add requests and checks from the applies that have them."""
        sources: dict[str, set[tuple[str, str]]] = {}
        for name, record in records.items():
            request = None if requests is None else requests.get(name)
            if request is not None and record.digest == digest_of(request):
                vars(record)["request"] = request  # it is of this call alone, and a copy is large
            elif requests is None or request is not None:
                ids = {None if record.request else record.apply_id, record.checks_in}
                sources[name] = {(each, record.named or name) for each in ids if each}
        wanted = {each for needed in sources.values() for each in needed}
        attempts = await self._attempts(wanted, problems)
        for name, needed in sources.items():
            record, then = records[name], records[name].named or name
            own = attempts.get((record.apply_id, then))
            checked = attempts.get((record.checks_in or record.apply_id, then))
            update = {
                "request": record.request or (own.request if own else {}),
                "checks": checked.checks if checked else record.checks,
            }
            records[name] = record.model_copy(update=update)
            if problems is not None and needed and not update["request"]:
                problems.append(_no_apply(record))

    async def _attempts(
        self, wanted: set[tuple[str, str]], problems: Problems
    ) -> dict[tuple[str, str], Attempt]:
        """Read attempts, by apply and instance, wherever they are."""
        found = {each: self._settled[each] for each in wanted & self._settled.keys()}
        missing: dict[str, set[str]] = {}
        for apply_id, name in sorted(wanted - found.keys()):
            missing.setdefault(apply_id, set()).add(name)
        async for apply in (await self.applies(problems)).find(missing):
            attempts = apply.read(problems, missing[apply.apply_id])
            found |= {(apply.apply_id, name): each for name, each in attempts.items()}
        self._settled.update((key, each) for key, each in found.items() if not each.is_open)
        return found

    async def unsettled(self, problems: Problems = None) -> dict[str, list[str]]:
        """Return others' applies, and their instances that the table of records may not have."""
        try:
            table = await self.lock_table.read()
        except DamagedTop as damaged:
            if problems is not None:
                problems.append(damaged)
            return {}
        return table.without([key for key in table.holders if key not in self.own]).open


def _no_apply(record: Record) -> StateError:
    return StateError(
        f"The apply {record.apply_id}, which the record of {record.instance} names, is gone.",
        hint="What it was applied with is no longer known; the next apply writes it again.",
    )

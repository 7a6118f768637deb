"""Records as they are asked for: from the table, from applies that run, whole or in brief."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import Any, overload

from runner.errors import StateError
from runner.models.record import Attempt, Record, digest_of
from runner.state.journal import ApplyJournal
from runner.state.locks import Locks
from runner.state.place import Place
from runner.state.record_table import RecordTable, moved, put, record_of, replacing, rows, today
from runner.state.store.numbered import DamagedTop, Version


class Records(Place):
    """The last apply of each instance of a scope."""

    async def records(
        self,
        instances: Iterable[str] | None = None,
        *,
        requests: Mapping[str, dict[str, Any]] | None = None,
        brief: bool = False,
        problems: list[StateError] | None = None,
    ) -> dict[str, Record]:
        """The last applies by instance, those that run or were cut off included.

        Args:
            instances: Those that are wanted; ``None`` for all.
            requests: Requests in normal form: a record whose request equals the one given here is
                handed out with it and without its checks, so its apply need not be read; a record
                of an instance without one, neither with request nor checks.
            brief: Whether no requests and checks are wanted at all.
            problems: See the class.
        """
        names = None if instances is None else dict.fromkeys(instances)
        records, applies = await asyncio.gather(
            self._rows(names, problems), self._unsettled(names, problems)
        )
        for journal in applies:
            for attempt in journal.attempts.values():
                record = self._named_today(record_of(attempt))
                if record is not None and (names is None or record.instance in names):
                    merged = replacing(records.get(record.instance), record)
                    records[record.instance] = merged or records[record.instance]
        if not brief:
            await self._complete(records, requests, problems)
        return records

    async def keep(
        self, locks: Locks, journals: Iterable[ApplyJournal], others: Iterable[Record] = ()
    ) -> list[str]:
        """Move the records on by what ``journals`` noted; says which were refused.

        A record that a later owner of the lock has written stays. Only then do the locks learn
        what is not open any more: until then, whoever comes next does all of it again.
        """
        kept, lost = [journal for journal in journals if journal.is_kept], locks.lost
        best = {record.instance: record for record in others}
        for journal in kept:
            for attempt in journal.touched():
                record = record_of(attempt)
                if record and record.instance not in lost:
                    there = best.get(record.instance)
                    best[record.instance] = replacing(there, record) or record if there else record
        await self._rename(locks.apply_id)
        refused = await self.put_records(best.values())
        for journal in kept:
            for attempt in journal.touched():
                locks.note(journal.apply_id, attempt.instance, is_open=attempt.is_open)
        return refused

    async def _rename(self, apply_id: str) -> None:
        """Give records the names that their profiles have today, for good."""
        if self.moved:
            table = await self.record_table()
            there = (await table.read()).document or RecordTable()
            moves = {name: today(name, self.moved) for name in there.records}
            await table.change(
                moved({old: new for old, new in moves.items() if old != new}, apply_id)
            )

    async def put_records(self, records: Iterable[Record], gone: Iterable[str] = ()) -> list[str]:
        """Put records into the table, or drop some; says which were refused."""
        refused: dict[str, None] = {}

        def note(instance: str) -> None:
            refused[instance] = None

        make = put(records, gone=gone, refused=note)

        def fresh(version: Version[RecordTable]) -> RecordTable | None:
            refused.clear()
            return make(version)

        await (await self.record_table()).change(fresh)
        return list(refused)

    async def _rows(
        self, names: Collection[str] | None, problems: list[StateError] | None
    ) -> dict[str, Record]:
        table = await self.record_table()
        document = (await table.read()).document
        if document is None:
            return {}
        where = self.store.where(table.folder)
        if not self.moved:
            return rows(document, names, where, problems)
        found: dict[str, Record] = {}
        for record in rows(document, None, where, problems).values():
            named = self._named_today(record)
            if named is record or named.instance not in document.records:
                found[named.instance] = named
        return found if names is None else {name: found[name] for name in names if name in found}

    @overload
    def _named_today(self, record: Record) -> Record: ...
    @overload
    def _named_today(self, record: None) -> None: ...
    def _named_today(self, record: Record | None) -> Record | None:
        """A record under the name that its profile has today."""
        if record is None or (name := today(record.instance, self.moved)) == record.instance:
            return record
        names = {"instance": name, "profile": name.partition("[")[0]}
        return record.model_copy(update={**names, "named": record.named or record.instance})

    async def _complete(
        self,
        records: dict[str, Record],
        requests: Mapping[str, dict[str, Any]] | None,
        problems: list[StateError] | None,
    ) -> None:
        """Add requests and checks from the applies that have them."""
        wanted: dict[str, None] = {}
        for name, record in records.items():
            request = None if requests is None else requests.get(name)
            if request is not None and record.digest == digest_of(request):
                records[name] = record.model_copy(update={"request": request})
            elif requests is None or request is not None:
                missing = (record.apply_id if not record.request else None, record.checks_in)
                wanted |= dict.fromkeys(filter(None, missing))
        history = await self.applies()
        found = await asyncio.gather(*(history.find(each, problems) for each in wanted))
        applies = dict(zip(wanted, found, strict=True))
        for name, record in records.items():
            named, update = record.named or name, dict[str, Any]()
            own = _attempt_in(applies.get(record.apply_id), named)
            last = _attempt_in(applies.get(record.checks_in or record.apply_id), named)
            if not record.request and own is not None:
                update["request"] = own.request
            elif not record.request and record.apply_id in applies and problems is not None:
                problems.append(_no_apply(record))
            if last is not None:
                update["checks"] = last.checks
            records[name] = record.model_copy(update=update)

    async def _unsettled(
        self, names: Collection[str] | None, problems: list[StateError] | None
    ) -> list[ApplyJournal]:
        """The journals of others' applies whose attempts the table of records does not have."""
        try:
            table = await self._lock_table()
        except DamagedTop as damaged:
            if problems is not None:
                problems.append(damaged)
            return []
        others = [key for key in table.holders if key not in self._own]
        open_ = table.without(others).open
        wanted = None if names is None else set(names)
        history = await self.applies()
        journals = [
            history.journal(apply_id)
            for apply_id, instances in open_.items()
            if wanted is None or not wanted.isdisjoint(instances)
        ]
        await asyncio.gather(*(journal.load(problems) for journal in journals))
        return journals


def _attempt_in(journal: ApplyJournal | None, name: str) -> Attempt | None:
    return None if journal is None else journal.attempts.get(name)


def _no_apply(record: Record) -> StateError:
    return StateError(
        f"The apply {record.apply_id}, which the record of {record.instance} names, is gone.",
        hint="What it was applied with is not known any more; the next apply writes it again.",
    )

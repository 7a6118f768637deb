"""Records as they are asked for: from the table, from applies that run, whole or in brief."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from typing import Any, Final

from runner.errors import StateError
from runner.models.record import Attempt, Record, digest_of
from runner.state.journal import ApplyJournal
from runner.state.locks import Locks
from runner.state.place import Place
from runner.state.record_table import Move, RecordTable, record_of, replacing, row, today
from runner.state.store.numbered import DamagedTop

_NOTHING: Final[dict[str, Any]] = {"request": {}, "checks": []}


class Records(Place):
    """The last apply of each instance of a scope."""

    @cached_property
    def _completed(self) -> dict[str, Record]:
        """Records whose requests and checks were read: of an apply that has ended, they stay."""
        return {}

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
        await self.folder("records")  # whose the project is need not be asked twice
        records, applies = await asyncio.gather(
            self._rows(names, problems), self._unsettled(names, problems)
        )
        for journal in applies:
            for attempt in journal.attempts.values():
                if (left := record_of(attempt)) is None:
                    continue
                record = self._named_today(left)
                if names is None or record.instance in names:
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
        for attempt in _touched(kept):
            if attempt.instance not in lost and (record := record_of(attempt)):
                there = best.get(record.instance)
                best[record.instance] = replacing(there, record) or there or record
        if self.moved:  # for good
            names = (await self.record_rows()).records
            moves = {name: today(name, self.moved) for name in names}
            await self.move({old: new for old, new in moves.items() if old != new}, locks.apply_id)
        refused = await self.put_records(best.values())
        for attempt in _touched(kept):
            locks.note(attempt.apply_id, attempt.instance, is_open=attempt.is_open)
        return refused

    async def put_records(self, records: Iterable[Record], gone: Collection[str] = ()) -> list[str]:
        """Put records into the table, or drop some; says which were refused.

        Refused are those of a later owner of the lock.
        """
        new, gone = {record.instance: record for record in records}, set(gone)
        refused: list[str] = []

        def make(table: RecordTable) -> RecordTable:
            refused.clear()
            kept = {name: tree for name, tree in table.records.items() if name not in gone}
            there, owners = table.rows(new, "", []), dict(table.owners)
            for name, record in new.items():
                if merged := replacing(there.get(name), record):
                    kept[name], owners[record.apply_id] = row(merged), record.by
                else:
                    refused.append(name)
            return table.with_(kept, owners)

        await self._change(make)
        return refused

    async def move(self, moves: Mapping[str, str], before: str) -> None:
        """Give records other instances' names, unless these have records of their own.

        Args:
            moves: New names by old ones.
            before: The id of an apply that would begin now: what was applied later under an old
                name is another's.
        """

        def make(table: RecordTable) -> RecordTable:
            records, noted = dict(table.records), []
            for old, new in moves.items():
                if old in records and new not in table.records:
                    tree = records.pop(old)
                    names = {"named": tree.get("named", old), "profile": new.partition("[")[0]}
                    records[new] = {**tree, **names}
                    noted.append(Move(old=old, new=new, before=before))
            return table.with_(records, table.owners, noted)

        await self._change(make)

    async def record_rows(self) -> RecordTable:
        """The table of records as it is just now."""
        return await (await self.record_table()).read()

    async def _change(self, make: Callable[[RecordTable], RecordTable]) -> None:
        """Change the table of records, where ``make`` gives others."""

        def changed(table: RecordTable) -> RecordTable | None:
            made = make(table)
            return None if made.records == table.records else made

        await (await self.record_table()).change(changed)

    async def _rows(
        self, names: Collection[str] | None, problems: list[StateError] | None
    ) -> dict[str, Record]:
        table = await self.record_rows()
        where = self.store.where(await self.folder("records"))
        if not self.moved:
            return table.rows(names, where, problems)
        found: dict[str, Record] = {}
        for record in table.rows(None, where, problems).values():
            named = self._named_today(record)
            if named is record or named.instance not in table.records:
                found[named.instance] = named
        return found if names is None else {name: found[name] for name in names if name in found}

    def _named_today(self, record: Record) -> Record:
        """A record under the name that its profile has today."""
        if (name := today(record.instance, self.moved)) == record.instance:
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
        wanted = self._wanted(records, requests)

        def pick(apply_id: str, instance: str, fields: dict[str, Any]) -> dict[str, Any] | None:
            return fields if instance in wanted.get(apply_id, ()) else None

        async for journal in (await self.applies()).find(wanted, problems, pick):
            for then, attempt in journal.attempts.items():
                name = wanted[journal.apply_id][then]
                records[name] = self._completed[name] = _completed(records[name], attempt)
        if problems is not None:
            problems += [
                _no_apply(record)
                for record in records.values()
                if not record.request and record.apply_id in wanted
            ]

    def _wanted(
        self, records: dict[str, Record], requests: Mapping[str, dict[str, Any]] | None
    ) -> dict[str, dict[str, str]]:
        """The applies to read: for each, names of today by those of then.

        Records that need none get what is known of them.
        """
        wanted: dict[str, dict[str, str]] = {}
        for name, record in records.items():
            request = None if requests is None else requests.get(name)
            if request is not None and record.digest == digest_of(request):
                vars(record)["request"] = request  # it is of this call alone, and a copy is large
            elif requests is None or request is not None:
                known = self._completed.get(name)
                if known and known.model_copy(update=_NOTHING) == record:
                    records[name] = known
                    continue
                for apply_id in (None if record.request else record.apply_id, record.checks_in):
                    if apply_id:
                        wanted.setdefault(apply_id, {})[record.named or name] = name
        return wanted

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
        others = [key for key in table.holders if key not in self.own]
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


def _completed(record: Record, attempt: Attempt) -> Record:
    """A record with what an attempt has of it."""
    update: dict[str, Any] = {}
    if not record.request and record.apply_id == attempt.apply_id:
        update["request"] = attempt.request
    if attempt.apply_id == (record.checks_in or record.apply_id):
        update["checks"] = attempt.checks
    return record.model_copy(update=update)


def _touched(journals: Iterable[ApplyJournal]) -> list[Attempt]:
    return [attempt for journal in journals for attempt in journal.touched()]


def _no_apply(record: Record) -> StateError:
    return StateError(
        f"The apply {record.apply_id}, which the record of {record.instance} names, is gone.",
        hint="What it was applied with is not known any more; the next apply writes it again.",
    )

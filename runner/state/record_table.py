"""The table of records: of each instance its last apply, its verdict and its request's digest."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import Field

from runner.errors import StateError
from runner.models.record import Attempt, Document, Initiator, Record, digest_of
from runner.models.verdict import Verdict
from runner.state.store.codec import Damaged, validate
from runner.state.store.numbered import NumberedDocument, Version

#: Verdicts without a session that are still the last word on an instance.
TAKEN = frozenset({Verdict.NO_MATCH, Verdict.UNKNOWN})
_ELSEWHERE = {"request", "checks", "by", "instance"}

Tree = dict[str, Any]
Change = Callable[[dict[str, Record]], Iterable[Record | str]]


class Move(Document):
    """A rename: what was applied as ``old`` before an apply of that id belongs to ``new``."""

    old: str
    new: str
    before: str


class RecordTable(NumberedDocument):
    """``records/<n>.json``."""

    records: dict[str, Tree] = Field(default_factory=dict)
    """By instance; what can't be read stays as it is."""
    owners: dict[str, Initiator] = Field(default_factory=dict)
    """Who ran each apply that a record names."""
    moves: list[Move] = Field(default_factory=list)


def record_of(attempt: Attempt) -> Record | None:
    """The record that an attempt leaves, if the server took it."""
    if not attempt.session_id and attempt.verdict not in TAKEN:
        return None
    return Record.model_construct(  # all of it was validated with the attempt
        instance=attempt.instance,
        profile=attempt.profile,
        apply_id=attempt.apply_id,
        request=attempt.request,
        digest=digest_of(attempt.request),
        applied_at=attempt.started_at or attempt.intent_at,
        session_id=attempt.session_id,
        link=attempt.link,
        stopped_at=attempt.stopped_at,
        verdict=attempt.verdict,
        reason=attempt.reason,
        checks=attempt.checks,
        by=attempt.by,
        commit=attempt.commit,
        branch=attempt.branch,
        fence=attempt.fence,
    )


def replacing(there: Record | None, new: Record) -> Record | None:
    """The record after ``new`` came; ``None`` where what is there stays.

    The order is that of the locks, never that of apply ids or clocks.
    """
    if there is None:
        return new
    if new.order < there.order:
        return None
    if new.verdict is None:  # until it has checks of its own, the last ones count
        last = there.checks_in if there.verdict is None else there.apply_id
        new = new.model_copy(update={"checks_in": last, "checks": there.checks})
    return new


def rows(
    table: RecordTable,
    names: Iterable[str] | None,
    where: str,
    problems: list[StateError] | None,
) -> dict[str, Record]:
    """The records of a table, without requests and checks.

    Args:
        table: The table.
        names: Those that are wanted; ``None`` for all.
        where: Its address, for messages.
        problems: Where to tell what can't be read; with ``None`` that is an error.

    Raises:
        Damaged: A record is not one.
    """
    found = {}
    for name in table.records if names is None else names:
        if (tree := table.records.get(name)) is None:
            continue
        by = table.owners.get(str(tree.get("applyId")), Initiator())
        try:
            found[name] = validate(Record, {**tree, "instance": name, "by": by}, where)
        except Damaged as error:
            if problems is None:
                raise
            problems.append(error)
    return found


def put(
    new: Iterable[Record], *, gone: Iterable[str] = (), refused: Callable[[str], None]
) -> Callable[[Version[RecordTable]], RecordTable | None]:
    """A change of the table that brings in ``new`` and drops ``gone``.

    Args:
        new: Records of instances whose locks are held.
        gone: Instances whose records are deleted.
        refused: Is told each instance whose record is of a later owner of the lock, and stays.
    """
    new, gone = list(new), set(gone)

    def make(version: Version[RecordTable]) -> RecordTable | None:
        table = version.document or RecordTable()
        records = {name: tree for name, tree in table.records.items() if name not in gone}
        there = rows(table, [record.instance for record in new], "", [])
        owners = dict(table.owners)
        for record in new:
            merged = replacing(there.get(record.instance), record)
            if merged is None:
                refused(record.instance)
                continue
            records[record.instance] = row(merged)
            owners[record.apply_id] = record.by
        if records == table.records:
            return None
        return _with(table, records, owners)

    return make


def moved(
    moves: Mapping[str, str], before: str
) -> Callable[[Version[RecordTable]], RecordTable | None]:
    """A change of the table that gives records other instances' names.

    Args:
        moves: New names by old ones.
        before: The id of an apply that would begin now: what was applied later under an old
            name is another's.
    """

    def make(version: Version[RecordTable]) -> RecordTable | None:
        table = version.document or RecordTable()
        found = {
            old: new
            for old, new in moves.items()
            if old in table.records and new not in table.records
        }
        if not found:
            return None
        records = dict(table.records)
        for old, new in found.items():
            tree = records.pop(old)
            names = {"named": tree.get("named", old), "profile": new.partition("[")[0]}
            records[new] = {**tree, **names}
        noted = [Move(old=old, new=new, before=before) for old, new in found.items()]
        changed = _with(table, records, table.owners)
        return changed.model_copy(update={"moves": [*table.moves, *noted]})

    return make


def today(name: str, moves: Mapping[str, str]) -> str:
    """The name that an instance has today, by the profiles that were renamed."""
    profile, bracket, rest = name.partition("[")
    return f"{moves[profile]}{bracket}{rest}" if profile in moves else name


def row(record: Record) -> Tree:
    """A record as a row of the table."""
    return record.model_dump(mode="json", by_alias=True, exclude=_ELSEWHERE, exclude_defaults=True)


def _with(
    table: RecordTable, records: dict[str, Tree], owners: dict[str, Initiator]
) -> RecordTable:
    named = {tree.get("applyId") for tree in records.values()}
    kept = {apply_id: by for apply_id, by in owners.items() if apply_id in named}
    return table.model_copy(update={"records": records, "owners": kept})

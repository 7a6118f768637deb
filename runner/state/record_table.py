"""The table of records: of each instance its last apply, its verdict and its request's digest."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Self, TypeVar

from pydantic import Field

from runner.models.record import Attempt, Document, Initiator, Record, digest_of
from runner.models.verdict import Verdict
from runner.state.store.codec import Problems, Tree, tolerating, validate
from runner.state.store.numbered import NumberedDocument

A = TypeVar("A", Attempt, Record)

#: Verdicts without a session that are still the last word on an instance.
_TAKEN = frozenset({Verdict.NO_MATCH, Verdict.UNKNOWN})
_ELSEWHERE = {"request", "checks", "by", "instance"}
_SHARED = Record.model_fields.keys() & Attempt.model_fields.keys()


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

    def rows(
        self,
        is_wanted: Callable[[str], bool],
        problems: Problems,
        moved: Mapping[str, str] | None = None,
    ) -> dict[str, Record]:
        """Read records, without their requests and checks.

        Args:
            is_wanted: Given the current name of an instance, whether its record is read.
            problems: Where to add what can't be read; with ``None`` that is an error.
            moved: New names of profiles by old ones; an instance with a record of its own keeps it.
        """
        found = {}
        for then, tree in self.records.items():
            name = current_name(then, moved or {})
            if is_wanted(name) and (name == then or name not in self.records):
                by = self.owners.get(str(tree.get("applyId")), Initiator())
                with tolerating(problems):
                    fields = {**tree, "instance": then, "by": by}
                    record = validate(Record, fields, f"{self.where} ({then})")
                    found[name] = renamed(record, name)
        return found

    def current_name(self, name: str, apply_id: str, moved: Mapping[str, str]) -> str:
        """Return the current name of the instance that an apply knew by ``name``."""
        for move in self.moves:
            if name == move.old and apply_id < move.before:
                name = move.new
        return current_name(name, moved)

    def merged(
        self, records: Mapping[str, Record], attempts: Iterable[Attempt], moved: Mapping[str, str]
    ) -> dict[str, Record]:
        """Return ``records`` and those that attempts leave, by their current names."""
        merged = dict(records)
        for attempt in attempts:
            if record := record_of(attempt):
                name = self.current_name(attempt.instance, attempt.apply_id, moved)
                merged[name] = later(merged.get(name), renamed(record, name))
        return merged

    def put(self, records: Iterable[Record]) -> tuple[Self, list[str]]:
        """Return the table with ``records``, and the names of those that a later owner wrote."""
        new = {record.instance: record for record in records}
        there = self.rows(new.__contains__, [])
        trees, owners, refused = dict(self.records), dict(self.owners), list[str]()
        for name, record in new.items():
            if (last := later(there.get(name), record)) is there.get(name):
                refused.append(name)
            else:
                trees[name], owners[record.apply_id] = _row(last), record.by
        return self._with(trees, owners), refused

    def moved(self, moves: Mapping[str, str], before: str) -> Self:
        """Return the table with other names for instances, unless these have records of their own.

        Args:
            moves: New names by old ones.
            before: The id of an apply that would begin now: what is applied later under an old
                name is another's.
        """
        records, noted = dict(self.records), list(self.moves)
        for old, new in moves.items():
            if old != new and new not in self.records:
                noted.append(Move(old=old, new=new, before=before))
                if (tree := records.pop(old, None)) is not None:  # else only a journal has it
                    names = {"named": tree.get("named", old), "profile": new.partition("[")[0]}
                    records[new] = {**tree, **names}
        return self._with(records, self.owners).model_copy(update={"moves": noted})

    def without(self, names: Collection[str]) -> Self:
        """Return the table without some records, even those that can't be read."""
        left = {name: tree for name, tree in self.records.items() if name not in names}
        return self._with(left, self.owners)

    def _with(self, records: dict[str, Tree], owners: Mapping[str, Initiator]) -> Self:
        named = {str(tree.get("applyId")) for tree in records.values()}
        kept = {apply_id: by for apply_id, by in owners.items() if apply_id in named}
        return self.model_copy(update={"records": records, "owners": kept})


def record_of(attempt: Attempt) -> Record | None:
    """Return the record that an attempt leaves, if the server took it."""
    if not attempt.session_id and attempt.verdict not in _TAKEN:
        return None
    return Record.model_construct(  # all of it was validated with the attempt
        **{name: getattr(attempt, name) for name in _SHARED},
        digest=digest_of(attempt.request),
        applied_at=attempt.started_at or attempt.intent_at,
    )


def later(there: Record | None, new: Record) -> Record:
    """Return the record that stays of two of an instance.

    The order is that of the locks, never that of apply ids or clocks.
    """
    if there is None:
        return new
    if new.order < there.order:
        return there
    if new.verdict is None:  # until it has checks of its own, the last ones count
        last = there.checks_in if there.verdict is None else there.apply_id
        new = new.model_copy(update={"checks_in": last, "checks": there.checks})
    return new


def current_name(name: str, moved: Mapping[str, str]) -> str:
    """Return the current name of an instance, by the profiles that were renamed."""
    profile, bracket, rest = name.partition("[")
    return f"{moved[profile]}{bracket}{rest}" if profile in moved else name


def renamed(applied: A, name: str) -> A:
    """Return an attempt or a record under the current name of its instance."""
    if name == applied.instance:
        return applied
    names = {"instance": name, "profile": name.partition("[")[0]}
    if isinstance(applied, Record):
        names["named"] = applied.named or applied.instance
    return applied.model_copy(update=names)


def _row(record: Record) -> Tree:
    return record.model_dump(mode="json", by_alias=True, exclude=_ELSEWHERE, exclude_defaults=True)

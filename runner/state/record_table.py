"""The table of records: of each instance its last apply, its verdict and its request's digest."""

from collections.abc import Iterable, Mapping
from typing import Self

from pydantic import Field

from runner.errors import StateError
from runner.models.record import Attempt, Document, Initiator, Record, digest_of
from runner.models.verdict import Verdict
from runner.state.store.codec import Damaged, Tree, tell, validate
from runner.state.store.numbered import NumberedDocument

#: Verdicts without a session that are still the last word on an instance.
TAKEN = frozenset({Verdict.NO_MATCH, Verdict.UNKNOWN})
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
        self, names: Iterable[str] | None, where: str, problems: list[StateError] | None
    ) -> dict[str, Record]:
        """The records, without requests and checks.

        Args:
            names: Those that are wanted; ``None`` for all.
            where: Its address, for messages.
            problems: Where to tell what can't be read; with ``None`` that is an error.

        Raises:
            Damaged: A record is not one.
        """
        found = {}
        for name in self.records if names is None else names:
            if (tree := self.records.get(name)) is None:
                continue
            by = self.owners.get(str(tree.get("applyId")), Initiator())
            try:
                found[name] = validate(Record, {**tree, "instance": name, "by": by}, where)
            except Damaged as error:
                tell(error, problems)
        return found

    def with_(
        self, records: dict[str, Tree], owners: Mapping[str, Initiator], moves: Iterable[Move] = ()
    ) -> Self:
        """The table with other records, and ``moves`` beside its own."""
        named = {tree.get("applyId") for tree in records.values()}
        kept = {apply_id: by for apply_id, by in owners.items() if apply_id in named}
        update = {"records": records, "owners": kept, "moves": [*self.moves, *moves]}
        return self.model_copy(update=update)


def record_of(attempt: Attempt) -> Record | None:
    """The record that an attempt leaves, if the server took it."""
    if not attempt.session_id and attempt.verdict not in TAKEN:
        return None
    return Record.model_construct(  # all of it was validated with the attempt
        **{name: getattr(attempt, name) for name in _SHARED},
        digest=digest_of(attempt.request),
        applied_at=attempt.started_at or attempt.intent_at,
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


def today(name: str, moved: Mapping[str, str]) -> str:
    """The name that an instance has today, by the profiles that were renamed."""
    profile, bracket, rest = name.partition("[")
    return f"{moved[profile]}{bracket}{rest}" if profile in moved else name


def row(record: Record) -> Tree:
    """A record as a row of the table."""
    return record.model_dump(mode="json", by_alias=True, exclude=_ELSEWHERE, exclude_defaults=True)

"""The documents of an apply, and what they say together."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import Field

from runner.errors import StateError
from runner.models.history import PastApply
from runner.models.record import (
    FORMAT_VERSION,
    Attempt,
    Document,
    Initiator,
    Lookup,
    Moment,
    Number,
    Phase,
)
from runner.models.verdict import Verdict
from runner.state.store.codec import Damaged, Tree, foreign, parse, tell, validate
from runner.state.store.numbered import number_of
from runner.state.store.object_store import Store
from runner.state.store.paths import escape_id

Pick = Callable[[str, str, Tree], Tree | None]
"""Given an apply, an instance and fields of its attempt: those to read, ``None`` for no attempt."""


class ApplyDocument(Document):
    """A segment ``applies/<apply id>/<n>.json``, or the whole ``applies/<apply id>.json``.

    The whole is created once, when nothing is open any more.
    """

    format_version: int = FORMAT_VERSION
    apply_id: str
    nonce: str
    by: Initiator = Initiator()
    started_at: Moment
    planned: dict[str, str] | None = None
    """The instances it was asked to apply, and their profiles; in its first segment."""
    attempts: dict[str, Tree] = Field(default_factory=dict)
    """By instance; in a segment, the fields that changed."""
    is_whole: bool = False
    """Whether a segment holds all that those before it do."""
    segments: Number = 0
    """The highest segment that is in the whole; one of a lower number does not count any more."""
    exit_code: int | None = None


class ApplyReader:
    """What is known of one apply.

    Attributes:
        apply_id: Its id; empty until it is loaded where only its place is known.
        attempts: By instance.
        exit_code: What it ended with, if that is known.
        pick: What to read of each attempt; all by default.
    """

    def __init__(self, store: Store, path: str, apply_id: str) -> None:
        self.apply_id = apply_id
        self.pick: Pick = lambda _apply_id, _instance, fields: fields
        self.attempts: dict[str, Attempt] = {}
        self.exit_code: int | None = None
        self._store = store
        self._path = path
        self._head: Tree = {}
        self._trees: dict[str, Tree] = {}
        self._number = 0
        self._is_over = False

    async def load(self, problems: list[StateError] | None = None) -> bool:
        """Read what there is of the apply; says whether there is anything.

        Args:
            problems: Where to tell what can't be read; with ``None`` that is an error.

        Raises:
            StateError: The store can't be read, or a document is damaged.
        """
        while True:
            data = await self._store.get(f"{self._path}.json")
            if data is not None:
                where = self._store.where(f"{self._path}.json")
                self.take_document(parse(data, where), where, problems)
                return True
            entries = sorted(await self._store.entries(self._path), key=number_of)
            paths = [entry.path for entry in entries if number_of(entry)]
            segments = await self._store.get_all(paths)
            numbers = [number_of(entry) for entry in entries if number_of(entry)]
            is_gapless = numbers == list(range(1, len(numbers) + 1))
            # Where some are gone it has just ended, or was folded.
            has_ended = not is_gapless and await self._store.get(f"{self._path}.json") is not None
            if None not in segments and not has_ended:
                break
        self._head, self._trees, self._number = {}, {}, 0
        for path, segment in zip(paths, segments, strict=True):
            try:
                self._take_segment(path, segment or b"")
            except Damaged as error:
                tell(error, problems)
        self._read_attempts(problems)
        return bool(self._head)

    def take_document(self, tree: Any, where: str, problems: list[StateError] | None) -> None:
        """Take in the whole document of the apply from where it is kept.

        Raises:
            Damaged: It is something else, and there is no list of problems.
        """
        part = validate(ApplyDocument, tree, where)
        self._take_part(part, where)
        self._is_over, self._number, self.exit_code = True, part.segments, part.exit_code
        self._read_attempts(problems)

    def _take_segment(self, path: str, data: bytes) -> None:
        where = self._store.where(path)
        number = int(path.rpartition("/")[2].partition(".")[0])
        expected, self._number = self._number + 1, number
        part = validate(ApplyDocument, parse(data, where), where)
        self._take_part(part, where)
        if not part.is_whole and number != expected:
            raise foreign(where, f"number {expected} before it is missing")

    def _take_part(self, part: ApplyDocument, where: str) -> None:
        if escape_id(part.apply_id) != self._path.rpartition("/")[2]:
            raise foreign(where, "it belongs to another apply")
        self.apply_id = part.apply_id
        head = part.model_dump(exclude={"attempts"}, exclude_none=True)
        self._head = {**head, **self._head}
        for name, changed in part.attempts.items():
            if (picked := self.pick(self.apply_id, name, changed)) is not None:
                self._trees[name] = {**self._trees.get(name, {}), **picked}

    def _read_attempts(self, problems: list[StateError] | None) -> None:
        self.attempts = {}
        same = {"applyId": self.apply_id, "by": Initiator.model_validate(self._head.get("by", {}))}
        for name, tree in self._trees.items():
            where = f"{self._store.where(self._path)} ({name})"
            try:
                fields = {**tree, **same, "instance": name}
                self.attempts[name] = validate(Attempt, fields, where)
            except Damaged as error:
                tell(error, problems)

    @property
    def planned(self) -> dict[str, str]:
        """The instances it was asked to apply, and their profiles."""
        return self._head.get("planned") or {}

    @property
    def started_at(self) -> datetime:
        """When it began, by the clock of its machine."""
        found: datetime = self._head["started_at"]
        return found

    def past(self, *, is_running: bool = False) -> PastApply:
        """The apply as history tells it; of one that is over, what was never started is said."""
        found = dict(self.attempts)
        if not is_running:
            found |= {
                name: self._never_started(name)
                for name in self.planned
                if name not in found and self.pick(self.apply_id, name, {}) is not None
            }
        attempts = tuple(found[name] for name in sorted(found))
        return PastApply(self.apply_id, attempts, self.exit_code)

    def _never_started(self, name: str) -> Attempt:
        return Attempt(
            apply_id=self.apply_id,
            instance=name,
            profile=self.planned[name],
            phase=Phase.FINISHED,
            lookup=Lookup(name=name, run_location=""),
            intent_at=self.started_at,
            stopped_at=self.started_at,
            verdict=Verdict.NOT_STARTED,
            reason="Its apply ended before it was started.",
            by=Initiator.model_validate(self._head["by"]),
        )

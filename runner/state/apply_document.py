"""The documents of an apply, and what they say together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

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
from runner.state.store.codec import Problems, Tolerating, Tree, foreign, parse, validate
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
    """Whether a segment replaces those before it."""
    segments: Number = 0
    """The highest segment that is in the whole; one of a lower number does not count any more."""
    exit_code: int | None = None


@dataclass(slots=True)
class Apply:
    """What is known of one apply.

    Attributes:
        head: The first of its documents, without the attempts.
        attempts: By instance.
        number: Its highest segment.
        is_over: Whether it is in one document, in which nothing is open.
    """

    head: ApplyDocument
    attempts: dict[str, Attempt] = field(default_factory=dict)
    number: int = 0
    is_over: bool = False

    @property
    def apply_id(self) -> str:
        """Its id."""
        return self.head.apply_id

    @property
    def planned(self) -> dict[str, str]:
        """The instances it was asked to apply, and their profiles."""
        return self.head.planned or {}

    def past(self, *, is_running: bool = False) -> PastApply:
        """Return the apply as history shows it; once it is over, with what it never started."""
        missing = () if is_running else self.planned.keys() - self.attempts.keys()
        found = {**self.attempts, **{name: self._never_started(name) for name in missing}}
        attempts = tuple(found[name] for name in sorted(found))
        return PastApply(self.apply_id, attempts, self.head.exit_code)

    def _never_started(self, name: str) -> Attempt:
        return Attempt(
            apply_id=self.apply_id,
            instance=name,
            profile=self.planned[name],
            phase=Phase.FINISHED,
            lookup=Lookup(name=name, run_location=""),
            intent_at=self.head.started_at,
            stopped_at=self.head.started_at,
            verdict=Verdict.NOT_STARTED,
            reason="Its apply ended before it was started.",
            by=self.head.by,
        )


def segment_path(path: str, number: int) -> str:
    """Return where a segment is of an apply whose document is at ``path``; numbers sort as text."""
    return f"{path}/{number:010}.json"


def everything(_apply_id: str, _instance: str, fields: Tree) -> Tree:
    """Pick all fields of every attempt."""
    return fields


async def load(
    store: Store, path: str, pick: Pick = everything, problems: Problems = None
) -> Apply | None:
    """Read an apply from its document, or from its segments while there is none.

    Args:
        store: Where it is.
        path: Of its segments; that of its document without ``.json``.
        pick: What to read of each attempt.
        problems: Where to add what can't be read; with ``None`` that is an error.

    Raises:
        StateError: The store can't be read, or a document is damaged.
    """
    document = f"{path}.json"
    while True:
        if (data := await store.get(document)) is not None:
            where = store.where(document)
            return whole(parse(data, where), path.rpartition("/")[2], where, pick, problems)
        entries = [(number_of(entry), entry.path) for entry in await store.entries(path)]
        numbers = [number for number, found in entries if found == segment_path(path, number)]
        segments = await store.get_all(segment_path(path, number) for number in numbers)
        is_gapless = numbers == list(range(1, len(numbers) + 1))
        # Where some are gone it has just ended, or was folded.
        if None not in segments and (is_gapless or await store.get(document) is None):
            break
    parts: list[ApplyDocument] = []
    for before, number, data in zip([0, *numbers], numbers, segments, strict=False):
        where = store.where(segment_path(path, number))
        with Tolerating(problems):
            part = part_of(parse(data or b"", where), path.rpartition("/")[2], where)
            parts = [part] if part.is_whole else [*parts, part]
            if not part.is_whole and number != before + 1:
                raise foreign(where, f"number {before + 1} before it is missing")
    if not parts:
        return None
    found = _together(parts, store.where(path), pick, problems)
    found.number = numbers[-1]
    return found


def whole(tree: Any, name: str, where: str, pick: Pick, problems: Problems) -> Apply:
    """Return the apply that is in one document, wherever that is kept; raises like ``part_of``."""
    found = _together([part_of(tree, name, where)], where, pick, problems)
    found.is_over = True
    return found


def part_of(tree: Any, name: str, where: str) -> ApplyDocument:
    """Return the document that a tree describes.

    Raises:
        Damaged: It is something else, or not of the apply whose id is spelt ``name``.
    """
    part = validate(ApplyDocument, tree, where)
    if escape_id(part.apply_id) != name:
        raise foreign(where, "it belongs to another apply")
    return part


def _together(parts: Sequence[ApplyDocument], where: str, pick: Pick, problems: Problems) -> Apply:
    """Lay the changes of each document over those before it."""
    head, trees = parts[0], dict[str, Tree]()
    for part in parts:
        for name, changed in part.attempts.items():
            trees[name] = {**trees.get(name, {}), **changed}
    same = {"applyId": head.apply_id, "by": head.by}
    attempts: dict[str, Attempt] = {}
    for name, tree in trees.items():
        if (fields := pick(head.apply_id, name, tree)) is not None:
            with Tolerating(problems):
                fields = {**fields, **same, "instance": name}
                attempts[name] = validate(Attempt, fields, f"{where} ({name})")
    picked = {
        name: profile
        for name, profile in (head.planned or {}).items()
        if pick(head.apply_id, name, {}) is not None
    }
    return Apply(head.model_copy(update={"attempts": {}, "planned": picked}), attempts)

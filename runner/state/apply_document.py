"""The documents of an apply, and what they say together."""

from collections.abc import Callable
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
from runner.state.store.codec import Problems, Tolerating, Tree, foreign, validate
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
    """The highest segment that is in the whole; those up to it do not count any more."""
    exit_code: int | None = None

    def with_(self, segment: "ApplyDocument") -> "ApplyDocument":
        """Return the document with what a later segment changes."""
        before = {} if segment.is_whole else self.attempts
        changed = {name: {**before.get(name, {}), **new} for name, new in segment.attempts.items()}
        planned = self.planned or segment.planned
        return self.model_copy(update={"attempts": {**before, **changed}, "planned": planned})


@dataclass(slots=True)
class Apply:
    """What is known of one apply.

    Attributes:
        head: Its document, without the attempts.
        attempts: By instance.
        is_over: Whether it has ended, and left nothing open.
    """

    head: ApplyDocument
    attempts: dict[str, Attempt] = field(default_factory=dict)
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


def everything(_apply_id: str, _instance: str, fields: Tree) -> Tree:
    """Pick all fields of every attempt."""
    return fields


def document_of(tree: Any, name: str, where: str) -> ApplyDocument:
    """Return the document that a tree of JSON describes.

    Raises:
        Damaged: It is something else, or not of the apply whose id is spelt ``name``.
    """
    document = validate(ApplyDocument, tree, where)
    if escape_id(document.apply_id) != name:
        raise foreign(where, "it belongs to another apply")
    return document


def apply_of(
    document: ApplyDocument, where: str, pick: Pick, problems: Problems, *, is_over: bool
) -> Apply:
    """Return the apply that a document describes, with the attempts that ``pick`` takes."""
    same = {"applyId": document.apply_id, "by": document.by}
    attempts: dict[str, Attempt] = {}
    for name, tree in document.attempts.items():
        if (fields := pick(document.apply_id, name, tree)) is not None:
            with Tolerating(problems):
                fields = {**fields, **same, "instance": name}
                attempts[name] = validate(Attempt, fields, f"{where} ({name})")
    planned = {
        name: profile
        for name, profile in (document.planned or {}).items()
        if pick(document.apply_id, name, {}) is not None
    }
    head = document.model_copy(update={"attempts": {}, "planned": planned})
    return Apply(head, attempts, is_over)

"""The documents of an apply, and what they say together."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import Field

from runner.models.history import PastApply
from runner.models.record import Attempt, Initiator, Lookup, Moment, Number, Phase
from runner.models.verdict import Verdict
from runner.state.store.codec import Problems, Tree, tolerating, validate
from runner.state.store.numbered import NumberedDocument

_NO_LOOKUP: Final = Lookup(name="", run_location="")


class ApplyDocument(NumberedDocument):
    """A segment ``applies/<apply id>/<n>.json``, or the whole ``applies/<apply id>.json``.

    The whole is created once, when nothing is open any more.
    """

    apply_id: str
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
        before = self.attempts
        changed = {name: {**before.get(name, {}), **new} for name, new in segment.attempts.items()}
        planned = self.planned or segment.planned
        return self.model_copy(update={"attempts": {**before, **changed}, "planned": planned})

    def past(self, attempts: Mapping[str, Attempt], never_started: Iterable[str]) -> PastApply:
        """Return the apply as history shows it."""
        found = {**attempts, **{name: self._never_started(name) for name in never_started}}
        in_order = tuple(found[name] for name in sorted(found))
        return PastApply(self.apply_id, in_order, self.exit_code)

    def _never_started(self, name: str) -> Attempt:
        return Attempt(
            apply_id=self.apply_id,
            instance=name,
            profile=(self.planned or {})[name],
            phase=Phase.FINISHED,
            lookup=Lookup(name=name, run_location=""),
            intent_at=self.started_at,
            stopped_at=self.started_at,
            verdict=Verdict.NOT_STARTED,
            reason="Its apply ended before it was started.",
            by=self.by,
        )


@dataclass(frozen=True, slots=True)
class Apply:
    """An apply that was read; its attempts are validated when they are asked for.

    Attributes:
        document: What its documents say together.
        where: Its address, for messages.
        is_over: Whether it has ended, and left nothing open.
    """

    document: ApplyDocument
    where: str
    is_over: bool

    @property
    def apply_id(self) -> str:
        """Its id."""
        return self.document.apply_id

    @property
    def planned(self) -> dict[str, str]:
        """The instances it was asked to apply, and their profiles."""
        return self.document.planned or {}

    @property
    def instances(self) -> set[str]:
        """The instances it was asked to apply, and those it has attempts of."""
        return {*self.planned, *self.document.attempts}

    def attempts(
        self,
        problems: Problems,
        instances: Collection[str] | None = None,
        without: Collection[str] = (),
    ) -> dict[str, Attempt]:
        """Return its attempts by instance.

        Args:
            problems: Where to add what can't be read; with ``None`` that is an error.
            instances: Those that are wanted; ``None`` for all.
            without: Fields that need not be read, as they are spelt in documents.
        """
        same = {"applyId": self.apply_id, "by": self.document.by}
        if "lookup" in without:
            same["lookup"] = _NO_LOOKUP
        attempts = {}
        for name, tree in self.document.attempts.items():
            if instances is None or name in instances:
                fields = {key: tree[key] for key in tree if key not in without}
                fields |= {**same, "instance": name}
                with tolerating(problems):
                    attempts[name] = validate(Attempt, fields, f"{self.where} ({name})")
        return attempts

    def past(
        self,
        problems: Problems,
        instances: Collection[str] | None = None,
        without: Collection[str] = (),
        *,
        is_running: bool,
    ) -> PastApply:
        """Return the apply as history shows it: once it is over, with what it never started."""
        missing = set() if is_running else self.planned.keys() - self.document.attempts.keys()
        wanted = missing if instances is None else missing.intersection(instances)
        return self.document.past(self.attempts(problems, instances, without), wanted)

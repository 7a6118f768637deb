"""The documents of an apply, and what they say together."""

from collections.abc import Collection, Mapping
from typing import Annotated, Final

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
    is_over: Annotated[bool, Field(exclude=True)] = False
    """Whether it has ended, and left nothing open."""

    def with_(self, segment: "ApplyDocument") -> "ApplyDocument":
        """Return the document with what a later segment changes."""
        before = self.attempts
        changed = {name: {**before.get(name, {}), **new} for name, new in segment.attempts.items()}
        planned = self.planned or segment.planned
        return self.model_copy(update={"attempts": {**before, **changed}, "planned": planned})

    @property
    def instances(self) -> set[str]:
        """The instances it was asked to apply, and those it has attempts of."""
        return {*(self.planned or ()), *self.attempts}

    def read(
        self,
        problems: Problems = None,
        instances: Collection[str] | None = None,
        without: Collection[str] = (),
    ) -> dict[str, Attempt]:
        """Validate its attempts, and return them by instance.

        Args:
            problems: Where to add what can't be read; with ``None`` that is an error.
            instances: Those that are wanted; ``None`` for all.
            without: Fields that need not be read, as they are spelt in documents.
        """
        same = {"applyId": self.apply_id, "by": self.by}
        if "lookup" in without:
            same["lookup"] = _NO_LOOKUP
        found = {}
        for name, tree in self.attempts.items():
            if instances is None or name in instances:
                fields = {key: tree[key] for key in tree if key not in without}
                fields |= {**same, "instance": name}
                with tolerating(problems):
                    found[name] = validate(Attempt, fields, f"{self.where} ({name})")
        return found

    def past(
        self,
        attempts: Mapping[str, Attempt],
        instances: Collection[str] | None = None,
        *,
        is_running: bool = False,
    ) -> PastApply:
        """Return the apply as history shows it: once it is over, with what it never started."""
        found = dict(attempts)
        for name, profile in () if is_running else (self.planned or {}).items():
            is_wanted = instances is None or name in instances
            if is_wanted and name not in attempts and name not in self.attempts:
                found[name] = self._never_started(name, profile)
        in_order = tuple(found[name] for name in sorted(found))
        return PastApply(self.apply_id, in_order, self.exit_code)

    def _never_started(self, name: str, profile: str) -> Attempt:
        return Attempt(
            apply_id=self.apply_id,
            instance=name,
            profile=profile,
            phase=Phase.FINISHED,
            lookup=Lookup(name=name, run_location=""),
            intent_at=self.started_at,
            stopped_at=self.started_at,
            verdict=Verdict.NOT_STARTED,
            reason="Its apply ended before it was started.",
            by=self.by,
        )

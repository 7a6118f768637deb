"""The words and counts of an outcome, the same in every format."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import filterfalse
from typing import Final, NamedTuple

from runner.models.outcome import (
    ApplyOutcome,
    Change,
    CheckOutcome,
    InstanceOutcome,
    QuorumOutcome,
)
from runner.models.verdict import Verdict

QUARANTINED: Final = "quarantined"
# The sign and the tone of each label that is counted, and of other words.
_LABEL_LOOKS: Final = {
    "unknown": ("?", "odd"),
    "not started": ("✗", "bad"),
    "timed out": ("✗", "bad"),
    "failed": ("✗", "bad"),
    QUARANTINED: ("!", "warn"),
    "no match": ("✗", "bad"),
    "degraded": ("!", "warn"),
    "flaky": ("↻", "warn"),
    "passed": ("✓", "good"),
    "cancelled": ("−", "odd"),
    "skipped": ("−", "none"),
    "running": ("·", "none"),
}
_LOOKS: Final = _LABEL_LOOKS | {
    "started": ("·", "none"),
    "interrupted": ("−", "odd"),
    "reached": ("✓", "good"),
    "missed": ("✗", "bad"),
    Change.NEWLY_FAILING.value: ("✗", "bad"),
    Change.STILL_FAILING.value: ("✗", "bad"),
    Change.FIXED.value: ("✓", "good"),
    Change.NEW.value: ("·", "none"),
}
#: What is counted, in the order in which it is shown.
LABELS: Final = tuple(_LABEL_LOOKS)
#: Verdicts that need no attention.
_QUIET: Final = frozenset({Verdict.PASSED, Verdict.FLAKY, Verdict.DEGRADED, Verdict.SKIPPED})
#: A check that took so many times as long as before, and a second longer, is told.
_SLOWER: Final = 1.5
#: Places of one failure that are listed; the others are counted.
_PLACES: Final = 5
#: Quiet instances that are still shown one by one.
_FEW: Final = 10
_CHANGES: Final = (Change.NEWLY_FAILING, Change.STILL_FAILING, Change.FIXED, Change.NEW)


class Place(NamedTuple):
    """A check and the instance it ran in."""

    instance: InstanceOutcome
    check: CheckOutcome

    @property
    def label(self) -> str:
        """The label under which the check is counted."""
        return label(self.check)

    @property
    def link(self) -> str | None:
        """Its address, or at least that of its session."""
        return self.check.link or self.instance.link

    @property
    def said(self) -> list[str]:
        """What is said of the check in its instance."""
        return said(self.check, counts=self.instance.counts)


class Failure(NamedTuple):
    """Checks that failed in the same way: one error in one or several places."""

    places: list[Place]

    @property
    def first(self) -> Place:
        """The place whose error stands for all."""
        return self.places[0]

    @property
    def shown(self) -> list[Place]:
        """The first few places."""
        return self.places[:_PLACES]

    @property
    def more(self) -> str:
        """How many more there are, in words; empty if there are none."""
        left_out = len(self.places) - _PLACES
        return f"… and {left_out} more that failed in the same way" if left_out > 0 else ""


def sign(name: str) -> str:
    """The symbol of ``name``, a label or a result."""
    return _LOOKS[name][0]


def tone(name: str) -> str:
    """The tone of a label, a result or a change: bad, warn, good, odd or none."""
    return _LOOKS[name][1]


def label(check: CheckOutcome) -> str:
    """The label under which a check is counted: its verdict, or ``quarantined``."""
    if check.quarantine is not None and is_failing(check):
        return QUARANTINED
    return check.verdict.value


def is_failing(check: CheckOutcome) -> bool:
    """Whether a check needs attention."""
    return check.verdict not in _QUIET and check.verdict is not Verdict.RUNNING


def is_quiet(instance: InstanceOutcome) -> bool:
    """Whether an instance simply passed, so that many of them can share one line."""
    return (
        instance.verdict is Verdict.PASSED
        and not instance.reason
        and all(check.verdict is Verdict.PASSED for check in instance.checks)
    )


def loud_and_quiet(
    outcome: ApplyOutcome,
) -> tuple[Sequence[InstanceOutcome], Sequence[InstanceOutcome]]:
    """The instances that a report shows, and those that it folds, if they are many."""
    quiet = list(filter(is_quiet, outcome.instances))
    if len(quiet) <= _FEW:
        return outcome.instances, ()
    return list(filterfalse(is_quiet, outcome.instances)), quiet


def is_forgiven(instance: InstanceOutcome) -> bool:
    """Whether an instance did not pass but does not fail the apply."""
    return not instance.counts and not instance.verdict.is_pass


def failures(outcome: ApplyOutcome) -> list[Failure]:
    """The failing checks: those that count first, then newly failing ones, then failed ones.

    Checks with the same error, or errors that the API files under the same group, are one failure.
    """
    places = [
        Place(instance, check)
        for instance in outcome.instances
        for check in instance.checks
        if is_failing(check)
    ]
    found: list[Failure] = []
    seen: dict[tuple[str, bool, str], Failure] = {}
    for place in sorted(places, key=_weight):
        check = place.check
        causes = [
            (place.label, place.instance.counts, cause)
            for cause in (check.error, *check.error_groups)
            if cause
        ]
        failure = next((seen[cause] for cause in causes if cause in seen), None)
        if failure is None:
            failure = Failure([])
            found.append(failure)
        failure.places.append(place)
        seen.update(dict.fromkeys(causes, failure))
    return found


def _weight(place: Place) -> tuple[bool, bool, int, int]:
    change = place.check.change
    return (
        place.check.quarantine is not None,
        not place.instance.counts,
        _CHANGES.index(change) if change in _CHANGES else len(_CHANGES),
        LABELS.index(place.label),
    )


def tested(outcome: ApplyOutcome) -> list[tuple[str, str]]:
    """What was tested, as names and values; only what is known."""
    about = outcome.tested
    commit = about.commit[:12]
    if about.branch:
        commit = f"{commit or 'unknown'} on {about.branch}"
    if about.author:
        commit = f"{commit or 'unknown'} by {about.author}"
    found = [
        ("Account", about.account),
        ("Project", about.project),
        ("Scope", about.scope),
        ("Environment", about.environment),
        ("Commit", commit),
        ("CI run", about.ci_run),
    ]
    return [(name, text) for name, text in found if text]


def count_labels(labels: Iterable[str]) -> list[tuple[str, int]]:
    """Count each label, the worst first."""
    return sorted(Counter(labels).items(), key=lambda item: LABELS.index(item[0]))


def count_all(outcome: ApplyOutcome) -> dict[str, list[tuple[str, int]]]:
    """Count the instances by verdict, their checks by label, and those that changed by change."""
    checks = [check for instance in outcome.instances for check in instance.checks]
    changed = Counter(check.change for check in checks)
    return {
        "Sessions": count_labels(instance.verdict.value for instance in outcome.instances),
        "Checks": count_labels(map(label, checks)),
        "Changes": [(change.value, changed[change]) for change in _CHANGES if changed[change]],
    }


def in_words(counts: Iterable[tuple[str, int]]) -> str:
    """Counts as text: ``1 failed, 12 passed``."""
    return ", ".join(f"{number} {name}" for name, number in counts)


def result(outcome: ApplyOutcome) -> str:
    """The result of the whole apply, in a word or two."""
    if outcome.interrupted:
        return "interrupted"
    if outcome.exit_code == 0:
        return "started" if outcome.detached else "passed"
    if outcome.exit_code == 3:
        verdicts = {instance.verdict for instance in outcome.instances if instance.counts}
        return "not started" if Verdict.NOT_STARTED in verdicts else "unknown"
    return "timed out" if outcome.exit_code == 4 else "failed"


def quorum_result(quorum: QuorumOutcome) -> str:
    """The result of a quorum, in a word."""
    return "reached" if quorum.reached else "missed"


def notes(check: CheckOutcome) -> list[str]:
    """Notes on a check's verdict: its change, quarantine, attempts and slowness."""
    found = []
    since = check.failing_since
    if check.change is Change.STILL_FAILING and since is not None and since.applies > 1:
        commit = f" since {since.commit[:12]}" if since.commit else ""
        found.append(f"failing for {since.applies} applies{commit}")
    elif check.change is not None and check.change is not Change.STILL_PASSING:
        found.append(check.change.value)
    if check.quarantine is not None:
        found.append(f"quarantined: {check.quarantine}")
    if len(check.attempts) > 1:
        found.append(f"{len(check.attempts)} attempts")
    seconds, before = check.seconds, check.seconds_before
    is_single = len(check.attempts) == 1  # several attempts take longer of themselves
    if is_single and seconds and before and seconds > max(_SLOWER * before, before + 1):
        found.append(f"{seconds / before:.1f}× as long as before")
    return found


def said(check: CheckOutcome, *, counts: bool) -> list[str]:
    """The verdict of a check, its notes, and whether it does not count."""
    return [check.verdict.value, *notes(check), *(() if counts else ("does not count",))]


def first_line(check: CheckOutcome) -> str:
    """The first line of its error, if it has one."""
    return next(iter((check.error or "").strip().splitlines()), "")


def duration(seconds: float | None) -> str:
    """A short text: ``0.8 s``, ``12 s``, ``2 min 05 s``; empty if ``seconds`` is not known."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"

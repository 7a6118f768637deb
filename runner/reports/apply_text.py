"""The summary of an apply as text for a terminal or a log."""

from typing import Final

from runner.models.outcome import ApplyOutcome, CheckOutcome, InstanceOutcome, QuorumOutcome
from runner.reports import words
from runner.reports.clean import NAME_LIMIT, lines, one_line
from runner.reports.style import Style

_SIGNS: Final = {
    "unknown": ("?", "magenta"),
    "not started": ("✗", "red"),
    "timed out": ("✗", "red"),
    "failed": ("✗", "red"),
    words.QUARANTINED: ("!", "yellow"),
    "no match": ("✗", "red"),
    "degraded": ("!", "yellow"),
    "flaky": ("↻", "yellow"),
    "passed": ("✓", "green"),
    "cancelled": ("−", "magenta"),
    "skipped": ("−", "dim"),
    "running": ("·", "cyan"),
}
_ERROR_LINES: Final = 20
_LINE_LIMIT: Final = 1_000


def render(outcome: ApplyOutcome, style: Style | None = None) -> str:
    """The summary: failing checks first, then the instances, quorums and counts."""
    style = style or Style()
    failing = words.failing_checks(outcome)
    rows: list[str] = []
    if failing:
        rows += [style.paint("Failing checks", "bold"), ""]
        for located in failing:
            rows += _failing(located, style)
        rows.append("")
    if outcome.instances:
        rows += [style.paint("Sessions", "bold"), ""]
        name_width = min(max(len(shown_name(item.name)) for item in outcome.instances), 50)
        for instance in outcome.instances:
            rows += _instance(instance, name_width, style)
        rows.append("")
    for quorum in outcome.quorums:
        rows.append(_quorum(quorum, style))
    rows += [f"{style.paint('warning:', 'yellow')} {said}" for said in _warnings(outcome)]
    if rows and rows[-1]:
        rows.append("")
    rows += totals(outcome, style)
    return "".join(f"{style.plain(row).rstrip()}\n" for row in rows)


def totals(outcome: ApplyOutcome, style: Style) -> list[str]:
    """The last lines: counts of instances and checks, what changed, and how it ended."""
    rows = []
    if outcome.instances:
        rows.append(f"Sessions: {_counts(words.count_instances(outcome), style)}")
    if checks := words.count_checks(outcome):
        rows.append(f"Checks:   {_counts(checks, style)}")
    if changes := words.count_changes(outcome):
        rows.append(f"Changes:  {words.in_words(changes)}")
    seconds = (outcome.stopped_at - outcome.started_at).total_seconds()
    ended = words.result(outcome)
    tint = "green" if outcome.exit_code == 0 else "red"
    after = "" if outcome.detached else f" after {words.duration(seconds)}"
    rows.append(
        f"Apply {one_line(outcome.apply_id, NAME_LIMIT)} {style.paint(ended, 'bold', tint)}"
        f"{after} (exit code {outcome.exit_code})"
    )
    return rows


def sign(label: str, style: Style) -> str:
    """The sign that stands before something that ended as ``label``."""
    char, tint = _SIGNS[label]
    return style.paint(char, tint)


def tinted(label: str, style: Style) -> str:
    """``label`` in its colour."""
    return style.paint(label, _SIGNS[label][1])


def shown_name(name: str) -> str:
    """A name as it is shown in text."""
    return one_line(name, NAME_LIMIT)


def check_line(check: CheckOutcome, style: Style) -> str:
    """A check that ended: its name, how, what is to be said of that, and how long it took."""
    seconds = words.check_seconds(check)
    took = "" if seconds is None else style.paint(f" ({words.duration(seconds)})", "dim")
    name = shown_name(check.name)
    return f"{sign(words.label(check), style)} {name}: {_ended(check, style)}{took}"


def instance_line(instance: InstanceOutcome, style: Style) -> str:
    """An instance that ended: how, after how long, and why."""
    seconds = words.seconds_between(instance.started_at, instance.stopped_at)
    after = "" if seconds is None else f" after {words.duration(seconds)}"
    reason = "" if instance.reason is None else f": {one_line(instance.reason, _LINE_LIMIT)}"
    allowed = " (does not count)" if words.is_forgiven(instance) else ""
    verdict = tinted(instance.verdict.value, style)
    return f"{sign(instance.verdict.value, style)} {verdict}{after}{allowed}{reason}"


def _ended(check: CheckOutcome, style: Style) -> str:
    said = [one_line(note, _LINE_LIMIT) for note in words.notes(check)]
    return ", ".join([tinted(check.verdict.value, style), *said])


def _failing(located: words.Located, style: Style) -> list[str]:
    check, instance = located.check, located.instance
    where = style.paint(f"{shown_name(instance.name)} › ", "dim")
    name = style.paint(shown_name(check.name), "bold")
    rows = [f"{sign(words.label(check), style)} {where}{name}  {_ended(check, style)}"]
    if check.error:
        errors = lines(check.error, _LINE_LIMIT)
        rows += [f"    {line}" for line in errors[:_ERROR_LINES]]
        if len(errors) > _ERROR_LINES:
            rows.append(f"    … and {len(errors) - _ERROR_LINES} more lines")
    link = check.link or instance.link
    if link:
        rows.append(f"    {style.paint(one_line(link, _LINE_LIMIT), 'cyan')}")
    return rows


def _instance(instance: InstanceOutcome, name_width: int, style: Style) -> list[str]:
    label = instance.verdict.value
    name = shown_name(instance.name).ljust(name_width)
    parts = [style.paint(label, _SIGNS[label][1]) + " " * max(11 - len(label), 0)]
    seconds = words.seconds_between(instance.started_at, instance.stopped_at)
    parts.append("" if seconds is None else words.duration(seconds))
    if words.is_forgiven(instance):
        parts.append("does not count")
    counts = words.count_labels(map(words.label, instance.checks))
    if counts:
        parts.append(f"checks: {words.in_words(counts)}")
    shown = "  ".join(part for part in parts if part)
    rows = [f"{sign(label, style)} {name}  {shown}"]
    said = filter(None, (instance.reason, instance.hint))
    rows += [f"    {one_line(sentence, _LINE_LIMIT)}" for sentence in said]
    if instance.link:
        rows.append(f"    {style.paint(one_line(instance.link, _LINE_LIMIT), 'cyan')}")
    return rows


def _quorum(quorum: QuorumOutcome, style: Style) -> str:
    reached = style.paint("reached", "green") if quorum.reached else style.paint("missed", "red")
    return (
        f"Quorum of {shown_name(quorum.profile)}: {quorum.passed} of {quorum.total} passed, "
        f"{quorum.needed} needed: {reached}"
    )


def _warnings(outcome: ApplyOutcome) -> list[str]:
    return [one_line(warning, _LINE_LIMIT) for warning in outcome.warnings]


def _counts(counts: list[tuple[str, int]], style: Style) -> str:
    return ", ".join(style.paint(f"{number} {name}", _SIGNS[name][1]) for name, number in counts)

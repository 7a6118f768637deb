"""Step summary, annotations and outputs for GitHub Actions, written automatically.

Secrets were masked before; ``::add-mask::`` is never printed, as it would put them into the
very log that it guards.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from runner.diagnostics import Diagnostic, Severity
from runner.models.outcome import ApplyOutcome, InstanceOutcome
from runner.models.verdict import Verdict
from runner.reports.apply import markdown, wording
from runner.reports.diagnostics.render import one_line_of, render_diagnostics
from runner.reports.text.github import annotation, append, output, repository_of
from runner.reports.text.markdown import code_block
from runner.reports.text.sanitize import one_line

_MOST_CHECKS: Final = 10
#: The rest of a long list of problems is in the log.
_MOST_PROBLEMS: Final = 50


def tell(
    outcome: ApplyOutcome,
    *,
    write: Callable[[str], None],
    environ: Mapping[str, str],
    reports: Sequence[Path] = (),
) -> None:
    """Tell GitHub Actions how an apply ended.

    ``write`` writes to the step's log; ``reports`` are listed in the output ``report``.
    """
    write(annotations(outcome, repository_of(environ)))
    for variable, text in (
        ("GITHUB_STEP_SUMMARY", markdown.render(outcome)),
        ("GITHUB_OUTPUT", outputs(outcome, reports)),
    ):
        try:
            append(environ, variable, text)
        except OSError as error:
            # Nobody asked for it, so it must not fail the apply.
            reason = one_line(error.strerror or str(error))
            write(annotation("warning", f"{variable} can't be written: {reason}"))


def annotations(outcome: ApplyOutcome, repository: Path | None = None) -> str:
    """A workflow command for each instance that did not pass, and for each warning.

    What fails the apply is an error, the rest a warning; of each kind GitHub shows
    the first ten of a step.
    """
    return "".join(
        annotation(level, message, title=title, span=instance.span, repository=repository)
        for instance in outcome.instances
        for level, title, message in filter(None, [annotation_of(instance)])
    )


def outputs(outcome: ApplyOutcome, reports: Sequence[Path] = ()) -> str:
    """The outputs, in the form of ``$GITHUB_OUTPUT``.

    ``verdict``, ``counts`` (JSON by verdict), and, one item per line, ``session-ids``,
    ``session-urls`` and ``report``.
    """
    values = {
        "verdict": wording.result(outcome),
        "counts": json.dumps(dict(wording.count_all(outcome)["Sessions"])),
        "session-ids": _lines(instance.session_id for instance in outcome.instances),
        "session-urls": _lines(instance.link for instance in outcome.instances),
        "report": _lines(str(path.absolute()) for path in reports),
    }
    return "".join(output(name, value) for name, value in values.items())


def _lines(values: Iterable[str | None]) -> str:
    return "\n".join(one_line(value) for value in values if value)


def annotation_of(instance: InstanceOutcome) -> tuple[str, str, str] | None:
    """Level, title and message for an instance; ``None`` for one that simply passed."""
    failing = [check for check in instance.checks if wording.is_failing(check)]
    if instance.verdict.is_pass and not failing:
        return None
    counts = instance.counts and not instance.verdict.is_pass
    level = "error" if counts else "warning"
    if instance.verdict in {Verdict.SKIPPED, Verdict.RUNNING}:
        level = "notice"
    rows = [row for row in (instance.reason, instance.hint) if row]
    for check in failing[:_MOST_CHECKS]:
        error = f": {line}" if (line := wording.first_line(check)) else ""
        rows.append(f"{check.name}: {', '.join(wording.said(check, counts=True))}{error}")
    if len(failing) > _MOST_CHECKS:
        rows.append(f"and {len(failing) - _MOST_CHECKS} more failing checks")
    if instance.link:
        rows.append(instance.link)
    ended = instance.verdict.value
    if wording.is_forgiven(instance):
        ended += ", does not count"
    message = "\n".join(one_line(row, 1_000) for row in rows) or ended
    return level, f"{one_line(instance.name, 150)}: {ended}", message


def report_failure(
    diagnostics: Sequence[Diagnostic],
    reasons: Sequence[str],
    *,
    environ: Mapping[str, str],
    write: Callable[[str], None],
    sets_verdict: bool,
) -> None:
    """Tell GitHub Actions of a command that failed before it could begin.

    Where the configuration is the reason, ``diagnostics`` say more than ``reasons``. All texts are
    masked already. The output ``verdict`` is set if ``sets_verdict``.
    """
    if diagnostics:
        write(render_diagnostics(diagnostics, "github", repository=repository_of(environ)))
    else:
        write(annotation("error", "\n".join(reasons)))
    errors = [one_line_of(each) for each in diagnostics if each.severity is Severity.ERROR]
    text = "\n".join((errors or reasons)[:_MOST_PROBLEMS])
    heading = "## Checkly test sessions: nothing was started\n\n"
    with suppress(OSError):  # the log has it all
        append(environ, "GITHUB_STEP_SUMMARY", f"{heading}{code_block(text, _MOST_PROBLEMS)}\n")
        if sets_verdict and "verdict<<" not in _read(environ.get("GITHUB_OUTPUT", "")):
            append(environ, "GITHUB_OUTPUT", output("verdict", "not started"))


def _read(path: str) -> str:
    with suppress(OSError):
        return Path(path).read_text(encoding="utf-8", errors="replace")
    return ""

"""Traces in GitHub Actions of a command that failed before it could begin.

An apply that has begun is reported by :mod:`runner.reports.progress.github_actions`.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from runner.diagnostics import Diagnostic, Severity
from runner.reports.diagnostics.github_annotations import annotation
from runner.reports.diagnostics.render import one_line_of, render_diagnostics
from runner.reports.text.github_files import append, output
from runner.reports.text.markdown import code_block

#: The rest of a long list stands in the log.
_MOST = 50


def leave_traces(
    diagnostics: Sequence[Diagnostic],
    message: str,
    hint: str | None,
    *,
    environ: Mapping[str, str],
    write: Callable[[str], None],
    sets_verdict: bool,
) -> None:
    """Write annotations and the step summary, and the output ``verdict`` if ``sets_verdict``.

    All texts are masked already. ``diagnostics`` is empty unless the configuration is the reason.
    """
    workspace = environ.get("GITHUB_WORKSPACE")
    if diagnostics:
        repository = Path(workspace) if workspace else None
        write(render_diagnostics(diagnostics, "github", repository=repository))
    else:
        write(annotation("error", "\n".join(filter(None, (message, hint)))))
    errors = [one_line_of(each) for each in diagnostics if each.severity is Severity.ERROR]
    told = errors or list(filter(None, (message, hint)))
    text = "\n".join(told[:_MOST])
    heading = "## Checkly test sessions: nothing was started\n\n"
    with suppress(OSError):  # the log has it all
        append(environ, "GITHUB_STEP_SUMMARY", f"{heading}{code_block(text, _MOST)}\n")
        if sets_verdict and "verdict<<" not in _read(environ.get("GITHUB_OUTPUT", "")):
            append(environ, "GITHUB_OUTPUT", output("verdict", "not started"))


def _read(path: str) -> str:
    with suppress(OSError):
        return Path(path).read_text(encoding="utf-8", errors="replace")
    return ""

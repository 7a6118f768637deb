"""The dashboard as HTML, and the pages of single applies beside it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from runner.file_names import safe_name
from runner.models.history import PastApply
from runner.models.outcome import ApplyOutcome, CheckOutcome, InstanceOutcome, Subject
from runner.models.record import Attempt
from runner.models.verdict import Verdict
from runner.reports.apply import html_, wording
from runner.reports.dashboard.view import view
from runner.reports.history.trend import verdict_of
from runner.reports.history.wording import ago, source
from runner.reports.text.page import render_page
from runner.reports.text.sanitize import one_line, safe_url

_TEMPLATES: Final = Path(__file__).with_name("templates")


def render(
    newest_first: Sequence[PastApply], subject: Subject, now: datetime, *, with_runs: bool
) -> str:
    """Render the page of the applies of ``subject``.

    ``with_runs`` links to the page of each apply, which is beside it.
    """
    shown = view(newest_first)
    return render_page(
        _TEMPLATES,
        "dashboard",
        view=shown,
        subject=subject,
        now=now,
        words=wording,
        ago=ago,
        source=source,
        page_of=_page_of if with_runs else lambda _: "",
        columns=[_column(past, with_runs) for past in shown.applies],
    )


def _page_of(apply_id: str) -> str:
    """Return a file name that is unique even if another program made the id."""
    name = safe_name(apply_id)
    if name != apply_id:
        name += f"-{sha256(apply_id.encode(errors='replace')).hexdigest()[:8]}"
    return f"apply-{name}.html"


def _column(past: PastApply, with_runs: bool) -> list[str]:
    """Return what the map says of a column: when, which apply, which commit, and its page."""
    first = past.attempts[0]
    return [
        f"{past.started_at:%Y-%m-%d %H:%M} UTC",
        one_line(past.apply_id, 80),
        source(first.commit, first.branch) or "",
        _page_of(past.apply_id) if with_runs else safe_url(first.by.ci_url or "") or "",
    ]


def run_pages(newest_first: Sequence[PastApply], subject: Subject) -> Iterator[tuple[str, str]]:
    """Yield the file name and the page of each apply."""
    for past in newest_first:
        yield _page_of(past.apply_id), html_.render(_outcome(past, subject))


def _outcome(past: PastApply, subject: Subject) -> ApplyOutcome:
    """Return a past apply as its report shows it, as far as the state remembers."""
    first = past.attempts[0]
    return ApplyOutcome(
        apply_id=past.apply_id,
        started_at=past.started_at,
        stopped_at=past.stopped_at or past.started_at,
        instances=tuple(map(_instance, past.attempts)),
        exit_code=0 if all(verdict_of(each).is_pass for each in past.attempts) else 1,
        tested=replace(
            subject,
            commit=first.commit or "",
            branch=first.branch or "",
            ci_run=first.by.ci_url or "",
        ),
    )


def _instance(attempt: Attempt) -> InstanceOutcome:
    return InstanceOutcome(
        name=attempt.instance,
        profile=attempt.profile,
        verdict=verdict_of(attempt),
        session_id=attempt.session_id,
        link=attempt.link,
        reason=attempt.reason,
        started_at=attempt.started_at,
        stopped_at=attempt.stopped_at,
        checks=tuple(
            CheckOutcome(
                check.name,
                check.verdict or Verdict.UNKNOWN,
                check_id=check.id,
                error=check.error,
            )
            for check in attempt.checks
        ),
    )

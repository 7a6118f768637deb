"""Ask the API why checks failed."""

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from runner.engine.control.context import Context
from runner.engine.results.artifacts import artifacts_of
from runner.errors import CannotRun
from runner.models.clock import within
from runner.models.outcome import CheckOutcome, InstanceOutcome
from runner.models.response import ResultDetail, RunDetails
from runner.models.verdict import Verdict

#: Results of a session that are asked for at most: each costs a request.
MOST: Final = 20
#: Seconds to wait for all of the answers together.
PATIENCE: Final = 15.0
_LENGTH: Final = 4_000
#: Different errors of one result that are shown at most.
_ERRORS: Final = 3
#: Colours, which Playwright puts into its messages.
_COLORS: Final = re.compile(r"\x1b\[[0-9;]*m")


async def explained(context: Context, outcome: InstanceOutcome) -> InstanceOutcome:
    """Return ``outcome`` with the errors and files of what failed, as far as the API has them.

    Last attempts are asked for first, then earlier ones. A verdict never depends on this.
    """
    session_id, wanted = outcome.session_id, list(islice(_failed_results(outcome), MOST))
    details: dict[str, ResultDetail] = {}

    async def ask(result_id: str) -> None:
        with suppress(CannotRun):
            details[result_id] = await context.client.result(session_id or "", result_id)

    async def ask_all() -> None:
        await asyncio.gather(*map(ask, wanted))

    with suppress(TimeoutError):
        await within(context.clock, PATIENCE, ask_all())
    checks = tuple(_explained(check, details, context.redact) for check in outcome.checks)
    return replace(outcome, checks=checks)


def _failed_results(outcome: InstanceOutcome) -> Iterator[str]:
    """Yield the ids of the results that need an explanation, the most important first."""
    failed = [check for check in outcome.checks if check.verdict is Verdict.FAILED]
    for check in failed:
        yield from (attempt.result_id for attempt in check.attempts[-1:] if attempt.result_id)
    for check in outcome.checks:
        for attempt in check.attempts[:-1]:
            if attempt.verdict is Verdict.FAILED and attempt.result_id:
                yield attempt.result_id


def _explained(
    check: CheckOutcome, details: dict[str, ResultDetail], redact: Callable[[str], str]
) -> CheckOutcome:
    attempts = tuple(
        replace(attempt, error=error_of(details[attempt.result_id], redact))
        if attempt.result_id in details
        else attempt
        for attempt in check.attempts
    )
    if not attempts:  # it passed earlier, and was not run again
        return check
    last = attempts[-1]
    found = details.get(last.result_id)
    return replace(
        check,
        attempts=attempts,
        error=last.error if check.verdict is Verdict.FAILED else check.error,
        artifacts=artifacts_of(found, redact) if found else (),
    )


def error_of(detail: ResultDetail, redact: Callable[[str], str]) -> str | None:
    """Return the errors of a result, masked and without colours; ``None`` for none."""
    distinct: list[str] = []
    for text in _errors(detail):
        shown = redact(_COLORS.sub("", text)).strip()
        if shown and shown not in distinct:
            distinct.append(shown)
        if len(distinct) == _ERRORS:
            break
    return "\n".join(distinct)[:_LENGTH] or None


def _errors(detail: ResultDetail) -> Iterator[str]:
    if detail.schedule_error:
        yield detail.schedule_error
    for run in detail.runs:
        yield from _said(run.request_error)
        yield from _assertions(run)
        yield from _steps(run)
        yield from _said(run.errors)
        yield from _said(run.error)


def _said(error: Any) -> Iterator[str]:
    """Yield the texts of an error, whose form the contract leaves open."""
    if isinstance(error, str):
        yield error
    elif isinstance(error, dict):
        yield from _said(error.get("message") or error.get("error"))
    elif isinstance(error, list):
        for each in error:
            yield from _said(each)


def _assertions(run: RunDetails) -> Iterator[str]:
    """Yield the failed assertions, such as ``STATUS_CODE EQUALS 200, got 500: …``."""
    for assertion in run.assertions:
        if isinstance(assertion, dict) and isinstance(error := assertion.get("error"), str):
            parts = (assertion.get(part) for part in ("source", "property", "comparison", "target"))
            said = " ".join(filter(None, map(_plain, parts)))
            got = _plain(assertion.get("actual"))
            yield f"{said}{f', got {got}' if got else ''}: {error}" if said else error


def _steps(run: RunDetails) -> Iterator[str]:
    """Yield the failed steps of an agentic check."""
    for step in run.steps:
        if isinstance(step, dict) and isinstance(error := step.get("error"), str):
            title = _plain(step.get("title"))
            yield f"{title}: {error}" if title else error


def _plain(value: Any) -> str:
    return str(value)[:200] if isinstance(value, (str, int, float)) else ""

"""Ask the API why checks failed, for the readers of reports."""

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

from runner.engine.control.context import Context
from runner.engine.control.shutdown import within
from runner.engine.results.artifacts import artifacts_of
from runner.errors import CannotRun
from runner.models.outcome import CheckOutcome, InstanceOutcome
from runner.models.response import ResultDetail, RunDetails
from runner.models.verdict import Verdict

#: Results of a session that are asked for: each costs a request, and few people read hundreds.
MOST: Final = 20
#: Seconds to wait for all of the answers together.
PATIENCE: Final = 15.0
_LENGTH: Final = 4_000
#: Different errors of one result that are shown.
_ERRORS: Final = 3
#: Colours, which Playwright puts into its messages.
_COLORS: Final = re.compile(r"\x1b\[[0-9;]*m")


async def explained(context: Context, outcome: InstanceOutcome) -> InstanceOutcome:
    """``outcome`` with the errors and files of what failed, as far as the API tells them.

    The last attempts come first, then earlier ones. A verdict never depends on its explanation.
    """
    session_id = outcome.session_id
    wanted = list(_failed_results(outcome))[:MOST]
    if not wanted or session_id is None:
        return outcome
    try:
        answers = await within(context.clock, PATIENCE, _details(context, session_id, wanted))
    except TimeoutError:
        return outcome
    details = {result: answer for result, answer in zip(wanted, answers, strict=True) if answer}
    checks = tuple(_explained(check, details, context.redact) for check in outcome.checks)
    return replace(outcome, checks=checks)


def _failed_results(outcome: InstanceOutcome) -> Iterator[str]:
    """Ids of the results that need an explanation, the most important first."""
    failed = [check for check in outcome.checks if check.verdict is Verdict.FAILED]
    for check in failed:
        yield from (attempt.result_id for attempt in check.attempts[-1:] if attempt.result_id)
    for check in outcome.checks:
        for attempt in check.attempts[:-1]:
            if attempt.verdict is Verdict.FAILED and attempt.result_id:
                yield attempt.result_id


async def _details(
    context: Context, session_id: str, result_ids: list[str]
) -> list[ResultDetail | None]:
    return await asyncio.gather(*(_detail(context, session_id, each) for each in result_ids))


async def _detail(context: Context, session_id: str, result_id: str) -> ResultDetail | None:
    try:
        return await context.client.result(session_id, result_id)
    except CannotRun:
        return None


def _explained(
    check: CheckOutcome, details: dict[str, ResultDetail], redact: Callable[[str], str]
) -> CheckOutcome:
    attempts = tuple(
        replace(attempt, error=error_of(details[attempt.result_id], redact))
        if attempt.result_id in details
        else attempt
        for attempt in check.attempts
    )
    if attempts == check.attempts:
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
    """The errors that a result tells of, masked and without colours; ``None`` for none."""
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
    """An error in any form, which the contract leaves open: text, or what holds text."""
    if isinstance(error, str):
        yield error
    elif isinstance(error, dict):
        yield from _said(error.get("message") or error.get("error"))
    elif isinstance(error, list):
        for each in error:
            yield from _said(each)


def _assertions(run: RunDetails) -> Iterator[str]:
    """Assertions that did not hold, such as ``STATUS_CODE EQUALS 200, got 500: …``."""
    for assertion in run.assertions:
        if isinstance(assertion, dict) and isinstance(error := assertion.get("error"), str):
            parts = (assertion.get(part) for part in ("source", "property", "comparison", "target"))
            said = " ".join(filter(None, map(_plain, parts)))
            got = _plain(assertion.get("actual"))
            yield f"{said}{f', got {got}' if got else ''}: {error}" if said else error


def _steps(run: RunDetails) -> Iterator[str]:
    """Steps of an agentic check that failed."""
    for step in run.steps:
        if isinstance(step, dict) and isinstance(error := step.get("error"), str):
            title = _plain(step.get("title"))
            yield f"{title}: {error}" if title else error


def _plain(value: Any) -> str:
    return str(value)[:200] if isinstance(value, (str, int, float)) else ""

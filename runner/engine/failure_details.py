"""Why checks failed: asked of the API when a session is over, for those who read reports."""

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from runner.engine.context import Context
from runner.engine.shutdown import within
from runner.errors import CannotRun
from runner.models.outcome import CheckOutcome, InstanceOutcome
from runner.models.response import ResultDetail
from runner.models.verdict import Verdict

#: Checks of a session that are asked about: each costs a request, and nobody reads hundreds.
MOST: Final = 20
#: Seconds that all of the answers together are waited for.
PATIENCE: Final = 15.0
_LENGTH: Final = 4_000
#: Colours, which Playwright puts into its messages.
_COLORS: Final = re.compile(r"\x1b\[[0-9;]*m")


async def explained(context: Context, outcome: InstanceOutcome) -> InstanceOutcome:
    """``outcome`` with the errors of its failed checks, as far as the API tells them.

    It never fails: a verdict does not depend on its explanation.
    """
    failed = [check for check in outcome.checks if check.verdict is Verdict.FAILED][:MOST]
    if not failed or outcome.session_id is None:
        return outcome
    try:
        asking = _errors_of(context, outcome.session_id, failed)
        errors = await within(context.clock, PATIENCE, asking)
    except TimeoutError:
        return outcome
    found = {id(check): error for check, error in zip(failed, errors, strict=True) if error}
    checks = tuple(
        replace(check, error=found[id(check)]) if id(check) in found else check
        for check in outcome.checks
    )
    return replace(outcome, checks=checks)


async def _errors_of(
    context: Context, session_id: str, checks: Sequence[CheckOutcome]
) -> list[str | None]:
    asking = (_error(context, session_id, check) for check in checks)
    return list(await asyncio.gather(*asking))


async def _error(context: Context, session_id: str, check: CheckOutcome) -> str | None:
    if not check.attempts or not check.attempts[-1].result_id:
        return None
    try:
        detail = await context.client.result(session_id, check.attempts[-1].result_id)
    except CannotRun:
        return None
    return first_error(detail, context.redact)


def first_error(detail: ResultDetail, redact: Callable[[str], str]) -> str | None:
    """The first error that a result tells of, masked and without colours."""
    for text in _errors(detail):
        if shown := redact(_COLORS.sub("", text)).strip():
            return shown[:_LENGTH]
    return None


def _errors(detail: ResultDetail) -> Iterator[str]:
    if detail.schedule_error:
        yield detail.schedule_error
    for run in (
        detail.api_check_result,
        detail.browser_check_result,
        detail.multi_step_check_result,
        detail.playwright_check_result,
        detail.agentic_check_result,
    ):
        if run is None:
            continue
        if run.request_error:
            yield run.request_error
        for error in run.errors:
            # The contract leaves the form of an error open: it is text, or has a message.
            text = error.get("message") if isinstance(error, dict) else error
            if isinstance(text, str):
                yield text

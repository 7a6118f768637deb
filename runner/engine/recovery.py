"""Settle what earlier applies left behind, or catch up with it."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from runner.engine.lookup.reconcile import window_from
from runner.engine.run import Run
from runner.engine.trigger import settle
from runner.errors import ApiError, CannotRun
from runner.models.record import Phase
from runner.models.verdict import Verdict

#: Seconds over which the looks for an old intent are spread, however old it is.
LEAST_SETTLE_SECONDS: Final = 1.5
#: Statuses of a session that was deleted.
_GONE: Final = frozenset({404, 410})


async def settle_all(intents: Sequence[Run]) -> None:
    """Find out for each intent whether it started a session."""
    same = Counter(run.attempt.lookup for run in intents)

    async def one(run: Run) -> None:
        is_alone = same[run.attempt.lookup] == 1
        if not await settle(run, is_alone=is_alone, seconds=_still_to_settle(run)):
            reason = "Its apply was cut off before its trigger reached Checkly."
            await run.close(Verdict.NOT_STARTED, reason, hint="Apply it again.")

    await asyncio.gather(*map(one, intents))


async def settle_earlier(left: Sequence[Run]) -> None:
    """Before new sessions start, settle the intents, and note what ended meanwhile.

    Raises:
        CannotRun: The fate of an intent can't be found out, so nothing new may be sent.
    """
    intents = [run for run in left if run.session is None]
    await settle_all(intents)
    for run in intents:
        text = f"The apply {run.attempt.apply_id} was cut off while it started {run.name}"
        outcome = run.outcome
        if run.session is not None:
            run.context.notice(f"{text}; its session {run.session.link} was found.")
        elif outcome is not None and outcome.verdict is Verdict.UNKNOWN:
            if run.attempt.phase is not Phase.FINISHED:
                raise CannotRun(f"{text}. {outcome.reason}", hint=outcome.hint)
            run.context.notice(f"{text}. {outcome.reason}", is_warning=True)
    await asyncio.gather(*(_catch_up(run) for run in left if run.session is not None))


async def _catch_up(run: Run) -> None:
    """Note the outcome of a session that was not followed, if it has one now."""
    try:
        run.see(await run.context.client.session(run.session_id))
    except CannotRun as error:  # it may still run, unless the API says that there is none
        run.is_gone = isinstance(error, ApiError) and error.status in _GONE
    else:
        if run.is_over:
            await run.leave(run.of_session())


def _still_to_settle(run: Run) -> float:
    """Return how long to look, which counts from when its trigger may have left last."""
    settle_seconds, attempt = run.context.options.settle_seconds, run.attempt
    sent = attempt.window_to or attempt.window_from
    age = window_from(run.context) - sent if sent else run.context.clock.now() - attempt.intent_at
    left = settle_seconds - max(age, timedelta()).total_seconds()
    return min(max(left, LEAST_SETTLE_SECONDS), settle_seconds)

"""The outside world that the engine is handed: clock, signals, API."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

from runner.checkly.account import Credentials
from runner.checkly.client import Checkly
from runner.checkly.exchange import ClientOptions
from runner.checkly.limiter import Limiter
from runner.cli.options.following import Following
from runner.cli.services.aio import silence_libraries
from runner.cli.services.composition import Composition
from runner.cli.services.signals import heeded
from runner.engine.control.context import ApplyOptions, Context, Keep
from runner.engine.control.sharing import shared_limit
from runner.engine.control.shutdown import Stop
from runner.models.clock import SystemClock
from runner.reports.progress.reporters import Reporters


@asynccontextmanager
async def engine(
    parts: Composition, following: Following, limiter: Limiter | None = None, **options: Any
) -> AsyncIterator[Context]:
    """What the engine works with; signals of the process stop it, the reporters hear time go by.

    Args:
        parts: The configuration, the state and the API.
        following: The options of the commands that follow sessions.
        limiter: The limit of requests, where it is shared with what was asked before.
        options: Further ones of ``ApplyOptions``.
    """
    silence_libraries()
    clock = SystemClock()
    stop = Stop(clock)
    credentials, reporters, state = parts.credentials, parts.reporters, parts.state
    redact = parts.console.redactor.screen
    ticking = asyncio.create_task(_tick(reporters, clock))
    limiter = limiter or Limiter(clock, following.requests_per_minute)
    try:
        client = Checkly(
            credentials,
            clock=clock,
            rng=random.SystemRandom(),
            emit=reporters.handle,
            redact=redact,
            options=ClientOptions(requests_per_minute=following.requests_per_minute),
            limiter=limiter,
        )
        keeper = _keeper(following, credentials, clock)
        sharing = shared_limit(limiter, state, parts.owner, clock, reporters.handle)
        async with client, sharing, keeper as keep:
            with heeded(stop):
                yield Context(
                    client=client,
                    state=state,
                    clock=clock,
                    emit=reporters.handle,
                    stop=stop,
                    owner=parts.owner,
                    tested=parts.subject,
                    redact=redact,
                    options=ApplyOptions(
                        lock_timeout=following.lock_timeout,
                        settle_seconds=following.settle_time,
                        grace_seconds=following.grace_period,
                        fail_on_new=following.fail_on == "new",
                        lasting_links=not parts.backend.emulated,
                        **options,
                    ),
                    keep=keep,
                )
    finally:
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking


@asynccontextmanager
async def _keeper(
    following: Following, credentials: Credentials, clock: SystemClock
) -> AsyncIterator[Keep | None]:
    """What keeps the files of failed checks, if there is a folder for them."""
    if following.artifacts is None:
        yield None
        return
    from runner.checkly.downloads import Downloads  # noqa: PLC0415 # only when it is wanted
    from runner.engine.results.artifacts import Keeper  # noqa: PLC0415

    async with aclosing(Downloads(credentials, clock)) as downloads:
        limit = following.artifacts_limit * 1_000_000
        yield Keeper(following.artifacts, limit, downloads).keep


async def _tick(reporters: Reporters, clock: SystemClock) -> None:
    """Tell the reporters the time, so that they can give a sign of life."""
    while True:
        await clock.sleep(reporters.interval)
        reporters.tick(clock.now())

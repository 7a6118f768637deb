"""The outside world that the engine is handed: clock, signals, API, reporters."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path

from runner.checkly.account import Credentials
from runner.checkly.client import Checkly
from runner.checkly.exchange import ClientOptions
from runner.checkly.limiter import Limiter
from runner.checkly.send import send
from runner.cli.console import Console
from runner.cli.options.common import Common
from runner.cli.services.aio import silence_libraries
from runner.cli.services.signals import heeded
from runner.config.document.notify import Notification
from runner.engine.control.context import ApplyOptions, Context, Keep
from runner.engine.control.sharing import shared_limit
from runner.engine.control.shutdown import Stop
from runner.models.clock import SystemClock
from runner.models.outcome import Subject
from runner.models.record import Initiator
from runner.reports.progress.listeners import Background
from runner.reports.progress.reporters import Reporters, open_reporters
from runner.reports.progress.verbosity import Verbosity
from runner.reports.progress.webhook import WebhookReporter
from runner.state.state import State


@contextmanager
def reporters(
    reports: tuple[str, ...],
    common: Common,
    console: Console,
    webhooks: Iterable[tuple[Notification, str]] = (),
) -> Iterator[Reporters]:
    """The reporters that were asked for, and what is shown while something runs."""
    with open_reporters(
        reports,
        mask=console.mask,
        environ=os.environ,
        stdout=console.out,
        stderr=console.err,
        send=send,
        no_color=console.no_color,
        verbosity=Verbosity(min(common.verbosity, 1) + 1),
    ) as opened:
        for notification, address in webhooks:
            told = WebhookReporter(address, notification.on, notification.format, send)
            warn = partial(_warn, console)
            opened.listen(Background(f"notify to env.{notification.variable}", told, warn))
        yield opened


def _warn(console: Console, text: str) -> None:
    console.problem(f"Warning: {text}")


@asynccontextmanager
async def outside(
    *,
    credentials: Credentials,
    state: State,
    reporters: Reporters,
    owner: Initiator,
    tested: Subject,
    redact: Callable[[str], str],
    options: ApplyOptions,
    artifacts: Path | None,
    artifacts_limit: int,
    client_options: ClientOptions,
    limiter: Limiter | None = None,
) -> AsyncIterator[Context]:
    """A context whose signals are those of the process; the reporters hear its time go by."""
    silence_libraries()
    clock = SystemClock()
    stop = Stop(clock)
    ticking = asyncio.create_task(_tick(reporters, clock))
    limiter = limiter or Limiter(clock, client_options.requests_per_minute)
    try:
        client = Checkly(
            credentials,
            clock=clock,
            rng=random.SystemRandom(),
            emit=reporters.handle,
            redact=redact,
            options=client_options,
            limiter=limiter,
        )
        keeper = _keeper(artifacts, artifacts_limit, credentials, clock)
        sharing = shared_limit(limiter, state, owner, clock)
        async with client, sharing, keeper as keep:
            with heeded(stop):
                yield Context(
                    client=client,
                    state=state,
                    clock=clock,
                    emit=reporters.handle,
                    stop=stop,
                    owner=owner,
                    tested=tested,
                    redact=redact,
                    options=options,
                    keep=keep,
                )
    finally:
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking


@asynccontextmanager
async def _keeper(
    folder: Path | None, limit: int, credentials: Credentials, clock: SystemClock
) -> AsyncIterator[Keep | None]:
    """What keeps the files of failed checks in ``folder``, if there is one."""
    if folder is None:
        yield None
        return
    from runner.checkly.downloads import Downloads  # noqa: PLC0415 # only when it is wanted
    from runner.engine.results.artifacts import Keeper  # noqa: PLC0415

    async with aclosing(Downloads(credentials, clock)) as downloads:
        yield Keeper(folder, limit, downloads).keep


async def _tick(reporters: Reporters, clock: SystemClock) -> None:
    """Tell the reporters the time, so that they can give a sign of life."""
    while True:
        await clock.sleep(reporters.interval)
        reporters.tick(clock.now())

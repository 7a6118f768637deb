"""The outside world as the engine gets it: clock, signals, API and reporters."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from typing import NoReturn

from runner.checkly.account import Credentials
from runner.checkly.client import Checkly
from runner.checkly.downloads import Downloads
from runner.checkly.exchange import Shared
from runner.checkly.send import send
from runner.cli.console import Console
from runner.cli.options.following import Following
from runner.cli.services.aio import silence_libraries
from runner.cli.services.composition import Composition
from runner.cli.services.signals import heeded
from runner.engine.control.context import ApplyOptions, Context, Keep
from runner.engine.control.sharing import shared_limit
from runner.engine.control.shutdown import Stop
from runner.engine.results.artifacts import ArtifactDownloader
from runner.engine.summary import INTERRUPTED
from runner.models.clock import Clock
from runner.models.outcome import Subject
from runner.reports.progress.listeners import Background
from runner.reports.progress.reporters import Reporters, ReportSpec, open_reporters
from runner.reports.progress.webhook import WebhookReporter


@contextmanager
def reporting(parts: Composition, reports: Sequence[ReportSpec]) -> Iterator[Reporters]:
    """Open the reports that were asked for, and the webhooks of the file.

    Raises:
        UsageError: A report can't be written where it was asked for.
    """
    # The file is read first, so that its secrets are known and masked.
    webhooks = list(parts.file.webhooks()) if parts.file else []
    console = parts.console
    opened = open_reporters(
        reports,
        mask=console.mask,
        environ=os.environ,
        stdout=console.out,
        stderr=console.err,
        send=send,
        no_color=console.no_color,
        verbosity=parts.common.verbosity,
    )
    with opened as reporters:
        for notification, address in webhooks:
            told = WebhookReporter(address, notification.on, notification.format, send)
            reporters.add(Background(told), f"notify to env.{notification.variable}")
        yield reporters


@asynccontextmanager
async def engine(
    parts: Composition,
    following: Following,
    reporters: Reporters,
    *,
    shared: Shared | None = None,
    account_name: str | None = None,
) -> AsyncIterator[Context]:
    """Compose the engine's context; signals stop it, and reporters get the time.

    ``shared`` and ``account_name`` are given if the account was asked something before.
    """
    silence_libraries()
    clock = Clock()
    stop, owner = Stop(clock), parts.owner
    credentials, state = parts.backend.require_credentials(), parts.state
    redact = parts.console.redactor.screen
    ticking = asyncio.create_task(_tick(reporters, clock))
    shared = shared or Shared(clock, following.requests_per_minute)
    try:
        client = Checkly(
            credentials,
            clock=clock,
            rng=random.SystemRandom(),
            emit=reporters.handle,
            redact=redact,
            shared=shared,
        )
        downloader = _downloader(following, credentials, clock)
        sharing = shared_limit(shared.limiter, state, owner, clock, reporters.handle)
        async with client, sharing, downloader as keep:
            with heeded(stop, lambda: _give_up(parts.console, reporters)):
                yield Context(
                    client=client,
                    state=state,
                    clock=clock,
                    emit=reporters.handle,
                    stop=stop,
                    owner=owner,
                    tested=_subject(parts, account_name),
                    places=parts.file.places if parts.file else {},
                    redact=redact,
                    options=ApplyOptions(
                        concurrency=following.concurrency,
                        keep_going=following.keep_going,
                        detach=following.detach,
                        new=following.new,
                        lock_timeout=following.lock_timeout,
                        settle_seconds=following.settle_time,
                        grace_seconds=following.grace_period,
                        fail_on_new=following.fail_on == "new",
                        lasting_links=not parts.backend.emulated,
                    ),
                    keep=keep,
                )
    finally:
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking
        if stop.at_once.is_set():
            reporters.hurry()


def _give_up(console: Console, reporters: Reporters) -> NoReturn:
    """End the process although something still waits, such as for a store that does not answer."""
    console.problem(
        "Exited without waiting any longer for the state; locks that are still held expire on"
        " their own.",
        hint="`runner wait` continues from here.",
    )
    reporters.hurry()
    os._exit(INTERRUPTED)


def _subject(parts: Composition, account_name: str | None) -> Subject:
    """The subject of the tests, as far as it is the same for all instances."""
    account_id = parts.backend.account_id or ""
    author = parts.file and parts.file.context.value("git.author")
    return Subject(
        account=f"{account_name} ({account_id})" if account_name else account_id,
        project=parts.project,
        scope=parts.common.scope,
        author=author or "",
        ci_run=parts.owner.ci_url or "",
    )


@asynccontextmanager
async def _downloader(
    following: Following, credentials: Credentials, clock: Clock
) -> AsyncIterator[Keep | None]:
    """Keep the files of failed checks, if there is a folder for them."""
    if following.artifacts is None:
        yield None
        return
    async with aclosing(Downloads(credentials, clock)) as downloads:
        limit = following.artifacts_limit * 1_000_000
        yield ArtifactDownloader(following.artifacts, limit, downloads).keep


async def _tick(reporters: Reporters, clock: Clock) -> None:
    """Tell the reporters the time, so that they can give a sign of life."""
    while True:
        await clock.sleep(reporters.interval)
        reporters.tick(clock.now())

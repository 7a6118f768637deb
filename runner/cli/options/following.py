"""The options of the commands that follow sessions."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from runner.cli.options.completion import REPORT_FORMATS, reports
from runner.cli.options.kinds import folder_option, number_option

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Following:
    """The options of a command that follows sessions; times are seconds.

    Only ``apply`` sets the first four.
    """

    concurrency: int = 10
    detach: bool = False
    keep_going: bool = False
    new: bool = False
    requests_per_minute: int = 600
    lock_timeout: float = 0.0
    settle_time: float = 30.0
    grace_period: float = 15.0
    fail_on: str = "any"
    artifacts: Path | None = None
    artifacts_limit: int = 500
    """Megabytes."""
    reports: tuple[str, ...] = ()


_OPTIONS = (
    number_option(
        "--requests-per-minute",
        range=click.IntRange(1, 6000),
        default=Following.requests_per_minute,
        help="Send at most N requests to the API in any minute.",
    ),
    number_option(
        "--lock-timeout",
        range=click.FloatRange(0),
        default=Following.lock_timeout,
        metavar="SECONDS",
        help="How long to wait for a lock that another process holds.",
    ),
    number_option(
        "--settle-time",
        range=click.FloatRange(0, 600),
        default=Following.settle_time,
        metavar="SECONDS",
        help="How long to look for a session whose start was not answered.",
    ),
    number_option(
        "--grace-period",
        range=click.FloatRange(0, 600),
        default=Following.grace_period,
        metavar="SECONDS",
        help="How long to follow a session after it was cancelled.",
    ),
    click.option(
        "--fail-on",
        type=click.Choice(["any", "new"]),
        default=Following.fail_on,
        show_default=True,
        help="Which failed checks count: any, or only those that did not fail last time.",
    ),
    folder_option(
        "--artifacts", help="Download traces, videos, screenshots and logs of what failed."
    ),
    number_option(
        "--artifacts-limit",
        range=click.IntRange(1),
        default=Following.artifacts_limit,
        metavar="MB",
        help="Download at most this much.",
    ),
    click.option(
        "--report",
        "reports",
        multiple=True,
        metavar="FORMAT[=PATH]",
        shell_complete=reports,
        help="Write a report (repeatable): "
        f"{', '.join(REPORT_FORMATS[:-1])} or {REPORT_FORMATS[-1]}.",
    ),
)


def following_options(function: F) -> F:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function

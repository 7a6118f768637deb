"""The options of the commands that follow sessions."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from runner.cli.options.completion import REPORT_FORMATS, reports

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--requests-per-minute",
        type=click.IntRange(1, 6000),
        default=600,
        metavar="N",
        show_default=True,
        help="Requests to the API in any minute, at most.",
    ),
    click.option(
        "--lock-timeout",
        type=click.FloatRange(0),
        default=0.0,
        metavar="SECONDS",
        show_default=True,
        help="How long to wait for somebody else's lock.",
    ),
    click.option(
        "--settle-time",
        type=click.FloatRange(0, 600),
        default=30.0,
        metavar="SECONDS",
        show_default=True,
        help="How long to look for a session whose start was not answered.",
    ),
    click.option(
        "--grace-period",
        type=click.FloatRange(0, 600),
        default=15.0,
        metavar="SECONDS",
        show_default=True,
        help="How long to follow a session after it was cancelled.",
    ),
    click.option(
        "--fail-on",
        type=click.Choice(["any", "new"]),
        default="any",
        show_default=True,
        help="Which failed checks count: any, or those that did not fail the last time.",
    ),
    click.option(
        "--artifacts",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="Download traces, videos, screenshots and logs of what failed.",
    ),
    click.option(
        "--artifacts-limit",
        type=click.IntRange(1),
        default=500,
        metavar="MB",
        show_default=True,
        help="How much to download, at most.",
    ),
    click.option(
        "--report",
        "reports",
        multiple=True,
        metavar="FORMAT[=PATH]",
        shell_complete=reports,
        help=f"Write a report: {', '.join(REPORT_FORMATS[:-1])} or {REPORT_FORMATS[-1]}.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """What a command that follows sessions was asked for; times are seconds."""

    requests_per_minute: int = 600
    lock_timeout: float = 0.0
    settle_time: float = 30.0
    grace_period: float = 15.0
    fail_on: str = "any"
    artifacts: Path | None = None
    artifacts_limit: int = 500
    """Megabytes."""
    reports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyCommand(Following):
    """What ``runner apply`` was asked for, beside the shared options."""

    names: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    changed: bool = False
    failed: bool = False
    failed_checks: bool = False
    prune: bool = False
    keep_going: bool = False
    new: bool = False
    saved_plan: Path | None = None
    yes: bool = False
    detach: bool = False
    no_needs: bool = False
    concurrency: int = 10
    emulated: bool = False
    world: Path | None = None


def following_options(function: F) -> F:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        option(function)
    return function

"""The options of the commands that follow sessions."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

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
)


def following_options(function: F) -> F:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        option(function)
    return function


def fail_on_option(function: F) -> F:
    """Add ``--fail-on`` to a command."""
    click.option(
        "--fail-on",
        type=click.Choice(["any", "new"]),
        default="any",
        show_default=True,
        help="Which failed checks count: any, or those that did not fail the last time.",
    )(function)
    return function


def report_option(function: F) -> F:
    """Add ``--report`` to a command."""
    click.option(
        "--report",
        "reports",
        multiple=True,
        metavar="FORMAT[=PATH]",
        help="Write a report: text, json, junit, markdown or html.",
    )(function)
    return function

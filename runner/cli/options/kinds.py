"""Declare common kinds of options, so that each command states only what is specific to it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def flag(*names: str, help: str) -> Callable[[F], F]:
    """An option without a value."""
    return click.option(*names, is_flag=True, help=help)


def file_option(*names: str, help: str) -> Callable[[F], F]:
    """An option that names a file."""
    kind = click.Path(dir_okay=False, path_type=Path)
    return click.option(*names, type=kind, metavar="FILE", help=help)


def folder_option(*names: str, default: str | None = None, help: str) -> Callable[[F], F]:
    """An option that names a folder."""
    kind = click.Path(file_okay=False, path_type=Path)
    return click.option(
        *names, type=kind, default=default, show_default=True, metavar="DIR", help=help
    )


def number_option(
    *names: str,
    range: click.IntRange | click.FloatRange,
    default: float | None = None,
    metavar: str = "N",
    help: str,
) -> Callable[[F], F]:
    """An option that is a number."""
    range.name = "number"  # "'x' is not a valid integer range" is what click would say
    return click.option(
        *names, type=range, default=default, show_default=True, metavar=metavar, help=help
    )


def format_option(*formats: str, what: str = "it") -> Callable[[F], F]:
    """``--format``, which is the first of ``formats`` by default."""
    kind = click.Choice(formats)
    return click.option(
        "--format", "form", type=kind, default=formats[0], help=f"How to print {what}."
    )

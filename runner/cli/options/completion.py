"""Complete values in a shell; code that reads the file or the state is imported when needed."""

import glob
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Complete: TypeAlias = Callable[[click.Context, click.Parameter, str], list[str]]

#: As ``--report`` takes them, with what other packages add.
REPORT_FORMATS = (
    "text",
    "json",
    "jsonl",
    "junit",
    "junit-surefire",
    "markdown",
    "html",
    "github-check",
)


def _known(name: str) -> Complete:
    """Complete with what the function ``name`` of ``known_values`` finds."""

    def complete(context: click.Context, _parameter: click.Parameter, start: str) -> list[str]:
        from runner.cli.options import known_values  # noqa: PLC0415 # ruamel.yaml

        return _matching(getattr(known_values, name)(context.obj, start), start)

    return complete


profile_names = _known("profile_names")
recorded_names = _known("recorded_names")
apply_ids = _known("apply_ids")
scopes = _known("scopes")
labels = _known("labels")
variables = _known("variables")


def reports(_context: click.Context, _parameter: click.Parameter, start: str) -> list[str]:
    """Formats of reports, and files behind ``FORMAT=``."""
    form, equals, path = start.partition("=")
    if not equals:
        return _matching(REPORT_FORMATS, start)
    return [f"{form}={file}" for file in paths(path)]


def paths(start: str) -> list[str]:
    """Files and folders that begin with ``start``."""
    found = sorted(glob.glob(f"{glob.escape(start)}*"))  # noqa: PTH207 # keeps the spelling
    return [f"{path}/" if Path(path).is_dir() else path for path in found]


def files(
    _context: click.Context, _parameter: click.Parameter, start: str
) -> "list[CompletionItem]":
    """Whatever the shell offers for files."""
    from click.shell_completion import CompletionItem  # noqa: PLC0415 # only when it is needed

    return [CompletionItem(start, type="file")]


def _matching(values: Iterable[str], start: str) -> list[str]:
    return [value for value in dict.fromkeys(values) if value.startswith(start)]

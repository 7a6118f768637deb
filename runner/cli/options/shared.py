"""The options every command shares, accepted before and after the command's name."""

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any, TypeVar

import click

from runner._version import __version__
from runner.cli.console import Console
from runner.cli.options.command import SharedOption
from runner.cli.options.common import Common
from runner.cli.options.completion import files, scopes, variables
from runner.errors import UsageError
from runner.listing import listed

F = TypeVar("F", bound=Callable[..., Any])


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Keep ``value`` in the context's ``Common``, which the command and its groups share."""
    common, name = context.ensure_object(Common), parameter.name or ""
    before = getattr(common, name)
    setattr(common, name, before + value if isinstance(value, tuple) else value or before)


def keep_labels(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Keep labels; report a mistake in one before anything is read."""
    from runner.config.selection import selection  # noqa: PLC0415 # not for ``--version``

    selection((), value)
    _keep(context, parameter, value)


def _keep_file(context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> None:
    common = context.ensure_object(Common)
    names = (common.file, *given) if common.file else given
    if len(names) > 1:
        raise UsageError(
            f"--file is given twice: {listed(names)}.",
            hint="Name one file; it can `include` others.",
        )
    common.file = names[0] if names else None


def _without_color(_context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    Console.of_process().no_color |= value


def kept_argument(name: str, **settings: Any) -> Callable[[F], F]:
    """An argument that becomes a field of the command's ``Common``."""
    return click.argument(name, expose_value=False, callback=_keep, **settings)


def kept_option(*names: str, **settings: Any) -> Callable[[F], F]:
    """An option that becomes a field of the command's ``Common``."""
    return click.option(*names, expose_value=False, **{"callback": _keep, **settings})


def _shared(*names: str, **settings: Any) -> Callable[[F], F]:
    return kept_option(*names, cls=SharedOption, **settings)


_OPTIONS = (
    _shared(
        "-f",
        "--file",
        metavar="FILE",
        multiple=True,
        callback=_keep_file,
        shell_complete=files,
        help="Use this file instead of searching for checkly-sessions.yaml.",
    ),
    _shared(
        "--var",
        "variables",
        metavar="NAME=VALUE",
        multiple=True,
        shell_complete=variables,
        help="Set a variable (repeatable).",
    ),
    _shared(
        "--var-file",
        "var_files",
        metavar="FILE",
        multiple=True,
        shell_complete=files,
        help="Set variables from a YAML file (repeatable).",
    ),
    _shared(
        "--env-file",
        "env_files",
        metavar="FILE",
        multiple=True,
        shell_complete=files,
        help="Also read env.* and credentials from a file (repeatable).",
    ),
    _shared(
        "--env-allow",
        multiple=True,
        metavar="GLOB",
        help="Let env.* read only names that match (repeatable).",
    ),
    _shared("--state", metavar="URL", help="Where the state is: a folder or a bucket."),
    _shared(
        "--scope",
        "named_scope",
        metavar="NAME",
        shell_complete=scopes,
        help="Part of the state to work in, such as pr-123.",
    ),
    _shared("--require-shared-state", is_flag=True, help="Refuse a folder as state in CI."),
    _shared("--no-color", is_flag=True, callback=_without_color, help="Print without colour."),
    _shared("-q", "--quiet", is_flag=True, help="Print only warnings and the summary."),
    _shared(
        "-v",
        "--verbose",
        count=True,
        help="Print every instance by itself, and each request to the API.",
    ),
    click.version_option(
        __version__, prog_name="runner", message="%(prog)s %(version)s", cls=SharedOption
    ),
)


def shared_options(function: F) -> F:
    """Add the shared options to a command or a group."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def runs(place: str) -> Callable[[Callable[[], None]], Callable[..., Any]]:
    """Add the shared options to a command, which a function of ``runner.cli.actions`` does.

    It is imported only when the command runs, and called with a ``Common`` and the other options
    by their names. It may return an exit code.

    Args:
        place: Module and function, such as ``state.records:forget``.
    """
    module, _, name = place.partition(":")

    def decorate(documented: Callable[[], None]) -> Callable[..., Any]:
        @wraps(documented)
        def command(**options: Any) -> Any:
            action = getattr(import_module(f"runner.cli.actions.{module}"), name)
            return action(click.get_current_context().obj, **options)

        return shared_options(command)

    return decorate

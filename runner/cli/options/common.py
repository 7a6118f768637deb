"""The options every command shares, accepted before and after the command's name."""

import os
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import wraps
from typing import Any, TypeVar

import click

from runner.cli.console import Console
from runner.cli.options.completion import files, scopes, variables
from runner.errors import UsageError
from runner.listing import listed

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Common:
    """The shared options, as they were given.

    Attributes:
        file: The configuration file; looked for when ``None``.
        variables: ``NAME=VALUE`` texts, the last one of a name wins.
        var_files: Files of variables, which ``variables`` win over.
        env_files: Files that feed ``env.*`` and the credentials, the last one of a name wins.
        env_allow: Globs that names in ``env.*`` must match; everything when empty.
        state: Address of the state; the folder beside the file when ``None``.
        scope: Part of the state to work in.
        require_shared_state: Whether a folder is refused as state in CI.
        verbosity: -1 for ``-q``, 0, or the number of ``-v``.
    """

    file: str | None = None
    variables: tuple[str, ...] = ()
    var_files: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    env_allow: tuple[str, ...] = ()
    state: str | None = None
    scope: str | None = None
    require_shared_state: bool = False
    verbosity: int = 0

    @property
    def as_given(self) -> tuple[str, ...]:
        """The options that lead another command to the same file and state."""
        given = {"-f": self.file, "--state": self.state, "--scope": self.scope}
        return tuple(part for name, value in given.items() if value for part in (name, value))

    def over(self, outer: "Common") -> "Common":
        """These options, filled up with those given before the command's name.

        Raises:
            UsageError: Both name a file.
        """
        if self.file and outer.file:
            _once(None, None, (outer.file, self.file))
        merged = {}
        for name in (each.name for each in fields(self)):
            inside, outside = getattr(self, name), getattr(outer, name)
            is_one = isinstance(inside, str | bool | None)
            merged[name] = inside or outside if is_one else outside + inside
        return Common(**merged)


def _once(_context: object, _parameter: object, given: tuple[str, ...]) -> str | None:
    if len(given) > 1:
        raise UsageError(
            f"--file is given twice: {listed(given)}.",
            hint="Name one file; it can `include` others.",
        )
    return given[0] if given else None


_OPTIONS = (
    click.option(
        "-f",
        "--file",
        metavar="FILE",
        multiple=True,
        callback=_once,
        shell_complete=files,
        help="The file, instead of looking for one.",
    ),
    click.option(
        "--var",
        "variables",
        multiple=True,
        metavar="NAME=VALUE",
        shell_complete=variables,
        help="Set a variable.",
    ),
    click.option(
        "--var-file",
        "var_files",
        multiple=True,
        metavar="FILE",
        shell_complete=files,
        help="Set variables from YAML.",
    ),
    click.option(
        "--env-file",
        "env_files",
        multiple=True,
        metavar="FILE",
        shell_complete=files,
        help="Read env.* and the credentials from a file too.",
    ),
    click.option(
        "--env-allow", multiple=True, metavar="GLOB", help="Let env.* read only such names."
    ),
    click.option("--state", metavar="URL", help="Where the state is: a folder or a bucket."),
    click.option(
        "--scope",
        metavar="NAME",
        shell_complete=scopes,
        help="Part of the state to work in, such as pr-123.",
    ),
    click.option("--require-shared-state", is_flag=True, help="Refuse a folder as state in CI."),
    click.option("--no-color", is_flag=True, help="Print without colour."),
    click.option("-q", "--quiet", is_flag=True, help="Print only what matters."),
    click.option("-v", "--verbose", count=True, help="Print every request to the API too."),
)


#: The options that are taken over as they are.
_TAKEN = (
    "file",
    "variables",
    "var_files",
    "env_files",
    "env_allow",
    "state",
    "scope",
    "require_shared_state",
)


def common_options(function: F) -> F:
    """Add the shared options to a command, and leave them merged as the context's object."""

    @wraps(function)
    def command(*args: Any, **kwargs: Any) -> Any:
        no_color, quiet, verbose = (kwargs.pop(key) for key in ("no_color", "quiet", "verbose"))
        given = Common(
            **{key: kwargs.pop(key) for key in _TAKEN},
            verbosity=-1 if quiet else verbose,
        )
        if no_color:
            Console.of_process().no_color = True
        context = click.get_current_context()
        outer = context.find_object(Common)
        context.obj = given.over(outer) if outer else from_environment(given)
        return function(*args, **kwargs)

    for option in reversed(_OPTIONS):
        option(command)
    return command  # type: ignore[return-value] # wraps keeps the signature click looks at


def from_environment(given: Common) -> Common:
    """``given``, filled up with the ``CHECKLY_SESSIONS_…`` settings of the environment."""
    allow = os.environ.get("CHECKLY_SESSIONS_ENV_ALLOW", "")
    return replace(
        given,
        state=given.state or os.environ.get("CHECKLY_SESSIONS_STATE") or None,
        scope=given.scope or os.environ.get("CHECKLY_SESSIONS_SCOPE") or None,
        env_allow=given.env_allow or tuple(allow.replace(",", " ").split()),
    )


def current() -> Common:
    """The shared options of the command that runs."""
    common = click.get_current_context().find_object(Common)
    assert common is not None  # noqa: S101 # the group sets it before any command runs
    return common

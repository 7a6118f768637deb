"""Complete values in a shell, from the file and a local state, without git and the network."""

import glob
import os
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from runner.config.compile.configuration import Configuration

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


def profile_names(context: click.Context, _parameter: click.Parameter, start: str) -> list[str]:
    """Names of profiles, and of the instances of a profile that is spelt out."""
    from runner.config.document.profiles import PROFILE_NAME  # noqa: PLC0415 # ruamel.yaml

    found: list[str] = []
    configuration = _configuration(context)
    for one in configuration.expanded() if configuration else ():
        if not PROFILE_NAME.match(one.profile.name):
            continue  # an error in the file, and nothing to hand to a shell
        found.append(one.profile.name)
        if start.startswith(one.profile.name):
            found += one.names
    return _matching(found, start)


def recorded_names(context: click.Context, _parameter: click.Parameter, start: str) -> list[str]:
    """Names of instances with a record; of all in the file where the state is not at hand."""
    folder, configuration = _state_folder(context), _configuration(context)
    names: list[str] = []
    if folder is not None:
        from runner.state.store.folder import recorded  # noqa: PLC0415

        scope = _option(context, "scope") or os.environ.get("CHECKLY_SESSIONS_SCOPE")
        names = recorded(folder, scope or "default")
    if not names and configuration:
        names = [name for one in configuration.expanded() for name in one.names]
    return _matching(names, start)


def apply_ids(context: click.Context, _parameter: click.Parameter, start: str) -> list[str]:
    """Ids of applies in a state at hand, newest first."""
    from runner.state.store.folder import applies  # noqa: PLC0415

    folder = _state_folder(context)
    return _matching(applies(folder) if folder else (), start)


def scopes(context: click.Context, _parameter: click.Parameter, start: str) -> list[str]:
    """Scopes of a state at hand."""
    from runner.state.store.folder import scopes_in  # noqa: PLC0415

    folder = _state_folder(context)
    return _matching(scopes_in(folder) if folder else (), start)


def labels(context: click.Context, _parameter: click.Parameter, start: str) -> list[str]:
    """Pairs ``KEY=VALUE`` of the labels in the file, or ``KEY!=VALUE`` where that was begun."""
    configuration = _configuration(context)
    if configuration is None:
        return []
    between = "!=" if "!" in start.partition("=")[0] else "="
    every = [each for one in configuration.expanded() for each in configuration.labels(one)]
    known = [pair for each in every for pair in each.items() if type(pair[1]) is str]
    return _matching((f"{key}{between}{text}" for key, text in known), start)


def variables(context: click.Context, _parameter: click.Parameter, start: str) -> list[str]:
    """Names of the variables in the file; never a value."""
    configuration = _configuration(context)
    declared = configuration.structure.variables if configuration and "=" not in start else ()
    return _matching((f"{name}=" for name in declared), start)


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


def _option(context: click.Context | None, name: str) -> str | None:
    """A shared option, as it stands behind the command's name or before it."""
    while context is not None:
        if found := context.params.get(name):
            return str(found)
        context = context.parent
    return None


def _file(context: click.Context) -> Path:
    from runner.config.files.discover import discover  # noqa: PLC0415 # ruamel.yaml

    named = _option(context, "file")
    return Path(named) if named else discover(Path.cwd())


def _configuration(context: click.Context) -> "Configuration | None":
    """The file, as it is without environment, git and CI; ``None`` where it can't be read."""
    from runner.config.compile.configuration import configuration_of  # noqa: PLC0415 # ruamel.yaml
    from runner.config.document.load import load  # noqa: PLC0415
    from runner.config.files.files import FolderFiles  # noqa: PLC0415
    from runner.config.templates.context import Context  # noqa: PLC0415
    from runner.config.templates.env_vars import Environment  # noqa: PLC0415
    from runner.diagnostics import Diagnostics  # noqa: PLC0415
    from runner.secrets import Redactor  # noqa: PLC0415

    class Nowhere(Context):
        def value(self, name: str) -> None:
            """Nothing is known."""

    path, diagnostics = _file(context), Diagnostics()
    folder, inside = FolderFiles.around(path, Path.cwd())
    documents = load(inside, folder, diagnostics)
    if documents is None:
        return None
    return configuration_of(
        documents,
        diagnostics,
        Redactor(),
        environment=Environment({}),
        context=Nowhere({}, path.parent),
        overrides={},
        today=date.max,
        fill_metadata=False,
    )


def _state_folder(context: click.Context) -> Path | None:
    """The folder that the state is in; ``None`` where it is a bucket."""
    from runner.errors import RunnerError  # noqa: PLC0415
    from runner.state.store.paths import DEFAULT_FOLDER  # noqa: PLC0415

    address = _option(context, "state") or os.environ.get("CHECKLY_SESSIONS_STATE")
    try:
        beside = _file(context).parent
        configuration = None if address else _configuration(context)
    except RunnerError:
        beside, configuration = Path.cwd(), None
    if configuration:
        address = configuration.structure.state
    if address and "://" in address and not address.startswith("file://"):
        return None
    return beside / unquote(address.removeprefix("file://")) if address else beside / DEFAULT_FOLDER

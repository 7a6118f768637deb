"""Values that a shell may offer: from the file and a local state, without git and the network."""

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

from runner.cli.options.common import Common
from runner.config.compile.configuration import Configuration
from runner.config.document.load import load
from runner.config.document.profiles import PROFILE_NAME
from runner.config.files.discover import discover
from runner.config.files.files import FolderFiles
from runner.config.templates.context import Context, Inputs
from runner.diagnostics import Diagnostics
from runner.errors import RunnerError
from runner.secrets import Redactor
from runner.state.store.folder import applies, recorded, scopes_in
from runner.state.store.paths import DEFAULT_FOLDER


def profile_names(common: Common, start: str) -> Iterable[str]:
    """Names of profiles, and of the instances of a profile that is spelt out."""
    configuration = _configuration(common)
    for one in configuration.expanded() if configuration else ():
        # Another name is an error in the file, and nothing to hand to a shell.
        if PROFILE_NAME.match(one.profile.name):
            yield one.profile.name
            if start.startswith(one.profile.name):
                yield from one.instances


def recorded_names(common: Common, _start: str) -> Iterable[str]:
    """Names of instances with a record; of all in the file if the state is not local."""
    folder, configuration = _state_folder(common), _configuration(common)
    names = recorded(folder, common.scope) if folder else []
    if not names and configuration:
        return [name for one in configuration.expanded() for name in one.instances]
    return names


def apply_ids(common: Common, _start: str) -> Iterable[str]:
    """Ids of applies in a local state."""
    folder = _state_folder(common)
    return applies(folder) if folder else ()


def scopes(common: Common, _start: str) -> Iterable[str]:
    """Scopes of a local state."""
    folder = _state_folder(common)
    return scopes_in(folder) if folder else ()


def labels(common: Common, start: str) -> Iterable[str]:
    """Pairs ``KEY=VALUE`` of the labels in the file, or ``KEY!=VALUE`` if that is being typed."""
    between = "!=" if "!" in start.partition("=")[0] else "="
    configuration = _configuration(common)
    if configuration is None:
        return
    for one in configuration.expanded():
        for combination in one.instances.values():
            each = one.labels_of(combination)
            texts = {key: text for key, text in each.items() if type(text) is str}
            yield from (f"{key}{between}{text}" for key, text in texts.items())


def variables(common: Common, start: str) -> Iterable[str]:
    """Names of the variables in the file; never a value."""
    configuration = _configuration(common)
    declared = configuration.structure.variables if configuration and "=" not in start else ()
    return [f"{name}=" for name in declared]


class _Nowhere(Context):
    """A context without any values."""

    def value(self, name: str) -> None:
        """Nothing is known."""


def _file(common: Common) -> Path:
    return Path(common.file) if common.file else discover(Path.cwd())


def _configuration(common: Common) -> Configuration | None:
    """The file, as it is without environment, git and CI; ``None`` if it can't be read."""
    path, diagnostics = _file(common), Diagnostics()
    folder, inside = FolderFiles.around(path, Path.cwd())
    documents = load(inside, folder, diagnostics)
    if documents is None:
        return None
    inputs = Inputs(context=_Nowhere({}, path.parent))
    return Configuration(documents, inputs, diagnostics, Redactor())


def _state_folder(common: Common) -> Path | None:
    """The folder that the state is in; ``None`` if it is a bucket."""
    address, beside = common.state, Path.cwd()
    try:
        beside = _file(common).parent
        configuration = None if address else _configuration(common)
    except RunnerError:
        configuration = None
    if configuration:
        address = configuration.structure.state
    if address and "://" in address and not address.startswith("file://"):
        return None
    return beside / unquote(address.removeprefix("file://")) if address else beside / DEFAULT_FOLDER

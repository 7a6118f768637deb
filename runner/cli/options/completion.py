"""Complete names of profiles in a shell, from the file alone."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.config.document.load import Documents

#: Anything else is an error in the file, and nothing to hand to a shell.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def profile_names(context: click.Context, _parameter: click.Parameter, start: str) -> list[str]:
    """Names of profiles that begin with ``start``; none where there is no readable file.

    The file and its includes are read, and nothing is worked out: no template, no environment,
    no git, no network.
    """
    from runner.config.document.load import load  # noqa: PLC0415
    from runner.config.files.discover import discover  # noqa: PLC0415 # ruamel.yaml
    from runner.config.files.files import FolderFiles  # noqa: PLC0415
    from runner.diagnostics import Diagnostics  # noqa: PLC0415
    from runner.errors import RunnerError  # noqa: PLC0415

    named = _option(context, "file")
    try:
        path = Path(named) if named else discover(Path.cwd())
        files, inside = FolderFiles.around(path, Path.cwd())
        documents = load(inside, files, Diagnostics())
    except (RunnerError, OSError):
        return []
    return [name for name in _names(documents) if name.startswith(start)] if documents else []


def _option(context: click.Context | None, name: str) -> str | None:
    """A shared option, as it stands behind the command's name or before it."""
    while context is not None:
        if found := context.params.get(name):
            return str(found)
        context = context.parent
    return None


def _names(documents: "Documents") -> "Iterator[str]":
    from runner.config.yaml.nodes import Mapping, Scalar  # noqa: PLC0415

    for document in documents:
        profiles = document.root.values.get("profiles")
        if not isinstance(profiles, Mapping):
            continue
        for name, profile in profiles.values.items():
            abstract = profile.values.get("abstract") if isinstance(profile, Mapping) else None
            extended_only = isinstance(abstract, Scalar) and abstract.value is True
            if _NAME.fullmatch(name) and not extended_only:
                yield name

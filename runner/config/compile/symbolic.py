"""Compile a configuration by itself: no environment, no git, no clock.

Each name of ``env``, ``git``, ``ci`` and ``run`` stands for itself, as ``$<env.NAME>``, so that
two versions of a file can be compared anywhere with the same result.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath

from runner.config.compile.configuration import configuration_of
from runner.config.document.load import load
from runner.config.files.files import Files
from runner.config.selection import Selection
from runner.config.templates.context import Inputs
from runner.diagnostics import Diagnostics
from runner.errors import ConfigurationError
from runner.models.instance import Instance
from runner.secrets import Redactor


def compile_alone(
    path: PurePosixPath,
    files: Files,
    overrides: Mapping[str, str],
    redactor: Redactor,
    diagnostics: Diagnostics,
) -> tuple[Instance, ...]:
    """Every instance of a configuration.

    Args:
        path: The file among ``files``.
        files: Where it is read from: a folder, or a commit.
        overrides: Variables set on the command line; those it does not declare are left out.
        redactor: Learns what of ``overrides`` feeds a secret.
        diagnostics: Takes what is found.

    Raises:
        ConfigurationError: It has errors.
        UsageError: There is no such file, or a variable has another type.
    """
    documents = load(path, files, diagnostics)
    if documents is None:
        raise ConfigurationError(diagnostics)
    inputs = Inputs(overrides=overrides, symbolic=True)
    configuration = configuration_of(documents, inputs, diagnostics, redactor)
    compiled = configuration.compile(Selection())
    if diagnostics.has_errors:
        raise ConfigurationError(diagnostics)
    return compiled.instances

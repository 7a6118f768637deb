"""A configuration file through the whole pipeline, inside the process."""

import re
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runner.cli.console import Console
from runner.cli.options.common import Common
from runner.cli.services.configuration import Reading, read_env
from runner.config.selection import selection
from runner.diagnostics import Diagnostic, Severity
from runner.errors import ConfigurationError
from runner.models.instance import Instance
from runner.reports.diagnostics.render import render_diagnostics
from runner.reports.text.curl import masked_body
from runner.reports.text.style import Style


@dataclass(frozen=True)
class Outcome:
    """What came of a file; ``reading`` is ``None`` where it could not be read at all."""

    diagnostics: list[Diagnostic]
    instances: tuple[Instance, ...] = ()
    reading: Reading | None = None
    mark: Callable[[str], str] = str

    @property
    def errors(self) -> list[Diagnostic]:
        return [found for found in self.diagnostics if found.severity is Severity.ERROR]

    @property
    def codes(self) -> list[str]:
        return [found.code for found in self.diagnostics]

    @property
    def text(self) -> str:
        text = render_diagnostics(self.diagnostics, "text", Style(width=100))
        return re.sub(r"^  see: .*\n", "", text, flags=re.MULTILINE)

    def shown(self) -> dict[str, Any]:
        """The request and settings of each instance, as far as they may be seen."""
        shown: dict[str, Any] = {}
        for instance in self.instances:
            shown[instance.name] = {"request": masked_body(instance.body, self.mark)}
            settings = instance.settings.model_dump(mode="json", by_alias=True, exclude_unset=True)
            if settings:
                shown[instance.name]["settings"] = settings
        return shown


def run_file(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    environ: Mapping[str, str] | None = None,
    *,
    variables: Iterable[str] = (),
    env_allow: Iterable[str] = (),
    env_files: Iterable[str] = (),
    strict: bool = False,
    fill_metadata: bool = False,
) -> Outcome:
    """Judge all of the file at ``path``, and compile it if it is in order."""
    for name, value in (environ or {}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(path.parent)
    common = Common(
        file=path.name,
        variables=tuple(variables),
        env_allow=tuple(env_allow),
        env_files=tuple(env_files),
        console=Console(sys.stdout, sys.stderr),
    )
    unset = Severity.ERROR if strict else Severity.WARNING
    try:
        reading = Reading(common, read_env(common), unset=unset, fill_metadata=fill_metadata)
    except ConfigurationError as error:
        return Outcome(list(error.diagnostics))
    reading.configuration.check()
    if reading.diagnostics.errors:
        return Outcome(list(reading.diagnostics), (), reading)
    compiled = reading.configuration.compile(selection([], []))
    return Outcome(
        list(reading.diagnostics), compiled.instances, reading, common.console.redactor.mark
    )


def options_of(text: str) -> dict[str, Any]:
    """What the first line ``# options: --strict --var NAME=VALUE`` asks for."""
    first = text.partition("\n")[0]
    options: dict[str, Any] = {"variables": [], "env_allow": [], "env_files": []}
    if first.startswith("# options:"):
        words = iter(shlex.split(first.removeprefix("# options:")))
        for word in words:
            if word in {"--strict", "--fill-metadata"}:
                options[word.removeprefix("--").replace("-", "_")] = True
            else:
                into = {"--var": "variables", "--env-allow": "env_allow", "--env-file": "env_files"}
                options[into[word]].append(next(words))
    return options

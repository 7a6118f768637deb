"""Read the configuration that the shared options name."""

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from runner.cli.options.common import Common
from runner.config.compile.configuration import Compiled, Configuration
from runner.config.document.load import Documents, load
from runner.config.document.notify import Notification
from runner.config.document.profiles import Structure
from runner.config.files.discover import discover
from runner.config.files.files import FolderFiles
from runner.config.files.git import distrust_hint
from runner.config.selection import Selection
from runner.config.templates.context import Context, Inputs
from runner.config.templates.env_vars import Environment
from runner.config.templates.expressions.errors import TemplateError
from runner.config.yaml.encoding import decode
from runner.config.yaml.nodes import Scalar
from runner.config.yaml.parse import parse
from runner.diagnostics import Diagnostics, Severity
from runner.errors import ConfigurationError, StalePlan, UsageError, os_reason
from runner.secrets import credentials_in
from runner.source import Span

#: The value of ``run.id`` before there is an apply.
KNOWN_AFTER_APPLY = "(known after apply)"
_MAX_VAR_FILE = 1024 * 1024


class Reading:
    """A configuration that was found and read; the console learns its secrets.

    Attributes:
        path: The file.
        context: Where this runs: commit and CI job.
        diagnostics: What was found so far; grows while instances are compiled.
    """

    def __init__(
        self,
        common: Common,
        env_file: Mapping[str, str],
        *,
        apply_id: str = KNOWN_AFTER_APPLY,
        unset: Severity = Severity.WARNING,
        fill_metadata: bool = True,
        expected: str | None = None,
    ) -> None:
        """Read it; see ``Composition`` for the arguments.

        Raises:
            StalePlan: The configuration is not the expected one.
            ConfigurationError: There is no file, it can't be read, or it is not YAML.
            UsageError: A variable on the command line is wrong.
        """
        variables = overrides(common)
        self.path = file_of(common)
        self.diagnostics = Diagnostics()
        self._console = common.console
        files, inside = FolderFiles.around(self.path, Path.cwd())
        documents = load(inside, files, self.diagnostics)
        if expected is not None and (documents is None or _digest(documents) != expected):
            raise StalePlan(
                "The configuration changed since the plan was made.",
                hint="Make a new plan, and review it: `runner plan --out FILE`.",
            )
        if documents is None:
            raise ConfigurationError(self.diagnostics)
        self._documents = documents
        self.context = Context(os.environ, self.path.parent, apply_id)
        self._environment = Environment(os.environ, env_file, common.readable_names)
        inputs = Inputs(
            self._environment,
            self.context,
            variables,
            fill_metadata=fill_metadata,
            unset=unset,
            today=datetime.now(UTC).date(),
        )
        redactor = common.console.redactor
        self.configuration = Configuration(documents, inputs, self.diagnostics, redactor)

    @property
    def structure(self) -> Structure:
        """The declarations of the file."""
        return self.configuration.structure

    @property
    def places(self) -> dict[str, Span]:
        """The position of each profile's name, known even if the file has errors."""
        return {name: profile.key for name, profile in self.structure.profiles.items()}

    @property
    def digest(self) -> str:
        """The digest of the parsed configuration."""
        return _digest(self._documents)

    @property
    def name(self) -> str:
        """The file as a user would call it."""
        return os.path.relpath(self.path)

    def webhooks(self) -> Iterator[tuple[Notification, str]]:
        """Yield each notification and its secret address; warn of those without an address."""
        for notification in self.structure.notifications:
            name = notification.variable
            try:
                address = self._environment.value(name)
            except TemplateError as error:
                self._console.warning(f"{error}.", hint="This `notify` entry is skipped.")
                continue
            if address is None:
                self._console.warning(f"env.{name} is not set, so this `notify` entry is skipped.")
                continue
            self._console.redactor.learn(address)
            yield notification, address

    def check(self, selection: Selection) -> int:
        """Judge what is selected; returns the number of instances."""
        if selection.is_everything:
            count = self.configuration.check()
        else:
            compiled = self.configuration.compile(selection, with_needs=False, soften=False)
            count = len(compiled.instances)
        self._judge_git()
        return count

    def compile(
        self,
        selection: Selection,
        *,
        with_needs: bool = True,
        may_miss: bool = False,
        with_errors: bool = False,
        soften: bool = True,
    ) -> Compiled:
        """Compile what is selected, and print what was found; see ``Configuration.compile``.

        ``with_errors`` goes on with what can be compiled if there are errors.

        Raises:
            ConfigurationError: There is an error of structure anywhere, or one of value in
                what is selected.
            UsageError: A name matches nothing.
        """
        compiled = self.configuration.compile(
            selection, with_needs=with_needs, may_miss=may_miss, soften=soften
        )
        self._judge_git()
        if self.diagnostics.has_errors and not with_errors:
            raise ConfigurationError(self.diagnostics)
        self._console.diagnostics(list(self.diagnostics))
        return compiled

    def _judge_git(self) -> None:
        """Warn if git was asked about the commit and did not answer."""
        if self.context.git_is_untrusted:
            self.diagnostics.warning(
                "git-untrusted",
                "The commit is not known: git does not trust this folder, which belongs to "
                "another user",
                hint=distrust_hint(self.path.parent.absolute()),
            )


def file_of(common: Common) -> Path:
    """The configuration file: the one that is named, or the nearest one."""
    return Path(common.file) if common.file else discover(Path.cwd())


def read_env(common: Common) -> dict[str, str]:
    """The variables of the env files; the console learns the credentials in them.

    Raises:
        UsageError: One can't be read, or can be misread.
    """
    if not common.env_files:
        return {}
    from runner.config.templates.env_file import read_env_files  # noqa: PLC0415 # few have one

    found = read_env_files(map(Path, common.env_files))
    for secret in credentials_in(found):
        common.console.redactor.learn(secret)
    return found


def _digest(documents: Documents) -> str:
    from runner.config.document.digest import digest  # noqa: PLC0415 # only for a saved plan

    return digest(documents)


def overrides(common: Common) -> dict[str, str]:
    """The variables of ``--var-file`` and ``--var``; of a name the last one, ``--var`` first.

    Raises:
        UsageError: One is not ``NAME=VALUE``, or a file can't be read.
    """
    found: dict[str, str] = {}
    for name in common.var_files:
        found |= _var_file(name)
    for text in common.variables:
        name, equals, value = text.partition("=")
        if not (name and equals):
            # Not quoted: it may be a secret's value, whose name was forgotten.
            raise UsageError("A --var is not NAME=VALUE.", hint="Write --var NAME=VALUE.")
        found[name] = value
    return found


def _var_file(name: str) -> dict[str, str]:
    """The variables of a file: a YAML mapping of names to single values."""
    try:
        with Path(name).open("rb") as file:
            data = file.read(_MAX_VAR_FILE + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"The --var-file {name} can't be read: {os_reason(error)}.") from error
    diagnostics = Diagnostics()
    source = decode(name, data[:_MAX_VAR_FILE], diagnostics)
    root = parse(source, diagnostics) if source else None
    values = root.values if root else {}
    for node in values.values():
        if not isinstance(node, Scalar):
            diagnostics.error("bad-value", "a variable must be a single value", node.span)
        elif node.value is None:
            diagnostics.error("bad-value", "a variable must have a value", node.span)
    if len(data) > _MAX_VAR_FILE or diagnostics.errors or root is None:
        # Its lines are not quoted: they may hold secrets.
        where = next((f":{each.span.line}" for each in diagnostics if each.span), "")
        why = next((each.message for each in diagnostics), "it is too large")
        hint = "Write a YAML mapping of names to values, such as `host: www.example.com`."
        raise UsageError(f"The --var-file {name}{where} can't be used: {why}.", hint=hint)
    return {key: node.text for key, node in values.items() if isinstance(node, Scalar)}

"""Compose what a command works with: configuration → API → state.

Every command that reads the file goes through here, so that none can forget a warning of the
configuration, or that the instances of a profile are not known yet.
"""

import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from runner.cli.console import Console
from runner.cli.options.common import Common
from runner.cli.services.configuration import KNOWN_AFTER_APPLY, Reading, read_env
from runner.diagnostics import Severity
from runner.environment import is_on
from runner.errors import CannotRun, UsageError
from runner.secrets import credentials_in
from runner.state.store.paths import DEFAULT_FOLDER, DEFAULT_PROJECT

if TYPE_CHECKING:
    from runner.cli.services.backend import Backend
    from runner.models.record import Initiator
    from runner.state.state import State


@dataclass(eq=False, repr=False)  # fewer methods to make: start-up is measured
class Composition:
    """The parts of one command, each made when it is first used.

    What this package imports lazily is what ``validate`` and ``plan --offline`` can do without.

    Attributes:
        common: The shared options.
        apply_id: The value of ``run.id``.
        unset: The severity of a name that a template needs and that is not set.
        fill_metadata: Whether to fill in the metadata that a profile leaves out.
        expected: The digest of the configuration that a saved plan was made with.
        file_optional: Whether ``--state`` is enough if there is no configuration.
        offline: Whether the account is not asked.
        at_rest: Whether only the state is needed, so that no emulator is started.
        needs_credentials: Whether there have to be credentials, once the account matters.
    """

    common: Common
    apply_id: str = KNOWN_AFTER_APPLY
    unset: Severity = Severity.WARNING
    fill_metadata: bool = True
    expected: str | None = None
    file_optional: bool = False
    offline: bool = False
    at_rest: bool = False
    needs_credentials: bool = False
    _has_warned: bool = field(default=False, init=False)
    _stack: ExitStack = field(default_factory=ExitStack, init=False)

    def close(self) -> None:
        """End the emulator, if there is one."""
        self._stack.close()

    @property
    def console(self) -> Console:
        """Prints everything, and learns the secrets of the configuration."""
        return self.common.console

    @cached_property
    def env_file(self) -> dict[str, str]:
        """The variables of the env files; each is read once, since it may be a pipe."""
        return read_env(self.common)

    @cached_property
    def reading(self) -> Reading:
        """The configuration; see ``Reading`` for errors."""
        return Reading(
            self.common,
            self.env_file,
            apply_id=self.apply_id,
            unset=self.unset,
            fill_metadata=self.fill_metadata,
            expected=self.expected,
        )

    @cached_property
    def file(self) -> Reading | None:
        """The configuration; ``None`` if it is optional and there is none that can be read."""
        try:
            return self.reading
        except UsageError:
            if not self.file_optional or self.common.state is None:
                raise
            return None

    @cached_property
    def backend(self) -> "Backend":
        """The API, and the part of the state that belongs to it."""
        from runner.cli.services import backend  # noqa: PLC0415 # not for ``validate``

        if not self.common.emulated and self.common.world is None:
            found = backend.account(self.env_file, self.common.env_files)
        elif self.at_rest:
            found = backend.EMULATOR_AT_REST
        else:
            found = self._stack.enter_context(backend.emulator(self.common.world))
        for secret in credentials_in(found.settings.environ if found.settings else {}):
            self.console.redactor.learn(secret)
        if self.needs_credentials:
            found.require_credentials()
        return found

    @cached_property
    def state(self) -> "State":
        """The state that belongs to the file and the API."""
        from runner.cli.services.state_access import state_of  # noqa: PLC0415 # obstore

        self.warn_of_folder()
        return state_of(
            self.common, self.backend, self.file, url=self.named_state, folder=self.folder
        )

    @cached_property
    def owner(self) -> "Initiator":
        """The user and process that run this."""
        from runner.cli.services.state_access import initiator  # noqa: PLC0415 # pydantic

        return initiator(self.common, self.file)

    @property
    def project(self) -> str:
        """The project that the profiles belong to."""
        return (self.file and self.file.structure.project) or DEFAULT_PROJECT

    @property
    def folder(self) -> Path:
        """The folder of the file; without one, the working directory."""
        return self.file.path.parent if self.file else Path.cwd()

    @property
    def named_state(self) -> str | None:
        """The address of the state in the command line, the environment or the file."""
        return self.common.state or (self.file.structure.state if self.file else None)

    @property
    def state_address(self) -> str:
        """The address of the state."""
        return self.named_state or str(self.folder / DEFAULT_FOLDER)

    @property
    def may_have_state(self) -> bool:
        """Whether there can be records: the first one creates the default folder."""
        self.warn_of_folder()
        folder = self.folder / DEFAULT_FOLDER
        return self.state_address != str(folder) or folder.exists()

    def warn_of_folder(self) -> None:
        """Warn, once, on a CI machine that the folder beside the file is lost with the machine.

        Raises:
            CannotRun: ``--require-shared-state`` refuses a folder, one that is named included.
        """
        if self._has_warned or self.backend.emulated:
            return
        self._has_warned = True
        if not is_on(os.environ, "CI") or not (self.named_state or "file:").startswith("file:"):
            return
        text = (
            "The state is a folder on this machine: records, locks and recovery are lost with it."
        )
        hint = "Name a bucket with --state or CHECKLY_SESSIONS_STATE: s3://, gs:// or az://."
        if self.common.require_shared_state:
            raise CannotRun(text, hint=hint)
        if self.named_state is None:
            self.console.warning(text, hint=hint)

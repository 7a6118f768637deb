"""Compose what a command works with: configuration → state → API → reporters.

Every command that reads the file goes through here, so that none can forget a warning of the
configuration, or that the instances of a profile are not known yet.
"""

import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from runner.cli.console import Console
from runner.cli.options.common import Common
from runner.cli.services.backend import (
    DEFAULT_SCOPE,
    Backend,
    backend,
    emulated,
    initiator,
    project_of,
    warn_of_folder,
)
from runner.cli.services.configuration import KNOWN_AFTER_APPLY, Reading, read, read_env
from runner.diagnostics import Severity
from runner.errors import UsageError
from runner.secrets import credentials_in
from runner.state.store.paths import DEFAULT_FOLDER, DEFAULT_PROJECT

if TYPE_CHECKING:
    from runner.checkly.account import Credentials
    from runner.models.outcome import Subject
    from runner.models.record import Initiator
    from runner.reports.progress.reporters import Reporters
    from runner.state.state import State


@dataclass
class Composition:
    """The parts of one command, each made when it is first used and closed at the end.

    Attributes:
        common: The shared options.
        console: Prints everything, and learns the secrets of the configuration.
        apply_id: The value of ``run.id``.
        unset: How bad it is that a template needs a name that is not set.
        fill_metadata: Whether to fill in the metadata that a profile leaves out.
        expected: The digest of the configuration that a saved plan was made with.
        emulated: Whether an emulator inside the process takes the account's place.
        world: The world that this emulator serves.
        reports: The values of ``--report``.
        file_optional: Whether ``--state`` is enough where there is no configuration.
        offline: Whether nothing is asked of the account.
        account_name: The name of the account, once it was asked for.
    """

    common: Common
    console: Console
    apply_id: str = KNOWN_AFTER_APPLY
    unset: Severity = Severity.WARNING
    fill_metadata: bool = True
    expected: str | None = None
    emulated: bool = False
    world: Path | None = None
    reports: tuple[str, ...] = ()
    file_optional: bool = False
    offline: bool = False
    account_name: str | None = None
    _has_warned: bool = field(default=False, init=False)
    _stack: ExitStack = field(default_factory=ExitStack, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    @cached_property
    def env_file(self) -> dict[str, str]:
        """What the env files hold; each is read once, since it may be a pipe."""
        return read_env(self.common, self.console)

    @cached_property
    def reading(self) -> Reading:
        """The configuration; see :func:`runner.cli.services.configuration.read` for errors."""
        return read(
            self.common,
            self.console,
            self.env_file,
            apply_id=self.apply_id,
            unset=self.unset,
            fill_metadata=self.fill_metadata,
            expected=self.expected,
        )

    @cached_property
    def backend(self) -> Backend:
        """The API, and the part of the state that belongs to it."""
        if self.emulated or self.world is not None:
            found = self._stack.enter_context(emulated(self.world))
        else:
            found = backend(self.env_file, self.common.env_files)
        for secret in credentials_in(found.settings.environ if found.settings else {}):
            self.console.redactor.learn(secret)
        return found

    @property
    def api_url(self) -> str:
        """The address of the API, whether or not there are credentials."""
        from runner.checkly.account import address  # noqa: PLC0415 # only ``show`` asks
        from runner.checkly.login import account_settings  # noqa: PLC0415

        return address(account_settings(os.environ, self.env_file, ()).environ)

    @property
    def credentials(self) -> "Credentials":
        """The credentials of the API.

        Raises:
            UsageError: There are none.
        """
        return self.backend.require_credentials()

    @cached_property
    def has_file(self) -> bool:
        """Whether there is a configuration that can be read.

        Raises:
            UsageError: There is none, and the command needs it to know which state is meant.
        """
        try:
            return bool(self.reading)
        except UsageError:
            if not self.file_optional or self.common.state is None:
                raise
            return False

    @cached_property
    def state(self) -> "State":
        """The state that belongs to the file and the API."""
        self.warn_of_folder()
        if self.has_file:
            from runner.state.project import require_name  # noqa: PLC0415 # obstore

            structure = self.reading.structure
            state = self.backend.state(
                self.common,
                self.reading.path.parent,
                structure.state,
                project=project_of(self.reading, self.console.redactor.screen),
                moved=structure.moved,
            )
            require_name(state.project, state.store)
        else:
            state = self.backend.state(self.common, Path.cwd(), None)
        state.store.warn = lambda error: self.console.problem(
            f"Warning: {error.message}", hint=error.hint
        )
        return state

    @cached_property
    def owner(self) -> "Initiator":
        """Who runs this."""
        from runner.config.templates.context import Context  # noqa: PLC0415

        here = self.reading.context if self.has_file else Context(os.environ, Path.cwd(), "")
        return initiator(here, self.console.redactor.screen)

    @cached_property
    def reporters(self) -> "Reporters":
        """The reports that were asked for, opened.

        Raises:
            UsageError: A report can't be written where it was asked for.
        """
        from runner.checkly.send import send  # noqa: PLC0415 # only where something runs
        from runner.reports.progress.listeners import Background  # noqa: PLC0415
        from runner.reports.progress.reporters import open_reporters  # noqa: PLC0415
        from runner.reports.progress.verbosity import Verbosity  # noqa: PLC0415
        from runner.reports.progress.webhook import WebhookReporter  # noqa: PLC0415

        assert self.has_file or self.file_optional  # noqa: S101 # read: its secrets are masked
        console = self.console
        opened = open_reporters(
            self.reports,
            mask=console.mask,
            environ=os.environ,
            stdout=console.out,
            stderr=console.err,
            send=send,
            no_color=console.no_color,
            verbosity=Verbosity(min(self.common.verbosity, 1) + 1),
        )
        found = self._stack.enter_context(opened)
        for notification, address in self.reading.webhooks() if self.has_file else ():
            told = WebhookReporter(address, notification.on, notification.format, send)
            name = f"notify to env.{notification.variable}"
            found.listen(Background(name, told, lambda text: console.problem(f"Warning: {text}")))
        return found

    def warn_of_folder(self) -> None:
        """See :func:`runner.cli.services.backend.warn_of_folder`; says it once."""
        if not self._has_warned and not self.backend.emulated:
            self._has_warned = True
            declared = self.reading.structure.state if self.has_file else None
            warn_of_folder(self.common, declared, self.console)

    @property
    def project(self) -> str:
        """Whose profiles these are."""
        named = self.reading.structure.project if self.has_file else None
        return named or DEFAULT_PROJECT

    @property
    def state_address(self) -> str:
        """Where the state is, as the command line, the environment or the file says."""
        return self.common.state or self.reading.structure.state or str(self._default_folder)

    @property
    def may_have_state(self) -> bool:
        """Whether there can be a record: nobody has made the folder of the state otherwise."""
        self.warn_of_folder()
        folder = self._default_folder
        return self.state_address != str(folder) or folder.exists()

    @property
    def _default_folder(self) -> Path:
        return self.reading.path.parent / DEFAULT_FOLDER

    @property
    def subject(self) -> "Subject":
        """What is tested, and for whom, as far as it is the same for all instances."""
        from runner.models.outcome import Subject  # noqa: PLC0415 # only where something runs

        account_id = self.credentials.account_id
        author = self.reading.context.value("git.author") if self.has_file else None
        return Subject(
            account=f"{self.account_name} ({account_id})" if self.account_name else account_id,
            project=self.project,
            scope=self.common.scope or DEFAULT_SCOPE,
            author=author or "",
            ci_run=self.owner.ci_url or "",
        )

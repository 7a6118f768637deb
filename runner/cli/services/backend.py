"""The API and its part of the state: the account of the credentials, or an emulator."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import click

from runner.cli.console import Console
from runner.cli.options.common import Common
from runner.environment import is_on
from runner.errors import CannotRun, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from runner.checkly.account import Credentials, Settings
    from runner.cli.services.configuration import Reading
    from runner.config.templates.context import Context
    from runner.models.record import Initiator
    from runner.state.project import Project
    from runner.state.state import State

DEFAULT_SCOPE = "default"
MAX_LEASE = 3600
#: The state's host for every emulator inside the process, whatever its port.
EMULATOR_HOST = "emulator"

EMULATOR_OPTION = click.option(
    "--emulator",
    "emulated",
    is_flag=True,
    help="Use a local emulator with a state of its own: no account needed.",
)
WORLD_OPTION = click.option(
    "--world",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What the emulator serves.",
)


class Backend(NamedTuple):
    """One API and the state that belongs to it.

    Attributes:
        credentials: ``None`` where there are none: only what needs no network works.
        host: The state's first part.
        settings: Where the credentials come from; ``None`` of an emulator.
    """

    credentials: "Credentials | None"
    host: str
    emulated: bool
    settings: "Settings | None" = None

    @property
    def account_id(self) -> str | None:
        """The account that is meant, even if there is no key to ask it with."""
        if self.credentials:
            return self.credentials.account_id
        named = self.settings.environ.get("CHECKLY_ACCOUNT_ID", "") if self.settings else ""
        return named.strip() or None

    def require_credentials(self) -> "Credentials":
        """The credentials.

        Raises:
            UsageError: There are none; says which variables to set.
        """
        from runner.checkly.account import Settings, credentials  # noqa: PLC0415

        return self.credentials or credentials(self.settings or Settings(os.environ))

    def state(
        self,
        common: Common,
        folder: Path,
        declared: str | None,
        *,
        project: "Project | None" = None,
        moved: "Mapping[str, str] | None" = None,
    ) -> "State":
        """The state of this backend.

        Args:
            common: The shared options.
            folder: The folder of the configuration file.
            declared: What ``state:`` in the file says.
            project: Whose part of the state it is.
            moved: New names of profiles by old ones.
        """
        from runner.state.address import open_state  # noqa: PLC0415 # obstore

        return open_state(
            common.state or declared,
            host=self.host,
            account=self.account_id,
            scope=common.scope or DEFAULT_SCOPE,
            folder=folder,
            project=project,
            moved=moved,
            lease=_lease(os.environ.get("CHECKLY_SESSIONS_LEASE_SECONDS")),
        )


def _lease(text: str | None) -> float:
    """Seconds a lock outlives its owner.

    Raises:
        UsageError: It is not a number of at least 1.
    """
    from runner.state.place import LEASE_SECONDS  # noqa: PLC0415 # obstore

    if not text:
        return LEASE_SECONDS
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 1 <= seconds <= MAX_LEASE:
        raise UsageError(
            f"CHECKLY_SESSIONS_LEASE_SECONDS is {text!r}.",
            hint=f"Set a number of seconds from 1 to {MAX_LEASE}; {LEASE_SECONDS:g} is usual.",
        )
    return seconds


def warn_of_folder(common: Common, declared: str | None, console: Console) -> None:
    """Warn on a CI machine that the folder beside the file ends with the machine.

    Args:
        common: The shared options.
        declared: What ``state:`` in the file says.
        console: Where to say it.

    Raises:
        CannotRun: ``--require-shared-state`` refuses a folder, one that is named included.
    """
    address = common.state or declared
    if not is_on(os.environ, "CI") or not (address or "file:").startswith("file:"):
        return
    text = "The state is a folder of this machine: records, locks and recovery end with it."
    hint = "Give a bucket with --state or CHECKLY_SESSIONS_STATE: s3://, gs:// or az://."
    if common.require_shared_state:
        raise CannotRun(text, hint=hint)
    if address is None:
        console.problem(f"Warning: {text}", hint=hint)


def initiator(context: "Context", screen: "Callable[[str], str]") -> "Initiator":
    """The user, host and process, and the CI run where there is one.

    Args:
        context: Knows the CI run.
        screen: Judges what the CI system says, which may hold a secret.
    """
    import getpass  # noqa: PLC0415 # only what writes needs it
    import socket  # noqa: PLC0415

    from runner.models.record import Initiator  # noqa: PLC0415 # pydantic

    try:
        user = context.value("ci.actor") or getpass.getuser()
    except (KeyError, OSError):  # a container without an entry for its user
        user = ""
    ci_url = context.value("ci.runUrl")
    return Initiator(
        user=screen(user),
        host=screen(socket.gethostname()),
        pid=os.getpid(),
        ci_url=screen(ci_url) if ci_url else ci_url,
    )


def backend(env_file: "Mapping[str, str]", env_files: "Sequence[str]") -> Backend:
    """The API that the environment, the env files or the login of the Checkly CLI ask for.

    Raises:
        UsageError: A credential or the address is wrong.
    """
    from runner.checkly.account import (  # noqa: PLC0415 # only when a command needs it
        address,
        credentials,
        missing_credentials,
    )
    from runner.checkly.login import account_settings  # noqa: PLC0415

    settings = account_settings(os.environ, env_file, env_files)
    found = None if missing_credentials(settings.environ) else credentials(settings)
    host = urlsplit(address(settings.environ)).netloc
    return Backend(found, host, emulated=False, settings=settings)


def project_of(reading: "Reading", screen: "Callable[[str], str]") -> "Project":
    """Whose profiles the file's are, as the state tells projects apart."""
    from runner.config.files.files import repository_root  # noqa: PLC0415 # with the state
    from runner.state.project import Project, same_repository  # noqa: PLC0415

    path = reading.path.resolve()
    root = repository_root(path.parent) or path.parent
    url = reading.context.value("git.repoUrl") or ""
    return Project(
        reading.structure.project,
        same_repository(url if screen(url) == url else None),  # None: an unknown repository
        path.relative_to(root.resolve()).as_posix(),
    )


@contextmanager
def emulated(world: Path | None) -> Iterator[Backend]:
    """An emulator inside the process.

    Raises:
        UsageError: The world has a mistake.
        CannotRun: The emulator can't be started.
    """
    from runner.checkly.account import Credentials  # noqa: PLC0415
    from runner.cli.services.emulator import build  # noqa: PLC0415

    with build(world, seed=0) as emulator:
        found = Credentials(emulator.api_key, emulator.account_id, emulator.url)
        yield Backend(found, EMULATOR_HOST, emulated=True)

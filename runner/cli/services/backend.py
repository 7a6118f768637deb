"""The API and its part of the state: the account of the credentials, or an emulator."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from runner.checkly.account import Credentials, Settings, address, credentials, missing_credentials
from runner.checkly.login import account_settings
from runner.errors import CannotRun, UsageError

if TYPE_CHECKING:
    from runner.emulator.server import Emulator

#: The state's host for every emulator inside the process, whatever its port.
_EMULATOR_HOST: Final = "emulator"


class Backend(NamedTuple):
    """One API and the state that belongs to it.

    Attributes:
        credentials: ``None`` if there are none: only what needs no network works.
        host: The state's first part.
        settings: Where the credentials come from; ``None`` of an emulator.
    """

    credentials: Credentials | None
    host: str
    emulated: bool = False
    settings: Settings | None = None

    @property
    def account_id(self) -> str | None:
        """The ID of the account, even without a key for it."""
        if self.credentials:
            return self.credentials.account_id
        named = self.settings.environ.get("CHECKLY_ACCOUNT_ID", "") if self.settings else ""
        return named.strip() or None

    def require_credentials(self) -> Credentials:
        """Return the credentials.

        Raises:
            UsageError: There are none.
        """
        return self.credentials or credentials(self.settings or Settings(os.environ))


#: The place of emulators in the state, for commands that need no API.
EMULATOR_AT_REST: Final = Backend(None, _EMULATOR_HOST, emulated=True)


def account(env_file: Mapping[str, str], env_files: Sequence[str]) -> Backend:
    """Find the API that the environment, the env files or the login of the Checkly CLI name.

    Raises:
        UsageError: A credential or the address is wrong.
    """
    settings = account_settings(os.environ, env_file, env_files)
    found = None if missing_credentials(settings.environ) else credentials(settings)
    return Backend(found, urlsplit(address(settings.environ)).netloc.lower(), settings=settings)


@contextmanager
def emulator(world: Path | None) -> Iterator[Backend]:
    """Run an emulator inside the process.

    Raises:
        UsageError: The world has a mistake.
        CannotRun: The emulator can't be started.
    """
    with build(world, seed=0) as running:
        found = Credentials(running.api_key, running.account_id, running.url)
        yield Backend(found, _EMULATOR_HOST, emulated=True)


def build(world: Path | None = None, **options: Any) -> "Emulator":
    """Make the emulator that the options describe, not started yet.

    Args:
        world: The file of its world; its own if there is none.
        options: Those of ``Emulator``.

    Raises:
        UsageError: The world, a fault or the file to record to has a mistake.
        CannotRun: The extra is not installed.
    """
    try:
        from runner.emulator.server import Emulator  # noqa: PLC0415
        from runner.emulator.world.faults import FaultSyntaxError  # noqa: PLC0415 # it is an extra
        from runner.emulator.world.world import (  # noqa: PLC0415
            WorldError,
            default_world,
            load_world,
        )
    except ImportError as error:
        raise CannotRun(
            f"The emulator needs {error.name}, which is not installed.",
            hint="Install the runner with its extra: `pip install '.[emulator]'`.",
        ) from error
    try:
        return Emulator(load_world(world) if world else default_world(), **options)
    except WorldError as error:
        if not error.line:
            raise UsageError(
                f"The world {error.file} can't be read: {error.reason.lower()}.",
                hint="Name an existing file, or leave out --world for the built-in world.",
            ) from error
        raise UsageError(
            f"The world is invalid: {error}.",
            hint="The documentation describes worlds under The emulator.",
        ) from error
    except FaultSyntaxError as error:
        raise UsageError(f"--fault: {error}.") from error

"""The API and its part of the state: the account of the credentials, or an emulator."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from runner.checkly.account import Credentials, Settings, address, credentials, missing_credentials
from runner.checkly.login import account_settings

#: The state's host for every emulator inside the process, whatever its port.
_EMULATOR_HOST: Final = "emulator"


class Backend(NamedTuple):
    """One API and the state that belongs to it.

    Attributes:
        credentials: ``None`` where there are none: only what needs no network works.
        host: The state's first part.
        settings: Where the credentials come from; ``None`` of an emulator.
    """

    credentials: Credentials | None
    host: str
    emulated: bool = False
    settings: Settings | None = None

    @property
    def account_id(self) -> str | None:
        """The account that is meant, even if there is no key to ask it with."""
        if self.credentials:
            return self.credentials.account_id
        named = self.settings.environ.get("CHECKLY_ACCOUNT_ID", "") if self.settings else ""
        return named.strip() or None

    def require_credentials(self) -> Credentials:
        """The credentials.

        Raises:
            UsageError: There are none; says which variables to set.
        """
        return self.credentials or credentials(self.settings or Settings(os.environ))


#: The place of emulators in the state, for commands that need no API.
EMULATOR_AT_REST: Final = Backend(None, _EMULATOR_HOST, emulated=True)


def account(env_file: Mapping[str, str], env_files: Sequence[str]) -> Backend:
    """The API that the environment, the env files or the login of the Checkly CLI ask for.

    Raises:
        UsageError: A credential or the address is wrong.
    """
    settings = account_settings(os.environ, env_file, env_files)
    found = None if missing_credentials(settings.environ) else credentials(settings)
    return Backend(found, urlsplit(address(settings.environ)).netloc, settings=settings)


@contextmanager
def emulator(world: Path | None) -> Iterator[Backend]:
    """An emulator inside the process.

    Raises:
        UsageError: The world has a mistake.
        CannotRun: The emulator can't be started.
    """
    from runner.cli.services.emulator import build  # noqa: PLC0415 # only where one is asked for

    with build(world, seed=0) as running:
        found = Credentials(running.api_key, running.account_id, running.url)
        yield Backend(found, _EMULATOR_HOST, emulated=True)

"""Open the state that belongs to a file and an API, and name who works on it."""

import getpass
import os
import socket
from pathlib import Path

from runner.cli.options.common import Common
from runner.cli.services.backend import Backend
from runner.cli.services.configuration import Reading
from runner.config.files.files import repository_root
from runner.config.templates.context import Context
from runner.errors import UsageError
from runner.models.record import Initiator
from runner.state.lock_table import MAX_LEASE_SECONDS
from runner.state.place import LEASE_SECONDS
from runner.state.project import Project, require_name, same_repository
from runner.state.state import State
from runner.state.store.address import open_store


def state_of(
    common: Common, backend: Backend, reading: Reading | None, *, url: str | None, folder: Path
) -> State:
    """Open the state at ``url``, or the default one in ``folder``.

    Raises:
        UsageError: Its address is not valid, or a shared state needs a project.
    """
    state = State(
        open_store(url, folder=folder),
        host=backend.host,
        account=backend.account_id,
        scope=common.scope,
        project=_project(reading, common) if reading else Project(),
        moved=reading.structure.moved if reading else {},
        lease=_lease(os.environ.get("CHECKLY_SESSIONS_LEASE_SECONDS")),
    )
    if reading:
        require_name(state.project, state.store)
    state.store.warn = common.console.warn
    return state


def _project(reading: Reading, common: Common) -> Project:
    """The project of the file, as the state identifies it."""
    path = reading.path.resolve()
    root = repository_root(path.parent) or path.parent
    url = reading.context.value("git.repoUrl") or ""
    return Project(
        reading.structure.project,
        # An address that holds a secret counts as unknown.
        same_repository(url if common.console.redactor.screen(url) == url else None),
        path.relative_to(root.resolve()).as_posix(),
    )


def _lease(text: str | None) -> float:
    """Seconds a lock outlives its owner."""
    if not text:
        return LEASE_SECONDS
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 1 <= seconds <= MAX_LEASE_SECONDS:
        raise UsageError(
            f"CHECKLY_SESSIONS_LEASE_SECONDS is {text!r}.",
            hint=f"Set a number of seconds from 1 to {MAX_LEASE_SECONDS}; the default is "
            f"{LEASE_SECONDS:g}.",
        )
    return seconds


def initiator(common: Common, reading: Reading | None) -> Initiator:
    """The user, host and process, and the CI run if there is one."""
    screen = common.console.redactor.screen  # what the CI system says may hold a secret
    context = reading.context if reading else Context(os.environ, Path.cwd(), "")
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

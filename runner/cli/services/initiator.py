"""Who applies: what a lock and a record say of it."""

import getpass
import os
import socket
from collections.abc import Callable

from runner.config.templates.context import Context
from runner.models.record import Initiator


def initiator(context: Context, screen: Callable[[str], str]) -> Initiator:
    """The user, host and process, and the CI run where there is one.

    Args:
        context: Knows the CI run.
        screen: Judges what the CI system says, which may hold a secret.
    """
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

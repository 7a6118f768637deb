"""Who applies: what a lock and a record say of it."""

import getpass
import os
import socket

from runner.config.templates.context import Context
from runner.models.record import Initiator


def initiator(context: Context) -> Initiator:
    """The user, host and process, and the CI run where there is one."""
    try:
        user = context.value("ci.actor") or getpass.getuser()
    except (KeyError, OSError):  # a container without an entry for its user
        user = ""
    return Initiator(
        user=user, host=socket.gethostname(), pid=os.getpid(), ci_url=context.value("ci.runUrl")
    )

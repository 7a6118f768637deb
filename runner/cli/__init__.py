"""The command line: one thin module per command.

Nothing heavy is imported here: ``runner --version`` and shell completion stay instant.
"""

import gc
import os
import signal
import sys
from contextlib import suppress


def main() -> None:
    """Run the command line and end the process with its exit code."""
    # What a command builds lives until its end and has next to no cycles, yet by default the
    # collector walks it so often that this takes a quarter of a large plan.
    gc.set_threshold(100_000, 50, 100)
    _heed_signals()
    try:
        from runner.cli.app import runner  # noqa: PLC0415 # so that importing the package is free
        from runner.cli.error_handler import run  # noqa: PLC0415
    except KeyboardInterrupt:  # nothing has begun
        os._exit(130)
    _open_closed()
    code = run(runner, sys.argv[1:])
    # Everything is done and closed. To take the interpreter down as well is a tenth of what a
    # short command takes, and threads that wait for a store which does not answer hold it up.
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # its reader has left
            stream.flush()
    os._exit(code)


def _heed_signals() -> None:
    """Let SIGINT and SIGTERM interrupt the program from its first moment.

    SIGINT does so even in the background of a script, where shells ignore it.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def _open_closed() -> None:
    """Send output that was closed beforehand (``>&-``) to the null device."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 # to the end
            setattr(sys, name, nowhere)

"""The command line: one thin module a command.

Nothing heavy is imported here: ``runner --version`` and shell completion stay instant.
"""

import os
import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from runner.cli.group import runner  # noqa: PLC0415 # so that importing the package is free
    from runner.cli.process import EXIT_INTERRUPTED, run  # noqa: PLC0415

    code = run(runner, sys.argv[1:])
    if code == EXIT_INTERRUPTED:
        # Threads that wait for a store which does not answer would hold up the end.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)

"""The command line: one thin module a command.

Nothing heavy is imported here: ``runner --version`` and shell completion stay instant.
"""

import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from runner.cli.group import runner  # noqa: PLC0415 # so that importing the package is free
    from runner.cli.process import run  # noqa: PLC0415

    sys.exit(run(runner, sys.argv[1:]))

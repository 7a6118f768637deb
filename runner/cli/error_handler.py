"""The one place that turns exceptions into exit codes, and the unexpected into a crash file."""

import errno
import os
import signal
import sys
from collections.abc import Sequence

import click

from runner.cli.console import Console, ReaderIsGone
from runner.errors import CannotRun, ConfigurationError, RunnerError, os_reason

EXIT_BUG = 70
EXIT_INTERRUPTED = 130
#: ``plan --detailed-exitcode`` says every error with 1, as Terraform does; 2 is "changes".
DETAILED_ERROR = 1


def run(group: click.Group, arguments: Sequence[str]) -> int:
    """Run ``group`` with ``arguments``; returns the exit code and prints what went wrong."""
    try:
        return _run(group, arguments, Console.of_process())
    except (BrokenPipeError, ReaderIsGone):
        return _reader_is_gone()


def _run(group: click.Group, arguments: Sequence[str], console: Console) -> int:
    try:
        result = group.main(list(arguments), prog_name="runner", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt):
        console.problem("Interrupted.")
        return EXIT_INTERRUPTED
    except (BrokenPipeError, ReaderIsGone):
        raise
    except Exception as error:  # noqa: BLE001 # the one net under everything
        code = _explain(error, console)
        return DETAILED_ERROR if "--detailed-exitcode" in arguments else code
    return result if isinstance(result, int) else 0


def _explain(error: Exception, console: Console) -> int:
    """Print ``error`` for the user; returns the exit code it stands for."""
    if isinstance(error, click.ClickException):
        error.show(sys.stderr)
        return error.exit_code
    if isinstance(error, ConfigurationError):
        console.diagnostics(error.diagnostics)
        return error.exit_code
    if isinstance(error, RunnerError):
        console.problem(f"Error: {error.message}", hint=error.hint)
        return error.exit_code
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        where = error.filename or "what it was told to print or to write"
        console.problem(
            f"Error: The runner can't write {where}: {os_reason(error)}.",
            hint="Make room, or send it elsewhere.",
        )
        return CannotRun.exit_code
    return _crashed(error, console)


def _reader_is_gone() -> int:
    """End quietly, as a program in a pipe does, when whoever read the output has left."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + signal.SIGPIPE


def _crashed(error: Exception, console: Console) -> int:
    import tempfile  # noqa: PLC0415 # only for a bug
    import traceback  # noqa: PLC0415

    text = console.mask("".join(traceback.format_exception(error)))
    with tempfile.NamedTemporaryFile(
        "w", prefix="runner-crash-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write(text)
    console.problem(
        f"Error: a bug in the runner ({type(error).__name__}).",
        hint=f"Please report it with {file.name}, which says where; secrets in it are masked.",
    )
    return EXIT_BUG

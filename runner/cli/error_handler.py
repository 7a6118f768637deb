"""The one place that turns exceptions into exit codes, and the unexpected into a crash file."""

import errno
import os
import signal
import sys
from collections.abc import Sequence
from typing import Final

import click

from runner.cli.console import Console, ReaderIsGone
from runner.errors import CannotRun, ConfigurationError, RunnerError, UsageError, os_reason

EXIT_BUG: Final = 70
EXIT_INTERRUPTED: Final = 130
#: ``plan --detailed-exitcode`` ends with 1 on every error, as Terraform does; 2 means "changes".
DETAILED_ERROR: Final = 1

#: Refusals of the machine, which are not bugs of the program.
_MACHINE: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM}
    | {errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)


def run(group: click.Group, arguments: Sequence[str]) -> int:
    """Run ``group`` with ``arguments``, print what went wrong, and return the exit code."""
    console = Console.of_process()
    try:
        try:
            result = group.main(list(arguments), prog_name="runner", standalone_mode=False)
            sys.stdout.flush()
        except (BrokenPipeError, ReaderIsGone):
            raise
        except click.exceptions.Exit as stop:
            return stop.exit_code
        except BaseException as error:  # noqa: BLE001 # the one net under everything: some libraries' errors are no Exception
            return _failed(error, arguments, console)
        return result if isinstance(result, int) else 0
    except (BrokenPipeError, ReaderIsGone):  # also while the error was printed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


def _failed(error: BaseException, arguments: Sequence[str], console: Console) -> int:
    if isinstance(error, SystemExit) and "_RUNNER_COMPLETE" in os.environ:
        return int(error.code or 0)  # click answers a shell that asks for completions
    if isinstance(error, click.NoSuchOption):
        from runner.cli.elsewhere import no_such_option  # noqa: PLC0415 # only then

        error = click.UsageError(no_such_option(error), error.ctx)
    errors = _parts(error)
    code = max([_explain(each, console) for each in errors])
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for each in errors:
            _annotate(each, arguments, console)
    is_detailed = any(argument.startswith("--detailed-exitcode") for argument in arguments)
    return DETAILED_ERROR if is_detailed and code != EXIT_INTERRUPTED else code


def _parts(error: BaseException) -> Sequence[BaseException]:
    """Return the errors of a group that holds nothing but errors for the user, else ``error``."""
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    parts = [part for each in error.exceptions for part in _parts(each)]
    return parts if all(isinstance(part, RunnerError) for part in parts) else [error]


def _explain(error: BaseException, console: Console) -> int:
    """Print ``error`` for the user, and return its exit code."""
    match error:
        case click.Abort() | KeyboardInterrupt():
            # Coroutines that were cut off may complain when they are thrown away.
            sys.unraisablehook = lambda _: None
            console.problem("Interrupted.")
            return EXIT_INTERRUPTED
        case click.ClickException():
            _explain_usage(error, console)
            return error.exit_code
        case RunnerError():
            if isinstance(error, ConfigurationError):
                console.diagnostics(error.diagnostics)
            else:
                console.problem(f"Error: {error.message}", hint=error.hint)
            return error.exit_code
        case OSError() if error.errno in _MACHINE:
            where = error.filename or "standard output"
            console.problem(
                f"Error: {where} can't be read or written: {os_reason(error)}.",
                hint="Free some space, fix the permissions, or choose another place.",
            )
            return CannotRun.exit_code
        case _:
            return _crashed(error, console)


def _annotate(error: BaseException, arguments: Sequence[str], console: Console) -> None:
    """Report errors that the user can fix to GitHub Actions."""
    from runner.reports.progress.github_actions import report_failure  # noqa: PLC0415 # only there
    from runner.reports.progress.masking import masked  # noqa: PLC0415

    if isinstance(error, click.ClickException):
        error = UsageError(error.format_message())
    if not isinstance(error, RunnerError):
        return
    diagnostics = error.diagnostics if isinstance(error, ConfigurationError) else ()
    report_failure(
        masked(tuple(diagnostics), console.mask),
        [console.mask(text) for text in (error.message, error.hint) if text],
        environ=os.environ,
        write=console.annotate,
        sets_verdict=bool({"apply", "wait"}.intersection(arguments)),
    )


def _explain_usage(error: click.ClickException, console: Console) -> None:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        console.write(error.format_message(), console.err)
        return
    if isinstance(error, click.UsageError) and error.ctx is not None:
        console.write(error.ctx.get_usage(), console.err)
        console.say(f"Try '{error.ctx.command_path} --help' for help.", console.err)
    console.problem(f"Error: {error.format_message()}")


def _crashed(error: BaseException, console: Console) -> int:
    try:
        hint = f"Please report it with {_crash_file(error, console)}; secrets in it are masked."
    except BaseException:  # noqa: BLE001 # neither a full disk nor a second bug changes the exit code
        hint = "No crash file could be written."
    console.problem(f"Error: a bug in the runner ({type(error).__name__}).", hint=hint)
    return EXIT_BUG


def _crash_file(error: BaseException, console: Console) -> str:
    """Write the traceback of ``error`` to a file, and return its path."""
    import tempfile  # noqa: PLC0415 # only for a bug
    import traceback  # noqa: PLC0415

    text = "".join(traceback.format_exception(error))
    screen = console.redactor.screen
    if screen(text) != console.mask(text):  # a secret that nothing but the whole text shows
        text = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)))
    # Line by line, so that a line that can't be shown hides no other.
    lines = [screen(line) for line in console.mask(text).splitlines()]
    with tempfile.NamedTemporaryFile(
        "w", prefix="runner-crash-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write("\n".join(lines) + "\n")
    return file.name

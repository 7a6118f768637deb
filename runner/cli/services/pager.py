"""Show long text in a pager on a terminal, as git does."""

import subprocess
from collections.abc import Mapping
from shutil import which

from runner.cli.console import Console

#: Settings of less that git gives it too: quit if it fits, keep colours, leave the text there.
_LESS = "FRX"


def page(text: str, console: Console, environ: Mapping[str, str]) -> bool:
    """Show ``text``, masked, in ``PAGER`` or less; returns whether that was done.

    Nothing is done if standard output is not a terminal, ``PAGER`` is empty or ``cat``, or the
    pager can't be started.
    """
    pager = environ.get("PAGER", which("less") or "")
    if pager in {"", "cat"} or environ.get("TERM") == "dumb" or not console.out.isatty():
        return False
    try:
        process = subprocess.Popen(  # noqa: S602 # PAGER is a command line of the user's own
            pager,
            shell=True,
            stdin=subprocess.PIPE,
            text=True,
            encoding=console.out.encoding or "utf-8",
            errors="replace",
            env={"LESS": _LESS, "LV": "-c", **environ},
        )
    except OSError:
        return False
    try:
        process.communicate(console.mask(console.folded(text, console.out)) + "\n")
    except (BrokenPipeError, KeyboardInterrupt):  # closed, or interrupted, before the end
        process.wait()
    return process.returncode != _NOT_FOUND


#: The exit code of a shell that finds no such command.
_NOT_FOUND = 127

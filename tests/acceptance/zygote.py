"""Runs the command again and again without paying for its imports each time.

Reads one JSON line a run, ``{"arguments", "folder", "environment", "output"}``, forks, and lets
the child be the command. Says the child's process id, and when it has ended its code; a child
that is killed from outside is as dead as any process, with its connections and files.
"""

import json
import os
import sys

# What a command imports; none of it starts a thread before it is used.
import runner.cli.actions.apply
import runner.cli.actions.wait
import runner.cli.app
import runner.cli.commands.state
import runner.cli.error_handler
import runner.state.maintenance
import runner.state.transfer


def child(run: dict[str, object]) -> None:
    """Become the command; never returns."""
    output = os.open(str(run["output"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(str(run["folder"]))
    os.environ.update(run["environment"])  # type: ignore[call-overload] # texts, from JSON
    code = runner.cli.error_handler.run(runner.cli.app.runner, run["arguments"])  # type: ignore[arg-type] # the same
    sys.stdout.flush()
    os._exit(code)


def main() -> None:
    """Serve until the input ends."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            child(json.loads(line))
        print(pid, flush=True)  # noqa: T201 # the answer
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 # the answer


if __name__ == "__main__":
    main()

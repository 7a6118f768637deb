"""Commands and options of other tools, and what they are called here."""

import click

from runner.nearest import did_you_mean

_COMMANDS = {
    **dict.fromkeys(("trigger", "test", "run", "start"), "apply"),
    **dict.fromkeys(("diff", "preview"), "plan"),
    **{name: f"--{name}" for name in ("help", "version")},
    "login": "npx checkly login",
    "completion": "_RUNNER_COMPLETE=bash_source runner",
}
_OPTIONS = {
    **dict.fromkeys(("-r", "--reporter"), "--report"),
    **dict.fromkeys(("-c", "--config"), "--file"),
    "--auto-approve": "--yes",
    "--parallelism": "--concurrency",
}
#: Options of ``npx checkly trigger`` that are keys of a profile.
_KEYS = {
    **dict.fromkeys(("-t", "--tags"), "target.matchTags"),
    "--check-id": "target.checkId",
    **dict.fromkeys(("--location", "--private-location"), "runLocation"),
    **dict.fromkeys(("-e", "--env"), "environmentVariables"),
    **dict.fromkeys(("-n", "--test-session-name"), "name"),
    "--retries": "retryStrategy",
    "--refresh-cache": "refreshCache",
    "--timeout": "timeoutSeconds",
    **dict.fromkeys(("--fail-on-no-matching", "--no-fail-on-no-matching"), "failOnNoMatching"),
}


def no_such_command(name: str, known: list[str]) -> str:
    """Return the message for an unknown command."""
    other = _COMMANDS.get(name)
    hint = f"Did you mean '{other}'?" if other else did_you_mean(name, known)
    return f"No such command '{name}'." + (f" {hint}" if hint else "")


def no_such_option(error: click.NoSuchOption) -> str:
    """Return the message for an unknown option."""
    message = f"No such option '{error.option_name}'."
    if key := _KEYS.get(error.option_name):
        return (
            f"{message} Set `{key}` in a profile instead; `runner import` turns a command line"
            " of `npx checkly trigger` into one."
        )
    option = _OPTIONS.get(error.option_name)
    if error.ctx and any(option in param.opts for param in error.ctx.command.params):
        return f"{message} Did you mean '{option}'?"
    return error.format_message()

"""The table of commands: a command's module is imported only when the command runs."""

import os
from importlib import import_module
from typing import TYPE_CHECKING

import click

from runner.cli.options.shared import shared_options

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

#: Name, place in ``runner.cli.commands`` and one line of help of each command, in help's order.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("file.init", "Write a commented starter file."),
    "validate": ("file.validate", "Check the file like a compiler."),
    "list": ("plan.list_", "List the selected instances."),
    "show": ("plan.show", "Print the compiled request of a profile, with secrets masked."),
    "plan": ("plan.plan", "Show what would start, and what changed since the last apply."),
    "apply": ("apply.apply", "Start test sessions, follow them to the end, and report."),
    "wait": ("apply.wait", "Re-attach to detached or interrupted sessions."),
    "cancel": ("apply.cancel", "Cancel the running sessions of the last apply."),
    "status": ("history.status", "Show the last verdict of each instance."),
    "history": ("history.history", "List past applies, with a trend."),
    "checks": ("history.checks", "Show the pass and flake rates of each check."),
    "quarantine": ("history.quarantine", "Suggest quarantines for flaky checks."),
    "dashboard": ("history.dashboard", "Write the history as one HTML page."),
    "state": ("state.state", "Inspect and maintain the state."),
    "fmt": ("file.fmt", "Format the file, keeping its comments."),
    "import": ("file.import_", "Turn an `npx checkly trigger` command line into a profile."),
    "schema": ("file.schema", "Print the JSON Schema of the file."),
    "emulator": ("emulator.emulator", "Serve a local Checkly API."),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name, and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 # click's interface
        """Names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 # click's interface
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(".")
        command = getattr(import_module(f"runner.cli.commands.{module}"), name)
        assert isinstance(command, click.Command)  # noqa: S101 # a promise of the table
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Names from the table alone, then the options: completion must not import commands."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 # only when it is needed

        names = [
            CompletionItem(name, help=text)
            for name, (_, text) in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return name and command; suggest the nearest name of an unknown one."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from runner.cli.elsewhere import no_such_command  # noqa: PLC0415 # when needed

            raise click.UsageError(no_such_command(name, [*COMMANDS]), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 # click's interface
        """List the commands from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `runner init`, then `runner plan` and `runner apply PROFILE`.",
)
@shared_options
def runner() -> None:
    """Declarative Checkly test sessions.

    Profiles are declared in checkly-sessions.yaml: `plan` shows what would start, `apply`
    starts it, follows it to the end and gates on the result.
    """


if "_RUNNER_COMPLETE" in os.environ:
    from runner.cli.options.shells import register

    register()

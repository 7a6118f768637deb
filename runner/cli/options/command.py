"""A command whose help sets the shared options apart and ends with examples."""

from collections.abc import Callable, Sequence
from typing import Any

import click


class SharedOption(click.Option):
    """An option that every command takes."""


class Command(click.Command):
    """A command of the program.

    Attributes:
        examples: Command lines for help and for the reference.
    """

    def __init__(self, *args: Any, examples: Sequence[str] = (), **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.examples = examples

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the command's own options, the shared ones, and the examples."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for option in self.get_params(ctx):
            record = option.get_help_record(ctx) if isinstance(option, click.Option) else None
            title = "Options of every command" if isinstance(option, SharedOption) else "Options"
            if record:
                sections.setdefault(title, []).append(record)
        for title in sorted(sections):
            with formatter.section(title):
                formatter.write_dl(sections[title])
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{'':>{formatter.current_indent}}$ {example}\n")


class Group(click.Group):
    """A group of such commands."""

    command_class = Command


def command(
    *examples: str, name: str | None = None, cls: type[Command] = Command, **settings: Any
) -> Callable[[Callable[..., Any]], Command]:
    """Declare a command, with ``examples`` of its use."""
    return click.command(name, cls, examples=examples, **settings)

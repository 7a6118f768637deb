"""``runner emulator``."""

from pathlib import Path

import click

from runner.cli.options.command import command
from runner.cli.options.kinds import flag, number_option
from runner.cli.options.shared import runs


@command()
@number_option(
    "--port",
    range=click.IntRange(0, 65535),
    default=0,
    metavar="PORT",
    help="Port to listen on; 0 picks a free one.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    metavar="ADDRESS",
    show_default=True,
    help="Address to listen on.",
)
@click.option(
    "--world", type=click.Path(path_type=Path), metavar="FILE", help="What to serve, as YAML."
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="SPEC",
    help="What goes wrong, such as 429:times=2 (repeatable).",
)
@click.option(
    "--seed",
    type=int,
    metavar="N",
    help="Seed that decides which requests fail and which ids are given out.",
)
@click.option(
    "--record",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Append the traffic to a file as JSON lines, masked.",
)
@number_option(
    "--speed",
    "time_scale",
    range=click.FloatRange(0, 1000),
    default=1.0,
    metavar="SECONDS",
    help="Seconds that pass for a session in one real second.",
)
@flag("--virtual-time", help="Skip time while all clients only wait.")
@runs("emulator:serve")
def emulator() -> None:
    """Serve a local Checkly API, and print the variables that point clients at it.

    The variables go to standard output, ready for `export`; everything else goes to standard error.
    """

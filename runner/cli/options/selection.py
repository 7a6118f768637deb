"""The argument and options by which commands select profiles."""

import click

from runner.cli.options.completion import profile_names

PROFILE_ARGUMENT = click.argument(
    "names", nargs=-1, metavar="[PROFILE]...", shell_complete=profile_names
)
LABEL_OPTION = click.option(
    "-l",
    "--label",
    "labels",
    multiple=True,
    metavar="KEY=VALUE",
    help="Only instances with this label.",
)

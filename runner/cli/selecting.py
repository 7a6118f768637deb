"""The argument and options by which commands select profiles."""

import click

PROFILE_ARGUMENT = click.argument("names", nargs=-1, metavar="[PROFILE]...")
LABEL_OPTION = click.option(
    "-l",
    "--label",
    "labels",
    multiple=True,
    metavar="KEY=VALUE",
    help="Only instances with this label.",
)

"""The argument and options by which commands select profiles."""

import click

from runner.cli.options.completion import labels, profile_names

PROFILE_ARGUMENT = click.argument(
    "names", nargs=-1, metavar="[PROFILE]...", shell_complete=profile_names
)
LABEL_OPTION = click.option(
    "-l",
    "--label",
    "labels",
    multiple=True,
    metavar="KEY=VALUE",
    shell_complete=labels,
    help="Only instances with this label; KEY!=VALUE, only those without.",
)
PRUNE_OPTION = click.option(
    "--prune", is_flag=True, help="Also archive records of what the file does not declare any more."
)
EXCLUDE_OPTION = click.option(
    "--exclude",
    "excluded",
    multiple=True,
    metavar="PROFILE",
    shell_complete=profile_names,
    help="Leave a profile or an instance out; wildcards may be used.",
)

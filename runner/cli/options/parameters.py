"""Arguments and options that several commands take."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from runner.cli.options.completion import labels, profile_names
from runner.cli.options.kinds import flag, format_option
from runner.cli.options.shared import keep_labels, kept_argument, kept_option, runs

PROFILE_ARGUMENT = kept_argument(
    "names", nargs=-1, metavar="[PROFILE]...", shell_complete=profile_names
)
LABEL_OPTION = kept_option(
    "-l",
    "--label",
    "labels",
    multiple=True,
    metavar="KEY=VALUE",
    callback=keep_labels,
    shell_complete=labels,
    help="Only instances with this label; KEY!=VALUE means those without it (repeatable).",
)
EXCLUDE_OPTION = kept_option(
    "--exclude",
    "excluded",
    multiple=True,
    metavar="PROFILE",
    shell_complete=profile_names,
    help="Leave out a profile, an instance or a wildcard, and what only that needs (repeatable).",
)
PRUNE_OPTION = kept_option(
    "--prune", is_flag=True, help="Also archive records of what the file no longer declares."
)
EMULATOR_OPTION = kept_option(
    "--emulator",
    "emulated",
    is_flag=True,
    help="Use a local emulator with a state of its own: no account needed.",
)
WORLD_OPTION = kept_option(
    "--world",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What the emulator serves, as YAML.",
)
FORMAT_OPTION = format_option("text", "json")
SINCE_OPTION = click.option(
    "--since",
    default="30d",
    metavar="WHEN",
    show_default=True,
    help="Only applies since then: 7d, 12h or 2026-08-01.",
)
YES_OPTION = flag("-y", "--yes", help="Do not ask.")


def runs_on_state(place: str) -> Callable[[Callable[[], None]], Callable[..., Any]]:
    """Like ``runs``, for a command that only looks at the state, which may be an emulator's."""
    emulator = kept_option(
        "--emulator",
        "emulated",
        is_flag=True,
        help="Use the state of `--emulator` runs.",
    )
    return lambda documented: emulator(runs(place)(documented))

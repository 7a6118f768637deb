"""``runner quarantine``."""

from typing import TYPE_CHECKING

import click

from runner.cli.console import Console
from runner.cli.options.common import common_options, current
from runner.cli.services.past import SINCE_OPTION, past_applies
from runner.cli.services.state import EMULATED_OPTION, moment, state_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.cli.services.configuration import Reading
    from runner.models.contract.settings import Quarantine
    from runner.models.instance import Instance
    from runner.reports.history.quarantine import Suggestion


@click.group()
def command() -> None:
    """Look after checks whose failures do not count for a while."""


@command.command()
@SINCE_OPTION
@EMULATED_OPTION
@common_options
def suggest(since: str, emulated: bool) -> int:
    """Print the YAML that quarantines flaky checks."""
    from runner.config.selection import Selection  # noqa: PLC0415 # everything heavy
    from runner.models.clock import SystemClock  # noqa: PLC0415
    from runner.reports.history.check_stats import check_stats  # noqa: PLC0415
    from runner.reports.history.quarantine import idle, suggestions  # noqa: PLC0415

    console, now = Console.of_process(), SystemClock().now()
    everything = Selection(())
    reading, state, _ = state_of(current(), console, emulated=emulated)
    past = past_applies(state, console, everything, since=moment(since, "--since", now))
    instances = reading.compile(everything).instances
    stats = check_stats(past)
    declared = {each.profile: each.settings.quarantine for each in instances}
    quarantined = {name: [entry.check for entry in found] for name, found in declared.items()}
    owners = {each.profile: _owner(each, reading) for each in instances}
    found = suggestions(stats, owners, quarantined, now.date())
    for profile, check in idle(stats, quarantined):
        console.problem(
            f"The quarantine of {check} in {profile} has nothing left to do: every run passed.",
            hint="Remove it.",
        )
    if found:
        console.write(_yaml(found, declared, since).rstrip("\n"))
    else:
        console.problem("No check flakes enough to be quarantined.")
    return 0


def _owner(instance: "Instance", reading: "Reading") -> str:
    """Who is asked about a profile: its labels say so, or the author of the commit."""
    labels = instance.settings.labels
    author = reading.context.value("git.author")
    return labels.get("owner") or labels.get("team") or author or "unassigned"


def _yaml(
    found: "list[Suggestion]", declared: "Mapping[str, Sequence[Quarantine]]", since: str
) -> str:
    """The whole `quarantine` of each profile, since a list replaces the one it inherits."""
    from runner.config.yaml.dump import yaml_text  # noqa: PLC0415

    profiles: dict[str, dict[str, list[dict[str, str]]]] = {}
    for each in found:
        before = [entry.model_dump(mode="json") for entry in declared[each.profile]]
        profile = profiles.setdefault(each.profile, {"quarantine": before})
        profile["quarantine"].append(each.entry())
    for profile in profiles.values():
        for entry in profile["quarantine"]:
            # What stands in the file is a template, and these texts are not.
            entry |= {key: text.replace("$<", "$$<") for key, text in entry.items()}
    title = f"Put each list into its profile, in place of one that is there; since {since}."
    return yaml_text({"profiles": profiles}, title)

"""``runner checks`` and ``runner quarantine``: how checks did, and which of them flake."""

from collections.abc import Mapping, Sequence

from runner.cli.options.common import Common
from runner.cli.services.composition import Composition
from runner.cli.services.configuration import Reading
from runner.cli.services.past import past_applies
from runner.cli.services.state import moment
from runner.config.selection import Selection
from runner.config.yaml.dump import yaml_text
from runner.models.clock import Clock
from runner.models.contract.settings import Quarantine
from runner.models.instance import Instance
from runner.reports.history import json_, text
from runner.reports.history.check_stats import check_stats
from runner.reports.history.quarantine import is_idle, suggestions


def checks(common: Common, *, flaky: bool, since: str, form: str) -> None:
    """Print how each check did."""
    console, now = common.console, Clock().now()
    parts = Composition(common, at_rest=True)
    past = past_applies(parts, common.selection, since=moment(since, "--since", now))
    stats = [each for each in check_stats(past) if each.flake_rate or not flaky]
    if form == "json":
        console.write(json_.checks(stats))
    else:
        style = console.style_for(console.out)
        console.write(text.checks(stats, now, style, flaky=flaky))


def suggest(common: Common, since: str) -> None:
    """Print the YAML that quarantines flaky checks."""
    console, now = common.console, Clock().now()
    everything = Selection()
    parts = Composition(common, at_rest=True)
    past = past_applies(parts, everything, since=moment(since, "--since", now))
    instances = parts.reading.compile(everything).instances
    stats = check_stats(past)
    declared = {each.profile: each.settings.quarantine for each in instances}
    owners = {each.profile: _owner(each, parts.reading) for each in instances}
    for profile, entries in declared.items():
        for check in (entry.check for entry in entries):
            if is_idle(stats, check, profile):
                console.problem(
                    f"The quarantine of {check} in {profile} is no longer needed: "
                    "every run passed.",
                    hint="Remove it.",
                )
    found = suggestions(stats, owners, declared, now.date())
    if found:
        console.write(_yaml({name: [*declared[name], *found[name]] for name in found}, since))
    else:
        console.problem("No check is flaky enough to be quarantined.")


def _owner(instance: Instance, reading: Reading) -> str:
    """The owner of a profile by its labels, or the author of the commit."""
    labels = instance.settings.labels
    author = reading.context.value("git.author")
    return labels.get("owner") or labels.get("team") or author or "unassigned"


def _yaml(quarantines: Mapping[str, Sequence[Quarantine]], since: str) -> str:
    """The whole `quarantine` of each profile, since a list replaces the one it inherits."""
    profiles = {name: {"quarantine": list(map(_entry, each))} for name, each in quarantines.items()}
    title = f"Put each list into its profile, replacing any that is there. Counted since {since}."
    return yaml_text({"profiles": profiles}, title)


def _entry(entry: Quarantine) -> dict[str, str]:
    # Values in the file are templates, and these texts are not.
    texts = entry.model_dump(mode="json").items()
    return {key: text.replace("$<", "$$<") for key, text in texts}

"""``runner checks`` and ``runner quarantine``: how checks fared, and which of them flake."""

from collections.abc import Mapping, Sequence

from runner.cli.options.common import Common
from runner.cli.services.composition import Composition
from runner.cli.services.configuration import Reading
from runner.cli.services.past import past_applies
from runner.cli.services.state import moment
from runner.config.selection import Selection
from runner.config.yaml.dump import yaml_text
from runner.models.clock import SystemClock
from runner.models.contract.settings import Quarantine
from runner.models.instance import Instance
from runner.reports.history import checks_json, checks_text
from runner.reports.history.check_stats import check_stats
from runner.reports.history.quarantine import Suggestion, idle, suggestions


def checks(common: Common, *, flaky: bool, since: str, form: str) -> None:
    """Print how each check fared."""
    console, now, chosen = common.console, SystemClock().now(), common.selection
    parts = Composition(common, at_rest=True)
    past = past_applies(parts, chosen, since=moment(since, "--since", now))
    stats = [each for each in check_stats(past) if each.flake_rate or not flaky]
    if form == "json":
        console.write(checks_json.render(stats))
    else:
        style = console.style_for(console.out)
        console.write(checks_text.render(stats, now, style, flaky=flaky))


def suggest(common: Common, since: str) -> None:
    """Print the YAML that quarantines flaky checks."""
    console, now = common.console, SystemClock().now()
    everything = Selection()
    parts = Composition(common, at_rest=True)
    past = past_applies(parts, everything, since=moment(since, "--since", now))
    instances = parts.reading.compile(everything).instances
    stats = check_stats(past)
    declared = {each.profile: each.settings.quarantine for each in instances}
    quarantined = {name: [entry.check for entry in found] for name, found in declared.items()}
    owners = {each.profile: _owner(each, parts.reading) for each in instances}
    found = suggestions(stats, owners, quarantined, now.date())
    for profile, check in idle(stats, quarantined):
        console.problem(
            f"The quarantine of {check} in {profile} has nothing left to do: every run passed.",
            hint="Remove it.",
        )
    if found:
        console.write(_yaml(found, declared, since))
    else:
        console.problem("No check flakes enough to be quarantined.")


def _owner(instance: Instance, reading: Reading) -> str:
    """Who is asked about a profile: its labels say so, or the author of the commit."""
    labels = instance.settings.labels
    author = reading.context.value("git.author")
    return labels.get("owner") or labels.get("team") or author or "unassigned"


def _yaml(
    found: Sequence[Suggestion], declared: Mapping[str, Sequence[Quarantine]], since: str
) -> str:
    """The whole `quarantine` of each profile, since a list replaces the one it inherits."""
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

"""``runner list``."""

from runner.cli.options.common import Common
from runner.cli.services.composition import Composition
from runner.config.selection import selection
from runner.reports.text.json_ import dump_json

FORMAT_VERSION = 1


def list_(
    common: Common,
    names: tuple[str, ...],
    labels: tuple[str, ...],
    excluded: tuple[str, ...],
    form: str,
) -> None:
    """Print the instances that a selection holds, in the order of the file."""
    chosen = selection(names, labels, excluded)
    compiled = Composition(common).reading.compile(chosen, with_needs=False)
    if form == "text":
        for instance in compiled.instances:
            common.console.say(instance.name)
        return
    instances = [
        {
            "instance": instance.name,
            "profile": instance.profile,
            "matrix": dict(instance.matrix),
            "description": instance.settings.description,
            "labels": instance.settings.labels,
            "needs": instance.settings.needs,
        }
        for instance in compiled.instances
    ]
    common.console.write(dump_json({"formatVersion": FORMAT_VERSION, "instances": instances}))

"""``runner list``."""

from typing import TYPE_CHECKING, Any

import click

from runner.cli.console import Console
from runner.cli.options.common import common_options, current
from runner.cli.options.selection import EXCLUDE_OPTION, LABEL_OPTION, PROFILE_ARGUMENT

if TYPE_CHECKING:
    from runner.models.instance import Instance

FORMAT_VERSION = 1


@click.command()
@PROFILE_ARGUMENT
@LABEL_OPTION
@EXCLUDE_OPTION
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How to print the list.",
)
@common_options
def command(
    names: tuple[str, ...], labels: tuple[str, ...], excluded: tuple[str, ...], form: str
) -> None:
    """List the instances that a selection holds, in the order of the file.

    Nothing is asked of the account or the state.
    """
    from runner.cli.services.composition import Composition  # noqa: PLC0415 # everything heavy
    from runner.config.selection import selection  # noqa: PLC0415
    from runner.reports.text.json_ import dump_json  # noqa: PLC0415

    console = Console.of_process()
    reading = Composition(current(), console).reading
    compiled = reading.compile(selection(names, labels, excluded), with_needs=False)
    if form == "json":
        instances = [_entry(instance) for instance in compiled.instances]
        document = {"formatVersion": FORMAT_VERSION, "instances": instances}
        console.write(dump_json(document).rstrip("\n"))
        return
    for instance in compiled.instances:
        console.say(instance.name)


def _entry(instance: "Instance") -> dict[str, Any]:
    settings = instance.settings
    return {
        "instance": instance.name,
        "profile": instance.profile,
        "matrix": dict(instance.matrix),
        "description": settings.description,
        "labels": settings.labels,
        "needs": settings.needs,
    }

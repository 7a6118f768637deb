"""``runner show``."""

import click

from runner.cli.console import Console
from runner.cli.options.common import common_options, current
from runner.cli.options.completion import profile_names


@click.command()
@click.argument("profile", shell_complete=profile_names)
@click.option(
    "--format",
    "form",
    type=click.Choice(["yaml", "json", "curl"]),
    default="yaml",
    help="How to print the request.",
)
@common_options
def command(profile: str, form: str) -> None:
    """Print the compiled request of PROFILE, masked.

    Of a profile with a matrix every instance is printed.
    """
    import json  # noqa: PLC0415 # each of these only when the command runs

    from runner.cli.services.composition import Composition  # noqa: PLC0415
    from runner.config.selection import selection  # noqa: PLC0415
    from runner.config.yaml.dump import yaml_text  # noqa: PLC0415
    from runner.reports.text.curl import as_curl, masked_body  # noqa: PLC0415

    console = Console.of_process()
    reading = Composition(current(), console).reading
    compiled = reading.compile(selection([profile], []), with_needs=False)
    bodies = {
        instance.name: masked_body(instance.body, console.redactor.mark)
        for instance in compiled.instances
    }
    if form == "json":
        value = next(iter(bodies.values())) if len(bodies) == 1 else bodies
        console.write(json.dumps(value, indent=2, ensure_ascii=False))
        return
    for name, body in bodies.items():
        text = as_curl(name, body, reading.api_url) if form == "curl" else yaml_text(body, name)
        console.write(text.rstrip("\n"))

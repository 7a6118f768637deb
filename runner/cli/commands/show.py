"""``runner show``."""

from pathlib import Path
from typing import Any

import click

from runner.cli.console import Console
from runner.cli.options.common import common_options, current
from runner.cli.options.completion import profile_names
from runner.errors import UsageError


@click.command()
@click.argument("profile", required=False, shell_complete=profile_names)
@click.option(
    "--plan",
    "saved_plan",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Print a plan that was saved, instead of a profile.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["yaml", "json", "curl"]),
    default="yaml",
    help="How to print the request.",
)
@common_options
def command(profile: str | None, saved_plan: Path | None, form: str) -> None:
    """Print the compiled request of PROFILE, masked.

    Of a profile with a matrix every instance is printed.
    """
    from runner.config.yaml.dump import yaml_text  # noqa: PLC0415 # only when the command runs

    console = Console.of_process()
    if (profile is None) == (saved_plan is None):
        raise UsageError(
            "Name either a profile or --plan FILE.", hint="`runner list` shows what there is."
        )
    if saved_plan is not None:
        document = _saved(saved_plan)
        text = _json(document) if form == "json" else yaml_text(document, str(saved_plan))
        if form == "curl":
            raise UsageError("A saved plan can't be printed as curl.", hint="Name a profile.")
        console.write(text.rstrip("\n"))
        return
    _show(profile or "", form, console)


def _show(profile: str, form: str, console: Console) -> None:
    from runner.cli.services.composition import Composition  # noqa: PLC0415 # everything heavy
    from runner.config.selection import selection  # noqa: PLC0415
    from runner.config.yaml.dump import yaml_text  # noqa: PLC0415
    from runner.reports.text.curl import as_curl, masked_body  # noqa: PLC0415

    parts = Composition(current(), console)
    compiled = parts.reading.compile(selection([profile], []), with_needs=False)
    bodies = {
        instance.name: masked_body(instance.body, console.redactor.mark)
        for instance in compiled.instances
    }
    if form == "json":
        for name, body in bodies.items():
            if note := _all_checks(body):
                console.say(f"{name}: {note}", console.err)
        console.write(_json(next(iter(bodies.values())) if len(bodies) == 1 else bodies))
        return
    for name, body in bodies.items():
        text = as_curl(name, body, parts.api_url) if form == "curl" else yaml_text(body, name)
        title, _, rest = text.rstrip("\n").partition("\n")
        note = _all_checks(body)
        console.write("\n".join([title, *([f"# {note}"] if note else []), rest]))


def _all_checks(body: Any) -> str | None:
    """The line that says that no filter narrows the checks."""
    from runner.reports.plan.fields import ALL_CHECKS  # noqa: PLC0415

    target = body.get("target") or {}
    if not isinstance(target, dict) or target.get("matchTags") or target.get("checkId"):
        return None
    return f"target: {ALL_CHECKS}"


def _saved(path: Path) -> dict[str, Any]:
    """A saved plan as it may be shown."""
    from runner.cli.services.saved_plan import load  # noqa: PLC0415 # pydantic
    from runner.reports.plan.json_ import saved_document  # noqa: PLC0415

    return saved_document(load(path))


def _json(value: Any) -> str:
    import json  # noqa: PLC0415

    return json.dumps(value, indent=2, ensure_ascii=False)

"""``runner list`` and ``runner show``: the instances of a file, and their requests."""

import os
from pathlib import Path
from typing import Any

from runner.checkly.account import address
from runner.checkly.login import account_settings
from runner.cli.options.common import Common
from runner.cli.services.composition import Composition
from runner.config.selection import selection
from runner.config.yaml.dump import yaml_text
from runner.errors import UsageError
from runner.reports.plan.fields import ALL_CHECKS
from runner.reports.text.curl import as_curl, masked_body
from runner.reports.text.json_ import dump_json

FORMAT_VERSION = 1


def list_(common: Common, form: str) -> None:
    """Print the instances that a selection holds, in the order of the file."""
    compiled = Composition(common).reading.compile(common.selection, with_needs=False)
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


def show(common: Common, profile: str | None, saved_plan: Path | None, form: str) -> None:
    """Print the request of each instance of a profile, or a saved plan."""
    if profile is not None and saved_plan is None:
        _show(common, profile, form)
    elif saved_plan is not None and profile is None:
        _show_plan(common, saved_plan, form)
    else:
        raise UsageError(
            "Name either a profile or --plan FILE.", hint="`runner list` shows what there is."
        )


def _show_plan(common: Common, path: Path, form: str) -> None:
    from runner.cli.services.saved_plan import load  # noqa: PLC0415 # pydantic and obstore
    from runner.reports.plan.json_ import saved_document  # noqa: PLC0415

    document = saved_document(load(path))
    if form == "curl":
        raise UsageError("A saved plan can't be printed as curl.", hint="Name a profile.")
    common.console.write(dump_json(document) if form == "json" else yaml_text(document, str(path)))


def _show(common: Common, profile: str, form: str) -> None:
    parts, console = Composition(common), common.console
    compiled = parts.reading.compile(selection([profile], []), with_needs=False)
    bodies = {
        instance.name: masked_body(instance.body, console.redactor.mark)
        for instance in compiled.instances
    }
    if form == "json":
        for name, body in bodies.items():
            if note := _all_checks(body):
                console.say(f"{name}: {note}", console.err)
        console.write(dump_json(next(iter(bodies.values())) if len(bodies) == 1 else bodies))
        return
    for name, body in bodies.items():
        if form == "curl":
            settings = account_settings(os.environ, parts.env_file, ())
            text = as_curl(name, body, address(settings.environ))
        else:
            text = yaml_text(body, name)
        title, _, rest = text.partition("\n")
        note = _all_checks(body)
        console.write("\n".join([title, *([f"# {note}"] if note else []), rest]))


def _all_checks(body: Any) -> str | None:
    """The line that says that no filter narrows the checks."""
    target = body.get("target") or {}
    if not isinstance(target, dict) or target.get("matchTags") or target.get("checkId"):
        return None
    return f"target: {ALL_CHECKS}"

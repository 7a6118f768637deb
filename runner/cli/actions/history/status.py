"""``runner status``."""

from runner.cli.options.common import Common
from runner.cli.services.aio import run_async
from runner.cli.services.composition import Composition
from runner.cli.services.plan import fingerprint_of
from runner.cli.services.state import hint_at_emulator, still_unknown
from runner.config.compile.configuration import Compiled
from runner.config.selection import Selection
from runner.errors import StateError
from runner.models.clock import SystemClock
from runner.models.history import InstanceStatus
from runner.plan.diff import diff
from runner.plan.planner import normal_forms
from runner.reports.history import json_, text


def status(common: Common, form: str) -> None:
    """Print the last verdict of each instance."""
    console, chosen = common.console, common.selection
    parts = Composition(common, at_rest=True)
    problems: list[StateError] = []
    # An error in one profile does not hide the status of the others.
    # Records hold no labels, so only the file can tell which instances have them.
    compiled = parts.reading.compile(
        chosen, with_needs=False, may_miss=not chosen.labels, with_errors=True
    )
    unknown = compiled.missing
    statuses = run_async(_statuses(compiled, chosen, parts, problems))
    console.warn(*problems)
    records = run_async(parts.state.records(brief=True, problems=[])) if unknown else {}
    for error in still_unknown(unknown, records).values():
        raise error
    if form == "json":
        console.write(json_.status(statuses))
    else:
        style = console.style_for(console.out)
        console.write(text.status(statuses, SystemClock().now(), style))
    if all(status.record is None for status in statuses):
        hint_at_emulator(parts)


async def _statuses(
    compiled: Compiled, chosen: Selection, parts: Composition, problems: list[StateError]
) -> list[InstanceStatus]:
    """The status of each selected instance, in file order; those that left the file come last."""
    names = [instance.name for instance in compiled.instances]
    has_all = chosen.is_everything or bool(compiled.missing)
    requests = normal_forms(compiled.instances, fingerprint_of(parts.backend))
    wanted = None if has_all else names
    records = await parts.state.records(wanted, requests=requests, problems=problems)
    changed = {
        name: record.archived_at is None and bool(diff(record.request, requests[name]))
        for name, record in records.items()
        if name in requests
    }
    rest = sorted(
        name
        for name in records.keys() - requests.keys()
        if chosen.has_instance(records[name].profile, name)
    )
    return [
        InstanceStatus(
            name=name,
            profile=records[name].profile if name in records else name.partition("[")[0],
            record=records.get(name),
            changed=changed.get(name),
            is_declared=name in compiled.all_names,
        )
        for name in (*names, *rest)
    ]

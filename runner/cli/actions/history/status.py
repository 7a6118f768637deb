"""``runner status``."""

from collections.abc import Mapping

from runner.cli.options.common import Common
from runner.cli.services.aio import run_async
from runner.cli.services.composition import Composition
from runner.cli.services.plan import fingerprint_of
from runner.cli.services.state import hint_at_emulator, still_unknown
from runner.config.compile.configuration import Compiled
from runner.config.selection import Selection
from runner.errors import StateError, together
from runner.models.clock import Clock
from runner.models.history import InstanceStatus
from runner.models.record import Record
from runner.plan.diff import diff
from runner.plan.normalize import Normal
from runner.plan.planner import normal_forms
from runner.reports.history import json_, text


def status(common: Common, form: str) -> None:
    """Print the last verdict of each instance."""
    console, chosen = common.console, common.selection
    parts = Composition(common, at_rest=True)
    # An error in one profile does not hide the status of the others.
    # Records hold no labels, so only the file can tell which instances have them.
    compiled = parts.reading.compile(
        chosen, with_needs=False, may_miss=not chosen.labels, with_errors=True
    )
    requests = normal_forms(compiled.instances, fingerprint_of(parts.backend))
    wanted = None if chosen.is_everything or compiled.missing else requests
    problems = list[StateError]()
    records = run_async(parts.state.records(wanted, requests=requests, problems=problems))
    console.warn(*problems)
    if unknown := still_unknown(compiled.missing, records):
        raise together(unknown.values())
    statuses = _statuses(compiled, chosen, records, requests)
    if form == "json":
        console.write(json_.status(statuses))
    else:
        style = console.style_for(console.out)
        console.write(text.status(statuses, Clock().now(), style))
    if all(status.record is None for status in statuses):
        hint_at_emulator(parts)


def _statuses(
    compiled: Compiled,
    chosen: Selection,
    records: Mapping[str, Record],
    requests: Mapping[str, Normal],
) -> list[InstanceStatus]:
    """The status of each selected instance, in file order; those that left the file come last."""
    gone = sorted(
        name
        for name in records.keys() - requests.keys()
        if chosen.has_instance(records[name].profile, name)
    )
    statuses = []
    for name in (*requests, *gone):
        record = records.get(name)
        changed = None
        if record and name in requests:
            changed = record.archived_at is None and bool(diff(record.request, requests[name]))
        profile = record.profile if record else name.partition("[")[0]
        statuses.append(InstanceStatus(name, profile, record, changed, name in compiled.all_names))
    return statuses

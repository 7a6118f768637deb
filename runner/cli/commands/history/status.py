"""``runner status``."""

from typing import TYPE_CHECKING

import click

from runner.cli.console import Console
from runner.cli.options.common import common_options, current
from runner.cli.options.selection import LABEL_OPTION, PROFILE_ARGUMENT
from runner.cli.services.aio import run_async
from runner.cli.services.state import (
    EMULATED_OPTION,
    FORMAT_OPTION,
    hint_at_emulator,
    state_of,
    unknown_anywhere,
    warn,
)

if TYPE_CHECKING:
    from runner.cli.services.backend import Backend
    from runner.cli.services.configuration import Reading
    from runner.config.selection import Selection
    from runner.errors import StateError, UsageError
    from runner.models.history import InstanceStatus
    from runner.state.state import State


@click.command()
@PROFILE_ARGUMENT
@LABEL_OPTION
@FORMAT_OPTION
@EMULATED_OPTION
@common_options
def command(names: tuple[str, ...], labels: tuple[str, ...], form: str, emulated: bool) -> int:
    """Show the last verdict of each instance, and whether it changed since."""
    from runner.config.selection import Selection, selection  # noqa: PLC0415 # everything heavy
    from runner.models.clock import SystemClock  # noqa: PLC0415
    from runner.reports.history import status_json, status_text  # noqa: PLC0415

    console, chosen = Console.of_process(), selection(names, labels)
    reading, state, behind = state_of(current(), console, emulated=emulated)
    problems: list[StateError] = []
    unknown: dict[Selection, UsageError] = {}
    statuses = run_async(_statuses(chosen, reading, state, behind, problems, unknown))
    warn(problems, console)
    for part, error in unknown.items():
        if not any(part.has_instance(status.profile, status.name) for status in statuses):
            records = run_async(state.records(brief=True, problems=[]))
            raise unknown_anywhere(error, part.names[0], records) if part.names else error
    text = (
        status_json.render(statuses)
        if form == "json"
        else status_text.render(statuses, SystemClock().now(), console.style_for(console.out))
    )
    console.write(text.rstrip("\n"))
    if all(status.record is None for status in statuses):
        hint_at_emulator(current(), console, reading, state, emulated=emulated)
    return 0


async def _statuses(
    chosen: "Selection",
    reading: "Reading",
    state: "State",
    behind: "Backend",
    problems: "list[StateError]",
    unknown: "dict[Selection, UsageError]",
) -> "list[InstanceStatus]":
    """The status of each selected instance, in file order; those that left the file come last.

    What the file does not know is left in ``unknown``: the state may.
    """
    from runner.cli.services.plan import fingerprint_of  # noqa: PLC0415
    from runner.models.history import InstanceStatus  # noqa: PLC0415
    from runner.models.plan import Action  # noqa: PLC0415
    from runner.plan.planner import make_plan, normal_forms  # noqa: PLC0415

    # An error in one profile does not hide the status of the others.
    # Records hold no labels, so only the file can tell which instances have them.
    compiled = reading.compile(
        chosen,
        with_needs=False,
        unknown=None if chosen.labels else unknown,
        with_errors=True,
    )
    names = [instance.name for instance in compiled.instances]
    has_all = chosen.is_everything or bool(unknown)
    fingerprint = fingerprint_of(behind)
    requests = normal_forms(compiled.instances, fingerprint)
    wanted = None if has_all else names
    records = await state.records(wanted, requests=requests, problems=problems)
    plan = make_plan(compiled.instances, records, fingerprint, requests=requests)
    changed = {planned.name: planned.action is Action.UPDATE for planned in plan.instances}
    rest = sorted(
        name
        for name in records.keys() - changed.keys()
        if chosen.has_instance(records[name].profile, name)
    )
    return [
        InstanceStatus(
            name=name,
            profile=records[name].profile if name in records else name.partition("[")[0],
            record=records.get(name),
            changed=changed.get(name) if name in records else None,
            is_declared=name in compiled.all_names,
        )
        for name in (*names, *rest)
    ]

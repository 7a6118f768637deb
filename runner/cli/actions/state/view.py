"""``runner state list`` and ``show``: the records and locks that there are."""

from collections.abc import Collection, Sequence
from textwrap import indent
from typing import Any

from runner.cli.options.common import Common
from runner.cli.services.aio import run_async
from runner.cli.services.composition import Composition
from runner.config.selection import Selection
from runner.config.yaml.dump import yaml_text
from runner.errors import StateError, UsageError, together
from runner.models.record import Record
from runner.nearest import did_you_mean
from runner.reports.history.wording import who
from runner.reports.text.json_ import dump_json
from runner.reports.text.sanitize import safe_url
from runner.state.lock_table import Holder
from runner.state.state import State


def list_(common: Common, form: str) -> int:
    """Print the instances that have a record or a lock; returns the exit code."""
    console, state = common.console, Composition(common, at_rest=True).state
    problems = list[StateError]()
    records = run_async(state.records(brief=True, problems=problems))
    locks = by_instance(run_async(_held_locks(state, problems)))
    console.warn(*problems)
    names = sorted({*records, *locks})
    if form == "json":
        rows = [_row(name, records.get(name), locks.get(name)) for name in names]
        console.write(dump_json({"formatVersion": 1, "instances": rows}))
        return 0
    for name in names:
        console.say(f"{name}  {_summary(records.get(name), locks.get(name))}")
    if not names:
        console.say("The state has no records and no locks.")
    return 3 if problems else 0


def show(common: Common, name: str, form: str) -> int:
    """Print the record of one instance, and who holds its lock; returns the exit code."""
    console, state = common.console, Composition(common, at_rest=True).state
    problems = list[StateError]()
    locks = by_instance(run_async(_held_locks(state, problems)))
    records = run_async(state.records([name], problems=problems))
    if name not in records and name not in locks:
        known = run_async(state.records(brief=True, problems=[]))
        named([name], [*known, *locks], "has a record or a lock")
    row = _row(name, records.get(name), locks.get(name))
    if form == "json":
        console.write(dump_json({"formatVersion": 1, **row}))
    else:
        console.say(f"{name}  {_summary(records.get(name), locks.get(name))}")
        if row["record"]:
            record = yaml_text(row["record"], name).partition("\n")[2]
            console.write(indent(record, "  "))
    console.warn(*problems)
    return 3 if problems else 0


async def _held_locks(state: State, problems: list[StateError]) -> dict[str, Holder]:
    """The holders of locks, if the table can be read."""
    try:
        return (await state.lock_table.read()).holders
    except StateError as error:
        problems.append(error)
        return {}


def by_instance(holders: dict[str, Holder]) -> dict[str, Holder]:
    """The holder of the lock of each instance."""
    return dict(sorted((name, each) for each in holders.values() for name in each.instances))


def _row(name: str, record: Record | None, holder: Holder | None) -> dict[str, Any]:
    return {
        "instance": name,
        "record": record and record.model_dump(mode="json", by_alias=True, exclude_none=True),
        "lock": holder
        and holder.model_dump(mode="json", by_alias=True, exclude={"instances", "renewals"}),
    }


def _summary(record: Record | None, holder: Holder | None) -> str:
    parts = []
    if record is not None:
        verdict = record.verdict.value if record.verdict else "running"
        parts.append(f"{verdict}, {record.applied_at:%Y-%m-%d %H:%M} UTC, apply {record.apply_id}")
        if record.archived_at:
            parts.append("archived")
    if holder is not None:
        parts.append(holder_line(holder))
    return "; ".join(parts)


def holder_line(holder: Holder) -> str:
    """The holder of a lock, on one line."""
    url = safe_url(holder.by.ci_url)
    seen = f", last seen {holder.seen:%H:%M:%S}" if holder.seen else ""
    return (
        f"held by {who(holder.by)} (process {holder.by.pid}{f', {url}' if url else ''}) since "
        f"{holder.since:%Y-%m-%d %H:%M:%S} UTC{seen}"
    )


def named(names: Sequence[str], known: Collection[str], what: str) -> list[str]:
    """Return the known instances that ``names``, at least one, match.

    Raises:
        UsageError: Some match none.
    """

    def matched(*names: str) -> list[str]:
        chosen = Selection(names)
        return [each for each in known if chosen.has_instance(each.partition("[")[0], each)]

    if unknown := [name for name in names if not matched(name)]:
        raise together(
            UsageError(
                f"No instance {name!r} {what}.",
                hint=did_you_mean(name, known) or "`runner state list` shows what the state holds.",
            )
            for name in unknown
        )
    return matched(*names)

"""The state as lines of JSON: one a record, one an attempt, one a check; and back."""

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from runner.errors import StateError, UsageError
from runner.models.history import PastApply
from runner.models.record import (
    FORMAT_VERSION,
    Attempt,
    CheckRecord,
    Document,
    Initiator,
    Moment,
    Record,
)
from runner.state.state import State
from runner.state.store.codec import decode


class _Header(Document):
    """The first line of an export."""

    kind: Literal["state"] = "state"
    format_version: Literal[1] = FORMAT_VERSION
    host: str
    project: str
    scope: str
    exported_at: Moment


class _RecordLine(Record):
    kind: Literal["record"] = "record"


class _AttemptLine(Attempt):
    """An attempt; ``checks`` stand in lines of their own."""

    kind: Literal["attempt"] = "attempt"
    seconds: float | None = None
    apply_started_at: Moment
    apply_exit_code: int | None = None


class _CheckLine(CheckRecord):
    kind: Literal["check"] = "check"
    apply_id: str
    instance: str
    profile: str
    started_at: Moment | None = None
    """When its session was started."""
    commit: str | None = None
    branch: str | None = None


class _Kind(Document):
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import wrote, and what it left because the state had as much or more."""

    records: int
    applies: int
    left: int


class _Apply(Document):
    """An apply as it is put together again from its lines."""

    started_at: Moment
    exit_code: int | None
    attempts: dict[str, Attempt] = Field(default_factory=dict)


async def export(state: State, problems: list[StateError]) -> AsyncGenerator[str]:
    """All records and applies as lines of JSON, after a line that says where they are from.

    Documents that can't be read are told in ``problems`` and left out.

    Raises:
        StateError: The store can't be read.
    """
    yield _text(
        _Header(
            host=state.host,
            project=state.project.folder,
            scope=state.scope,
            exported_at=state.clock.now(),
        )
    )
    for record in (await state.records(problems=problems)).values():
        yield _text(_RecordLine.model_construct(**dict(record)))
    async for past in state.history(problems=problems):
        for attempt in past.attempts:
            yield _text(_attempt_line(past, attempt))
            for check in attempt.checks:
                yield _text(_check_line(attempt, check))


def _attempt_line(past: PastApply, attempt: Attempt) -> _AttemptLine:
    ended, began = attempt.stopped_at, attempt.started_at
    return _AttemptLine.model_construct(
        **{**dict(attempt), "checks": []},
        seconds=(ended - began).total_seconds() if ended and began else None,
        apply_started_at=past.started_at,
        apply_exit_code=past.exit_code,
    )


def _check_line(attempt: Attempt, check: CheckRecord) -> _CheckLine:
    return _CheckLine.model_construct(
        **dict(check),
        apply_id=attempt.apply_id,
        instance=attempt.instance,
        profile=attempt.profile,
        started_at=attempt.started_at,
        commit=attempt.commit,
        branch=attempt.branch,
    )


async def import_(state: State, lines: Iterable[str], *, source: str, owner: Initiator) -> Imported:
    """Take what an export wrote; what the state has already, or has newer, stays.

    The whole file is read before anything is written.

    Args:
        state: Where it goes.
        lines: What ``export`` made.
        source: The file's name, for messages.
        owner: Told to those who find the instances locked meanwhile.

    Raises:
        UsageError: It is not an export, or a newer release wrote it.
        StateError: The store can't be read or written.
        Locked: An apply has one of the instances.
    """
    records, applies = _parsed(lines, source)
    attempts = [attempt for each in applies.values() for attempt in each.attempts.values()]
    names = {*records, *(attempt.instance for attempt in attempts if attempt.is_open)}
    async with state.lock(names, owner, "import", timeout=0) as locks:
        history = await state.applies()
        known = set(await history.ids([]))
        new = {apply_id: each for apply_id, each in applies.items() if apply_id not in known}
        for apply_id, each in new.items():
            journal = history.journal(apply_id)
            by = next(attempt.by for attempt in each.attempts.values())
            journal.begin(locks, {}, by, each.started_at)
            for attempt in each.attempts.values():
                await journal.put(attempt, durable=False)
            await journal.end(each.exit_code)
        there = await state.records(records, brief=True)
        newer = [
            record.model_copy(update={"fence": locks.fence(name)})
            for name, record in records.items()
            if name not in there or there[name].apply_id < record.apply_id
        ]
        await state.put_records(newer)
    left = len(records) - len(newer) + len(applies) - len(new)
    return Imported(len(newer), len(new), left)


def _parsed(lines: Iterable[str], source: str) -> tuple[dict[str, Record], dict[str, _Apply]]:
    records: dict[str, Record] = {}
    applies: dict[str, _Apply] = {}
    number = 0
    for number, text in enumerate(lines, 1):
        where, data = f"{source}:{number}", text.encode("utf-8", "surrogatepass")
        try:
            model: type[_Header | _Kind] = _Header if number == 1 else _Kind
            kind = decode(model, data, where).kind
            if kind == "record":
                record = decode(Record, data, where)
                records[record.instance] = record
            elif kind == "attempt":
                line = decode(_AttemptLine, data, where)
                apply = applies.setdefault(
                    line.apply_id,
                    _Apply(started_at=line.apply_started_at, exit_code=line.apply_exit_code),
                )
                apply.attempts[line.instance] = line
            elif kind == "check":
                _add_check(applies, decode(_CheckLine, data, where))
        except StateError as error:
            raise UsageError(
                error.message, hint="Nothing was written. It has to be a file of `state export`."
            ) from None
    if not number:
        raise UsageError(f"{source} is empty.", hint="It has to be a file of `state export`.")
    return records, applies


def _add_check(applies: dict[str, _Apply], line: _CheckLine) -> None:
    apply = applies.get(line.apply_id)
    attempt = apply.attempts.get(line.instance) if apply else None
    if apply and attempt:
        fields: dict[str, Any] = {name: getattr(line, name) for name in CheckRecord.model_fields}
        checks = [*attempt.checks, CheckRecord(**fields)]
        apply.attempts[line.instance] = attempt.model_copy(update={"checks": checks})


def _text(document: Document) -> str:
    return document.model_dump_json(by_alias=True, exclude_none=True) + "\n"

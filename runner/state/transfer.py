"""The state as lines of JSON: one per record, attempt and check; and back."""

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import Field
from pydantic_core import to_json

from runner.errors import StateError, UsageError
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
from runner.state.store.codec import parse, validate

#: Fields of an attempt that the lines of its checks have too.
_OF_ATTEMPT: Final = ("applyId", "instance", "profile", "startedAt", "commit", "branch")


class _Line(Document):
    kind: str = ""


class _Header(_Line):
    kind: Literal["state"]
    format_version: Literal[1]


class _Attempt(Attempt):
    apply_started_at: Moment = Field(exclude=True)
    apply_exit_code: int | None = Field(None, exclude=True)


class _Check(CheckRecord):
    apply_id: str
    instance: str


_KINDS: Final[dict[str, type[Document]]] = {"record": Record, "attempt": _Attempt, "check": _Check}


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import wrote, and what it left because the state had as much or more."""

    records: int
    applies: int
    left: int


async def export(state: State, problems: list[StateError]) -> AsyncGenerator[str]:
    """Yield all records and applies as lines of JSON, after a line that says where they are from.

    Documents that can't be read are added to ``problems`` and left out.
    """
    whose = {"host": state.host, "project": state.project.folder, "scope": state.scope}
    yield _line("state", formatVersion=FORMAT_VERSION, **whose, exportedAt=state.clock.now())
    for record in (await state.records(problems=problems)).values():
        yield _line("record", **_tree(record))
    async for past in state.history(problems=problems):
        for attempt in past.attempts:
            tree, ended, began = _tree(attempt), attempt.stopped_at, attempt.started_at
            more = {
                "seconds": (ended - began).total_seconds() if ended and began else None,
                "applyStartedAt": past.started_at,
                "applyExitCode": past.exit_code,
            }
            yield _line("attempt", **{**tree, "checks": []}, **more)
            for check in tree["checks"]:
                yield _line("check", **{key: tree.get(key) for key in _OF_ATTEMPT}, **check)


async def import_(state: State, lines: Iterable[str], *, source: str, owner: Initiator) -> Imported:
    """Take what an export wrote; what the state has already, or has newer, stays.

    All lines are read before anything is written; ``source`` names their file in messages.

    Raises:
        UsageError: It is not an export, or a newer release wrote it.
        StateError: The store can't be read or written.
        Locked: An apply has one of the instances.
    """
    records, applies = _parsed(lines, source)
    attempts = [attempt for found in applies.values() for attempt in found.values()]
    names = {*records, *(attempt.instance for attempt in attempts if attempt.is_open)}
    async with state.lock(names, owner, "import", timeout=0) as locks:
        known = set(await (await state.applies([])).ids())
        new = {apply_id: found for apply_id, found in applies.items() if apply_id not in known}
        for apply_id, found in new.items():
            first = next(iter(found.values()))
            journal = await state.begin(apply_id, locks, {}, first.by, first.apply_started_at)
            for attempt in found.values():
                await journal.put(attempt, durable=False)
            await journal.end(first.apply_exit_code)
        there = await state.records(records, brief=True)
        newer = [
            record.model_copy(update={"fence": locks.fence(name)})
            for name, record in records.items()
            if name not in there or there[name].apply_id < record.apply_id
        ]
        await state.put_records(newer)
    left = len(records) - len(newer) + len(applies) - len(new)
    return Imported(len(newer), len(new), left)


def _parsed(
    lines: Iterable[str], source: str
) -> tuple[dict[str, Record], dict[str, dict[str, _Attempt]]]:
    """Return the records, and the attempts by apply and instance."""
    records: dict[str, Record] = {}
    applies: dict[str, dict[str, _Attempt]] = {}
    number, hint = 0, "Name a file that `runner state export` wrote."
    for number, text in enumerate(lines, 1):
        try:
            found = _read(text, f"{source}:{number}", _Header if number == 1 else _Line)
        except StateError as error:
            raise UsageError(error.message, hint=f"Nothing was written. {hint}") from None
        if isinstance(found, Record):
            records[found.instance] = found
        elif isinstance(found, _Attempt):
            applies.setdefault(found.apply_id, {})[found.instance] = found
        elif isinstance(found, _Check):
            attempt = applies.get(found.apply_id, {}).get(found.instance)
            if attempt is not None:
                attempt.checks.append(found)
    if not number:
        raise UsageError(f"{source} is empty.", hint=hint)
    return records, applies


def _read(text: str, where: str, model: type[_Line]) -> Document:
    tree = parse(text.encode("utf-8", "surrogatepass"), where)
    line = validate(model, tree, where)
    return validate(_KINDS[line.kind], tree, where) if line.kind in _KINDS else line


def _tree(document: Document) -> dict[str, Any]:
    return document.model_dump(mode="json", by_alias=True, exclude_none=True)


def _line(kind: str, **fields: Any) -> str:
    given = {key: value for key, value in fields.items() if value is not None}
    return f"{to_json({'kind': kind, **given}).decode()}\n"

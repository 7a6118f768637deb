"""The state as lines of JSON: one a record, one an attempt, one a check; and back."""

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

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


class _Header(Document):
    """The first line of an export."""

    kind: Literal["state"]
    format_version: Literal[1]


class _Kind(Document):
    kind: str = ""


class _ApplyFields(Document):
    """What the line of an attempt says of its apply."""

    apply_started_at: Moment
    apply_exit_code: int | None = None


class _Check(CheckRecord):
    apply_id: str
    instance: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import wrote, and what it left because the state had as much or more."""

    records: int
    applies: int
    left: int


@dataclass(slots=True)
class _Content:
    """What the lines of an export hold; attempts by apply and instance."""

    records: dict[str, Record] = field(default_factory=dict)
    applies: dict[str, _ApplyFields] = field(default_factory=dict)
    attempts: dict[str, dict[str, Attempt]] = field(default_factory=dict)

    def take(self, tree: Any, where: str, *, is_first: bool) -> None:
        """Take in one line."""
        model: type[_Header | _Kind] = _Header if is_first else _Kind
        kind = validate(model, tree, where).kind
        if kind == "record":
            record = validate(Record, tree, where)
            self.records[record.instance] = record
        elif kind == "attempt":
            attempt = validate(Attempt, tree, where)
            self.applies.setdefault(attempt.apply_id, validate(_ApplyFields, tree, where))
            self.attempts.setdefault(attempt.apply_id, {})[attempt.instance] = attempt
        elif kind == "check":
            check = validate(_Check, tree, where)
            attempts = self.attempts.get(check.apply_id, {})
            if (of := attempts.get(check.instance)) is not None:
                checks = [*of.checks, check]
                attempts[check.instance] = of.model_copy(update={"checks": checks})


async def export(state: State, problems: list[StateError]) -> AsyncGenerator[str]:
    """All records and applies as lines of JSON, after a line that says where they are from.

    Documents that can't be read are told in ``problems`` and left out.

    Raises:
        StateError: The store can't be read.
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
    content = _parsed(lines, source)
    records, applies = content.records, content.applies
    attempts = [each for found in content.attempts.values() for each in found.values()]
    names = {*records, *(attempt.instance for attempt in attempts if attempt.is_open)}
    async with state.lock(names, owner, "import", timeout=0) as locks:
        known = set(await (await state.applies([])).ids())
        new = {apply_id: each for apply_id, each in applies.items() if apply_id not in known}
        for apply_id, each in new.items():
            found = list(content.attempts[apply_id].values())
            journal = await state.begin(apply_id, locks, {}, found[0].by, each.apply_started_at)
            for attempt in found:
                await journal.put(attempt, durable=False)
            await journal.end(each.apply_exit_code)
        there = await state.records(records, brief=True)
        newer = [
            record.model_copy(update={"fence": locks.fence(name)})
            for name, record in records.items()
            if name not in there or there[name].apply_id < record.apply_id
        ]
        await state.put_records(newer)
    left = len(records) - len(newer) + len(applies) - len(new)
    return Imported(len(newer), len(new), left)


def _parsed(lines: Iterable[str], source: str) -> _Content:
    content, number = _Content(), 0
    hint = "It has to be a file of `state export`."
    for number, text in enumerate(lines, 1):
        where = f"{source}:{number}"
        try:
            tree = parse(text.encode("utf-8", "surrogatepass"), where)
            content.take(tree, where, is_first=number == 1)
        except StateError as error:
            raise UsageError(error.message, hint=f"Nothing was written. {hint}") from None
    if not number:
        raise UsageError(f"{source} is empty.", hint=hint)
    return content


def _tree(document: Document) -> dict[str, Any]:
    return document.model_dump(mode="json", by_alias=True, exclude_none=True)


def _line(kind: str, **fields: Any) -> str:
    given = {key: value for key, value in fields.items() if value is not None}
    return f"{to_json({'kind': kind, **given}).decode()}\n"

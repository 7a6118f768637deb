"""Looking after the state: prune, export, import, and the locks that somebody left."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from runner.errors import StateError, UsageError
from runner.models.record import FORMAT_VERSION, Attempt, Document, Initiator, Record
from runner.state.codec import decode
from runner.state.lock_log import Link
from runner.state.state import State

if TYPE_CHECKING:
    from runner.state.object_store import Entry


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a prune deleted and left."""

    applies: int
    documents: int
    kept: int
    unfinished: int
    """Applies that were old enough, yet may have left a session running."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import wrote, and what it left because the state had as much or more."""

    records: int
    attempts: int
    left: int


# ---------------------------------------------------------------- history


async def prune(
    state: State, *, keep: int | None = None, older_than: timedelta | None = None
) -> Pruned:
    """Deletes the history of old applies; records stay, and so does what is unfinished.

    Args:
        state: Where to prune.
        keep: How many of the newest applies stay, whatever their age.
        older_than: Only applies that were last written longer ago are deleted.

    Raises:
        StateError: The store can't be read or written.
    """
    applies: dict[str, list[Entry]] = {}
    for entry in await state.store.entries(await state.folder("applies")):
        applies.setdefault(entry.path.rpartition("/")[0], []).append(entry)
    newest_first = sorted(applies, reverse=True)
    before = None if older_than is None else state.clock.now() - older_than
    old = [
        folder
        for folder in newest_first[keep or 0 :]
        if before is None or max(entry.modified for entry in applies[folder]) < before
    ]
    in_use = await _in_use(state)
    doomed = [folder for folder in old if folder not in in_use]
    paths = [entry.path for folder in doomed for entry in applies[folder]]
    await state.store.delete(paths)
    return Pruned(len(doomed), len(paths), len(applies) - len(doomed), len(old) - len(doomed))


async def _in_use(state: State) -> set[str]:
    """Folders of applies that run, or that left something unfinished."""
    ids = {attempt.apply_id for attempt in await state.unfinished()}
    tops = await (await state.chains()).tops(None)
    ids |= {link.document.apply_id for link in tops.values() if not link.document.released}
    return {await state.apply_folder(apply_id) for apply_id in ids}


# ---------------------------------------------------------------- export and import


class _Header(Document):
    """The first line of an export."""

    kind: Literal["checkly-sessions-state"] = "checkly-sessions-state"
    format_version: Literal[1] = FORMAT_VERSION
    host: str
    scope: str
    exported_at: datetime


class _Line(Document):
    """Every other line of an export."""

    record: Record | None = None
    attempt: Attempt | None = None


async def export(state: State, problems: list[StateError]) -> AsyncGenerator[str]:
    """All records and attempts as lines of JSON, after a line that says whence they are.

    Documents that can't be read are told in ``problems`` and left out.

    Raises:
        StateError: The store can't be read.
    """
    yield _text(_Header(host=state.host, scope=state.scope, exported_at=state.clock.now()))
    for record in (await state.records(problems=problems)).values():
        yield _text(_Line(record=record))
    async for past in state.history(problems=problems):
        for attempt in past.attempts:
            yield _text(_Line(attempt=attempt))


async def import_(state: State, lines: Iterable[str], *, source: str, owner: Initiator) -> Imported:
    """Takes what an export wrote; what the state has already, or has newer, stays.

    The whole file is read before anything is written.

    Args:
        state: Where it goes.
        lines: What ``export`` made.
        source: The file's name, for messages.
        owner: Told to those who find the instances locked meanwhile.

    Raises:
        UsageError: It is no export, or one that a newer release wrote.
        StateError: The store can't be read or written.
        Locked: An apply has one of the instances.
    """
    records, attempts = _parsed(lines, source)
    instances = {*records, *(attempt.instance for attempt in attempts)}
    async with state.lock(instances, owner, "import", timeout=0) as locks:
        added = await asyncio.gather(*map(state.add_attempt, attempts))
        there = await state.records(records)
        newer = [
            record.model_copy(update={"fence": locks.fence(name)})
            for name, record in records.items()
            if name not in there or there[name].apply_id < record.apply_id
        ]
        await asyncio.gather(*map(state.put_record, newer))
    left = len(records) - len(newer) + added.count(False)
    return Imported(len(newer), added.count(True), left)


def _parsed(lines: Iterable[str], source: str) -> tuple[dict[str, Record], list[Attempt]]:
    records: dict[str, Record] = {}
    attempts: list[Attempt] = []
    number = 0
    for number, text in enumerate(lines, 1):
        try:
            if number == 1:
                decode(_Header, text.encode(), f"{source}:1")
                continue
            line = decode(_Line, text.encode(), f"{source}:{number}")
        except StateError as error:
            raise UsageError(
                error.message, hint="Nothing was written. It has to be a file of `state export`."
            ) from None
        if line.record:
            records[line.record.instance] = line.record
        if line.attempt:
            attempts.append(line.attempt)
    if not number:
        raise UsageError(f"{source} is empty.", hint="It has to be a file of `state export`.")
    return records, attempts


def _text(document: Document) -> str:
    return document.model_dump_json(by_alias=True, exclude_none=True) + "\n"


# ---------------------------------------------------------------- records and locks


async def forget(state: State, instances: Iterable[str], *, owner: Initiator) -> None:
    """Deletes the records of ``instances``, even those that can't be read.

    Raises:
        StateError: The store can't be read or written.
        Locked: An apply has one of the instances.
    """
    names = list(instances)
    async with state.lock(names, owner, "forget", timeout=0):
        await state.forget(names)


async def held(state: State, instances: Iterable[str] | None = None) -> dict[str, Link]:
    """The locks that nobody released, of ``instances`` or of all, by instance.

    Raises:
        StateError: The store can't be read.
    """
    tops = await (await state.chains()).tops(instances)
    return {name: link for name, link in sorted(tops.items()) if not link.document.released}


async def unlock(state: State, links: dict[str, Link]) -> list[str]:
    """Releases locks of somebody else, who learns of it at the next renewal.

    What the owner may have left unfinished stays known.

    Args:
        state: Where the locks are.
        links: What ``held`` returned, and the user was asked about.

    Returns:
        Instances whose lock has changed since, and was left alone.

    Raises:
        StateError: The store can't be read or written.
    """
    chains = await state.chains()
    changed = []
    for instance, link in links.items():
        # Of another hold than the owner's, who would take it for an own document otherwise.
        document = link.document.model_copy(
            update={
                "nonce": "unlocked",
                "released": True,
                "unfinished": link.document.left_behind(),
            }
        )
        number = link.number + 1
        if await chains.add(number, document) != document:
            changed.append(instance)
        elif (await chains.numbers([instance])).get(instance) != number:
            await chains.drop([chains.path(instance, number)])
            changed.append(instance)
    return changed

"""Records and attempts: the documents that are about instances, under host, account and scope."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime
from typing import Final, TypeVar

from runner.errors import StateError
from runner.models.history import PastApply
from runner.models.record import Attempt, PlanUse, Record
from runner.state.codec import decode, encode, foreign
from runner.state.object_store import Store, Tagged, Write
from runner.state.paths import escape, escape_id, shown
from runner.state.record_cache import WORTH_IT, Digest

D = TypeVar("D", Record, Attempt)

_APPLIES_AT_ONCE: Final = 16


class Shelf:
    """The documents of one host, account and scope.

    Every method raises ``StateError`` when the store can't be read or written, or when a document
    is cut off, something else, or of a newer release. Those that read many documents take a list
    of ``problems``: with one, such documents are left out and told there.
    """

    def __init__(self, store: Store, *, host: str, account: str | None, scope: str) -> None:
        self.store = store
        self.host = host
        self._account = account
        self.scope = scope
        self._base: str | None = None
        self._written: dict[str, Tagged] = {}

    @property
    def is_local(self) -> bool:
        """Whether it is a folder, which ends with the machine where machines come and go."""
        return self.store.is_local

    @property
    def where(self) -> str:
        """Where it is, for people."""
        return self.store.where()

    # ---------------------------------------------------------------- records

    async def records(
        self,
        instances: Iterable[str] | None = None,
        *,
        problems: list[StateError] | None = None,
    ) -> dict[str, Record]:
        """The last applies by instance: of ``instances`` that have one, or of all."""
        folder = await self.folder("records")
        names = None if instances is None else dict.fromkeys(instances)
        wanted = None if names is None else [f"{folder}/{escape(name)}.json" for name in names]
        if not self.is_local and (wanted is None or len(wanted) >= WORTH_IT):
            contents = await (await self._digest()).read(folder, wanted)
            records = self._parse_all(Record, contents.items(), problems)
        else:
            paths = await self._documents(folder) if wanted is None else wanted
            records = await self._read_all(Record, paths, problems)
        return {record.instance: record for record in records}

    async def put_record(self, record: Record) -> None:
        """Stores the last apply of an instance.

        Raises:
            StateError: It was written by a later owner of the lock, which stays as it is.
        """
        write = await self._record_write(record)
        (self._written[write.path],) = await self.store.put_in_turn([write])

    async def digest_written(self) -> None:
        """Sees to it that many records that were just written are quickly read again."""
        if not self.is_local:
            await (await self._digest()).update(self._written)
            self._written.clear()

    async def forget(self, instances: Iterable[str]) -> None:
        """Deletes the records of ``instances``; their history and the locks' numbers stay."""
        folder = await self.folder("records")
        await self.store.delete(f"{folder}/{escape(instance)}.json" for instance in instances)

    # ---------------------------------------------------------------- plans

    async def plan_use(self, plan_id: str) -> PlanUse | None:
        """When and by whom a saved plan was used, if it was."""
        path = f"{await self.folder('plans')}/{escape_id(plan_id)}.json"
        found = await self.store.get(path)
        return None if found is None else decode(PlanUse, found.data, self.store.where(path))

    async def add_plan_use(self, use: PlanUse) -> bool:
        """Notes that a saved plan is used now, unless it was; says whether it did."""
        folder = await self.folder("plans", to_write=True)
        return await self.store.create(f"{folder}/{escape_id(use.plan_id)}.json", encode(use))

    # ---------------------------------------------------------------- attempts

    async def put_attempt(self, attempt: Attempt, record: Record | None = None) -> None:
        """Stores how far an attempt got, and then the record that it leaves.

        Raises:
            StateError: The record is of a later owner of the lock, and stays as it is.
        """
        path = await self.attempt_path(attempt.apply_id, attempt.instance)
        writes = [Write(path, encode(attempt))]
        if record is not None:
            writes.append(await self._record_write(record))
        _, *written = await self.store.put_in_turn(writes)
        for write, tagged in zip(writes[1:], written, strict=True):
            self._written[write.path] = tagged

    async def add_attempt(self, attempt: Attempt) -> bool:
        """Stores an attempt unless there is one; says whether it did."""
        path = await self.attempt_path(attempt.apply_id, attempt.instance)
        return await self.store.create(path, encode(attempt))

    async def attempt(self, apply_id: str, instance: str) -> Attempt | None:
        """One attempt, ``None`` when there was none."""
        path = await self.attempt_path(apply_id, instance)
        found = await self.store.get(path)
        return None if found is None else self._parse(Attempt, path, found.data)

    async def attempts(
        self, apply_id: str, *, problems: list[StateError] | None = None
    ) -> list[Attempt]:
        """All attempts of an apply, by the names of their instances; empty for an unknown one."""
        return await self._attempts_in(await self.apply_folder(apply_id), problems)

    async def history(
        self,
        *,
        wanted: Callable[[Attempt], bool] = lambda _: True,
        since: datetime | None = None,
        problems: list[StateError] | None = None,
    ) -> AsyncIterator[PastApply]:
        """Past applies, newest first, read page by page as they are asked for.

        Args:
            wanted: Which attempts; applies that have none of them are left out.
            since: Reading ends at the first apply that is older.
            problems: See the class.
        """
        applies = await self.folder("applies")
        newest_first = [f"{applies}/{each}" for each in await self.store.folders(applies)][::-1]
        for start in range(0, len(newest_first), _APPLIES_AT_ONCE):
            page = newest_first[start : start + _APPLIES_AT_ONCE]
            for attempts in await asyncio.gather(
                *(self._attempts_in(folder, problems) for folder in page)
            ):
                if since and attempts and max(each.intent_at for each in attempts) < since:
                    return
                if chosen := tuple(filter(wanted, attempts)):
                    yield PastApply(chosen[0].apply_id, chosen)

    # ---------------------------------------------------------------- inside

    async def folder(self, kind: str, *, to_write: bool = False) -> str:
        """The folder of one kind of documents, once the account is known.

        Raises:
            StateError: No account was named, and there are several, or none to write to.
        """
        if self._base is None:
            account = escape(self._account) if self._account else await self._only_account()
            if account is None:
                if to_write:
                    raise StateError(
                        f"The state at {self.where} has no account of {self.host} yet.",
                        hint="Say which one with CHECKLY_ACCOUNT_ID.",
                    )
                return f"{escape(self.host)}/{escape('')}"  # where nothing is ever written
            self._base = f"{escape(self.host)}/{account}/{escape(self.scope)}"
        return f"{self._base}/{kind}"

    async def apply_folder(self, apply_id: str) -> str:
        """Where the attempts of an apply are stored."""
        return f"{await self.folder('applies')}/{escape_id(apply_id)}"

    async def attempt_path(self, apply_id: str, instance: str) -> str:
        """Where an attempt is stored."""
        return f"{await self.apply_folder(apply_id)}/{escape(instance)}.json"

    async def _record_write(self, record: Record) -> Write:
        path = f"{await self.folder('records')}/{escape(record.instance)}.json"

        def over(there: bytes) -> None:
            if self._parse(Record, path, there).fence > record.fence:
                raise StateError(
                    f"The record of {record.instance} was written by a later apply meanwhile; "
                    "it stays as it is.",
                    hint="See `runner status`.",
                )

        return Write(path, encode(record), over)

    async def _only_account(self) -> str | None:
        accounts = await self.store.folders(escape(self.host))
        if len(accounts) > 1:
            names = ", ".join(map(shown, accounts))
            raise StateError(
                f"The state at {self.where} has several accounts: {names}.",
                hint="Say which one with CHECKLY_ACCOUNT_ID.",
            )
        return accounts[0] if accounts else None

    async def _digest(self) -> Digest:
        return Digest(self.store, f"{await self.folder('digest')}.json")

    async def _attempts_in(self, folder: str, problems: list[StateError] | None) -> list[Attempt]:
        attempts = await self._read_all(Attempt, await self._documents(folder), problems)
        return sorted(attempts, key=lambda attempt: attempt.instance)

    async def _documents(self, folder: str) -> list[str]:
        """Paths of what can be documents; other files do not matter."""
        entries = await self.store.entries(folder)
        return [entry.path for entry in entries if entry.path.endswith(".json")]

    async def _read_all(
        self, model: type[D], paths: list[str], problems: list[StateError] | None
    ) -> list[D]:
        found = zip(paths, await self.store.get_all(paths), strict=True)
        contents = [(path, each.data) for path, each in found if each is not None]
        return self._parse_all(model, contents, problems)

    def _parse_all(
        self,
        model: type[D],
        contents: Iterable[tuple[str, bytes]],
        problems: list[StateError] | None,
    ) -> list[D]:
        read = []
        for path, data in contents:
            try:
                read.append(self._parse(model, path, data))
            except StateError as error:
                if problems is None:
                    raise
                problems.append(error)
        return read

    def _parse(self, model: type[D], path: str, data: bytes) -> D:
        document = decode(model, data, self.store.where(path))
        if path.rpartition("/")[2] != f"{escape(document.instance)}.json":
            raise foreign(self.store.where(path), f"it belongs to {shown(document.instance)}")
        return document

"""The place of a scope in a store: host, account, project, and the folders of documents."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from runner.errors import StateError
from runner.models.clock import Clock
from runner.models.record import Initiator
from runner.state import project as projects
from runner.state.apply_document import Pick, everything
from runner.state.history import History
from runner.state.limits import LimitTable
from runner.state.lock_table import LockTable, Watch
from runner.state.project import Project, ProjectDocument
from runner.state.record_table import RecordTable
from runner.state.store.codec import Problems, encode
from runner.state.store.numbered import DamagedTop, Numbered, NumberedDocument
from runner.state.store.object_store import Store
from runner.state.store.paths import escape, shown

D = TypeVar("D", bound=NumberedDocument)

LEASE_SECONDS: Final = 60.0


class Place:
    """The part of a store that is one host's, account's, project's and scope's."""

    def __init__(
        self,
        store: Store,
        *,
        host: str,
        account: str | None,
        project: Project,
        scope: str,
        moved: Mapping[str, str] | None = None,
        clock: Clock,
        lease: float,
        token: Callable[[], str],
    ) -> None:
        self.store = store
        self.host = host
        self.scope = scope
        self.project = project
        self.moved = moved or {}
        self.clock = clock
        self.token = token
        self._account = account
        self.lease = lease
        self._tables: dict[str, Numbered[Any]] = {}
        self._base: str | None = None
        self._account_base = ""
        self._is_made = False
        self.watch = Watch(clock, self._store_time)
        self.own: set[str] = set()

    @property
    def is_local(self) -> bool:
        """Whether it is a folder, which ends with the machine where machines come and go."""
        return self.store.is_local

    @property
    def where(self) -> str:
        """Where it is, for people."""
        return self.store.where()

    async def folder(self, kind: str) -> str:
        """The folder of one kind of documents, once it is known whose the project is.

        Raises:
            StateError: No account was named, and there are several; or the project is another's.
        """
        if self._base is None:
            account = await self._account_folder()
            if account is None:
                return f"{escape(self.host)}/{escape('')}/{kind}"  # where nothing is ever written
            if not self.project.name and not self.project.file:  # no file says whose it is
                found = set(await self.store.folders(account)) - {"limits"}
                if len(found) == 1:  # the only one that is present is meant
                    self.project = Project(found.pop())
            self._account_base = account
            project = f"{account}/{escape(self.project.folder)}"
            self._is_made = await projects.check(
                self.store, f"{project}/project.json", self.project
            )
            self._base = f"{project}/{escape(self.scope)}"
        return f"{self._base}/{kind}"

    async def make(self, owner: Initiator, *, claim: bool = False) -> None:
        """Make the project, or claim one that is another's.

        Raises:
            StateError: There is no account to write to, or the store is not fit for it.
        """
        account = await self._account_folder()
        if account is None:
            raise StateError(
                f"The state at {self.where} has no account of {self.host} yet.",
                hint="Say which one with CHECKLY_ACCOUNT_ID.",
            )
        path = f"{account}/{escape(self.project.folder)}/project.json"
        document = ProjectDocument(
            nonce=self.token(),
            project=self.project.folder,
            repository=self.project.repository,
            file=self.project.file,
            claimed_at=self.clock.now(),
            by=owner,
        )
        if claim:
            await self.store.put(path, encode(document))
            return
        await self.folder("locks")
        if not self._is_made:
            if not await projects.create(self.store, path, document):
                await projects.check(self.store, path, self.project)
            self._is_made = True

    async def record_table(self) -> Numbered[RecordTable]:
        """The table of records."""
        return self._numbered(await self.folder("records"), RecordTable)

    async def locks(self) -> Numbered[LockTable]:
        """The lock table."""
        return self._numbered(await self.folder("locks"), LockTable)

    async def _lock_table(self) -> LockTable:
        return await (await self.locks()).read()

    async def rebuild_locks(self, damaged: DamagedTop) -> None:
        """Put a new table in the place of a damaged one, which is kept beside it.

        What earlier applies left open is found by their journals.
        """
        journals = await (await self.applies([])).open()
        open_ = {each.apply_id: sorted({*each.planned, *each.attempts}) for each in journals}
        await (await self.locks()).replace(damaged, LockTable(open=open_))

    async def highest_fence(self) -> int:
        """The highest fence in the records: where the locks are gone, theirs have to go on."""
        table = await (await self.record_table()).read()
        fences = (tree.get("fence") for tree in table.records.values())
        return max((fence for fence in fences if isinstance(fence, int)), default=0)

    async def limits(self) -> Numbered[LimitTable]:
        """The table of the account's limit."""
        await self.folder("limits")
        return self._numbered(f"{self._account_base}/limits", LimitTable)

    def _numbered(self, folder: str, model: type[D]) -> Numbered[D]:
        if folder not in self._tables:
            self._tables[folder] = Numbered(
                self.store, folder, model, token=self.token, sleep=self.clock.sleep
            )
        return self._tables[folder]

    async def applies(self, problems: Problems = None, pick: Pick = everything) -> History:
        """Return the applies: what can be read, and what ``pick`` takes, of each."""
        base = (await self.folder("applies")).removesuffix("/applies")
        return History(self.store, base, self.token, problems, pick)

    async def _store_time(self) -> datetime:
        return await self.store.time(await self.folder("locks"))

    async def _account_folder(self) -> str | None:
        """The account's folder, or the only one there is."""
        host = escape(self.host)
        accounts = [escape(self._account)] if self._account else await self.store.folders(host)
        if len(accounts) > 1:
            names = ", ".join(map(shown, accounts))
            raise StateError(
                f"The state at {self.where} has several accounts: {names}.",
                hint="Say which one with CHECKLY_ACCOUNT_ID.",
            )
        return f"{host}/{accounts[0]}" if accounts else None

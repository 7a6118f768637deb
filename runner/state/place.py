"""The place of a scope in a store: host, account, project, and the folders of documents."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from runner.errors import StateError
from runner.models.clock import Clock
from runner.models.record import Initiator
from runner.state import project as projects
from runner.state.history import History
from runner.state.limits import LimitTable
from runner.state.lock_table import LockTable, Watch, stamped
from runner.state.project import Project, ProjectDocument
from runner.state.record_table import RecordTable
from runner.state.store.codec import encode
from runner.state.store.numbered import Numbered
from runner.state.store.object_store import Store
from runner.state.store.paths import escape, shown

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
        self._lease = lease
        self._base: str | None = None
        self._account_base = ""
        self._is_made = False
        self._watch = Watch(clock, self._store_time)
        self._own: set[str] = set()

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
            account = escape(self._account) if self._account else await self._only_account()
            if account is None:
                return f"{escape(self.host)}/{escape('')}/{kind}"  # where nothing is ever written
            if not self.project.name and not self.project.file:  # no file says whose it is
                await self._find_project(f"{escape(self.host)}/{account}")
            self._account_base = f"{escape(self.host)}/{account}"
            project = f"{self._account_base}/{escape(self.project.folder)}"
            self._is_made = await projects.check(
                self.store, f"{project}/project.json", self.project
            )
            self._base = f"{project}/{escape(self.scope)}"
        return f"{self._base}/{kind}"

    async def _find_project(self, account: str) -> None:
        """Mean the only project that is present."""
        found = set(await self.store.folders(account)) - {"limits"}
        if len(found) == 1:
            self.project = Project(found.pop())

    async def make(self, owner: Initiator, *, claim: bool = False) -> None:
        """Make the project, or claim one that is another's.

        Raises:
            StateError: There is no account to write to, or the store is not fit for it.
        """
        account = escape(self._account) if self._account else await self._only_account()
        if account is None:
            raise StateError(
                f"The state at {self.where} has no account of {self.host} yet.",
                hint="Say which one with CHECKLY_ACCOUNT_ID.",
            )
        path = f"{escape(self.host)}/{account}/{escape(self.project.folder)}/project.json"
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
        return await self._numbered("records", RecordTable)

    async def locks(self) -> Numbered[LockTable]:
        """The lock table."""
        return await self._numbered("locks", LockTable)

    async def _lock_table(self) -> LockTable:
        return stamped(await (await self.locks()).read())

    async def limits(self) -> Numbered[LimitTable]:
        """The table of the account's limit."""
        await self.folder("limits")
        return await self._numbered("limits", LimitTable, f"{self._account_base}/limits")

    async def _numbered(
        self, kind: str, model: type[Any], folder: str | None = None
    ) -> Numbered[Any]:
        folder = folder or await self.folder(kind)
        known: dict[str, Numbered[Any]] = self.__dict__.setdefault("_tables", {})
        if folder not in known:
            known[folder] = Numbered(
                self.store, folder, model, token=self.token, sleep=self.clock.sleep
            )
        return known[folder]

    async def applies(self) -> History:
        """The applies, where they are."""
        base = (await self.folder("applies")).removesuffix("/applies")
        return History(self.store, base, clock=self.clock, token=self.token)

    async def _store_time(self) -> datetime:
        return await self.store.time(await self.folder("clock"))

    async def _only_account(self) -> str | None:
        accounts = await self.store.folders(escape(self.host))
        if len(accounts) > 1:
            names = ", ".join(map(shown, accounts))
            raise StateError(
                f"The state at {self.where} has several accounts: {names}.",
                hint="Say which one with CHECKLY_ACCOUNT_ID.",
            )
        return accounts[0] if accounts else None

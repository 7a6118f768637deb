"""The place of a scope in a store: host, account, project, and the folders of documents."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from runner.errors import StateError
from runner.models.clock import Clock
from runner.models.record import Initiator
from runner.state.history import History
from runner.state.limits import LimitTable
from runner.state.lock_table import LockTable, Watch
from runner.state.project import Project, ProjectDocument
from runner.state.record_table import RecordTable
from runner.state.store.codec import Problems, decode, encode
from runner.state.store.numbered import DamagedTop, Numbered
from runner.state.store.object_store import Store
from runner.state.store.paths import escape, shown

LEASE_SECONDS: Final = 60.0
_OLD_LAYOUT: Final = {"records", "locks", "attempts", "digest"}


@dataclass(eq=False)
class Place:
    """The part of a store that belongs to one host, account, project and scope.

    Attributes:
        store: Where the documents are.
        host: The API's host, with its port if that is not the default one.
        account: The account's id; ``None`` means the only one that is present.
        scope: Keeps previews and the like apart.
        project: Whose part of the state it is; without a file, the only one that is present.
        moved: New names of profiles by old ones.
        clock: Tells the time.
        lease: Seconds a lock outlives its owner.
        token: Draws random text.
        own: Keys of the holders that this process put into the lock table.
    """

    store: Store
    _: KW_ONLY
    host: str
    account: str | None
    scope: str
    project: Project = field(default_factory=Project)
    moved: Mapping[str, str] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    lease: float = LEASE_SECONDS
    token: Callable[[], str] = lambda: secrets.token_hex(8)

    def __post_init__(self) -> None:
        self.watch = Watch(self.clock, self._store_time)
        self.own: set[str] = set()
        self.record_table = Numbered(
            self.store, partial(self.folder, "records"), RecordTable, self.token
        )
        self.lock_table = Numbered(self.store, partial(self.folder, "locks"), LockTable, self.token)
        self.limit_table = Numbered(self.store, self._limits_folder, LimitTable, self.token)
        self._project_folder = ""
        self._is_made = False

    async def folder(self, kind: str) -> str:
        """Return the folder of one kind of documents, once the owner of the project is known.

        Raises:
            StateError: No account was named, and there are several; or the project is another's.
        """
        if not self._project_folder:
            account = await self._account_folder()
            if account is None:
                return f"{escape(self.host)}/{escape('')}/{kind}"  # where nothing is ever written
            if not self.project.name and not self.project.file:  # no file says whose it is
                found = set(await self.store.folders(account)) - {"limits"}
                if len(found) == 1:
                    self.project = Project(found.pop())
            folder = f"{account}/{escape(self.project.folder)}"
            self._is_made = await self._check_project(f"{folder}/project.json")
            self._project_folder = folder
        return f"{self._project_folder}/{escape(self.scope)}/{kind}"

    async def make(self, owner: Initiator) -> None:
        """Create the project if there is none yet.

        Raises:
            StateError: There is no account to write to, the project is another's, or the store is
                not fit for locks.
        """
        await self.folder("locks")
        if self._is_made:
            return
        path = await self._project_path()
        if not await self.store.create(path, self._project_document(owner)):
            await self._check_project(path)  # another process was faster
        elif await self.store.create(path, self._project_document(owner)):
            raise StateError(
                f"The store at {self.store.where()} overwrites objects that exist although it was "
                "asked not to (If-None-Match), so two applies could start the same session.",
                hint="Choose a store that honours conditional writes, or a newer release of it.",
            )
        self._is_made = True

    async def claim(self, owner: Initiator) -> None:
        """Make this file the owner of the project, whoever owned it before."""
        await self.store.put(await self._project_path(), self._project_document(owner))

    async def rebuild_locks(self, damaged: DamagedTop) -> None:
        """Put a new table in the place of a damaged one, which is kept beside it.

        What earlier applies left open is found by their journals.
        """
        journals = await (await self.applies([])).open()
        open_ = {each.apply_id: sorted(each.instances) for each in journals}
        await self.lock_table.replace(damaged, LockTable(open=open_))

    async def highest_fence(self) -> int:
        """Return the highest fence in the records: fences go on from it if locks were deleted."""
        table = await self.record_table.read()
        fences = (tree.get("fence") for tree in table.records.values())
        return max((fence for fence in fences if isinstance(fence, int)), default=0)

    async def applies(self, problems: Problems = None) -> History:
        """Return the applies; what can't be read is added to ``problems``."""
        base = (await self.folder("applies")).removesuffix("/applies")
        return History(self.store, base, self.token, problems)

    async def _limits_folder(self) -> str:
        await self.folder("limits")
        return f"{self._project_folder.rpartition('/')[0]}/limits"

    async def _store_time(self) -> datetime:
        return await self.store.time(await self.folder("locks"))

    async def _account_folder(self) -> str | None:
        """Return the account's folder; without an account, the only one there is."""
        host = escape(self.host)
        accounts = [escape(self.account)] if self.account else await self.store.folders(host)
        if len(accounts) > 1:
            names = ", ".join(map(shown, accounts))
            raise StateError(
                f"The state at {self.store.where()} has several accounts: {names}.",
                hint="Name it with CHECKLY_ACCOUNT_ID.",
            )
        return f"{host}/{accounts[0]}" if accounts else None

    async def _project_path(self) -> str:
        account = await self._account_folder()
        if account is None:
            raise StateError(
                f"The state at {self.store.where()} has no account of {self.host} yet.",
                hint="Name it with CHECKLY_ACCOUNT_ID.",
            )
        return f"{account}/{escape(self.project.folder)}/project.json"

    def _project_document(self, owner: Initiator) -> bytes:
        document = ProjectDocument(
            nonce=self.token(),
            project=self.project.folder,
            repository=self.project.repository,
            file=self.project.file,
            claimed_at=self.clock.now(),
            by=owner,
        )
        return encode(document)

    async def _check_project(self, path: str) -> bool:
        """Refuse a project of another repository or file; return whether there is one at all."""
        data = await self.store.get(path)
        if data is None:
            folder = path.removesuffix("/project.json")
            if _OLD_LAYOUT & set(await self.store.folders(folder)):
                raise StateError(
                    f"The state at {self.store.where(folder)} has the layout of an earlier "
                    "development version, which this release does not read.",
                    hint="Move it out of the way; the next apply creates a new state.",
                )
            return False
        document = decode(ProjectDocument, data, self.store.where(path))
        if self.project.is_of(document):
            return True
        raise StateError(
            f"The project {shown(document.project)} at {self.store.where()} belongs to "
            f"{shown(document.file)} of {shown(document.repository) or 'an unknown repository'}.",
            hint="Give this file its own `project:`. If it was moved here, `runner state "
            "claim` makes it the owner.",
        )

"""The state of one scope: records, attempts and locks as documents of an object store."""

import asyncio
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from runner.errors import StateError
from runner.models.clock import Clock, SystemClock
from runner.models.record import Attempt, Initiator, Phase, Record
from runner.state.lease import Terms
from runner.state.lock_log import Chains, Link
from runner.state.locks import Locks
from runner.state.object_store import Store, open_store
from runner.state.paths import DEFAULT_FOLDER
from runner.state.repository import Shelf

LEASE_SECONDS: Final = 60.0


class State(Shelf):
    """What is remembered of the instances of one host, account and scope, and who may write it.

    Every method raises ``StateError`` when the store can't be read or written, or when a document
    is cut off, something else, or of a newer release.
    """

    def __init__(
        self,
        store: Store,
        *,
        host: str,
        account: str | None,
        scope: str,
        clock: Clock,
        lease: float,
        token: Callable[[], str],
    ) -> None:
        super().__init__(store, host=host, account=account, scope=scope)
        self.clock = clock
        self._lease = lease
        self._token = token
        self._trusted = False
        self._own: set[str] = set()
        self._is_unfinished: dict[tuple[str, str], bool] = {}

    async def put_attempt(self, attempt: Attempt, record: Record | None = None) -> None:
        """As a shelf does; the lock's release will tell what is unfinished."""
        await super().put_attempt(attempt, record)
        self._note(attempt.instance, attempt.apply_id, attempt)

    async def add_attempt(self, attempt: Attempt) -> bool:
        """Stores an attempt unless there is one; says whether it did."""
        added = await super().add_attempt(attempt)
        if added:
            self._note(attempt.instance, attempt.apply_id, attempt)
        return added

    async def unfinished(self, locks: Locks | None = None) -> list[Attempt]:
        """Attempts without an outcome that applies before this one left behind, oldest first.

        They were crashed, detached or undecided. Those of applies that run at this moment are
        not among them. The locks know them, so it takes a few requests for each instance,
        however long the history is.

        Args:
            locks: Locks that are held: only the attempts of their instances are wanted.
        """
        wanted = await self._left_behind() if locks is None else locks.inherited()
        found = await asyncio.gather(*(self.attempt(*each) for each in wanted))
        for (apply_id, instance), attempt in zip(wanted, found, strict=True):
            self._note(instance, apply_id, attempt)
        left = [each for each in found if each is not None and each.phase is not Phase.FINISHED]
        return sorted(left, key=lambda attempt: (attempt.apply_id, attempt.instance))

    # ---------------------------------------------------------------- locks

    def lock(
        self,
        instances: Iterable[str],
        owner: Initiator,
        apply_id: str,
        *,
        timeout: float,
        waiting: Callable[[str], None] = lambda _: None,
    ) -> Locks:
        """The locks of ``instances``, to be held with ``async with``.

        Args:
            instances: Taken one by one in the order of their names.
            owner: Told to those who find a lock busy.
            apply_id: The apply that is to be looked at should its owner be killed.
            timeout: Seconds to wait for a busy lock.
            waiting: Is told, once for each busy lock, in a sentence who holds it.
        """
        nonce = self._token()
        self._own.add(nonce)
        terms = Terms(
            timeout=timeout,
            lease=self._lease,
            nonce=nonce,
            clock=self.clock,
            store_time=self._store_time,
            fences=self._fences,
            done=self.digest_written,
            waiting=waiting,
            unfinished=lambda instance, ids: self._left(instance, apply_id, ids),
        )
        return Locks(self._trusted_chains, instances, owner=owner, apply_id=apply_id, terms=terms)

    def is_held(self, link: Link) -> bool:
        """Whether a lock is held at this moment, as far as this machine's clock can tell."""
        age = (self.clock.now() - link.modified).total_seconds()
        return not link.document.released and age <= link.document.lease_seconds

    async def chains(self) -> Chains:
        """The locks, link by link."""
        return Chains(self.store, await self.folder("locks"))

    # ---------------------------------------------------------------- inside

    async def _trusted_chains(self) -> Chains:
        """The locks, once it is known that the store keeps the promise they stand on."""
        await self.folder("locks", to_write=True)
        chains = await self.chains()
        if not self._trusted:
            await self._prove_create()
            self._trusted = True
        return chains

    async def _prove_create(self) -> None:
        """Refuses a store that overwrites what it was asked to create only.

        Raises:
            StateError: It does; locks would not hold.
        """
        path = f"{await self.folder('proof')}.json"
        content = b'{"formatVersion": 1, "purpose": "shows that the store refuses to overwrite"}\n'
        # Only the first of all runs has to write it, and then try to overwrite it.
        if await self.store.create(path, content) and await self.store.create(path, content):
            raise StateError(
                f"The store at {self.where} overwrites objects it was asked to create only "
                "(If-None-Match is ignored), so two applies could start the same session.",
                hint="Choose a store that honours conditional writes, or a newer release of it.",
            )

    async def _fences(self, instances: Iterable[str]) -> dict[str, int]:
        """With what fences records were written whose locks are gone: theirs have to go on."""
        records = await self.records(instances, problems=[])
        return {name: record.fence for name, record in records.items()}

    async def _left_behind(self) -> list[tuple[str, str]]:
        """Applies, and instances of which they may have left an attempt unfinished."""
        tops = await (await self.chains()).tops(None)
        left = []
        for instance, link in tops.items():
            document = link.document
            runs = document.nonce in self._own or self.is_held(link)
            known = document.unfinished if runs else document.left_behind()
            left += [(apply_id, instance) for apply_id in known]
        return left

    async def _store_time(self) -> datetime:
        return await self.store.time(f"{await self.folder('clock')}/{self._token()}.json")

    def _note(self, instance: str, apply_id: str, attempt: Attempt | None) -> None:
        open_ = attempt is not None and attempt.phase is not Phase.FINISHED
        self._is_unfinished[instance, apply_id] = open_

    def _left(self, instance: str, apply_id: str, ids: Iterable[str]) -> tuple[str, ...]:
        """Applies that have left an attempt of an instance unfinished, for the lock's release.

        Of its own apply it is known; those inherited and not looked at stay in doubt.
        """
        noted = [each for name, each in self._is_unfinished if name == instance]
        return tuple(
            each
            for each in dict.fromkeys((*ids, *noted))
            if self._is_unfinished.get((instance, each), each != apply_id)
        )


def open_state(
    url: str | None,
    *,
    host: str,
    account: str | None,
    scope: str,
    folder: Path,
    clock: Clock | None = None,
    lease: float = LEASE_SECONDS,
    token: Callable[[], str] = lambda: secrets.token_hex(8),
    environment: Mapping[str, str] = os.environ,
) -> State:
    """Opens the state; nothing is read or written yet, and no folder is made.

    Args:
        url: ``file://``, ``s3://``, ``gs://`` or ``az://``; ``None`` for ``.runner`` in ``folder``.
        host: The API's host, with its port where that is not the usual one.
        account: The account's id; ``None`` means the only one that is present.
        scope: Keeps previews and the like apart.
        folder: The folder of the configuration file.
        clock: Tells the time; the machine's own by default.
        lease: Seconds a lock outlives its owner.
        token: Draws random text.
        environment: Where the settings of the store are found.

    Raises:
        UsageError: The address makes no sense.
        StateError: A setting of the store makes no sense.
    """
    place = url or folder / DEFAULT_FOLDER
    store = open_store(place, folder=folder, environment=environment)
    return State(
        store,
        host=host,
        account=account,
        scope=scope,
        clock=clock or SystemClock(),
        lease=lease,
        token=token,
    )

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
from runner.state.chain import Chains
from runner.state.documents import decode, encode, foreign
from runner.state.locks import Locks, Terms
from runner.state.names import escape
from runner.state.store import Store, open_store

DEFAULT_FOLDER: Final = ".runner"
LEASE_SECONDS: Final = 60.0


class State:
    """What is remembered of the instances of one host, account and scope.

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
        self._store = store
        self._host = host
        self._account = account
        self._scope = scope
        self._clock = clock
        self._lease = lease
        self._token = token
        self._base: str | None = None
        self._trusted = False
        self._own: set[str] = set()
        self._is_unfinished: dict[tuple[str, str], bool] = {}

    @property
    def is_local(self) -> bool:
        """Whether it is a folder, which ends with the machine where machines come and go."""
        return self._store.is_local

    @property
    def where(self) -> str:
        """Where it is, for people."""
        return self._store.where()

    # ---------------------------------------------------------------- records

    async def records(self, instances: Iterable[str] | None = None) -> dict[str, Record]:
        """The last applies by instance: of ``instances`` that have one, or of all."""
        folder = await self._folder("records")
        if instances is None:
            listed = await self._store.entries(folder)
            paths = [entry.path for entry in listed if entry.name.endswith(".json")]
        else:
            paths = [f"{folder}/{escape(instance)}.json" for instance in dict.fromkeys(instances)]
        found = zip(paths, await self._store.get_all(paths), strict=True)
        records = [self._record(path, data) for path, data in found if data is not None]
        return {record.instance: record for record in records}

    async def put_record(self, record: Record) -> None:
        """Stores the last apply of an instance.

        Raises:
            StateError: It was written by a later owner of the lock, which stays as it is.
        """
        path = f"{await self._folder('records')}/{escape(record.instance)}.json"
        there = await self._store.get(path)
        if there is not None and self._record(path, there).fence > record.fence:
            raise StateError(
                f"The record of {record.instance} was written by a later apply meanwhile; "
                "it stays as it is.",
                hint="See `runner status`.",
            )
        await self._store.put(path, encode(record))

    async def forget(self, instances: Iterable[str]) -> None:
        """Deletes the records of ``instances``; their history and the locks' numbers stay."""
        folder = await self._folder("records")
        await self._store.delete(f"{folder}/{escape(instance)}.json" for instance in instances)

    # ---------------------------------------------------------------- attempts

    async def put_attempt(self, attempt: Attempt) -> None:
        """Stores how far an attempt got."""
        path = await self._attempt_path(attempt.apply_id, attempt.instance)
        await self._store.put(path, encode(attempt))
        self._note(attempt.instance, attempt.apply_id, attempt)

    async def attempt(self, apply_id: str, instance: str) -> Attempt | None:
        """One attempt, ``None`` when there was none."""
        path = await self._attempt_path(apply_id, instance)
        data = await self._store.get(path)
        return None if data is None else self._attempt(path, data)

    async def attempts(self, apply_id: str) -> list[Attempt]:
        """All attempts of an apply, by the names of their instances; empty for an unknown one."""
        listed = await self._store.entries(f"{await self._folder('applies')}/{escape(apply_id)}")
        paths = [entry.path for entry in listed if entry.name.endswith(".json")]
        found = zip(paths, await self._store.get_all(paths), strict=True)
        attempts = [self._attempt(path, data) for path, data in found if data is not None]
        return sorted(attempts, key=lambda attempt: attempt.instance)

    async def unfinished(self, instances: Iterable[str] | None = None) -> list[Attempt]:
        """Attempts without an outcome that applies before this one left behind, oldest first.

        They were crashed, detached or undecided. Those of applies that run at this moment are
        not among them. The locks know them, so it takes a few requests for each instance,
        however long the history is.
        """
        tops = await (await self._chains()).tops(instances)
        wanted = []
        for instance, link in tops.items():
            document = link.document
            age = (self._clock.now() - link.modified).total_seconds()
            runs = document.nonce in self._own or age <= document.lease_seconds
            known = document.unfinished if runs else document.left_behind()
            wanted += [(apply_id, instance) for apply_id in known]
        found = await asyncio.gather(*(self.attempt(*each) for each in wanted))
        for (apply_id, instance), attempt in zip(wanted, found, strict=True):
            self._note(instance, apply_id, attempt)
        left = [each for each in found if each is not None and each.phase is not Phase.FINISHED]
        return sorted(left, key=lambda attempt: (attempt.apply_id, attempt.instance))

    # ---------------------------------------------------------------- locks

    def lock(
        self, instances: Iterable[str], owner: Initiator, apply_id: str, *, timeout: float
    ) -> Locks:
        """The locks of ``instances``, to be held with ``async with``.

        Args:
            instances: Taken one by one in the order of their names.
            owner: Told to those who find a lock busy.
            apply_id: The apply that is to be looked at should its owner be killed.
            timeout: Seconds to wait for a busy lock.
        """
        nonce = self._token()
        self._own.add(nonce)
        terms = Terms(
            timeout=timeout,
            lease=self._lease,
            nonce=nonce,
            clock=self._clock,
            store_time=self._store_time,
            unfinished=lambda instance, ids: self._left(instance, apply_id, ids),
        )
        return Locks(self._trusted_chains, instances, owner=owner, apply_id=apply_id, terms=terms)

    # ---------------------------------------------------------------- inside

    async def _folder(self, kind: str) -> str:
        """The folder of one kind of documents, once the account is known."""
        if self._base is None:
            account = escape(self._account) if self._account else await self._only_account()
            self._base = f"{escape(self._host)}/{account}/{escape(self._scope)}"
        return f"{self._base}/{kind}"

    async def _only_account(self) -> str:
        accounts = await self._store.folders(escape(self._host))
        if len(accounts) > 1:
            raise StateError(
                f"The state at {self.where} has several accounts: {', '.join(accounts)}.",
                hint="Say which one with CHECKLY_ACCOUNT_ID.",
            )
        return accounts[0] if accounts else escape("")

    async def _attempt_path(self, apply_id: str, instance: str) -> str:
        return f"{await self._folder('applies')}/{escape(apply_id)}/{escape(instance)}.json"

    async def _chains(self) -> Chains:
        return Chains(self._store, await self._folder("locks"))

    async def _trusted_chains(self) -> Chains:
        """The locks, once it is known that the store keeps the promise they stand on."""
        chains = await self._chains()
        if not self._trusted:
            await self._prove_create()
            self._trusted = True
        return chains

    async def _prove_create(self) -> None:
        """Refuses a store that overwrites what it was asked to create only.

        Raises:
            StateError: It does; locks would not hold.
        """
        path = f"{await self._folder('proof')}.json"
        content = b'{"formatVersion": 1, "purpose": "shows that the store refuses to overwrite"}\n'
        # Only the first of all runs has to write it, and then try to overwrite it.
        if await self._store.create(path, content) and await self._store.create(path, content):
            raise StateError(
                f"The store at {self.where} overwrites objects it was asked to create only "
                "(If-None-Match is ignored), so two applies could start the same session.",
                hint="Choose a store that honours conditional writes, or a newer release of it.",
            )

    async def _store_time(self) -> datetime:
        return await self._store.time(f"{await self._folder('clock')}/{self._token()}.json")

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

    def _record(self, path: str, data: bytes) -> Record:
        record = decode(Record, data, self._store.where(path))
        self._check(path, record.instance)
        return record

    def _attempt(self, path: str, data: bytes) -> Attempt:
        attempt = decode(Attempt, data, self._store.where(path))
        self._check(path, attempt.instance)
        return attempt

    def _check(self, path: str, instance: str) -> None:
        if path.rpartition("/")[2] != f"{escape(instance)}.json":
            raise foreign(self._store.where(path), f"it belongs to {instance}")


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
        StateError: The address or a setting of the store makes no sense.
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

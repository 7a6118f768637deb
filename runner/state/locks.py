"""Taking, keeping and releasing the locks of an apply."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import InitVar, dataclass, field
from datetime import datetime, timedelta
from typing import Final, Self

from runner.errors import Locked, StateError
from runner.models.record import Initiator
from runner.state.lock_table import GRANULE, Holder, LockTable, taken_over
from runner.state.place import Place
from runner.state.store.numbered import DamagedTop
from runner.state.store.paths import shown

_RENEWALS: Final = 3
"""How often a lease is renewed in its time."""
_LOOKS: Final = 12
"""How often in that time the owner looks at its clocks."""
_RELIED_ON: Final = 0.75
"""The part of a lease the owner relies on; the rest is for writes that are under way."""
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 1.0


@dataclass(eq=False)
class Locks:
    """The locks of an apply, an asynchronous context manager; made by ``State.lock``.

    However many instances there are, taking, renewing and releasing write one document each.

    Attributes:
        owner: Told to those who find a lock busy.
        apply_id: The apply that is looked at should its owner be killed.
        timeout: Seconds to wait for a busy lock.
        waiting: Called once for each apply that holds one, with a sentence about it.
        inherited: Earlier applies, and those of these instances that they may have left open.
    """

    place: Place
    instances: InitVar[Iterable[str]]
    owner: Initiator
    apply_id: str
    timeout: float
    waiting: Callable[[str], None]
    inherited: dict[str, list[str]] = field(default_factory=dict, init=False)
    _is_open: dict[tuple[str, str], bool] = field(default_factory=dict, init=False)
    _gone: set[str] = field(default_factory=set, init=False)
    _holder: Holder | None = field(default=None, init=False)
    _keeper: asyncio.Task[None] | None = field(default=None, init=False)

    def __post_init__(self, instances: Iterable[str]) -> None:
        self._table = self.place.lock_table
        self._clock = self.place.clock
        self._lease = self.place.lease
        self._key = self.place.token()
        self.place.own.add(self._key)
        self._instances = dict.fromkeys(sorted(set(instances)))  # a set that keeps its order
        self._renewed = self._clocks()

    async def __aenter__(self) -> Self:
        """Take all locks at once, or none.

        Raises:
            Locked: Another apply holds one of them for longer than the time-out.
            StateError: The store can't be read or written.
        """
        await self.place.make(self.owner)
        try:
            await self._take()
        except BaseException:
            with suppress(StateError):
                await self._release()
            raise
        if self._holder:
            self._keeper = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Release what is still held. What can't be released expires with its lease."""
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        try:
            await self._release()
        except StateError:
            if error is None:
                raise

    @property
    def lost(self) -> frozenset[str]:
        """Instances whose lock can't be relied on any more: nothing may be written for them."""
        return frozenset(self._instances if self._doubt() else self._gone)

    @property
    def sure_seconds(self) -> float:
        """How long a lock that is held, and renewed in time, can be relied on at any moment."""
        return self._lease * (_RELIED_ON - 1 / _RENEWALS - 1 / _LOOKS)

    def fence(self, instance: str, seconds: float = 0.0) -> int:
        """Return the fencing token to write with: it grows with every owner of the lock.

        Args:
            instance: One of these locks.
            seconds: How long it has to be relied on from now.

        Raises:
            StateError: The lock was lost, so nothing may be written or sent.
            KeyError: It is not one of these locks, or was released.
        """
        if self._holder is None or instance not in self._instances:
            raise KeyError(instance)
        is_gone = instance in self._gone
        if doubt := "another apply took it over" if is_gone else self._doubt(seconds):
            raise StateError(
                f"The lock of {instance} was lost: {doubt}.",
                hint="Nothing more is written for it. Check `runner status`, then apply again.",
            )
        return self._holder.fence

    def note(self, apply_id: str, instance: str, *, is_open: bool) -> None:
        """Have the release tell whether an attempt is still without an outcome."""
        self._is_open[apply_id, instance] = is_open

    def _doubt(self, seconds: float = 0.0) -> str | None:
        """Why no lock can be relied on for ``seconds`` from now, if so."""
        monotonic, wall = self._clocks()
        elapsed = monotonic - self._renewed[0]
        if elapsed + seconds > self._lease * _RELIED_ON:
            return "it could not be renewed in time"
        jumped = (wall - self._renewed[1]).total_seconds() - elapsed
        if jumped > self._lease * (1 - _RELIED_ON):
            return "the clock of this machine jumped"
        return None

    def _clocks(self) -> tuple[float, datetime]:
        return self._clock.monotonic(), self._clock.now()

    # ---------------------------------------------------------------- taking

    async def _take(self) -> None:
        end, pause = self._clock.monotonic() + self.timeout, _FIRST_PAUSE
        told: set[str] = set()
        while self._instances and (holder := await self._try()):
            instance = min(self._instances.keys() & holder.instances)
            left = end - self._clock.monotonic()
            if left <= 0:
                how = f"still locked after {self.timeout:g} s" if self.timeout > 0 else "locked"
                raise Locked(
                    _held(instance, holder, how),
                    hint="Wait for it with --lock-timeout SECONDS. If that apply is gone, its lock "
                    f"expires {holder.lease_seconds:g} s after its last sign of life; "
                    "`runner state unlock` releases it at once.",
                )
            if holder.apply_id not in told:
                told.add(holder.apply_id)
                self.waiting(f"{_held(instance, holder)} Waiting for up to {left:.0f} s.")
            await self._clock.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    async def _try(self) -> Holder | None:
        """Take everything, or return a holder that is in the way."""
        table = await self._read()
        floor = 0 if table.number else await self.place.highest_fence()
        if floor:  # a first owner may have come meanwhile, whose table must not be passed over
            table = await self._read()
        dead = await self.place.watch.dead(table.holders_of(self._instances))
        (began, wall), taken_back = self._clocks(), self._table.taken_back
        busy: list[Holder] = []

        def make(table: LockTable) -> LockTable | None:
            if self._key in table.holders:
                return None
            is_late = self._clock.monotonic() - began > self._lease
            if is_late and self._table.taken_back > taken_back:
                raise taken_over(self.apply_id)  # others may have seen it come and go
            others = table.holders_of(self._instances)
            busy[:] = [each for key, each in others.items() if dead.get(key) != each.renewals]
            if busy:
                return None
            holder = Holder(
                apply_id=self.apply_id,
                instances=list(self._instances),
                by=self.owner,
                since=wall,
                lease_seconds=self._lease,
                fence=max(table.number, floor) + 1,
            )
            return table.without(others).with_(self._key, holder)

        table = await self._table.change(make, floor=floor)
        self._holder = table.holders.get(self._key)
        if self._holder is None:
            return busy[0]
        self._renewed = began, wall
        self.inherited = {
            apply_id: shared
            for apply_id, names in table.open.items()
            if (shared := [name for name in names if name in self._instances])
        }
        return None

    async def _read(self) -> LockTable:
        """Read the table; replace a damaged one once every lease in it must be over."""
        try:
            return await self._table.read()
        except DamagedTop as damaged:
            age = await self.place.watch.store_time() - damaged.entry.modified
            if age <= timedelta(seconds=self._lease + GRANULE):
                raise StateError(
                    damaged.message,
                    hint=f"It says who holds which lock. It is replaced once {self._lease:g} "
                    "s have passed; `runner state unlock` does so at once.",
                ) from None
            await self.place.rebuild_locks(damaged)
            return await self._table.read()

    # ---------------------------------------------------------------- keeping

    async def _keep(self) -> None:
        """Renew the lease until cancelled."""
        while True:
            await self._clock.sleep(self._lease / _LOOKS)
            elapsed = self._clock.monotonic() - self._renewed[0]
            if elapsed >= self._lease / _RENEWALS or self.lost:
                with suppress(StateError):  # tried again at the next look
                    await self._renew()

    async def _renew(self) -> None:
        clocks, renewals = self._clocks(), self._holder.renewals + 1 if self._holder else 0
        table = await self._table.change(lambda table: table.renewed(self._key, renewals))
        holder = table.holders.get(self._key)
        self._gone |= self._instances.keys() - (holder.instances if holder else ())
        if holder is not None:
            self._holder, self._renewed = holder, clocks

    async def _release(self) -> None:
        """Release, and note what is still open; an owner that was replaced changes nothing."""
        if self._instances:
            await self._table.change(lambda table: table.released(self._key, self._is_open))
        self._holder = None


def _held(instance: str, holder: Holder, how: str = "locked") -> str:
    by = holder.by
    url = f", {shown(by.ci_url)}" if by.ci_url else ""
    return (
        f"{shown(instance)} is {how} by {shown(by.user) or 'an unknown user'} on "
        f"{shown(by.host) or 'an unknown host'} (process {by.pid}) since "
        f"{holder.since:%Y-%m-%d %H:%M:%S} UTC, apply {shown(holder.apply_id)}{url}."
    )

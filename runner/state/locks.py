"""Taking, keeping and releasing the locks of an apply."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from math import inf
from threading import Event
from types import TracebackType
from typing import Final, Self

from runner.errors import StateError
from runner.models.record import Initiator
from runner.state.lease import Hold, Terms
from runner.state.lock_errors import held, locked
from runner.state.lock_log import Chains, Link, LockDocument

_RENEWALS: Final = 3
"""How often a lease is renewed in its time."""
_LOOKS: Final = 12
"""How often in that time the owner looks at its clocks."""
_GRANULE: Final = timedelta(seconds=1)
"""Stores tell the age of an object in whole seconds."""
_ROW: Final = 25
"""So many locks are taken in one call."""
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 0.5


class Locks:
    """The locks of an apply, an asynchronous context manager; made by ``State.lock``."""

    def __init__(
        self,
        chains: Callable[[], Awaitable[Chains]],
        instances: Iterable[str],
        *,
        owner: Initiator,
        apply_id: str,
        terms: Terms,
    ) -> None:
        self._open = chains
        self._instances = sorted(set(instances))
        self._owner = owner
        self._apply_id = apply_id
        self._terms = terms
        self._clock = terms.clock
        self._holds: dict[str, Hold] = {}
        self._watched: dict[str, tuple[int, float]] = {}
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Takes all locks, one by one in the order of their names, so that nobody deadlocks.

        Raises:
            Locked: Somebody else holds one for longer than the time-out.
            StateError: The store can't be read or written.
        """
        self._chains = await self._open()
        self._keeper = asyncio.create_task(self._keep())
        try:
            await self._take_all()
        except BaseException:
            await self._let_go()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Releases what is still held. A lock that can't be released ends with its lease."""
        try:
            await self._terms.done()
        finally:
            problems = await self._let_go()
        if problems and error is None:
            raise problems[0]

    @property
    def lost(self) -> frozenset[str]:
        """Instances whose lock can't be relied on any more: nothing may be written for them."""
        return frozenset(name for name, hold in self._holds.items() if hold.doubt(self._terms))

    def fence(self, instance: str) -> int:
        """The fencing token to write with: it grows with every owner of the lock.

        Raises:
            StateError: The lock was lost, so nothing may be written.
            KeyError: It is not one of these locks, or was released.
        """
        hold = self._holds[instance]
        if doubt := hold.doubt(self._terms):
            raise StateError(
                f"The lock of {instance} was lost: {doubt}.",
                hint="Nothing more is written for it. Look at `runner status`, then apply again.",
            )
        return hold.number

    def inherited(self) -> list[tuple[str, str]]:
        """Applies before this one, and instances of which they may have left something."""
        return [
            (apply_id, instance)
            for instance, hold in self._holds.items()
            for apply_id in hold.document.unfinished
        ]

    async def release(self, instance: str) -> None:
        """Releases one lock ahead of the others; one that was lost is left alone.

        Raises:
            StateError: The store can't be written; the lock ends with its lease.
            KeyError: It is not one of these locks, or was released.
        """
        hold = self._holds.pop(instance)
        async with hold.turn:
            if hold.taken_away:
                return
            names = self._terms.unfinished(instance, hold.document.left_behind())
            document = hold.document.model_copy(update={"released": True, "unfinished": names})
            there = await self._chains.add(hold.number + 1, document)
            if there and there.nonce == document.nonce and not there.released:
                # A renewal that was cut off had arrived after all.
                hold.number += 1
                await self._chains.add(hold.number + 1, document)
            with suppress(StateError):  # it is released; the next owner will tidy up
                await self._chains.drop([self._chains.path(instance, hold.number)])

    # ---------------------------------------------------------------- taking

    async def _take_all(self) -> None:
        began = self._clock.monotonic()
        pause = _FIRST_PAUSE
        told: set[str] = set()
        while busy := await self._take_missing():
            left = self._terms.timeout - (self._clock.monotonic() - began)
            instance, link = busy
            if left <= 0:
                raise locked(instance, link, self._terms.timeout)
            if instance not in told:
                told.add(instance)
                self._terms.waiting(f"{held(instance, link)} Waiting for it, {left:.0f} s at most.")
            await self._clock.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    async def _take_missing(self) -> tuple[str, Link | None] | None:
        """Takes locks in order up to the first that is busy, which is returned."""
        missing = [name for name in self._instances if name not in self._holds]
        tops = await self._chains.tops(missing)
        fences = await self._terms.fences(name for name in missing if name not in tops)
        free, busy = await self._free(missing, tops)
        taken: dict[str, Hold] = {}
        for start in range(0, len(free), _ROW):
            names = free[start : start + _ROW]
            holds = {name: self._hold(name, tops.get(name), fences.get(name, 0)) for name in names}
            await self._take(holds)
            taken |= {name: hold for name, hold in holds.items() if name in self._holds}
            refused = next((name for name in names if name not in self._holds), None)
            if refused is not None:  # somebody was faster: who?
                busy = refused, await self._top(refused)
                break
        if overtaken := await self._not_confirmed(taken):
            # Links of others had come and gone since the listing. Start over with none held, so
            # that the order stays.
            await asyncio.gather(*(self.release(name) for name in list(self._holds)))
            return overtaken, await self._top(overtaken)
        await self._chains.drop(path for hold in taken.values() for path in hold.replaced)
        for hold in taken.values():
            hold.replaced = ()
        return busy

    async def _top(self, instance: str) -> Link | None:
        return (await self._chains.tops([instance])).get(instance)

    async def _free(
        self, instances: Iterable[str], tops: Mapping[str, Link]
    ) -> tuple[list[str], tuple[str, Link | None] | None]:
        """Those whose lock nobody holds, up to the first whose somebody does; and that one."""
        free: list[str] = []
        for instance in instances:
            top = tops.get(instance)
            if top and not top.document.released and not await self._is_over(instance, top):
                return free, (instance, top)
            free.append(instance)
        return free, None

    def _hold(self, instance: str, top: Link | None, fence: int) -> Hold:
        """What holds a lock once its link was added."""
        now = self._clock.now()
        document = LockDocument(
            instance=instance,
            nonce=self._terms.nonce,
            apply_id=self._apply_id,
            by=self._owner,
            since=now,
            lease_seconds=self._terms.lease,
            unfinished=top.document.left_behind() if top else (),
        )
        number = (top.number if top else fence) + 1
        replaced = (*top.lower, self._chains.path(instance, top.number)) if top else ()
        return Hold(document, number, replaced, self._clock.monotonic(), now)

    async def _take(self, holds: Mapping[str, Hold]) -> None:
        """Adds the links of ``holds`` in turn, up to the first that is refused.

        Who is cancelled meanwhile waits for the one that is being written, so that none is held
        that nobody knows of.
        """
        loop, stop = asyncio.get_running_loop(), Event()

        def added(instance: str) -> None:  # in a thread; from here on it is renewed, too
            loop.call_soon_threadsafe(self._holds.__setitem__, instance, holds[instance])

        links = [(hold.number, hold.document) for hold in holds.values()]
        adding = asyncio.ensure_future(self._chains.add_in_turn(links, added, stop))
        try:
            await asyncio.shield(adding)
        finally:
            stop.set()
            while not adding.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait({adding})
            if not adding.cancelled():
                adding.exception()  # raised above, if anybody still wants it

    async def _is_over(self, instance: str, top: Link) -> bool:
        """Whether the owner of a lock is surely gone.

        Either it was seen unchanged for a whole lease by a clock that never jumps, or it is old
        by the store's own clock. This machine's wall clock only says when it is worth asking.
        """
        lease = timedelta(seconds=top.document.lease_seconds) + _GRANULE
        now = self._clock.monotonic()
        seen_number, since = self._watched.get(instance, (0, now))
        if seen_number != top.number:
            self._watched[instance] = (top.number, now)
        elif now - since > lease.total_seconds():
            return True
        if self._clock.now() - top.modified <= lease:
            return False
        return await self._terms.store_time() - top.modified > lease

    async def _not_confirmed(self, taken: dict[str, Hold]) -> str | None:
        """Marks locks that are somebody else's after all; says the first.

        Besides the number it looks at whose document it is: some stores check for an object and
        write it in two steps, so that two can be told that they created it.
        """
        tops = await self._chains.tops(taken) if taken else {}
        first = None
        for instance, hold in taken.items():
            top = tops.get(instance)
            if top and top.document.nonce == self._terms.nonce:
                continue
            hold.taken_away = True
            if top and top.number > hold.number:  # of the same number it is not ours to delete
                await self._chains.drop([self._chains.path(instance, hold.number)])
            first = first or instance
        return first

    async def _overtaken(self, holds: dict[str, Hold]) -> None:
        """Marks locks whose renewal is not the highest link after all."""
        if not holds:
            return
        numbers = await self._chains.numbers(holds)
        for instance, hold in holds.items():
            if instance in self._holds and numbers.get(instance, inf) > hold.number:
                hold.taken_away = True
                await self._chains.drop([self._chains.path(instance, hold.number)])

    # ---------------------------------------------------------------- keeping

    async def _keep(self) -> None:
        """Renews leases until it is cancelled."""
        while True:
            await self._clock.sleep(self._terms.lease / _LOOKS)
            now = self._clock.monotonic()
            due = {
                name: hold
                for name, hold in self._holds.items()
                if not hold.taken_away
                and (
                    now - hold.monotonic >= self._terms.lease / _RENEWALS or hold.doubt(self._terms)
                )
            }
            with suppress(StateError):  # tried again at the next look
                await self._renew(due)

    async def _renew(self, due: dict[str, Hold]) -> None:
        monotonic, wall = self._clock.monotonic(), self._clock.now()
        results = await asyncio.gather(*(self._extend(name, hold) for name, hold in due.items()))
        done = zip(due.items(), results, strict=True)
        extended = {name: hold for (name, hold), is_extended in done if is_extended}
        await self._overtaken(extended)
        replaced: list[str] = []
        for hold in extended.values():
            if not hold.taken_away:
                hold.monotonic, hold.wall = monotonic, wall
                replaced.extend(hold.replaced)
                hold.replaced = ()
        await self._chains.drop(replaced)

    async def _extend(self, instance: str, hold: Hold) -> bool:
        """Adds a link; false when the lock was released, taken away, or could not be written."""
        async with hold.turn:
            if instance not in self._holds:
                return False
            try:
                there = await self._chains.add(hold.number + 1, hold.document)
            except StateError:
                # Tried again at the next look; ``lost`` tells when it has been too long.
                return False
            if there is None or there.nonce != hold.document.nonce:
                hold.taken_away = True
                return False
            hold.replaced = (*hold.replaced, self._chains.path(instance, hold.number))
            hold.number += 1
            return True

    async def _let_go(self) -> list[BaseException]:
        """Stops renewing and releases everything; says what could not be released."""
        if self._keeper:
            self._keeper.cancel()
        held = list(self._holds)
        ends = await asyncio.gather(*map(self.release, held), return_exceptions=True)
        return [end for end in ends if isinstance(end, BaseException)]

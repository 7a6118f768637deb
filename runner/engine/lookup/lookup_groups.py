"""Keep instances that look the same in the list of sessions from being looked up at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from runner.models.record import Lookup


class LookupGroup:
    """The instances of an apply that share a lookup.

    While the trigger of one is in the air, a session that appears may be its own. So one whose
    answer was lost waits until no other is in the air, and holds back those still to come. Two
    that are lost at once can't be told apart.
    """

    def __init__(self) -> None:
        self._in_the_air = 0
        self._lost = 0
        self._lost_together = 0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator["Turn"]:
        """The time from before a trigger leaves until it is known what came of it."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._lost)
            self._in_the_air += 1
        turn = Turn(self)
        try:
            yield turn
        finally:
            if turn.is_lost:
                await self._change(in_the_air=0, lost=-1)
            else:
                await self._change(in_the_air=-1, lost=0)

    async def lose(self) -> bool:
        """Note that one's answer was lost; says whether it can be told apart from the others."""
        await self._change(in_the_air=-1, lost=1)
        async with self._changed:
            await self._changed.wait_for(lambda: not self._in_the_air)
            return self._lost_together == 1

    async def _change(self, *, in_the_air: int, lost: int) -> None:
        async with self._changed:
            self._in_the_air += in_the_air
            self._lost += lost
            # Counts up until all of them are settled: one that is settled first was lost with
            # the others all the same.
            self._lost_together = self._lost_together + max(lost, 0) if self._lost else 0
            self._changed.notify_all()


class Turn:
    """One trigger on its way."""

    def __init__(self, group: LookupGroup) -> None:
        self._group = group
        self.is_lost = False

    async def lost(self) -> bool:
        """Note that the answer was lost; says whether its session can be told from the others'."""
        self.is_lost = True
        return await self._group.lose()


class LookupGroups:
    """The groups of one apply."""

    def __init__(self) -> None:
        self._groups: dict[str, LookupGroup] = {}

    def of(self, lookup: Lookup) -> LookupGroup:
        """The group that ``lookup`` belongs to."""
        return self._groups.setdefault(lookup.model_dump_json(), LookupGroup())

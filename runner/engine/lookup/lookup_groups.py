"""Keep instances that look the same in the list of sessions from being looked up at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

Lost: TypeAlias = Callable[[], Awaitable[bool]]


class LookupGroup:
    """The instances of an apply that share a lookup.

    While the trigger of one is in flight, a session that appears may be its own. So one whose
    answer was lost waits until no other is in flight, and holds back those still to come. Two
    that are lost at once can't be told apart.
    """

    def __init__(self) -> None:
        self._in_the_air = 0
        self._lost = 0
        self._lost_together = 0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Lost]:
        """Span the time from before a trigger leaves until its result is known.

        The function notes that its answer was lost, and returns whether its session can be told
        from the others'.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: not self._lost)
            self._in_the_air += 1
        is_lost = False

        async def lose() -> bool:
            nonlocal is_lost
            is_lost = True
            await self._change(in_the_air=-1, lost=1)
            async with self._changed:
                await self._changed.wait_for(lambda: not self._in_the_air)
                return self._lost_together == 1

        try:
            yield lose
        finally:
            await self._change(in_the_air=is_lost - 1, lost=-is_lost)

    async def _change(self, *, in_the_air: int, lost: int) -> None:
        async with self._changed:
            self._in_the_air += in_the_air
            self._lost += lost
            # Counts up until all of them are settled: one that is settled first was lost with
            # the others all the same.
            self._lost_together = self._lost_together + max(lost, 0) if self._lost else 0
            self._changed.notify_all()

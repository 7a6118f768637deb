"""Several processes and one store in virtual time, to try out interleavings and crashes.

Each process has a clock of its own, hours off, and may be stopped for a while or killed between any
two requests. Answers of the store may get lost after it has done what it was asked.
"""

import asyncio
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from runner.errors import StateError
from runner.models.clock import Clock
from runner.state.store.object_store import Entry, Store

GRAVES: list[asyncio.Future[None]] = []
START = datetime(2026, 8, 1, tzinfo=UTC)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time jumps to the next thing that is to happen."""

    def __init__(self) -> None:
        super().__init__()
        self._virtual = 0.0

    def time(self) -> float:
        return self._virtual

    def _run_once(self) -> None:
        scheduled = self._scheduled  # type: ignore[attr-defined]
        # One that was cancelled is dropped unseen, and the rest would be waited for in real time.
        due = [handle.when() for handle in scheduled if not handle.cancelled()]
        if not self._ready and due:  # type: ignore[attr-defined]
            self._virtual = max(self._virtual, min(due))
        super()._run_once()  # type: ignore[misc]


class Disk:
    """What is stored, and when by the store's clock."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, datetime]] = {}

    def now(self) -> datetime:
        seconds = int(asyncio.get_running_loop().time())
        return START + timedelta(seconds=seconds)


class Process(Clock):
    """One process: its clock, and whether it is stopped or dead."""

    def __init__(self, rng: random.Random, *, skew: float = 0.0) -> None:
        self.rng = rng
        self.is_dead = False
        self._skew = timedelta(seconds=skew)
        self._stopped_until = 0.0

    def now(self) -> datetime:
        return START + self._skew + timedelta(seconds=asyncio.get_running_loop().time())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time() + 1000

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.awake()

    def stop(self, seconds: float) -> None:
        self._stopped_until = asyncio.get_running_loop().time() + seconds

    async def awake(self) -> None:
        """Wait while it is stopped; nothing more happens once it is dead."""
        while (  # noqa: ASYNC110 # it may be stopped again meanwhile
            left := self._stopped_until - asyncio.get_running_loop().time()
        ) > 0:
            await asyncio.sleep(left)
        if self.is_dead:
            grave: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            GRAVES.append(grave)  # else it would be thrown away with all that waits for it
            await grave


class SimulatedStore(Store):
    """A store of a disk, as one process sees it."""

    def __init__(self, disk: Disk, process: Process, *, lost: float = 0.0) -> None:
        super().__init__("s3://bucket")
        self._disk = disk
        self._process = process
        self._lost = lost
        self.requests = 0

    async def _step(self) -> None:
        await self._process.awake()
        await asyncio.sleep(self._process.rng.choice((0.001, 0.01, 0.05, 0.3)))
        await self._process.awake()
        self.requests += 1

    async def get(self, path: str) -> bytes | None:
        await self._step()
        found = self._disk.objects.get(path)
        await self._step()
        return found[0] if found else None

    async def entries(self, prefix: str) -> list[Entry]:
        await self._step()
        found = [
            Entry(path, modified, len(data))
            for path, (data, modified) in sorted(self._disk.objects.items())
            if path.startswith(f"{prefix}/")
        ]
        await self._step()
        return found

    async def folders(self, prefix: str) -> list[str]:
        await self._step()
        rest = [path.removeprefix(f"{prefix}/") for path in self._disk.objects if path != prefix]
        return sorted({path.partition("/")[0] for path in rest if "/" in path})

    async def create(self, path: str, data: bytes) -> bool:
        await self._step()
        is_own = self._disk.objects.setdefault(path, (data, self._disk.now()))[0] == data
        await self._step()
        if self._process.rng.random() < self._lost:
            if self._process.rng.random() < 0.3:
                raise StateError("The store does not answer.")
            await self._step()  # sent again: it is recognised by what it holds
            there = self._disk.objects.get(path)
            return there is not None and there[0] == data
        return is_own

    async def put(self, path: str, data: bytes) -> None:
        await self._step()
        self._disk.objects[path] = data, self._disk.now()

    async def delete(self, paths: Iterable[str]) -> None:
        for path in list(paths):
            await self._step()
            self._disk.objects.pop(path, None)


def simulate(main: Any) -> Any:
    """Run a coroutine in virtual time; what is left of dead processes is thrown away."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main)
    finally:
        while left := asyncio.all_tasks(loop):  # some still want to clean up after themselves
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.wait(left, timeout=1))
        loop.run_until_complete(loop.shutdown_asyncgens())
        GRAVES.clear()
        loop.close()

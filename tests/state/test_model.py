"""The protocol under random interleavings: never two owners, no session doubled or lost."""

import asyncio
import json
import random
from collections import defaultdict
from contextlib import suppress
from typing import Any

import pytest

from runner.errors import Locked, StateError
from runner.models.record import Initiator, Phase, Record
from runner.models.verdict import Verdict
from runner.state.maintenance import prune, rename
from runner.state.project import Project
from runner.state.state import State
from tests.state.conftest import an_attempt
from tests.state.simulation import Disk, Process, SimulatedStore, simulate

INSTANCES = ("a", "b", "c", "d")
LEASE = 60.0
HOUR = 3600.0


class Api:
    """Remembers the sessions that were started, and by whose fence."""

    def __init__(self) -> None:
        self.sessions: dict[tuple[str, str], str] = {}
        self.fences: dict[str, int] = defaultdict(int)

    def trigger(self, apply_id: str, instance: str, fence: int) -> str:
        assert (apply_id, instance) not in self.sessions, "a session was doubled"
        assert fence >= self.fences[instance], "a trigger of an owner that was replaced"
        self.fences[instance] = fence
        self.sessions[apply_id, instance] = f"{apply_id}-{instance}"
        return self.sessions[apply_id, instance]


class World:
    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.disk = Disk()
        self.api = Api()
        self.newest: dict[str, tuple[int, bool]] = {}
        self.read: dict[str, tuple[int, bool]] = {}
        self.moved: set[str] = set()
        self.is_pruned = seed % 2 == 1
        self.is_rough = True

    def state(self, process: Process, *, is_rough: bool = True) -> State:
        lost = 0.03 if is_rough and self.is_rough else 0.0
        store = SimulatedStore(self.disk, process, lost=lost)
        return State(
            store,
            host="api",
            account="acc",
            project=Project("shop"),
            scope="default",
            clock=process,
            lease=LEASE,
            token=lambda: f"{self.rng.getrandbits(64):016x}",
        )

    async def apply(self, apply_id: str, names: tuple[str, ...], process: Process) -> None:
        """What the engine does, in short: settle, intend, start, follow, record."""
        state = self.state(process)
        owner = Initiator(user=apply_id)
        async with state.lock(names, owner, apply_id, timeout=500) as locks:
            journals = [await self.settle(state, locks, *each) for each in locks.inherited.items()]
            own = await state.begin(
                apply_id, locks, dict.fromkeys(names, "p"), owner, process.now()
            )
            await asyncio.gather(*(self.one(own, locks, name, process) for name in names))
            for journal in [*journals, own]:
                await journal.end()
            await state.keep(locks, [*journals, own])
            await self.watch_records(state)

    async def one(self, journal: Any, locks: Any, name: str, process: Process) -> None:
        apply_id = journal.apply_id
        try:
            fence = locks.fence(name)
            attempt = an_attempt(name, apply_id, intent_at=process.now(), fence=fence)
            await journal.put(attempt, durable=True)
            locks.fence(name, 10)
        except StateError:
            return
        await asyncio.sleep(self.rng.choice((0.01, 2, 5)))  # on its way: less than its time-out
        session = self.api.trigger(apply_id, name, fence)
        if process.is_dead or (self.is_rough and self.rng.random() < 0.1):
            return  # the answer is lost
        await process.awake()
        update = {"phase": Phase.STARTED, "session_id": session}
        await journal.put(started := attempt.model_copy(update=update), durable=True)
        await process.sleep(self.rng.choice((0.1, 10, 100)))
        update = {"phase": Phase.FINISHED, "verdict": Verdict.PASSED}
        await journal.put(started.model_copy(update=update), durable=False)

    async def settle(self, state: State, locks: Any, apply_id: str, names: list[str]) -> Any:
        journal = await state.take_over(apply_id, locks, names)
        await asyncio.sleep(20)  # the settling time: no trigger is under way any more
        for name in names:
            attempt = journal.attempts.get(name)
            if attempt is None:
                locks.note(apply_id, name, is_open=False)
            if attempt is None or not attempt.is_open:
                continue
            session = self.api.sessions.get((apply_id, name))
            verdict = Verdict.FAILED if session else Verdict.NOT_STARTED
            update = {"phase": Phase.FINISHED, "session_id": session, "verdict": verdict}
            await journal.put(attempt.model_copy(update=update), durable=False)
        return journal

    async def watch_records(self, state: State) -> None:
        table = await state.record_table.read()
        for name, tree in table.records.items():
            record = Record.model_validate({**tree, "instance": name})
            assert record.order >= self.newest.get(name, (0, False)), "a record was moved back"
            self.newest[name] = record.order

    def stored(self) -> set[str]:
        """The applies that have ended and are stored, read from the disk itself."""
        found = set()
        for path, (data, _) in self.disk.objects.items():
            folder, _, name = path.rpartition("/")
            if folder.endswith("/applies"):
                found.add(name.removesuffix(".json"))
            elif folder.endswith("/history"):
                found |= json.loads(data)["applies"].keys()
        return found

    async def reader(self) -> None:
        """Reads, now and then slowly, while others write, fold, prune and rename."""
        process = Process(self.rng)
        state, problems = self.state(process, is_rough=False), list[StateError]()
        await asyncio.sleep(self.rng.uniform(0, 900))
        before, read = self.stored(), dict(self.read)
        asyncio.get_running_loop().call_later(
            self.rng.uniform(0, 3), process.stop, self.rng.choice((0, 1, 30))
        )
        told = [past async for past in state.history(problems=problems)]
        ids = [past.apply_id for past in told]
        assert len(ids) == len(set(ids)), "an apply was told twice"
        assert before & self.stored() <= set(ids), "an apply was missed"
        for past in told:
            whole = past.apply_id in before
            assert not (whole and any(each.is_open for each in past.attempts)), "an old journal"
            for each in past.attempts:
                if each.verdict is Verdict.NOT_STARTED:
                    session = (past.apply_id, each.instance)
                    assert session not in self.api.sessions, "a session was told not started"
        records = await state.records(problems=problems)
        assert not problems, "something was damaged that was only tidied"
        for name in read.keys() - self.moved:
            assert name in records, "a record was missed"
            assert records[name].order >= read[name], "a record is older than before"
        for name, record in records.items():
            assert record.request, "the apply of a record was missed"
            self.read[name] = max(self.read.get(name, (0, False)), record.order)
        for apply_id in sorted(before):
            one = await state.apply(apply_id)
            assert one is not None or apply_id not in self.stored(), "an apply was not found"

    async def tidier(self) -> None:
        """Folds, prunes, renames or claims while others read and write."""
        process = Process(self.rng)
        state, owner = self.state(process), Initiator(user="tidier")
        await asyncio.sleep(self.rng.uniform(0, 900))
        with suppress(StateError, Locked):
            await state.fold(self.rng.randint(0, 3))
            if self.is_pruned:
                await prune(state, [], keep=self.rng.randint(0, 3))
            if self.rng.random() < 0.3:
                await state.claim(owner)
            elif self.rng.random() < 0.2 and not self.moved:
                self.moved |= {"d", "e"}
                await rename(state, {"d": "e"}, owner=owner, before=f"{50:026}")

    async def life(self, number: int) -> None:
        """One process: applies something, is stopped or killed at some moment."""
        rng = self.rng
        process = Process(rng, skew=rng.choice((-HOUR, 0, HOUR)))
        await asyncio.sleep(rng.uniform(0, 400))
        names = tuple(sorted(rng.sample(INSTANCES, rng.randint(1, 4))))
        apply_id = f"{number:026}"
        task = asyncio.create_task(self.apply(apply_id, names, process))
        fate = rng.random()
        await asyncio.sleep(rng.uniform(0, 60))
        if fate < 0.35:
            process.is_dead = True
            return
        if fate < 0.6:
            process.stop(rng.choice((5, 50, 70, 300)))
        try:
            await task
        except StateError:
            process.is_dead = True

    async def main(self) -> None:
        await asyncio.gather(
            *(self.life(number) for number in range(1, 9)),
            *(self.reader() for _ in range(8)),
            *(self.tidier() for _ in range(6)),
        )
        # Time goes by; then one more apply of everything settles what is left.
        self.is_rough = False
        await asyncio.sleep(2000)
        names = (*INSTANCES, *sorted(self.moved - {*INSTANCES}))
        await self.apply(f"{99:026}", names, Process(self.rng))
        state = self.state(Process(self.rng))
        known = set()
        problems: list[StateError] = []
        async for past in state.history(problems=problems):
            known |= {each.session_id for each in past.attempts if each.session_id}
            for each in past.attempts:  # but for a late first segment, which sends nothing
                was_sent = (past.apply_id, each.instance) in self.api.sessions
                is_late = self.is_pruned and each.phase is Phase.INTENT and not was_sent
                assert is_late or not each.is_open, "an attempt was left open"
        assert not problems
        assert self.is_pruned or set(self.api.sessions.values()) <= known, "a session was lost"
        records = await state.records()
        assert {records[name].apply_id for name in names} == {f"{99:026}"}
        table = await state.lock_table.read()
        assert (table.holders, table.open) == ({}, {})


@pytest.mark.parametrize("seed", [*range(25), 1124])
def test_no_interleaving_breaks_a_promise(seed: int) -> None:
    simulate(World(seed).main())


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_no_interleaving_of_many_breaks_a_promise() -> None:
    for seed in range(1000, 1700):
        try:
            simulate(World(seed).main())
        except BaseException as error:
            raise AssertionError(f"seed {seed}") from error

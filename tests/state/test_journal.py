"""The journal of an apply: which steps share a write, and what a write that fails leaves."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest

from runner.errors import StateError
from runner.models.record import Attempt, Phase
from runner.models.verdict import Verdict
from runner.state.apply_document import ApplyDocument
from runner.state.state import State
from runner.state.store.codec import encode
from tests.state.conftest import ALICE, NOON, OpenState, an_attempt, attempts_of

NAMES = [f"p{number}" for number in range(50)]
PLANNED = dict.fromkeys(NAMES, "p")


@pytest.fixture(params=["folder"])
def place(tmp_path: Path) -> str:
    return f"file://{tmp_path}/state"


def segments(folder: Path) -> list[Path]:
    return sorted(folder.rglob("applies/a1/*.json"))


def finished(attempt: Attempt) -> Attempt:
    update = {"phase": Phase.FINISHED, "verdict": Verdict.PASSED, "stopped_at": NOON}
    return attempt.model_copy(update=update)


class Failing:
    """Keeps a state from creating documents of applies, for so many times."""

    def __init__(self, state: State, times: int, *, is_written: bool) -> None:
        self._create = state.store.create
        self._left = times
        self._is_written = is_written
        state.store.create = self.create  # type: ignore[method-assign]

    async def create(self, path: str, data: bytes) -> bool:
        if self._left and "/applies/" in path:
            self._left -= 1
            if self._is_written:
                await self._create(path, data)
            raise StateError("The store does not answer.")
        return await self._create(path, data)


def test_steps_that_come_together_share_a_write(open_: OpenState, tmp_path: Path) -> None:
    async def go() -> None:
        state = open_()
        async with state.lock(NAMES, ALICE, "a1", timeout=0) as locks:
            journal = await state.begin("a1", locks, PLANNED, ALICE, NOON)
            await asyncio.gather(*(journal.put(an_attempt(n), durable=True) for n in NAMES))
            assert len(segments(tmp_path)) <= 2
            assert len(await attempts_of(open_(), "a1")) == len(NAMES)
            for name in NAMES:  # may lag, and nobody waits for it
                await journal.put(finished(an_attempt(name)), durable=False)
            assert len(segments(tmp_path)) <= 2
            await journal.end(0)
            assert segments(tmp_path) == []
        assert not any(each.is_open for each in await attempts_of(open_(), "a1"))

    asyncio.run(go())


@pytest.mark.parametrize("is_written", [False, True])
def test_all_who_wait_for_a_write_that_fails_learn_of_it_and_the_next_brings_it(
    open_: OpenState, is_written: bool
) -> None:
    async def go() -> None:
        state = open_()
        async with state.lock(NAMES, ALICE, "a1", timeout=0) as locks:
            journal = await state.begin("a1", locks, PLANNED, ALICE, NOON)
            Failing(state, 1, is_written=is_written)
            first = [journal.put(an_attempt(name), durable=True) for name in NAMES[:20]]
            found = await asyncio.gather(*first, return_exceptions=True)
            assert all(isinstance(each, StateError) for each in found)
            await journal.put(an_attempt(NAMES[20]), durable=True)
            there = {each.instance for each in await attempts_of(open_(), "a1")}
            assert there == set(NAMES[:21])

    asyncio.run(go())


def test_what_could_not_be_written_is_written_at_the_end(open_: OpenState) -> None:
    async def go() -> None:
        state = open_()
        async with state.lock(["p0"], ALICE, "a1", timeout=0) as locks:
            journal = await state.begin("a1", locks, {"p0": "p"}, ALICE, NOON)
            await journal.put(an_attempt("p0"), durable=True)
            Failing(state, 2, is_written=False)
            started = an_attempt("p0", phase=Phase.STARTED, session_id="s")
            with pytest.raises(StateError):
                await journal.put(started, durable=True)
            with pytest.raises(StateError):
                await journal.flush()
            await journal.end()
            assert journal.is_kept
        (attempt,) = await attempts_of(open_(), "a1")
        assert attempt.session_id == "s"

    asyncio.run(go())


def test_an_owner_that_was_replaced_writes_nothing_more(open_: OpenState) -> None:
    async def go() -> None:
        state = open_()
        async with state.lock(["p0"], ALICE, "a1", timeout=0) as locks:
            late = await state.begin("a1", locks, {"p0": "p"}, ALICE, NOON)
            await late.put(an_attempt("p0"), durable=True)
            other = await open_().take_over("a1", locks, ["p0"])
            assert [each.instance for each in other.touched()] == ["p0"]
            with pytest.raises(StateError, match="was taken over"):
                await late.put(finished(an_attempt("p0")), durable=True)
            with pytest.raises(StateError, match="was taken over"):
                await late.end()
            assert not late.is_kept
            await other.put(finished(an_attempt("p0", session_id="found")), durable=False)
            await other.end()
        (attempt,) = await attempts_of(open_(), "a1")
        assert attempt.session_id == "found"

    asyncio.run(go())


@pytest.mark.parametrize("written", [1, 2])
def test_what_a_late_owner_writes_into_an_apply_that_is_tidied_away_is_taken_back(
    open_: OpenState, tmp_path: Path, written: int
) -> None:
    async def go() -> None:
        state = open_()
        async with state.lock(["p0", "p1"], ALICE, "a1", timeout=0) as locks:
            late = await state.begin("a1", locks, {"p0": "p", "p1": "p"}, ALICE, NOON)
            for name in ("p0", "p1")[:written]:
                await late.put(an_attempt(name), durable=True)
            other = await open_().take_over("a1", locks, ["p0", "p1"])
            for name in ("p0", "p1")[:written]:
                await other.put(finished(an_attempt(name)), durable=False)
            await other.end()
            await (await state.applies([])).drop(["a1"])
            locks._gone.update(("p0", "p1"))
            with pytest.raises(StateError, match="was taken over"):
                await late.put(an_attempt("p1"), durable=True)
            with pytest.raises(StateError, match="was taken over"):
                await late.end()
        assert not segments(tmp_path)
        assert await state.apply("a1") is None

    asyncio.run(go())


def test_what_a_late_owner_is_about_to_take_back_is_not_told_as_damage(open_: OpenState) -> None:
    async def go() -> None:
        state, problems = open_(), list[StateError]()
        path = (await state.applies()).path("a1")
        late = ApplyDocument(apply_id="a1", started_at=NOON, nonce="late")
        await state.store.create(f"{path}/0000000003.json", encode(late))

        async def take_back() -> None:
            await asyncio.sleep(0.3)
            await state.store.delete([f"{path}/0000000003.json"])

        taking = asyncio.create_task(take_back())
        assert [past async for past in state.history(problems=problems)] == []
        await taking
        assert problems == []

    asyncio.run(go())


def test_an_apply_that_wrote_nothing_can_be_taken_over(open_: OpenState) -> None:
    async def go() -> None:
        state = open_()
        async with state.lock(["p0[a]"], ALICE, "a1", timeout=0) as locks:
            late = await state.begin("a1", locks, {"p0[a]": "p0"}, ALICE, NOON)
            other = await open_().take_over("a1", locks, ["p0[a]"])
            with pytest.raises(StateError, match="was taken over"):
                await late.put(an_attempt("p0[a]"), durable=True)
            await other.end()
        (attempt,) = await attempts_of(open_(), "a1")
        assert (attempt.profile, attempt.verdict) == ("p0", Verdict.NOT_STARTED)

    asyncio.run(go())


@pytest.mark.parametrize("gone", [[0], [1], [0, 2], [1, 2], [0, 1, 2]])
def test_what_a_killed_owner_left_of_earlier_segments_does_not_count(
    open_: OpenState, gone: list[int]
) -> None:
    names = ["p0", "p1", "p2"]

    async def go() -> None:
        state = open_()
        tidy = state.store.tidy

        async def killed_meanwhile(paths: Iterable[str]) -> None:
            doomed = list(paths)
            await tidy([doomed[number] for number in gone] if "/applies/" in doomed[0] else doomed)

        state.store.tidy = killed_meanwhile  # type: ignore[method-assign]
        async with state.lock(names, ALICE, "a1", timeout=0) as locks:
            journal = await state.begin("a1", locks, dict.fromkeys(names, "p"), ALICE, NOON)
            for name in names:
                await journal.put(an_attempt(name, phase=Phase.STARTED), durable=True)
            await journal.end()
        assert [each.phase for each in await attempts_of(open_(), "a1")] == [Phase.STARTED] * 3
        async with open_().lock(names, ALICE, "a1", timeout=0) as locks:
            other = await open_().take_over("a1", locks, names)
            assert [each.instance for each in other.touched()] == names

    asyncio.run(go())


def test_an_apply_that_ends_while_it_is_read_is_not_missed(open_: OpenState) -> None:
    async def go() -> None:
        state, reader = open_(), open_()
        async with state.lock(["p0"], ALICE, "a1", timeout=0) as locks:
            journal = await state.begin("a1", locks, {"p0": "p"}, ALICE, NOON)
            await journal.put(an_attempt("p0"), durable=True)
            get = reader.store.get

            async def slow(path: str) -> bytes | None:
                data = await get(path)
                if data is None and "/applies/" in path:
                    await journal.put(finished(an_attempt("p0", session_id="s")), durable=False)
                    await journal.end(0)
                return data

            reader.store.get = slow  # type: ignore[method-assign]
            (attempt,) = await attempts_of(reader, "a1")
        assert attempt.session_id == "s"

    asyncio.run(go())


def test_what_a_late_owner_writes_while_it_is_replaced_is_not_lost(open_: OpenState) -> None:
    async def go() -> None:
        state, taker = open_(), open_()
        async with state.lock(["p0"], ALICE, "a1", timeout=0) as locks:
            late = await state.begin("a1", locks, {"p0": "p"}, ALICE, NOON)
            await late.put(an_attempt("p0"), durable=True)
            create = taker.store.create

            async def slow(path: str, data: bytes) -> bool:
                if "/applies/" in path and late.attempts["p0"].phase is Phase.INTENT:
                    started = an_attempt("p0", phase=Phase.STARTED, session_id="s")
                    await late.put(started, durable=True)
                return await create(path, data)

            taker.store.create = slow  # type: ignore[method-assign]
            journal = await taker.take_over("a1", locks, ["p0"])
            assert journal.attempts["p0"].session_id == "s"
            with pytest.raises(StateError, match="was taken over"):
                await late.put(finished(an_attempt("p0")), durable=True)

    asyncio.run(go())

"""Numbered documents: the highest is the truth, whatever happened to the others."""

import asyncio
from pathlib import Path

import pytest
from pydantic import Field

from runner.state.store.numbered import Numbered, NumberedDocument
from runner.state.store.object_store import Store


class Names(NumberedDocument):
    names: list[str] = Field(default_factory=list)


def with_(name: str, before: Names) -> Names | None:
    return None if name in before.names else Names(names=[*before.names, name])


class Writer:
    """One process that adds names."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(str(folder), folder=folder)
        tokens = iter(range(1000))

        async def names() -> str:
            return "names"

        self.table = Numbered(
            self.store,
            names,
            Names,
            token=lambda: f"{id(self)}-{next(tokens)}",
        )

    async def add(self, name: str) -> int:
        return (await self.table.change(lambda before: with_(name, before))).number


async def truth(folder: Path) -> tuple[int, list[str]]:
    found = await Writer(folder).table.read()
    return found.number, found.names


def test_a_number_that_two_create_is_one_writers_and_the_other_goes_on(tmp_path: Path) -> None:
    async def go() -> None:
        writers = [Writer(tmp_path) for _ in range(8)]
        await asyncio.gather(*(each.table.read() for each in writers))
        numbers = await asyncio.gather(*(each.add(str(n)) for n, each in enumerate(writers)))
        # Whoever takes a number back finds its change in what was built on it meanwhile.
        assert set(numbers) <= set(range(1, 9))
        number, names = await truth(tmp_path)
        assert (number, sorted(names)) == (8, [str(n) for n in range(8)])

    asyncio.run(go())


def test_who_slept_and_creates_a_number_that_was_tidied_away_takes_it_back(
    tmp_path: Path,
) -> None:
    async def go() -> None:
        slow, fast = Writer(tmp_path), Writer(tmp_path)
        await slow.add("first")
        for number in range(9):
            await fast.add(str(number))
        assert not (tmp_path / "names/0000000002.json").exists()
        assert await slow.add("late") == 11
        assert slow.table.taken_back == 1
        assert not (tmp_path / "names/0000000002.json").exists()
        assert await truth(tmp_path) == (11, ["first", *map(str, range(9)), "late"])

    asyncio.run(go())


@pytest.mark.parametrize("gone", [1, 2])
def test_a_number_that_is_missing_in_the_middle_changes_nothing(tmp_path: Path, gone: int) -> None:
    async def go() -> None:
        for name in "abc":
            await Writer(tmp_path).add(name)
        (tmp_path / f"names/{gone:010}.json").unlink()
        assert await truth(tmp_path) == (3, ["a", "b", "c"])
        assert await Writer(tmp_path).add("d") == 4

    asyncio.run(go())


def test_a_lower_number_that_is_damaged_changes_nothing(tmp_path: Path) -> None:
    async def go() -> None:
        for name in "ab":
            await Writer(tmp_path).add(name)
        (tmp_path / "names/0000000001.json").write_bytes(b"")
        assert await truth(tmp_path) == (2, ["a", "b"])

    asyncio.run(go())


@pytest.mark.parametrize(
    "name",
    ["9.json", "0000000009.txt", "-000000009.json", "00000000000000009.json", "٩.json", "x/9.json"],
)
def test_what_is_not_spelt_as_a_number_is_none(tmp_path: Path, name: str) -> None:
    async def go() -> None:
        await Writer(tmp_path).add("a")
        other = tmp_path / "names" / name
        other.parent.mkdir(exist_ok=True)
        other.write_text('{"names": ["foreign"]}')
        assert await Writer(tmp_path).add("b") == 2
        assert await truth(tmp_path) == (2, ["a", "b"])
        assert other.exists()

    asyncio.run(go())


def test_the_first_number_is_above_the_floor(tmp_path: Path) -> None:
    async def go() -> None:
        table = Writer(tmp_path).table
        assert (await table.change(lambda before: with_("a", before), floor=41)).number == 42

    asyncio.run(go())

"""Documents that are not what they should be are named, refused and left as they are."""

import asyncio
import json
from pathlib import Path

import pytest

from runner.errors import StateError
from runner.models.record import Phase
from tests.state.conftest import ALICE, OpenState, a_record, an_attempt


@pytest.fixture(params=["folder"])
def place(tmp_path: Path) -> str:
    return f"file://{tmp_path}/state"


def path_of(tmp_path: Path, pattern: str) -> Path:
    (path,) = tmp_path.rglob(pattern)
    return path


def everything(tmp_path: Path) -> list[Path]:
    return list(tmp_path.rglob("*"))


WHOLE = json.loads(a_record("torn").model_dump_json(by_alias=True))
BROKEN = [
    pytest.param(b"", "is empty", id="empty"),
    pytest.param(json.dumps(WHOLE)[:-20].encode(), "is cut off or damaged", id="torn"),
    pytest.param(b"\xff\xfe\x00", "is cut off or damaged", id="binary"),
    pytest.param(b"[]", "is not a state document", id="list"),
    pytest.param(b'{"some": "thing"}', "is not a state document", id="foreign"),
    pytest.param(
        json.dumps(WHOLE | {"instance": "other"}).encode(), "it belongs to other", id="copied"
    ),
    pytest.param(
        json.dumps(WHOLE | {"formatVersion": 2, "instance": 7}).encode(),
        "has format version 2; this release knows 1 at most",
        id="newer",
    ),
]


@pytest.mark.parametrize(("content", "message"), BROKEN)
def test_a_broken_record_is_named_and_never_overwritten(
    open_: OpenState, tmp_path: Path, content: bytes, message: str
) -> None:
    async def go() -> None:
        state = open_()
        await state.put_record(a_record("whole"))
        await state.put_record(a_record("torn"))
        path = path_of(tmp_path, "records/torn.json")
        path.write_bytes(content)
        for what in (
            open_().records(["torn"]),
            open_().records(),
            open_().put_record(a_record("torn", fence=9)),
        ):
            with pytest.raises(StateError, match=message) as caught:
                await what
            assert str(path) in caught.value.message
            assert caught.value.hint
        assert path.read_bytes() == content
        # Others are not held up by it.
        assert list(await open_().records(["whole"])) == ["whole"]
        problems: list[StateError] = []
        assert list(await open_().records(problems=problems)) == ["whole"]
        assert len(problems) == 1
        # And it can be got rid of.
        await open_().forget(["torn"])
        assert list(await open_().records()) == ["whole"]

    asyncio.run(go())


def test_a_broken_attempt_is_named(open_: OpenState, tmp_path: Path) -> None:
    async def go() -> None:
        state = open_()
        async with state.lock(["a", "b"], ALICE, "a1", timeout=0):
            await state.put_attempt(an_attempt("a", phase=Phase.STARTED))
            await state.put_attempt(an_attempt("b", phase=Phase.STARTED))
        path = path_of(tmp_path, "applies/a1/a.json")
        path.write_text("{")
        for what in (state.attempts("a1"), open_().unfinished(), open_().attempt("a1", "a")):
            with pytest.raises(StateError, match="is cut off or damaged") as caught:
                await what
            assert str(path) in caught.value.message
        other = open_()
        async with other.lock(["b"], ALICE, "a2", timeout=0) as locks:
            assert [each.instance for each in await other.unfinished(locks)] == ["b"]
        problems: list[StateError] = []
        (past,) = [each async for each in open_().history(problems=problems)]
        assert [each.instance for each in past.attempts] == ["b"]
        assert len(problems) == 1

    asyncio.run(go())


def test_other_files_do_not_matter(open_: OpenState, tmp_path: Path) -> None:
    async def go() -> None:
        await open_().put_record(a_record())
        records = path_of(tmp_path, "records")
        (records / ".DS_Store").write_bytes(b"\x00")
        (records / "README.txt").write_text("hello")
        (records / "smoke.json#1").write_text("{")  # what a killed write leaves
        assert list(await open_().records()) == ["smoke"]

    asyncio.run(go())


def test_a_field_of_a_later_release_is_ignored(open_: OpenState, tmp_path: Path) -> None:
    async def go() -> None:
        await open_().put_record(a_record())
        path = path_of(tmp_path, "records/smoke.json")
        path.write_text(json.dumps(json.loads(path.read_text()) | {"later": [1]}))
        assert await open_().records() == {"smoke": a_record()}

    asyncio.run(go())


# ---------------------------------------------------------------- where documents are


def test_hosts_accounts_and_scopes_never_mix(open_: OpenState) -> None:
    async def go() -> None:
        await open_().put_record(a_record())
        for other in ({"host": "127.0.0.1:4010"}, {"account": "b"}, {"scope": "pr-123"}):
            assert await open_(**other).records() == {}

    asyncio.run(go())


def test_without_an_account_the_only_one_is_meant(open_: OpenState) -> None:
    async def go() -> None:
        assert await open_(account=None).records() == {}
        with pytest.raises(StateError, match=r"has no account of api\.checklyhq\.com yet"):
            async with open_(account=None).lock(["smoke"], ALICE, "a1", timeout=0):
                pass
        await open_(account="one").put_record(a_record())
        state = open_(account=None)
        assert list(await state.records()) == ["smoke"]
        async with state.lock(["smoke"], ALICE, "a1", timeout=0):
            pass
        await open_(account="two").put_record(a_record())
        with pytest.raises(StateError, match="has several accounts: one, two") as caught:
            await open_(account=None).records()
        assert caught.value.hint == "Say which one with CHECKLY_ACCOUNT_ID."

    asyncio.run(go())


@pytest.mark.parametrize("name", ["a/../../b", "..", "x" * 500, "Ünï", "A", "a[b/c]", "con:x"])
def test_every_name_of_an_instance_and_a_scope_has_its_place(
    open_: OpenState, tmp_path: Path, name: str
) -> None:
    async def go() -> None:
        state = open_(scope=name, account=name)
        async with state.lock([name], ALICE, name, timeout=0) as locks:
            await state.put_attempt(an_attempt(name, name, phase=Phase.STARTED))
            await state.put_record(a_record(name, fence=locks.fence(name)))
        fresh = open_(scope=name, account=name)
        assert list(await fresh.records()) == [name]
        assert [each.instance for each in await fresh.attempts(name)] == [name]
        assert [each.instance for each in await fresh.unfinished()] == [name]
        assert {path.relative_to(tmp_path).parts[0] for path in everything(tmp_path)} == {"state"}

    asyncio.run(go())

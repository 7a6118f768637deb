"""Documents that are not what they should be are named, refused and left as they are."""

import asyncio
import json
from pathlib import Path

import pytest

from runner.errors import StateError
from runner.models.record import Attempt, Initiator, Phase, Record
from runner.state.maintenance import prune
from runner.state.store.codec import Damaged, decode, encode
from tests.state.conftest import (
    ALICE,
    OpenState,
    a_record,
    an_attempt,
    attempts_of,
    damage_record,
    finish,
    leave,
    unfinished,
)


@pytest.fixture(params=["folder"])
def place(tmp_path: Path) -> str:
    return f"file://{tmp_path}/state"


def path_of(tmp_path: Path, pattern: str) -> Path:
    return max(tmp_path.rglob(pattern))


BROKEN = [
    pytest.param(b"", "is empty", id="empty"),
    pytest.param(b'{"formatVersion": 1, "records": {', "is cut off or damaged", id="torn"),
    pytest.param(b"\xff\xfe\x00", "is cut off or damaged", id="binary"),
    pytest.param(b'{"a": {"b": 1, "b": 2}}', "is cut off or damaged", id="a key twice"),
    pytest.param(b"[" * 100_000, "is cut off or damaged", id="deep"),
    pytest.param(b'{"records": NaN}', "is cut off or damaged", id="nan"),
    pytest.param(b'{"records": 1e999}', "is cut off or damaged", id="infinite"),
    pytest.param(b"1" * 5000, "is cut off or damaged", id="huge number"),
    pytest.param(b"[]", "is not a state document", id="list"),
    pytest.param(b'{"a": 1}', "is not a state document", id="foreign"),
    pytest.param(b'{"records": {}}', "is not a state document", id="without a version"),
    pytest.param(
        b'{"formatVersion": "1", "records": {}}', "is not a state document", id="version as text"
    ),
    pytest.param(b'{"formatVersion": 0, "records": {}}', "is not a state document", id="version 0"),
    pytest.param(
        b'{"formatVersion": true, "records": {}}', "is not a state document", id="no version"
    ),
    pytest.param(
        b'{"formatVersion": 1, "records": {"a": 1}}', "is not a state document", id="mistaken"
    ),
    pytest.param(
        b'{"formatVersion": 2, "records": 7}',
        "has format version 2; this release knows 1 at most",
        id="newer",
    ),
]


@pytest.mark.parametrize(("content", "message"), BROKEN)
def test_a_broken_table_is_named_and_never_overwritten(
    open_: OpenState, tmp_path: Path, content: bytes, message: str
) -> None:
    async def go() -> None:
        await open_().put_records([a_record("whole")])
        path = path_of(tmp_path, "records/*.json")
        path.write_bytes(content)
        for what in (
            open_().records(["whole"]),
            open_().records(problems=[]),
            open_().put_records([a_record("torn", fence=9)]),
        ):
            with pytest.raises(StateError, match=message) as caught:
                await what
            assert str(path) in caught.value.message
            assert caught.value.hint
        assert path.read_bytes() == content

    asyncio.run(go())


def test_a_record_with_a_malformed_apply_id_stays_and_holds_up_nothing(
    open_: OpenState, tmp_path: Path
) -> None:
    async def go() -> None:
        await finish(open_(), an_attempt("torn"), an_attempt("whole"))
        top = path_of(tmp_path, "records/*.json")
        table = json.loads(top.read_bytes())
        table["records"]["torn"] |= {"applyId": [], "checksIn": {}, "fence": None}
        top.write_text(json.dumps(table))
        assert (await prune(open_(), [], keep=0)).applies == 0  # the other record names it
        await finish(open_(), an_attempt("new", "a2"))
        assert '"torn"' in path_of(tmp_path, "records/*.json").read_text()
        assert set(await open_().records(brief=True, problems=[])) == {"whole", "new"}

    asyncio.run(go())


def test_a_broken_record_holds_up_no_other_and_stays(open_: OpenState, tmp_path: Path) -> None:
    async def go() -> None:
        await open_().put_records([a_record("whole"), a_record("torn")])
        damage_record(tmp_path, "torn")
        for names in (["torn"], None):
            with pytest.raises(StateError, match="appliedAt: Field required"):
                await open_().records(names, brief=True)
        assert list(await open_().records(["whole"], brief=True)) == ["whole"]
        problems: list[StateError] = []
        assert list(await open_().records(brief=True, problems=problems)) == ["whole"]
        assert len(problems) == 1
        await open_().put_records([a_record("other")])
        assert '"torn"' in path_of(tmp_path, "records/*.json").read_text()
        await open_().record_table.change(lambda table: table.without(["torn"]))
        assert set(await open_().records(brief=True)) == {"whole", "other"}

    asyncio.run(go())


@pytest.mark.parametrize(("content", "message"), BROKEN)
@pytest.mark.parametrize("pattern", ["applies/a1.json", "applies/a2/*.json"])
def test_a_broken_apply_is_named_and_holds_up_no_other(
    open_: OpenState, tmp_path: Path, pattern: str, content: bytes, message: str
) -> None:
    async def go() -> None:
        await finish(open_(), an_attempt("a"))
        await leave(open_(), an_attempt("b", "a2"))
        path = path_of(tmp_path, pattern)
        path.write_bytes(content)
        with pytest.raises(StateError, match=message) as caught:
            async for _ in open_().history():
                pass
        assert str(path) in caught.value.message
        if "newer" not in message and "has format" not in message:
            problems: list[StateError] = []
            left = [past.apply_id async for past in open_().history(problems=problems)]
            assert left == (["a2"] if "a1" in pattern else ["a1"])
            assert len(problems) == 1
        assert path.read_bytes() == content

    asyncio.run(go())


@pytest.mark.parametrize("content", ["[]", '{"formatVersion": 1}', '{"applyId": "other"}', "{"])
def test_what_is_no_apply_is_not_folded_and_holds_up_no_other(
    open_: OpenState, tmp_path: Path, content: str
) -> None:
    async def go() -> None:
        for apply_id in ("a1", "a2", "a3"):
            await finish(open_(), an_attempt(apply_id=apply_id))
        path = path_of(tmp_path, "applies/a2.json")
        path.write_text(content)
        assert await open_().fold(keep=0) == 2
        assert path.read_text() == content
        problems: list[StateError] = []
        past = [each.apply_id async for each in open_().history(problems=problems)]
        assert past == ["a3", "a1"]
        assert len(problems) == 1

    asyncio.run(go())


def test_a_segment_that_is_missing_is_told_and_the_rest_counts(
    open_: OpenState, tmp_path: Path
) -> None:
    async def go() -> None:
        state = open_()
        async with state.lock(["a"], ALICE, "a1", timeout=0) as locks:
            journal = await state.begin("a1", locks, {"a": "a"}, ALICE, an_attempt().intent_at)
            await journal.put(an_attempt("a"), durable=True)
            for phase in (Phase.INTENT, Phase.STARTED):
                update = {"phase": phase, "session_id": f"s-{phase}"}
                await journal.put(an_attempt("a").model_copy(update=update), durable=True)
            (tmp_path / "moved").write_bytes(b"")
            path_of(tmp_path, "applies/a1/*2.json").unlink()
        with pytest.raises(StateError, match="number 2 before it is missing"):
            await open_().apply("a1")
        problems: list[StateError] = []
        past = await open_().apply("a1", problems=problems)
        assert past is not None
        assert past.attempts[0].session_id == "s-started"
        assert len(problems) == 1

    asyncio.run(go())


def test_files_of_others_do_not_matter(open_: OpenState, tmp_path: Path) -> None:
    async def go() -> None:
        await open_().put_records([a_record()])
        records = path_of(tmp_path, "records")
        (records / ".DS_Store").write_bytes(b"\x00")
        (records / "README.txt").write_text("hello")
        (records / "0000000009.json#1").write_text("{")  # what a killed write leaves
        (records / "9.json").write_text("{")
        (records / "99999999999999999999.json").write_text("{")
        assert list(await open_().records(brief=True)) == ["smoke"]

    asyncio.run(go())


def test_a_field_of_a_later_release_is_ignored(open_: OpenState, tmp_path: Path) -> None:
    async def go() -> None:
        await open_().put_records([a_record()])
        path = path_of(tmp_path, "records/*.json")
        table = json.loads(path.read_text())
        table["later"] = table["records"]["smoke"]["later"] = [1]
        path.write_text(json.dumps(table))
        assert list(await open_().records(brief=True)) == ["smoke"]

    asyncio.run(go())


def test_a_lone_surrogate_is_written_and_read_as_a_replacement() -> None:
    data = encode(Initiator(user="a\ud83d", host="b"))
    assert decode(Initiator, data, "here").user == "a\ufffd"
    assert decode(Initiator, b'{"user": "\\uD83D"}', "here").user == "\ufffd"
    assert decode(Initiator, b'{"user": "\\uD83D\\uDE00"}', "here").user == "\U0001f600"


GOOD = json.loads(an_attempt().model_dump_json(by_alias=True))


@pytest.mark.parametrize(
    "change",
    [
        {"intentAt": "2026-08-01T12:00:00"},
        {"intentAt": "0001-01-01T00:00:00Z"},
        {"intentAt": "9999-12-31T23:59:59Z"},
        {"fence": -1},
        {"fence": 2**60},
        {"by": {"pid": -5}},
        {"request": {"name": {"secret": {"fingerprint": 5}}}},
        {"request": {"name": {"secret": 5}}},
        {"request": {"name": {"volatile": {"template": []}}}},
        {"request": {"name": {"volatile": {"template": "x", "inputs": 5}}}},
        {"request": {"name": {"volatile": {"inputs": 5}}}},
        {"request": {"name": {"unset": [1]}}},
        {"request": {"environmentVariables": []}},
        {"request": {"environmentVariables": {"A": 1}}},
        {"request": {"metadata": []}},
        {"request": {"target": "all"}},
        {"verdict": "fine"},
        {"checks": [{"seconds": "NaN", "name": "x"}]},
        {"checks": [{"seconds": 1e308, "name": "x"}]},
        {"checks": [{"seconds": -1, "name": "x"}]},
    ],
    ids=str,
)
def test_what_the_program_could_not_live_with_is_refused(change: dict[str, object]) -> None:
    decode(Attempt, json.dumps(GOOD).encode(), "here")
    with pytest.raises(Damaged, match="here is not a state document"):
        decode(Attempt, json.dumps(GOOD | change).encode(), "here")


def test_a_request_that_is_nested_too_deeply_is_refused() -> None:
    deep: object = 1
    for _ in range(40):
        deep = {"a": [deep]}
    with pytest.raises(Damaged, match="nested too deeply"):
        decode(Attempt, json.dumps(GOOD | {"request": {"name": deep}}).encode(), "here")


def test_variables_that_are_called_like_marks_are_none() -> None:
    request = {"environmentVariables": {"secret": {"value": "x"}, "unset": {"value": None}}}
    record = json.loads(a_record().model_dump_json(by_alias=True)) | {"request": request}
    assert decode(Record, json.dumps(record).encode(), "here").request == request


# ---------------------------------------------------------------- where documents are


def test_hosts_accounts_projects_and_scopes_never_mix(open_: OpenState) -> None:
    async def go() -> None:
        await open_().put_records([a_record()])
        for other in ({"host": "127.0.0.1:4010"}, {"account": "b"}, {"scope": "pr-123"}):
            assert await open_(**other).records() == {}

    asyncio.run(go())


def test_without_an_account_the_only_one_is_meant(open_: OpenState) -> None:
    async def go() -> None:
        assert await open_(account=None).records() == {}
        with pytest.raises(StateError, match=r"has no account of api\.checklyhq\.com yet"):
            async with open_(account=None).lock(["smoke"], ALICE, "a1", timeout=0):
                pass
        await open_(account="one").put_records([a_record()])
        state = open_(account=None)
        assert list(await state.records(brief=True)) == ["smoke"]
        async with state.lock(["smoke"], ALICE, "a1", timeout=0):
            pass
        await open_(account="two").put_records([a_record()])
        with pytest.raises(StateError, match="has several accounts: one, two") as caught:
            await open_(account=None).records()
        assert caught.value.hint == "Name it with CHECKLY_ACCOUNT_ID."

    asyncio.run(go())


@pytest.mark.parametrize("name", ["a/../../b", "..", "x" * 500, "Ünï", "A", "a[b/c]", "con:x"])
def test_every_name_of_an_instance_and_a_scope_has_its_place(
    open_: OpenState, tmp_path: Path, name: str
) -> None:
    async def go() -> None:
        state = open_(scope=name, account=name)
        await finish(state, an_attempt(name, name))
        await leave(state, an_attempt(name, f"{name}2"))
        fresh = open_(scope=name, account=name)
        assert list(await fresh.records()) == [name]
        assert [each.instance for each in await attempts_of(fresh, name)] == [name]
        assert [each.instance for each in await unfinished(fresh)] == [name]
        assert {past.apply_id async for past in fresh.history()} == {name, f"{name}2"}
        assert {path.name for path in sorted(tmp_path.iterdir())} == {"state"}  # noqa: ASYNC240

    asyncio.run(go())

"""Lines of JSON: one a record, one an attempt, one a check; and back."""

import asyncio
import json

import pytest

from runner.errors import StateError, UsageError
from runner.models.record import CheckRecord, Phase
from runner.models.verdict import Verdict
from runner.state.transfer import export, import_
from tests.state.conftest import ALICE, NOON, OpenState, an_attempt, finish, leave, unfinished

CHECKS = [
    CheckRecord(id="c1", name="Home", verdict=Verdict.PASSED, attempts=2, seconds=1.5),
    CheckRecord(name="Login", verdict=Verdict.FAILED, error="no button"),
]


def test_an_export_can_be_imported_elsewhere(open_: OpenState) -> None:
    async def go() -> None:
        await finish(open_(), an_attempt("smoke", "a1", checks=CHECKS, by=ALICE))
        await finish(open_(), an_attempt("other[a/b]", "a2"))
        await leave(open_(), an_attempt("left", "a3", phase=Phase.STARTED, session_id="s"))
        problems: list[StateError] = []
        lines = [line async for line in export(open_(), problems)]
        assert problems == []

        there = open_(scope="elsewhere")
        done = await import_(there, lines, source="x", owner=ALICE)
        assert (done.records, done.applies, done.left) == (3, 3, 0)
        fresh = open_(scope="elsewhere")
        before = [each.attempts async for each in open_().history()]
        assert [each.attempts async for each in fresh.history()] == before
        assert [each.instance for each in await unfinished(fresh)] == ["left"]
        assert set(await fresh.records()) == {"smoke", "other[a/b]", "left"}
        # And it can be written to from there on.
        await finish(fresh, an_attempt("smoke", "a4"))

        again = await import_(open_(scope="elsewhere"), lines, source="x", owner=ALICE)
        assert (again.records, again.applies, again.left) == (0, 0, 6)
        assert (await fresh.records())["smoke"].apply_id == "a4"

    asyncio.run(go())


def test_each_attempt_and_each_check_is_a_row(open_: OpenState) -> None:
    async def go() -> list[dict[str, object]]:
        attempt = an_attempt("smoke", checks=CHECKS, started_at=NOON, verdict=Verdict.FAILED)
        await finish(open_(), attempt)
        return [json.loads(line) async for line in export(open_(), [])]

    header, record, attempt, home, login = asyncio.run(go())
    assert (header["kind"], header["project"], header["scope"]) == ("state", "shop", "default")
    assert (record["kind"], record["instance"]) == ("record", "smoke")
    assert (attempt["kind"], attempt["verdict"], attempt["seconds"]) == ("attempt", "failed", 0)
    assert attempt["checks"] == []
    assert home == {
        "kind": "check",
        "applyId": "a1",
        "instance": "smoke",
        "profile": "smoke",
        "startedAt": "2026-08-01T12:00:00Z",
        "id": "c1",
        "name": "Home",
        "verdict": "passed",
        "attempts": 2,
        "seconds": 1.5,
        "failures": 0,
    }
    assert login["error"] == "no button"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "is empty"),
        (["{"], "f:1 is cut off"),
        (['{"a": 1}'], "f:1 is not a state document"),
        (['{"formatVersion": 2}'], "format version 2"),
        (["HEADER", '{"kind": "record"}'], "f:2 is not a state document"),
        (["HEADER", '{"kind": "attempt"}'], "f:2 is not a state document"),
        (["HEADER", '{"kind": "check"}'], "f:2 is not a state document"),
        (["HEADER", '{"kind": "check'], "f:2 is cut off"),
    ],
)
def test_a_file_that_is_no_export_is_refused_whole(
    open_: OpenState, lines: list[str], message: str
) -> None:
    async def go() -> None:
        header = await anext(export(open_(), []))
        given = [header if line == "HEADER" else line for line in lines]
        with pytest.raises(UsageError, match=message):
            await import_(open_(), given, source="f", owner=ALICE)
        assert await open_().records() == {}

    asyncio.run(go())

"""Which session is that of a trigger whose answer was lost: windows, clocks, and twins."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runner.engine.control.context import Context
from runner.engine.lookup.reconcile import doubt_from, search, window_from
from runner.errors import CannotRun
from runner.models.record import Attempt, Lookup, Phase
from runner.models.response import Session
from runner.models.verdict import Verdict
from tests.engine.conftest import MakeBench
from tests.engine.test_recovery import answering, intent
from tests.state.conftest import leave

NOW = datetime.now(UTC).replace(microsecond=0)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def listed(made: datetime, an_id: str = "1", name: str = "smoke") -> dict[str, Any]:
    return {"id": an_id, "name": name, "region": "eu-west-1", "created_at": made.isoformat()}


def sought(
    make_bench: MakeBench,
    monkeypatch: pytest.MonkeyPatch,
    *sessions: dict[str, Any] | None,
    attempt: Attempt,
    others: tuple[Attempt, ...] = (),
    places: Any = (),
) -> tuple[list[str], list[str], bool]:
    """What a search finds: ids that are sure, ids that are not, and whether there is a twin."""
    bench = make_bench()

    async def main() -> tuple[list[str], list[str], bool]:
        state = bench.state()
        for other in others:
            await leave(state, other)
        async with bench.client() as client:
            answers: dict[str, Any] = {"/v1/test-sessions": {"entries": list(sessions)}}
            answers["/v1/private-locations"] = list(places)
            monkeypatch.setattr(client, "send", answering(answers))
            found = await search(bench.context(client, {}), attempt, 0.01, is_alone=True)
            return [e.id for e in found.sure], [e.id for e in found.unsure], found.has_look_alike

    return asyncio.run(main())


def at(window: datetime = NOW, **fields: Any) -> Attempt:
    return intent(
        "smoke",
        **{
            "window_from": window,
            "window_to": window,
            "doubt_from": window - 10 * MINUTE,
            "intent_at": window,
            **fields,
        },
    )


@pytest.mark.parametrize(
    ("made", "sure", "unsure"),
    [
        (NOW, ["1"], []),
        (NOW - timedelta(seconds=1), ["1"], []),
        (NOW + timedelta(seconds=60), ["1"], []),
        (NOW - timedelta(seconds=3), [], ["1"]),
        (NOW - 9 * MINUTE, [], ["1"]),
        (NOW + 5 * MINUTE, [], ["1"]),
        (NOW - 11 * MINUTE, [], []),
        (NOW - 24 * HOUR, [], []),
    ],
)
def test_a_session_is_adopted_only_from_the_time_of_its_trigger(
    make_bench: MakeBench,
    monkeypatch: pytest.MonkeyPatch,
    made: datetime,
    sure: list[str],
    unsure: list[str],
) -> None:
    found = sought(make_bench, monkeypatch, listed(made), attempt=at())
    assert found == (sure, unsure, False)


def test_a_trigger_that_was_held_up_has_a_longer_window(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = listed(NOW + 5 * MINUTE)
    attempt = at(window_to=NOW + 4 * MINUTE)
    assert sought(make_bench, monkeypatch, late, attempt=attempt) == (["1"], [], False)


def test_a_name_with_the_id_of_the_apply_is_never_surely_absent(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "smoke 00OLD"
    attempt = at().model_copy(update={"lookup": at().lookup.model_copy(update={"name": name})})
    old = listed(NOW - 30 * 24 * HOUR, name=name)
    assert sought(make_bench, monkeypatch, old, attempt=attempt) == ([], ["1"], False)


def test_a_session_without_a_time_proves_nothing(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    timeless = {**listed(NOW), "created_at": None}
    assert sought(make_bench, monkeypatch, timeless, attempt=at()) == ([], ["1"], False)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"phase": Phase.STARTED, "session_id": "1"}, ([], [], False)),
        ({"phase": Phase.STARTED, "session_id": "2"}, (["1"], [], False)),
        ({"phase": Phase.INTENT}, (["1"], [], True)),
        ({"phase": Phase.INTENT, "lookup": intent("other").lookup}, (["1"], [], False)),
        ({"phase": Phase.FINISHED, "verdict": Verdict.NOT_STARTED}, (["1"], [], False)),
        ({"phase": Phase.FINISHED, "verdict": Verdict.UNKNOWN}, (["1"], [], True)),
        (
            {"phase": Phase.FINISHED, "verdict": Verdict.UNKNOWN, "window_from": NOW + MINUTE},
            (["1"], [], False),
        ),
    ],
    ids=lambda value: str(value)[:80],  # the same whenever they are collected
)
def test_a_session_may_be_that_of_another_open_intent(
    make_bench: MakeBench,
    monkeypatch: pytest.MonkeyPatch,
    fields: dict[str, Any],
    found: tuple[list[str], list[str], bool],
) -> None:
    other = at(NOW, apply_id="00OTHER", instance="b").model_copy(update=fields)
    assert sought(make_bench, monkeypatch, listed(NOW), attempt=at(), others=(other,)) == found


@pytest.mark.parametrize(
    ("date", "window", "doubt"),
    [
        (NOW, NOW, NOW),
        (None, NOW, NOW),
        (NOW + timedelta(seconds=3), NOW + timedelta(seconds=3), NOW),
        (NOW - timedelta(seconds=30), NOW - timedelta(seconds=30), NOW - timedelta(seconds=30)),
        (NOW + HOUR, NOW + HOUR, NOW),
        (NOW - HOUR, NOW, NOW - HOUR),
    ],
)
def test_a_clock_that_is_off_makes_a_session_unsure_and_never_absent(
    make_bench: MakeBench,
    monkeypatch: pytest.MonkeyPatch,
    date: datetime | None,
    window: datetime,
    doubt: datetime,
) -> None:
    def look(context: Context) -> None:
        assert window_from(context) == window
        assert doubt_from(context) == doubt - 10 * MINUTE

    with_clock(make_bench, monkeypatch, date, look)


def test_sessions_tell_their_clock_better_than_the_server_does(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(context: Context) -> None:
        context.observed.start(started(NOW - 5 * MINUTE), NOW)
        assert window_from(context) == NOW - 5 * MINUTE
        context.observed.start(started(datetime(1970, 1, 1, tzinfo=UTC)), NOW)
        context.observed.start(Session(), NOW)
        assert window_from(context) == NOW - 5 * MINUTE
        assert doubt_from(context) == NOW - 15 * MINUTE

    with_clock(make_bench, monkeypatch, NOW + HOUR, look)


def started(moment: datetime) -> Session:
    return Session.model_validate({"startedAt": moment.isoformat()})


def with_clock(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch, date: datetime | None, look: Any
) -> None:
    bench = make_bench()

    async def main() -> None:
        async with bench.client() as client:
            monkeypatch.setattr(client, "server_now", lambda: date)
            context = bench.context(client, {})
            monkeypatch.setattr(context.clock, "now", lambda: NOW)
            look(context)

    asyncio.run(main())


@pytest.mark.parametrize(
    "broken", [None, {"name": "smoke"}, {**listed(NOW), "id": 5}, {**listed(NOW), "name": None}]
)
def test_a_session_that_can_not_be_read_may_be_the_one(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch, broken: dict[str, Any] | None
) -> None:
    other = listed(NOW, "2", "another")
    with pytest.raises(CannotRun, match="one of them may be this session"):
        sought(make_bench, monkeypatch, other, broken, attempt=at())
    assert sought(make_bench, monkeypatch, listed(NOW), broken, attempt=at()) == (["1"], [], False)
    assert sought(make_bench, monkeypatch, other, attempt=at()) == ([], [], False)


def test_a_private_location_that_can_not_be_read_may_be_the_one(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = {**listed(NOW), "region": "", "privateLocationId": "p"}
    attempt = at(lookup=Lookup(name="smoke", run_location="office"))
    own, other = ({"id": "p", "slugName": slug} for slug in ("office", "warehouse"))

    def found(*places: Any) -> list[str]:
        return sought(make_bench, monkeypatch, private, attempt=attempt, places=places)[0]

    assert (found(other, own), found(None, own), found(other)) == (["1"], ["1"], [])
    with pytest.raises(CannotRun, match="one of them may be this session"):
        found(other, None)


@pytest.mark.parametrize("listing", ["smo\ufffd", "\ufffdke", "smoke\ufffd", "smok\ufffd\ufffd"])
def test_a_session_whose_name_the_server_damaged_may_be_the_one(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch, listing: str
) -> None:
    damaged = listed(NOW, "2", listing)
    with pytest.raises(CannotRun, match="one of them may be this session"):
        sought(make_bench, monkeypatch, damaged, attempt=at())
    assert sought(make_bench, monkeypatch, listed(NOW), damaged, attempt=at())[0] == ["1"]


@pytest.mark.parametrize("listing", ["another \ufffd", "smoke test\ufffd", "smo ke"])
def test_a_damaged_name_that_began_otherwise_is_another_session(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch, listing: str
) -> None:
    assert sought(make_bench, monkeypatch, listed(NOW, "2", listing), attempt=at())[0] == []


def test_a_name_that_holds_the_sign_of_damage_itself_is_found(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = at(lookup=Lookup(name="a\ufffdb", run_location="eu-west-1"))
    found = sought(make_bench, monkeypatch, listed(NOW, "1", "a\ufffdb"), attempt=attempt)
    assert found == (["1"], [], False)

"""What a crash or a lost answer leaves, and how the next command settles it."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runner.checkly.wire import Question, Reply
from runner.engine.journal import Journal
from runner.engine.lookup.reconcile import search
from runner.engine.results.outcomes import is_same_request, lookup_of
from runner.engine.run import Run
from runner.errors import CannotRun, StateError
from runner.models.events import Event, Notice
from runner.models.plan import Action
from runner.models.record import Attempt, Lookup, Phase
from runner.models.verdict import Verdict
from runner.state.locks import Locks
from runner.state.store.object_store import Store
from tests.engine.bench import Bench, a_check, a_world, only, planned
from tests.engine.conftest import MakeBench
from tests.state.conftest import leave


def intent(name: str, *, location: str = "eu-west-1", **fields: Any) -> Attempt:
    """An attempt of which no more than its intent is known."""
    return Attempt(
        **{
            "apply_id": "00OLD",
            "instance": name,
            "profile": name,
            "phase": Phase.INTENT,
            "request": {},
            "lookup": Lookup(name=name, run_location=location),
            "intent_at": HOUR_AGO,
            **fields,
        }
    )


HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)


def leave_intent(bench: Bench, name: str = "smoke", apply_id: str = "00OLD", **more: Any) -> None:
    """Put into the state what an apply leaves that died while its trigger was in the air."""
    instance = planned(name, **more)
    assert instance.instance is not None
    request = instance.instance.request()
    attempt = Attempt(
        apply_id=apply_id,
        instance=name,
        profile=name,
        phase=Phase.INTENT,
        request=instance.request,
        lookup=lookup_of(request),
        intent_at=HOUR_AGO,
        window_from=HOUR_AGO,
    )

    asyncio.run(leave(bench.state(), attempt))


def start_unseen(bench: Bench, name: str = "smoke", **body: Any) -> str:
    """Start a session that no state knows of; returns its id."""

    async def start() -> str:
        instance = planned(name, body=body).instance
        assert instance is not None
        async with bench.client() as client:
            return (await client.trigger(instance.request())).id

    return asyncio.run(start())


def notices(bench: Bench) -> str:
    return " ".join(event.text for event in bench.events if isinstance(event, Notice))


def test_an_intent_whose_session_exists_is_adopted_by_the_next_apply(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(a_world(a_check("home", duration=1.5)))
    leave_intent(bench)
    unseen = start_unseen(bench)
    outcome = bench.apply(planned(), new=True)
    (old,) = bench.attempts("00OLD")
    assert (old.phase, old.session_id) == (Phase.STARTED, unseen)
    assert "was cut off while it started smoke; its session http" in notices(bench)
    assert only(outcome).verdict is Verdict.PASSED
    assert only(outcome).session_id != unseen
    assert bench.records()["smoke"].apply_id == outcome.apply_id
    waited = bench.wait()
    assert waited is not None
    assert bench.attempts("00OLD")[0].verdict is Verdict.PASSED
    assert bench.records()["smoke"].apply_id == outcome.apply_id


def test_an_intent_without_a_session_was_never_started(make_bench: MakeBench) -> None:
    bench = make_bench()
    leave_intent(bench)
    outcome = bench.apply(planned())
    (old,) = bench.attempts("00OLD")
    assert (old.phase, old.verdict) == (Phase.FINISHED, Verdict.NOT_STARTED)
    assert (outcome.exit_code, len(bench.session_ids)) == (0, 1)


def test_an_intent_that_can_not_be_settled_stops_the_apply(make_bench: MakeBench) -> None:
    bench = make_bench()
    leave_intent(bench)
    bench.emulator.add_fault("500:on=list")
    with pytest.raises(CannotRun, match="It is unknown whether its trigger"):
        bench.apply(planned())
    assert bench.session_ids == []
    assert bench.attempts("00OLD")[0].phase is Phase.INTENT


def test_an_intent_that_two_sessions_fit_is_reported_and_left_behind(
    make_bench: MakeBench,
) -> None:
    bench = make_bench()
    leave_intent(bench)
    unseen = [start_unseen(bench), start_unseen(bench)]
    assert bench.apply(planned()).exit_code == 0
    (old,) = bench.attempts("00OLD")
    assert (old.phase, old.verdict) == (Phase.FINISHED, Verdict.UNKNOWN)
    assert old.reason is not None
    assert all(each in old.reason for each in unseen)
    assert "2 sessions could be it" in notices(bench)


def test_two_intents_alike_can_not_share_one_session(make_bench: MakeBench) -> None:
    bench = make_bench()
    leave_intent(bench, "a", body={"name": "same"})
    leave_intent(bench, "b", apply_id="00OLE", body={"name": "same"})
    start_unseen(bench, name="same")
    waited = bench.wait()
    assert waited is not None
    assert [each.verdict for each in waited.instances] == [Verdict.UNKNOWN] * 2
    assert waited.exit_code == 3


@pytest.mark.parametrize(
    "other",
    [
        {"name": "other"},
        {"runLocation": "us-east-1"},
        {"metadata": {"environment": "staging"}},
        {"metadata": {"commitId": "abc"}},
        {"metadata": {"branchName": "main"}},
    ],
    ids=str,
)
def test_only_an_exact_match_is_adopted(make_bench: MakeBench, other: dict[str, Any]) -> None:
    bench = make_bench()
    leave_intent(bench)
    start_unseen(bench, **other)
    waited = bench.wait()
    assert waited is not None
    assert only(waited).verdict is Verdict.NOT_STARTED


def test_a_session_that_the_state_knows_is_not_adopted(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.apply(planned("elsewhere", body={"name": "smoke"}))
    leave_intent(bench)
    waited = bench.wait()
    assert waited is not None
    assert only(waited).verdict is Verdict.NOT_STARTED


def test_two_lost_at_once_are_unknown_with_their_links(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.emulator.add_fault("latency:on=trigger,seconds=0.3")
    bench.emulator.add_fault("500:on=trigger,work=after,times=2")
    twins = [planned(name, body={"name": "same"}) for name in ("a", "b")]
    outcome = bench.apply(*twins)
    assert [each.verdict for each in outcome.instances] == [Verdict.UNKNOWN] * 2
    assert (outcome.exit_code, len(bench.session_ids)) == (3, 2)
    for each in outcome.instances:
        assert each.reason is not None
        assert all(an_id in each.reason for an_id in bench.session_ids)
    assert bench.unfinished() == []


def test_one_lost_is_told_from_its_twin_that_came_through(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.emulator.add_fault("latency:on=trigger,seconds=0.3")
    bench.emulator.add_fault("500:on=trigger,work=after,times=1")
    twins = [planned(name, body={"name": "same"}) for name in ("a", "b")]
    outcome = bench.apply(*twins)
    assert [each.verdict for each in outcome.instances] == [Verdict.PASSED] * 2
    assert sorted(bench.session_ids) == sorted(each.session_id or "" for each in outcome.instances)


def test_a_signal_while_a_session_is_looked_up_leaves_the_intent(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.emulator.add_fault("reset-before:on=trigger")

    def watch(event: Event) -> None:
        if isinstance(event, Notice) and "Looking up" in event.text and bench.stop is not None:
            bench.stop.signal()

    bench.watch = watch
    outcome = bench.apply(planned(), settle_seconds=60.0)
    assert (only(outcome).verdict, outcome.exit_code) == (Verdict.UNKNOWN, 130)
    assert [attempt.phase for attempt in bench.unfinished()] == [Phase.INTENT]


def failing(monkeypatch: pytest.MonkeyPatch, folder: str, *, after: int = 0) -> None:
    """Let the store refuse to create anything in a folder, after so many objects."""
    sound, left = Store.create, [after]

    async def fails(self: Store, path: str, data: bytes) -> bool:
        if f"/{folder}/" in path:
            left[0] -= 1
            if left[0] < 0:
                raise StateError("The disk is full.", hint="Make room.")
        return await sound(self, path, data)

    monkeypatch.setattr(Store, "create", fails)


def test_nothing_is_sent_when_the_intent_can_not_be_stored(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench()
    failing(monkeypatch, "applies")
    outcome = bench.apply(planned())
    assert (only(outcome).verdict, outcome.exit_code) == (Verdict.NOT_STARTED, 3)
    assert only(outcome).reason == "The disk is full."
    assert bench.session_ids == []


@pytest.mark.parametrize("after", [1, 2])
def test_a_session_is_followed_though_it_can_not_be_written_down(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    bench = make_bench()
    failing(monkeypatch, "applies", after=after)
    outcome = bench.apply(planned())
    assert (only(outcome).verdict, outcome.exit_code) == (Verdict.PASSED, 3)
    assert "The disk is full. Make room." in notices(bench)


def test_a_trigger_that_was_held_up_stores_its_intent_again(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench()
    bench.client_options = replace(bench.client_options, patience_seconds=30.0)
    bench.emulator.add_fault("429:on=trigger,times=1,retry-after=3")
    sound, stored = Journal.put, []

    async def put(self: Journal, attempt: Attempt, *, durable: bool) -> Any:
        if attempt.phase is Phase.INTENT:
            stored.append(attempt)
        return await sound(self, attempt, durable=durable)

    monkeypatch.setattr(Journal, "put", put)
    assert bench.apply(planned()).exit_code == 0
    first, again = stored
    assert again.intent_at - first.intent_at > timedelta(seconds=2)
    assert again.window_from == first.window_from == first.window_to
    assert again.window_to is not None
    assert again.window_from is not None
    assert again.window_to > again.window_from


def test_a_lock_that_can_not_be_released_is_a_warning(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench()

    failing(monkeypatch, "locks", after=1)
    assert bench.apply(planned()).exit_code == 0
    assert "The disk is full." in notices(bench)


def test_a_private_location_is_known_by_its_id_too(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(a_world(a_check("home")))
    listed = {"id": "1", "name": "smoke", "region": "private", "privateLocationId": "p-1"}
    answers: dict[str, Any] = {
        "/v1/test-sessions": {"entries": [listed, {**listed, "id": "2", "privateLocationId": "x"}]},
        "/v1/private-locations": [{"id": "p-1", "slugName": "office", "name": "Office"}],
    }

    async def main(location: str) -> list[str]:
        async with bench.client() as client:
            monkeypatch.setattr(client, "send", answering(answers))
            wanted = intent("smoke", location=location)
            found = await search(bench.context(client, {}), wanted, 0.01, is_alone=True)
            return [each.id for each in found.all]

    assert asyncio.run(main("office")) == ["1"]
    assert asyncio.run(main("elsewhere")) == []


def answering(answers: dict[str, Any]) -> Any:
    async def exchange(question: Question, _: float) -> Reply:
        body = json.dumps(answers[question.path]).encode()
        return Reply(question.method, question.path, 200, {}, body)

    return exchange


def test_settings_of_a_later_release_do_not_stop_a_wait() -> None:
    attempt = Attempt(
        apply_id="1",
        instance="a",
        profile="a",
        phase=Phase.STARTED,
        request={},
        lookup=Lookup(name="a", run_location="x"),
        settings={"somethingNew": 1},
        intent_at=HOUR_AGO,
    )
    nothing: Any = None
    run = Run.of_attempt(nothing, attempt, None)
    assert (run.settings.timeout_seconds, run.before) == (1200, None)


@pytest.mark.parametrize(("good", "sent"), [(0, 0), (1, 0), (2, 1)])
def test_a_lock_that_is_lost_stops_starts_and_records(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch, good: int, sent: int
) -> None:
    bench = make_bench()
    bench.apply(planned("old"))
    gone = planned("old", record=bench.records()["old"])._replace(
        action=Action.REMOVED, instance=None
    )
    left = [good]  # it is looked at before and after the intent is stored

    def doubt(_self: Locks, _seconds: float = 0.0) -> str | None:
        left[0] -= 1
        return "another apply took it over" if left[0] < 0 else None

    monkeypatch.setattr(Locks, "_doubt", doubt)
    outcome = bench.apply(planned(), gone)
    verdict = Verdict.PASSED if sent else Verdict.NOT_STARTED
    assert (only(outcome).verdict, outcome.exit_code) == (verdict, 3)
    assert len(bench.session_ids) == 1 + sent
    table = asyncio.run(bench.state().record_table.read())
    assert set(table.records) == {"old"}
    known = {"old", "smoke"} if sent else {"old"}  # what ran is known from its apply
    assert set(bench.records()) == known
    assert bench.records()["old"].archived_at is None


def test_an_apply_that_is_run_again_follows_the_session_that_still_runs(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(a_world(a_check("home", duration=1.5)))
    first = bench.apply(planned(), detach=True)
    again = bench.apply(planned())
    assert only(again).session_id == only(first).session_id
    assert (only(again).verdict, again.exit_code) == (Verdict.PASSED, 0)
    assert len(bench.session_ids) == 1
    assert f"Following the session that the apply {first.apply_id} left running" in notices(bench)
    for outcome in (first, again):
        (attempt,) = bench.attempts(outcome.apply_id)
        assert (attempt.phase, attempt.verdict) == (Phase.FINISHED, Verdict.PASSED)
    assert bench.unfinished() == []
    assert bench.records()["smoke"].apply_id == again.apply_id


@pytest.mark.parametrize(("fault", "sessions"), [("500", 1), ("status:status=404", 2)])
def test_a_session_that_may_still_run_is_followed_though_it_can_not_be_read(
    make_bench: MakeBench, fault: str, sessions: int
) -> None:
    bench = make_bench(a_world(a_check("home", duration=5.0)))
    bench.apply(planned(), detach=True)
    bench.emulator.add_fault(f"{fault}{',' if ':' in fault else ':'}on=get")
    assert bench.apply(planned()).exit_code == 0
    assert len(bench.session_ids) == sessions


@pytest.mark.parametrize(
    ("options", "change"),
    [
        ({"new": True}, {}),
        ({}, {"metadata": {"commitId": "other"}}),
        ({}, {"name": "Other"}),
        ({}, {"environmentVariables": [{"key": "HOST", "value": "other"}]}),
    ],
    ids=str,
)
def test_another_request_or_a_wish_starts_another_session(
    make_bench: MakeBench, options: dict[str, Any], change: dict[str, Any]
) -> None:
    bench = make_bench(a_world(a_check("home", duration=1.0)))
    bench.apply(planned(), detach=True)
    assert bench.apply(planned(body=change), **options).exit_code == 0
    assert len(bench.session_ids) == 2


def test_the_id_of_the_apply_in_a_name_makes_no_other_request() -> None:
    def named(name: str, apply_id: str, **more: Any) -> Attempt:
        lookup = Lookup(name=name, run_location="x", **more)
        return intent("smoke", apply_id=apply_id).model_copy(update={"lookup": lookup})

    assert is_same_request(named("Smoke 01B", "01B"), named("Smoke 01A", "01A"))
    assert not is_same_request(named("Smoke 01B", "01B"), named("Smoke", "01A"))
    assert not is_same_request(named("a", "01B", commit_id="1"), named("a", "01A"))

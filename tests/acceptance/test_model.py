"""The engine against a model of the server: whatever goes wrong, the books agree in the end."""

import asyncio
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from runner.checkly.account import Credentials
from runner.checkly.client import Checkly
from runner.checkly.exchange import ClientOptions
from runner.checkly.retry import Backoff
from runner.engine.apply import apply
from runner.engine.control.context import ApplyOptions, Context
from runner.engine.control.shutdown import Stop
from runner.engine.wait import wait
from runner.errors import CannotRun
from runner.models.apply_id import new_apply_id
from runner.models.clock import SystemClock
from runner.models.outcome import ApplyOutcome
from runner.models.record import Attempt, Phase
from runner.models.verdict import Verdict
from runner.state.address import open_state
from tests.acceptance.model_server import FAULTS, Crash, ModelServer
from tests.engine.bench import ME, planned

#: Two that can be told apart, two that can't, and one that waits for another.
NAMES = {"a": "a", "b": "b", "twin-1": "twin", "twin-2": "twin", "late": "late"}
NEEDS = {"late": ["a"]}

CLIENT = ClientOptions(patience_seconds=0.02, backoff=Backoff(base=0.001, most=0.002))
OPTIONS = ApplyOptions(settle_seconds=0.02, grace_seconds=0.1, poll_seconds=1.0, lost_seconds=0.05)

faults = st.lists(st.sampled_from(FAULTS), max_size=14)
endings = st.lists(
    st.tuples(
        st.sampled_from(["PASSED", "PASSED", "FAILED", "CANCELLED"]),
        st.integers(0, 2),
        st.integers(0, 2),
    ),
    max_size=5,
)
chosen = st.lists(st.sampled_from(sorted(NAMES)), min_size=1, max_size=5, unique=True)


class Books(RuleBasedStateMachine):
    """The server's sessions on one side, the state's attempts on the other."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="books-"))
        self.server = ModelServer()
        self.attempts: list[Attempt] = []

    @rule(names=chosen, faults=faults, endings=endings)
    def apply(self, names: list[str], faults: list[str], endings: list[Any]) -> None:
        an_id = new_apply_id(SystemClock().now(), random.Random())
        self.server.prepare(an_id, faults, endings)
        instances = [
            planned(name, body={"name": NAMES[name]}, needs=NEEDS.get(name, [])) for name in names
        ]
        outcome = self.run(lambda context: apply(instances, apply_id=an_id, context=context))
        if outcome is not None:
            self.judge(outcome)

    @rule(faults=faults)
    def wait(self, faults: list[str]) -> None:
        self.server.prepare("", faults)
        outcome = self.run(lambda context: wait(None, context=context))
        if outcome is not None:
            self.judge(outcome)

    @invariant()
    def nothing_is_started_twice(self) -> None:
        for an_id in {session.by for session in self.server.sessions}:
            for name in set(NAMES.values()):
                twins = sum(each == name for each in NAMES.values())
                assert len(self.made(an_id, name)) <= twins

    @invariant()
    def nothing_is_lost(self) -> None:
        """A session is in the state, or an intent is, by which the next command finds it."""
        known = {attempt.session_id for attempt in self.attempts}
        reasons = " ".join(attempt.reason or "" for attempt in self.attempts)
        for session in self.server.sessions:
            if session.id not in known and session.id not in reasons:
                intents = [
                    attempt
                    for attempt in self.attempts
                    if attempt.apply_id == session.by
                    and attempt.phase is Phase.INTENT
                    and attempt.lookup.name == session.body["name"]
                ]
                assert intents, f"{session} is lost"

    @invariant()
    def no_session_belongs_to_two(self) -> None:
        ids = [attempt.session_id for attempt in self.attempts if attempt.session_id]
        assert len(ids) == len(set(ids))

    @invariant()
    def what_was_not_started_does_not_exist(self) -> None:
        for attempt in self.attempts:
            name = attempt.lookup.name
            if attempt.verdict is Verdict.NOT_STARTED and name != "twin":
                assert not self.made(attempt.apply_id, name)

    def teardown(self) -> None:
        """Once all is well again, two commands at most leave nothing open."""
        for _ in range(2):
            self.wait(faults=[])
        assert {attempt.phase for attempt in self.attempts} <= {Phase.FINISHED}
        self.nothing_is_lost()
        self.what_was_not_started_does_not_exist()
        shutil.rmtree(self.folder)

    def made(self, an_id: str, name: str) -> list[str]:
        """Ids of the sessions of one name that one apply made."""
        return [
            session.id
            for session in self.server.sessions
            if session.by == an_id and session.body["name"] == name
        ]

    def judge(self, outcome: ApplyOutcome) -> None:
        """Hold an outcome against what the server has."""
        sessions = {session.id: session for session in self.server.sessions}
        for instance in outcome.instances:
            if instance.verdict is Verdict.PASSED:
                session = sessions[instance.session_id or ""]
                assert (session.status, session.is_over) == ("PASSED", True)
                assert session.body["name"] == NAMES[instance.name]
        if outcome.exit_code == 0:
            assert all(instance.verdict is Verdict.PASSED for instance in outcome.instances)

    def run(self, command: Any) -> ApplyOutcome | None:
        """Run a command; it may find that it can't be done, or die."""
        outcome = None
        try:
            outcome = asyncio.run(self._run(command))
        except (CannotRun, Crash):
            pass
        except BaseExceptionGroup as group:
            if group.split(Crash)[1] is not None:
                raise
        self.attempts = asyncio.run(self._read())
        return outcome

    async def _run(self, command: Any) -> ApplyOutcome | None:
        clock = SystemClock()
        client = Checkly(
            Credentials("key", "acc", "http://127.0.0.1:9"),
            clock=clock,
            rng=random.Random(1),
            emit=lambda _: None,
            options=CLIENT,
        )
        with client._exchange._wire._pools.client() as http:
            http._transport = self.server
        async with client:
            context = Context(
                client=client,
                state=self._state(),
                clock=clock,
                emit=lambda _: None,
                stop=Stop(clock),
                owner=ME,
                redact=lambda text: text,
                options=OPTIONS,
            )
            outcome: ApplyOutcome | None = await command(context)
            return outcome

    def _state(self) -> Any:
        return open_state(None, host="h", account="acc", scope="s", folder=self.folder)

    async def _read(self) -> list[Attempt]:
        return [attempt async for past in self._state().history() for attempt in past.attempts]


COMMON: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "print_blob": True,
}


@pytest.mark.timeout(600)
def test_the_books_agree() -> None:
    run_state_machine_as_test(
        Books, settings=settings(max_examples=8, stateful_step_count=6, **COMMON)
    )


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_books_agree_over_and_over() -> None:
    run_state_machine_as_test(
        Books, settings=settings(max_examples=300, stateful_step_count=12, **COMMON)
    )

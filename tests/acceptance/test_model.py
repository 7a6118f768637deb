"""The engine against a model of the server: whatever goes wrong, the books agree in the end."""

import asyncio
import random
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from runner.checkly.account import Credentials
from runner.checkly.client import Checkly
from runner.engine.apply import apply
from runner.engine.control.context import ApplyOptions, Context
from runner.engine.control.shutdown import Stop
from runner.engine.wait import wait
from runner.errors import CannotRun, Interrupted, StateError
from runner.models.apply_id import new_apply_id
from runner.models.events import ApplyStarted, Event
from runner.models.outcome import ApplyOutcome, InstanceOutcome
from runner.models.record import Attempt, Phase
from runner.models.verdict import Verdict
from runner.state.state import State
from runner.state.store.address import open_store
from tests.acceptance.model_server import (
    ENDINGS,
    FAULTS,
    NEVER,
    Crash,
    Line,
    ModelServer,
    ModelSession,
)
from tests.engine.bench import ME, planned
from tests.engine.virtual import START, VirtualClock, VirtualLoop

#: Two that can be told apart, two that can't, one that waits for another, and one named by its run.
NAMES = {"a": "a", "b": "b", "twin-1": "twin", "twin-2": "twin", "late": "late", "run": "run {}"}
NEEDS = {"late": ["a"]}

TIMEOUT = 2000.0
#: A command that has nothing to wait for takes no longer, but for the faults that it meets.
PATIENCE = 500.0
PER_FAULT = 70.0
OPTIONS = ApplyOptions(lock_timeout=200.0, lost_seconds=120.0)

#: The exit code that each verdict alone ends with, the weightiest first.
CODES = (
    (3, {Verdict.UNKNOWN, Verdict.NOT_STARTED}),
    (4, {Verdict.TIMED_OUT}),
    (1, {Verdict.FAILED, Verdict.CANCELLED, Verdict.NO_MATCH, Verdict.SKIPPED}),
)
MONTH = 30 * 86400.0

Work: TypeAlias = Callable[[Context], Awaitable[ApplyOutcome]]

faults = st.lists(st.sampled_from(FAULTS), max_size=14)
endings = st.lists(
    st.tuples(
        st.sampled_from(["PASSED", *ENDINGS]),
        st.sampled_from([0.0, 1.0, 20.0, 200.0]),
        st.sampled_from([0.0, 0.0, 1.0, 12.0]),
    ),
    max_size=5,
)
chosen = st.lists(st.sampled_from(sorted(NAMES)), min_size=1, max_size=5, unique=True)
broken = st.sampled_from(["", "", "", "404 page", "404 location", "500", "reset before", "410"])


class Books(RuleBasedStateMachine):
    """The server's sessions on one side, the state's attempts on the other."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="books-"))
        self.server = ModelServer()
        self.attempts: list[Attempt] = []
        self.now = 0.0
        self.rng = random.Random(1)
        self.planned: dict[str, list[str]] = {}
        self.begun: list[str] = []
        self.interrupted = False

    @rule(skew=st.sampled_from([0.0, 3.0, 30.0, 3600.0, -30.0, -3600.0]), date=st.integers(0, 2))
    def clock(self, skew: float, date: int) -> None:
        """The server's clock, and whether its ``Date`` tells of it, is right, or is missing."""
        tells = skew < -600  # sessions that are made in the past unawares are never found
        self.server.skew, self.server.date = skew, skew if tells else [skew, 0.0, None][date]

    @rule(
        name=st.sampled_from(["a", "twin"]),
        age=st.sampled_from([1800.0, MONTH]),
        ending=st.sampled_from(["PASSED", "FAILED"]),
    )
    def somebody_else(self, name: str, age: float, ending: str) -> None:
        """A session of somebody who has no part in the state, and whose profile looks the same."""
        self.server.endings = [(ending, 1.0, 0.0)]
        self.server.make("", body_of("another user", name), self.now - age)

    @rule(names=chosen, faults=faults, endings=endings, broken=broken)
    def apply(self, names: list[str], faults: list[str], endings: list[Any], broken: str) -> None:
        self.prepare(endings, broken)
        self.run(self.applying(names, faults))

    @rule(first=faults, second=faults, endings=endings)
    def two_at_once(self, first: list[str], second: list[str], endings: list[Any]) -> None:
        """Two processes whose instances look the same; what kills one kills both."""
        self.prepare(endings, "")
        self.run(self.applying(["twin-1", "b"], first), self.applying(["twin-2", "a"], second))

    @rule(faults=faults, broken=broken)
    def wait(self, faults: list[str], broken: str) -> None:
        self.prepare((), broken)
        self.run(self.waiting(faults))

    @rule(seconds=st.sampled_from([5.0, 100.0, 4000.0]))
    def time_goes_by(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def nothing_is_started_twice(self) -> None:
        made = [(session.by, session.owner) for session in self.server.sessions if session.by]
        assert len(made) == len(set(made)), self.server.sessions

    @invariant()
    def nothing_is_lost(self) -> None:
        """A session is in the state, or an intent is, by which the next command finds it."""
        known = {attempt.session_id for attempt in self.attempts}
        reasons = " ".join(attempt.reason or "" for attempt in self.attempts)
        for session in self.server.sessions:
            if session.by and session.id not in known and session.id not in reasons:
                phases = [each.phase for each in self.of(session)]
                assert Phase.INTENT in phases, (session, list(map(brief, self.attempts)))

    @invariant()
    def no_session_belongs_to_two(self) -> None:
        """But for a later apply of the same instance, which follows what the first one left."""
        for session in self.server.sessions:
            owners = {each.instance for each in self.attempts if each.session_id == session.id}
            assert owners <= {session.owner}

    @invariant()
    def what_was_not_started_does_not_exist(self) -> None:
        for session in self.server.sessions:
            verdicts = {attempt.verdict for attempt in self.of(session)}
            assert not verdicts & {Verdict.NOT_STARTED, Verdict.NO_MATCH} or (
                session.ending == "no results"
            )

    @invariant()
    def what_is_stored_is_true(self) -> None:
        sessions = {session.id: session for session in self.server.sessions}
        for attempt in self.attempts:
            if attempt.verdict is not None and attempt.session_id is not None:
                truth = ENDINGS[sessions[attempt.session_id].ending]
                assert attempt.verdict in {truth, Verdict.UNKNOWN}, brief(attempt)

    def teardown(self) -> None:
        """Once all is well again, two commands at most leave nothing open."""
        for _ in range(2):
            self.wait(faults=[], broken="")
        assert {attempt.phase for attempt in self.attempts} <= {Phase.FINISHED}
        self.nothing_is_lost()
        self.what_was_not_started_does_not_exist()
        self.what_is_stored_is_true()
        shutil.rmtree(self.folder)

    def of(self, session: ModelSession) -> list[Attempt]:
        """The attempts that may have made a session."""
        return [
            attempt
            for attempt in self.attempts
            if (attempt.apply_id, attempt.instance) == (session.by, session.owner)
        ]

    # ---------------------------------------------------------------- commands

    def prepare(self, endings: Sequence[tuple[str, float, float]], broken: str) -> None:
        self.server.endings, self.server.broken = list(endings), broken

    def applying(self, names: list[str], faults: list[str]) -> "Command":
        an_id = new_apply_id(START + timedelta(seconds=self.now), self.rng)
        self.planned[an_id] = names
        instances = [
            planned(
                name,
                body=body_of(name, NAMES[name].format(an_id)),
                needs=NEEDS.get(name, []),
                timeout_seconds=TIMEOUT,
            )
            for name in names
        ]
        return self.command(
            an_id, faults, lambda context: apply(instances, apply_id=an_id, context=context)
        )

    def waiting(self, faults: list[str]) -> "Command":
        return self.command("", faults, lambda context: wait(None, context=context))

    def command(self, by: str, faults: list[str], work: Work) -> "Command":
        stop = Stop(VirtualClock())
        return Command(Line(self.server, by, list(faults), stop.signal), stop, work)

    def run(self, *commands: "Command") -> None:
        """Run commands at once; each may find that it can't be done, or die."""
        began, loop = self.now, VirtualLoop(self.now)
        count = sum(len(command.line.faults) for command in commands)
        is_calm = not count and not self.server.broken and all(c.line.by for c in commands)
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            try:
                runner.run(self.all_of(commands))
            except Crash:
                pass
            except BaseExceptionGroup as group:
                if group.split(Crash)[1] is not None:
                    raise
            self.now = loop.now
            self.attempts = runner.run(self.read())
        ends = [each.ends for each in self.server.sessions]
        if self.now > began and max(ends, default=0.0) < NEVER:
            assert self.now <= max([began, *ends]) + PATIENCE + PER_FAULT * count
        for command in commands:
            if command.outcome is not None and not any(each.line.is_dead for each in commands):
                self.judge(command, command.outcome, is_calm=is_calm)

    async def all_of(self, commands: Sequence["Command"]) -> None:
        lines = [command.line for command in commands]
        async with asyncio.TaskGroup() as group:
            for command in commands:
                group.create_task(self.one(command, lines))

    async def one(self, command: "Command", lines: list[Line]) -> None:
        clock = VirtualClock()
        client = Checkly(
            Credentials("key", "acc", "http://127.0.0.1:9"),
            clock=clock,
            rng=random.Random(1),
            emit=lambda _: None,
        )
        client._client = httpx.AsyncClient(transport=command.line)
        state = self.state()
        send = state.store._send

        async def send_while_alive(*arguments: Any) -> Any:
            if any(line.is_dead for line in lines):
                raise StateError("The process is dead.")
            return await send(*arguments)

        state.store._send = send_while_alive  # type: ignore[assignment]

        def emit(event: Event) -> None:
            if isinstance(event, ApplyStarted) and command.line.by:
                self.begun.append(command.line.by)

        async with client:
            context = Context(
                client=client,
                state=state,
                clock=clock,
                emit=emit,
                stop=command.stop,
                owner=ME,
                redact=lambda text: text,
                options=OPTIONS,
            )
            with suppress(CannotRun, Interrupted):
                command.outcome = await command.work(context)

    def judge(self, command: "Command", outcome: ApplyOutcome, *, is_calm: bool) -> None:
        """Hold an outcome against what the server has."""
        for instance in outcome.instances:
            self.judge_one(command, instance, is_calm=is_calm)
        verdicts = {instance.verdict for instance in outcome.instances}
        code = next((code for code, which in CODES if verdicts & which), 0)
        self.interrupted |= command.stop.gently.is_set()
        is_repeated = not command.line.by and outcome.exit_code == 130 and self.interrupted
        assert is_repeated or outcome.exit_code == (130 if command.stop.gently.is_set() else code)
        if outcome.exit_code == 0 and not command.line.by:  # a wait that is green
            newest = max(self.begun)
            passed = {each.instance for each in self.attempts if each.apply_id == newest}
            assert passed == set(self.planned[newest])

    def judge_one(self, command: "Command", instance: InstanceOutcome, *, is_calm: bool) -> None:
        session = next((s for s in self.server.sessions if s.id == instance.session_id), None)
        allowed: set[Verdict] = set() if is_calm else {Verdict.UNKNOWN}
        if command.stop.gently.is_set():
            allowed |= {Verdict.RUNNING, Verdict.NOT_STARTED}
        if session is not None:
            assert session.owner == instance.name, (session, list(map(brief, self.attempts)))
            allowed.add(ENDINGS[session.ending])
        else:
            assert instance.session_id is None
            allowed |= set() if is_calm else {Verdict.NOT_STARTED}
            allowed |= {Verdict.SKIPPED} if instance.name in NEEDS else set()
            if instance.name in self.server.said_no_match:
                allowed.add(Verdict.NO_MATCH)
        assert instance.verdict in allowed, instance

    def state(self) -> State:
        return State(
            open_store(None, folder=self.folder),
            host="h",
            account="acc",
            scope="s",
            clock=VirtualClock(),
        )

    async def read(self) -> list[Attempt]:
        return [attempt async for past in self.state().history() for attempt in past.attempts]


@dataclass
class Command:
    """A command of one process, and what comes of it."""

    line: Line
    stop: Stop
    work: Work
    outcome: ApplyOutcome | None = None


def body_of(instance: str, name: str) -> dict[str, Any]:
    """A request by which the server knows, and the list does not tell, whose it is."""
    variables = [{"key": "INSTANCE", "value": instance}]
    return {"name": name, "runLocation": "eu-west-1", "environmentVariables": variables}


def brief(attempt: Attempt) -> str:
    """An attempt, as much of it as explains a failure."""
    seen = (attempt.apply_id, attempt.instance, attempt.phase.value, attempt.session_id)
    when = (attempt.window_from, attempt.window_to, attempt.doubt_from)
    return " ".join(map(str, (*seen, attempt.verdict, attempt.reason, *when)))


COMMON: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "print_blob": True,
}


@pytest.mark.timeout(600)
def test_the_books_agree() -> None:
    run_state_machine_as_test(
        Books, settings=settings(max_examples=12, stateful_step_count=6, **COMMON)
    )


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_books_agree_over_and_over() -> None:
    run_state_machine_as_test(
        Books, settings=settings(max_examples=400, stateful_step_count=12, **COMMON)
    )


def held(books: Books) -> None:
    """Hold the books to all that has to be true."""
    books.nothing_is_started_twice()
    books.nothing_is_lost()
    books.no_session_belongs_to_two()
    books.what_was_not_started_does_not_exist()
    books.what_is_stored_is_true()


@pytest.mark.parametrize("ending", ENDINGS)
def test_without_a_fault_the_verdict_is_the_truth(ending: str) -> None:
    books = Books()
    books.apply(["a"], [], [(ending, 1.0, 0.0)], "")
    (attempt,) = books.attempts
    is_open = ENDINGS[ending] is Verdict.UNKNOWN
    assert attempt.verdict is (None if is_open and attempt.is_open else ENDINGS[ending])
    held(books)
    books.teardown()


def test_an_own_session_that_is_listed_late_is_not_lost_beside_a_look_alike() -> None:
    books = Books()
    books.two_at_once(
        endings=[("FAILED", 200.0, 12.0), ("PASSED", 20.0, 1.0)],
        first=["fine", "no id"],
        second=["fine", "fine", "time-out after", "crash before"],
    )
    held(books)
    books.teardown()


def test_a_session_that_may_be_a_settled_twins_is_not_adopted() -> None:
    books = Books()
    books.apply(["twin-1", "twin-2"], ["fine", "crash after"], [], "")
    books.apply(["twin-1"], [], [], "")
    books.apply(["twin-2"], [], [], "")
    held(books)
    books.teardown()


def test_a_session_that_was_overtaken_by_a_later_apply_is_judged_by_itself() -> None:
    """Neither the later apply's record nor its exit code gets in its way."""
    books = Books()
    late = [("late failure", 1.0, 0.0), ("PASSED", 1.0, 0.0)]
    books.apply(["a"], ["fine", "fine", "signal"], late, "")
    books.apply(["a"], [], [], "")
    held(books)
    books.teardown()


def test_a_session_of_another_time_is_named_beside_one_that_fits_better() -> None:
    books = Books()
    books.clock(-30.0, 1)
    lost = ["fine", "500 after", "fine", "404 page", "fine"]
    books.two_at_once(first=lost, second=[], endings=[])
    books.time_goes_by(30.0)
    books.two_at_once(first=[], second=["fine", "fine", "crash after"], endings=[])
    books.clock(0.0, 0)
    books.wait([], "")
    held(books)
    books.teardown()

"""An emulator over a real socket, a state in a folder, and one way to apply to them."""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from runner.checkly.account import Credentials
from runner.checkly.client import Checkly
from runner.checkly.downloads import Downloads
from runner.checkly.exchange import ClientOptions, Shared
from runner.checkly.retry import Backoff
from runner.emulator.server import Emulator
from runner.emulator.world.world import Check, Ending, Location, World
from runner.engine.apply import apply
from runner.engine.cancel import cancel
from runner.engine.control.context import ApplyOptions, Context
from runner.engine.control.shutdown import Stop
from runner.engine.results.artifacts import ArtifactDownloader
from runner.engine.wait import wait
from runner.errors import CannotRun
from runner.models.apply_id import new_apply_id
from runner.models.clock import Clock
from runner.models.contract.settings import Settings
from runner.models.events import Event
from runner.models.instance import Instance
from runner.models.outcome import ApplyOutcome, InstanceOutcome
from runner.models.plan import Action, PlannedInstance
from runner.models.record import Attempt, Initiator, Record
from runner.plan.normalize import normal_form
from runner.source import Source, Span
from runner.state.place import LEASE_SECONDS
from runner.state.state import State
from runner.state.store.address import open_store
from tests.state.conftest import attempts_of, unfinished

SOURCE = Source("checkly-sessions.yaml", "profiles:\n  smoke:\n")
ME = Initiator(user="ada", host="ci-1", pid=7)

REGIONS = ("eu-west-1", "us-east-1")

#: Patient enough for a machine that is busy, quick enough for a test.
QUICK = ClientOptions(
    answer_seconds=2.0, patience_seconds=3.0, backoff=Backoff(base=0.02, most=0.1)
)
OPTIONS = ApplyOptions(settle_seconds=0.6, grace_seconds=1.0, poll_seconds=5.0, lost_seconds=4.0)


def a_check(name: str, *outcomes: str, tags: Sequence[str] = (), **fields: Any) -> Check:
    duration = fields.pop("duration", 0.05)
    return Check(
        id=str(uuid5(NAMESPACE_URL, name)),
        name=name,
        type=fields.pop("type", "API"),
        tags=(*tags, name),
        ending=Ending(outcomes=outcomes or ("passed",), duration=duration),
        **fields,
    )


def a_world(*checks: Check, **fields: Any) -> World:
    return World(
        checks=checks or (a_check("home"), a_check("login")),
        locations=tuple(Location(region=region, name=region) for region in REGIONS),
        **fields,
    )


def planned(
    name: str = "smoke",
    *,
    tags: Sequence[str] | None = None,
    body: dict[str, Any] | None = None,
    blocked: str | None = None,
    record: Record | None = None,
    **settings: Any,
) -> PlannedInstance:
    """An instance as a plan hands it over; ``settings`` are the runner's own keys."""
    target = {"target": {"matchTags": [list(tags)]}} if tags is not None else {}
    whole = {"name": name, "runLocation": "eu-west-1", **target, **(body or {})}
    profile = name.partition("[")[0]
    own = Settings(**settings).model_dump(mode="json", by_alias=True, exclude_unset=True)
    instance = Instance(name, profile, (), whole, own, Span(SOURCE, 12, 17))
    return PlannedInstance(
        name=name,
        profile=profile,
        action=Action.RERUN if record else Action.CREATE,
        instance=instance,
        request=normal_form(whole, lambda _: None),
        record=record,
        blocked=blocked,
    )


class Bench:
    """What a test works with.

    Attributes:
        events: Everything the engine emitted, in order.
        stop: What signals the apply that runs, once one does.
        url: Where the API is sought, if not at the emulator.
        watch: Is told of each event as it comes.
        artifacts: Where an apply keeps the files of what failed, up to ``artifacts_limit`` bytes.
    """

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        self.folder = folder
        self.clock: Clock = Clock()
        self.client_options = QUICK
        self.requests_per_minute = 600
        self.options = OPTIONS
        self.lease = LEASE_SECONDS
        self.owner = ME
        self.events: list[Event] = []
        self.stop: Stop | None = None
        self.url: str | None = None
        self.watch: Callable[[Event], None] | None = None
        self.artifacts: Path | None = None
        self.artifacts_limit = 1_000_000

    def emit(self, event: Event) -> None:
        self.events.append(event)
        if self.watch is not None:
            self.watch(event)

    def client(self) -> Checkly:
        url = self.url or self.emulator.url
        return Checkly(
            Credentials(self.emulator.api_key, self.emulator.account_id, url),
            clock=self.clock,
            rng=random.Random(1),
            emit=self.emit,
            options=self.client_options,
            shared=Shared(self.clock, self.requests_per_minute),
        )

    def state(self) -> State:
        return State(
            open_store(f"file://{self.folder}", folder=self.folder),
            host="127.0.0.1",
            account=self.emulator.account_id,
            scope="default",
            clock=self.clock,
            lease=self.lease,
        )

    async def applying(self, *instances: PlannedInstance, **options: Any) -> ApplyOutcome:
        apply_id = new_apply_id(self.clock.now(), random.Random())
        async with (
            self.client() as client,
            aclosing(Downloads(client.credentials, self.clock)) as downloads,
        ):
            context = self.context(client, options)
            if self.artifacts is not None:
                downloader = ArtifactDownloader(self.artifacts, self.artifacts_limit, downloads)
                context = replace(context, keep=downloader.keep)
            return await apply(instances, apply_id=apply_id, context=context)

    async def waiting(self, apply_id: str | None = None, **options: Any) -> ApplyOutcome:
        async with self.client() as client:
            return await wait(apply_id, context=self.context(client, options))

    async def cancelling(
        self, wanted: Callable[[Record], bool] | None = None
    ) -> list[tuple[Record, CannotRun | None]]:
        async with self.client() as client:
            return await cancel(wanted, context=self.context(client, {}))

    def context(self, client: Checkly, options: dict[str, Any]) -> Context:
        self.stop = Stop(self.clock)
        return Context(
            client=client,
            state=self.state(),
            clock=self.clock,
            emit=self.emit,
            stop=self.stop,
            owner=self.owner,
            redact=lambda text: text,
            options=replace(self.options, **options),
        )

    def wait(self, apply_id: str | None = None, **options: Any) -> ApplyOutcome:
        return asyncio.run(self.waiting(apply_id, **options))

    def apply(self, *instances: PlannedInstance, **options: Any) -> ApplyOutcome:
        return asyncio.run(self.applying(*instances, **options))

    def records(self) -> dict[str, Record]:
        return asyncio.run(self.state().records())

    def unfinished(self) -> list[Attempt]:
        return asyncio.run(unfinished(self.state()))

    def attempts(self, apply_id: str) -> list[Attempt]:
        return asyncio.run(attempts_of(self.state(), apply_id))

    @property
    def session_ids(self) -> list[str]:
        return [session["id"] for session in self.emulator.sessions]


def only(outcome: ApplyOutcome) -> InstanceOutcome:
    """The one instance of an outcome."""
    (instance,) = outcome.instances
    return instance

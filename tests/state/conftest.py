"""Documents and states to test with."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from runner.models.record import Attempt, Initiator, Lookup, Phase, Record
from runner.state.project import Project
from runner.state.state import State
from runner.state.store.address import open_store
from tests.state import azurite, gcs_server
from tests.state.stub_s3 import StubS3, serving

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
ALICE = Initiator(user="alice", host="ci-7", pid=42, ci_url="https://ci.example.com/runs/9")

SHOP = Project("shop", "github.com/acme/shop", "checkly-sessions.yaml")

OpenState = Callable[..., State]


def an_attempt(instance: str = "smoke", apply_id: str = "a1", **fields: Any) -> Attempt:
    return Attempt(
        **{
            "apply_id": apply_id,
            "instance": instance,
            "profile": instance.partition("[")[0],
            "phase": Phase.INTENT,
            "request": {"name": instance},
            "lookup": Lookup(name=instance, run_location="eu-west-1"),
            "intent_at": NOON,
            **fields,
        }
    )


async def finish(state: State, *attempts: Attempt) -> None:
    """Put into the state what an apply leaves that came to its end."""
    first, names = attempts[0], [each.instance for each in attempts]
    async with state.lock(names, first.by, first.apply_id, timeout=0) as locks:
        planned = {each.instance: each.profile for each in attempts}
        journal = await state.begin(first.apply_id, locks, planned, first.by, first.intent_at)
        for each in attempts:
            update: dict[str, Any] = {"fence": locks.fence(each.instance), "phase": Phase.FINISHED}
            update["session_id"] = each.session_id or f"session-{each.instance}"
            update["stopped_at"] = each.stopped_at or each.intent_at
            await journal.put(each.model_copy(update=update), durable=False)
        await journal.end(0)
        assert await state.keep(locks, [journal]) == []


async def leave(state: State, *attempts: Attempt) -> None:
    """Put into the state what an apply leaves that died after it wrote ``attempts``."""
    first, names = attempts[0], [each.instance for each in attempts]
    async with state.lock(names, first.by, first.apply_id, timeout=0) as locks:
        journal = await state.begin(
            first.apply_id,
            locks,
            {each.instance: each.profile for each in attempts},
            first.by,
            NOON,
        )
        for each in attempts:
            fence = locks.fence(each.instance)
            await journal.put(each.model_copy(update={"fence": fence}), durable=True)


async def attempts_of(state: State, apply_id: str) -> list[Attempt]:
    """All attempts of an apply, by the names of their instances; empty for an unknown one."""
    past = await state.apply(apply_id)
    return [] if past is None else list(past.attempts)


async def unfinished(state: State) -> list[Attempt]:
    """Attempts without an outcome that applies left behind which are over, oldest first."""
    return [
        attempt
        for apply_id, names in sorted((await state.unfinished_applies()).items())
        for attempt in await attempts_of(state, apply_id)
        if attempt.is_open and attempt.instance in names
    ]


def a_record(instance: str = "smoke", **fields: Any) -> Record:
    return Record(
        **{
            "instance": instance,
            "profile": instance.partition("[")[0],
            "apply_id": "a1",
            "request": {"name": instance},
            "applied_at": NOON,
            **fields,
        }
    )


def damage_table(folder: Path, kind: str) -> Path:
    """Cut off the highest document of a kind; returns its path."""
    top = max(folder.rglob(f"{kind}/0*.json"))
    top.write_bytes(top.read_bytes()[:-9])
    return top


def damage_record(folder: Path, name: str) -> None:
    """Take the time from one record of the table."""
    top = max(folder.rglob("records/0*.json"))
    table = json.loads(top.read_bytes())
    del table["records"][name]["appliedAt"]
    top.write_text(json.dumps(table))


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of an S3 server of another make, on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = {name: value for name, value in os.environ.items() if "COV" not in name}
    command = [sys.executable, str(Path(__file__).with_name("s3_server.py")), str(port)]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    assert time.monotonic() < deadline, "the S3 server did not come up"
                    time.sleep(0.05)
            yield address
        finally:
            server.kill()


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a bucket of the test's own, with the variables that lead to it."""
    name = f"state-{uuid.uuid4().hex}"
    request = urllib.request.Request(f"{s3_server}/{name}", method="PUT")
    urllib.request.urlopen(request).close()
    for variable, value in {
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(variable, value)
    return f"s3://{name}/runs"


@pytest.fixture
def folder_place(tmp_path: Path) -> str:
    """The address of a folder that nobody has made yet."""
    return f"file://{tmp_path}/state"


@pytest.fixture
def s3_place(bucket: str) -> str:
    """The address of an empty part of a bucket of S3's kind."""
    return bucket


@pytest.fixture
def gs_place(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an empty part of a bucket of Google's kind."""
    name = f"state-{uuid.uuid4().hex}"
    with gcs_server.serving(name) as url:
        monkeypatch.setenv("GOOGLE_BASE_URL", url)
        yield f"gs://{name}/runs"


@pytest.fixture(scope="session")
def azurite_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an account of Azurite's."""
    with azurite.serving(tmp_path_factory.mktemp("azurite")) as url:
        yield url


@pytest.fixture
def az_place(azurite_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty part of a container of Azure's kind."""
    name = f"state-{uuid.uuid4().hex}"
    settings = {**azurite.AZURITE, "AZURE_STORAGE_ENDPOINT": azurite_server}
    for variable, value in settings.items():
        monkeypatch.setenv(variable, value)
    azurite.make_container(azurite_server, name)
    return f"az://{name}/runs"


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubS3]:
    with serving(StubS3()) as found:
        monkeypatch.setenv("AWS_ENDPOINT_URL", found.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        yield found


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest) -> str:
    """The address of an empty state: of a folder, and of a bucket."""
    found: str = request.getfixturevalue(f"{request.param}_place")
    return found


@pytest.fixture
def open_(place: str, tmp_path: Path) -> OpenState:
    """Opens the state, as another process would each time."""

    def open_(url: str | None = place, **options: Any) -> State:
        whose = {"host": "api.checklyhq.com", "account": "acc", "scope": "default"}
        return State(open_store(url, folder=tmp_path), **{"project": SHOP, **whose, **options})

    return open_

"""One suite for every kind of store, with real requests: S3, Google and Azure."""

import asyncio
import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator

import pytest

from runner.errors import Locked, StateError
from runner.models.verdict import Verdict
from tests.state import gcs_server
from tests.state.clocks import HandClock
from tests.state.conftest import ALICE, OpenState, an_attempt, finish, leave
from tests.state.test_maintenance import IDS

#: Azurite's own account, which is the same everywhere.
AZURITE = {
    "AZURE_STORAGE_ACCOUNT_NAME": "devstoreaccount1",
    "AZURE_STORAGE_ACCOUNT_KEY": "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/"
    "K1SZFPTOtr/KBHBeksoGMGw==",
}


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of Azurite's account, of the program on the path."""
    program = shutil.which("azurite-blob")
    if program is None:
        pytest.skip("azurite-blob is not on the path: npm install --global azurite")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("azurite")
    command = [program, "--silent", "--skipApiVersionCheck", "--blobPort", str(port)]
    with subprocess.Popen([*command, "--location", str(folder)], env=dict(os.environ)) as server:
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    assert time.monotonic() < deadline, "Azurite did not come up"
                    time.sleep(0.1)
            yield f"http://127.0.0.1:{port}/devstoreaccount1"
        finally:
            server.kill()


@pytest.fixture(params=["s3", "gs", "az"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an empty state in a bucket of each kind."""
    name = f"state-{uuid.uuid4().hex}"
    if request.param == "s3":
        yield request.getfixturevalue("bucket")
    elif request.param == "gs":
        with gcs_server.serving(name) as url:
            monkeypatch.setenv("GOOGLE_BASE_URL", url)
            yield f"gs://{name}/runs"
    else:
        url = request.getfixturevalue("azurite")
        for variable, value in {**AZURITE, "AZURE_STORAGE_ENDPOINT": url}.items():
            monkeypatch.setenv(variable, value)
        make_container(url, name)
        yield f"az://{name}/runs"


def make_container(url: str, name: str) -> None:
    """Ask Azurite for a container, signed by the library's own signature."""
    import base64  # only here
    import hashlib
    import hmac
    import urllib.request
    from email.utils import formatdate

    account, date = AZURITE["AZURE_STORAGE_ACCOUNT_NAME"], formatdate(usegmt=True)
    text = (
        f"PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{date}\nx-ms-version:2021-08-06\n"
        f"/{account}/{account}/{name}\nrestype:container"
    )
    key = base64.b64decode(AZURITE["AZURE_STORAGE_ACCOUNT_KEY"])
    signature = base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()
    headers = {
        "x-ms-date": date,
        "x-ms-version": "2021-08-06",
        "Authorization": f"SharedKey {account}:{signature}",
    }
    address = f"{url}/{name}?restype=container"
    request = urllib.request.Request(address, method="PUT", headers=headers, data=b"")
    request.add_unredirected_header("Content-Type", "")
    urllib.request.urlopen(request).close()


def test_an_apply_its_record_and_its_history(open_: OpenState) -> None:
    async def go() -> None:
        await finish(open_(), an_attempt("a[b/c]", verdict=Verdict.FAILED), an_attempt("b"))
        records = await open_().records()
        assert {name: record.verdict for name, record in records.items()} == {
            "a[b/c]": Verdict.FAILED,
            "b": None,
        }
        assert records["b"].request == {"name": "b"}
        assert [past.apply_id async for past in open_().history()] == ["a1"]

    asyncio.run(go())


def test_of_several_that_want_a_lock_each_gets_it_in_turn(open_: OpenState) -> None:
    held: list[int] = []

    async def apply(number: int) -> int:
        state = open_()
        async with state.lock(["smoke"], ALICE, f"a{number}", timeout=60) as locks:
            held.append(number)
            assert held == [number]
            await asyncio.sleep(0.02)
            held.remove(number)
            return locks.fence("smoke")

    async def go() -> None:
        fences = await asyncio.gather(*map(apply, range(6)))
        assert len(set(fences)) == 6

    asyncio.run(go())


def test_a_dead_lock_is_taken_over_at_once_by_the_clock_of_the_store(open_: OpenState) -> None:
    async def go() -> None:
        dead = open_(lease=0.1, clock=HandClock())  # nobody renews its lease
        await dead.lock(["smoke"], ALICE, "a1", timeout=0).__aenter__()
        with pytest.raises(Locked):
            await open_().lock(["smoke"], ALICE, "a2", timeout=0).__aenter__()
        await asyncio.sleep(2.2)
        async with open_().lock(["smoke"], ALICE, "a2", timeout=0) as locks:
            assert locks.inherited() == {"a1": ["smoke"]}

    asyncio.run(go())


def test_what_was_left_open_is_found(open_: OpenState) -> None:
    async def go() -> None:
        await leave(open_(), an_attempt("smoke"))
        assert [each.instance for each in await open_().unfinished()] == ["smoke"]

    asyncio.run(go())


def test_old_applies_are_folded_and_deleted(open_: OpenState) -> None:
    async def go() -> None:
        for apply_id in IDS[:3]:
            await finish(open_(), an_attempt(apply_id=apply_id))
        assert await open_().fold(keep=1) == 2
        assert [past.apply_id async for past in open_().history()] == IDS[2::-1]
        await (await open_().applies()).drop(IDS[:2], [])
        assert [past.apply_id async for past in open_().history()] == [IDS[2]]

    asyncio.run(go())


def test_old_numbers_are_tidied_away(open_: OpenState) -> None:
    async def go() -> None:
        state = open_()
        for number in range(5):
            async with state.lock(["smoke"], ALICE, f"a{number}", timeout=0):
                pass
        folder = await state.folder("locks")
        assert len(await state.store.entries(folder)) <= 5

    asyncio.run(go())


def test_a_bucket_that_is_not_there(open_: OpenState, place: str) -> None:
    other = f"{place.partition('://')[0]}://there-is-no-such-bucket/x"
    with pytest.raises(StateError, match="the bucket does not exist"):
        asyncio.run(open_(url=other).records())

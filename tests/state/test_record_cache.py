"""Many records are read in a few requests, and never from a cache that is out of date."""

import asyncio
import time
from collections import Counter

import pytest

from runner.errors import StateError
from runner.models.record import Record
from tests.state.conftest import ALICE, OpenState, a_record
from tests.state.stub_s3 import ERROR, StubS3

NAMES = [f"p{number}" for number in range(40)]
DIGEST = "/bucket/api.checklyhq.com/acc/default/digest.json"


@pytest.fixture
def place() -> str:
    return "s3://bucket"


async def write_all(open_: OpenState, apply_id: str, names: list[str] = NAMES) -> None:
    state = open_()
    async with state.lock(names, ALICE, apply_id, timeout=0) as locks:
        records = [a_record(each, apply_id=apply_id, fence=locks.fence(each)) for each in names]
        await asyncio.gather(*map(state.put_record, records))


async def read(
    open_: OpenState, stub: StubS3, names: list[str] | None = None
) -> tuple[dict[str, Record], int]:
    """Records, and how many objects had to be read for them."""
    stub.requests.clear()
    records = await open_().records(names)
    gets = Counter(path for method, path in stub.requests if method == "GET")
    return records, sum("/records/" in path for path in gets)


def test_what_an_apply_wrote_is_read_at_once(open_: OpenState, stub: StubS3) -> None:
    async def go() -> None:
        await write_all(open_, "a1")
        records, gets = await read(open_, stub)
        assert set(records) == set(NAMES)
        assert gets == 0
        assert len(stub.requests) == 2
        some, gets = await read(open_, stub, [*NAMES[:35], "none"])
        assert (set(some), gets) == (set(NAMES[:35]), 0)

    asyncio.run(go())


def test_a_record_that_changed_since_is_read_itself(open_: OpenState, stub: StubS3) -> None:
    async def go() -> None:
        await write_all(open_, "a1")
        await write_all(open_, "a2", NAMES[:3])
        await open_().forget([NAMES[5]])
        records, gets = await read(open_, stub)
        assert gets == 3
        assert [records[name].apply_id for name in NAMES[:4]] == ["a2", "a2", "a2", "a1"]
        assert NAMES[5] not in records

    asyncio.run(go())


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"records": {"p0.json": 1}}', b"\xff"])
def test_without_a_digest_all_are_read_and_it_is_made(
    open_: OpenState, stub: StubS3, content: bytes
) -> None:
    async def go() -> None:
        await write_all(open_, "a1")
        stub.objects[DIGEST] = content
        assert (await read(open_, stub))[1] == 40
        assert (await read(open_, stub))[1] == 0

    asyncio.run(go())


def test_who_may_only_read_does_without(open_: OpenState, stub: StubS3) -> None:
    async def go() -> None:
        await write_all(open_, "a1")
        del stub.objects[DIGEST]
        stub.answer = lambda method, _path: (
            (403, ERROR.format("AccessDenied", "Read only.")) if method == "PUT" else None
        )
        for _ in range(2):
            records, gets = await read(open_, stub)
            assert (len(records), gets) == (40, 40)

    asyncio.run(go())


def test_a_broken_record_is_named_as_ever(open_: OpenState, stub: StubS3) -> None:
    async def go() -> None:
        await write_all(open_, "a1")
        stub.objects["/bucket/api.checklyhq.com/acc/default/records/p7.json"] = b"{"
        for _ in range(2):
            with pytest.raises(StateError, match=r"records/p7\.json is cut off"):
                await open_().records()

    asyncio.run(go())


@pytest.mark.slow
def test_a_thousand_records_are_read_in_less_than_a_second(open_: OpenState, bucket: str) -> None:
    """From a server that takes milliseconds for each request; on a machine that is not busy."""

    async def go() -> float:
        names = [f"instance-{number}" for number in range(1000)]
        writer = open_(url=bucket)
        await asyncio.gather(*(writer.put_record(a_record(name)) for name in names))
        await writer.digest_written()
        seconds = []
        for _ in range(3):
            began = time.perf_counter()
            assert len(await open_(url=bucket).records()) == 1000
            seconds.append(time.perf_counter() - began)
        return min(seconds)

    assert asyncio.run(go()) < 1.0

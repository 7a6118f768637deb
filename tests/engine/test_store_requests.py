"""How often an apply goes to the store."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.checkly.exchange import ClientOptions
from runner.state.state import State
from runner.state.store.address import open_store
from tests.engine.bench import Bench, a_check, a_world, planned
from tests.engine.conftest import MakeBench
from tests.state.conftest import SHOP, stub
from tests.state.stub_s3 import StubS3

__all__ = ["stub"]


class OnBucket(Bench):
    """A bench whose state is a bucket."""

    def state(self) -> State:
        return State(
            open_store("s3://bucket", folder=Path.cwd()),
            host="api",
            account="acc",
            scope="default",
            project=SHOP,
            clock=self.clock,
        )


@pytest.fixture
def on_bucket(make_bench: MakeBench, stub: StubS3) -> Iterator[OnBucket]:
    bench = make_bench(a_world(a_check("home", duration=0.5)))
    found = OnBucket(bench.emulator, bench.folder)
    found.client_options = ClientOptions()
    found.requests_per_minute = 6000
    yield found
    assert stub.objects


@pytest.mark.parametrize(("count", "most"), [(1, 24), (4, 24), (200, 64)])
def test_an_apply_goes_to_the_store_seldom(
    on_bucket: OnBucket, stub: StubS3, count: int, most: int
) -> None:
    instances = [planned(f"p{number}") for number in range(count)]
    for _ in range(3):
        before = len(stub.requests)
        outcome = on_bucket.apply(*instances, concurrency=200)
        assert outcome.exit_code == 0
        made = stub.requests[before:]
        # The plan has read the records and the locks before, and so spares two of these.
        assert len(made) + 2 <= most, "\n".join(map(str, made))


def test_history_reads_no_more_than_it_shows(on_bucket: OnBucket, stub: StubS3) -> None:
    for _ in range(6):
        on_bucket.apply(planned())
    before = len(stub.requests)

    async def newest() -> None:
        async for _ in on_bucket.state().history():
            return

    asyncio.run(newest())
    assert len(stub.requests) - before <= 14

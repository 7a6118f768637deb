"""What 200 sessions cost at least: the same requests by a bare client, without state or report.

``python -m bench.floor COUNT URL`` with the API's address and the credentials in the environment,
or without arguments: the ratio of 200 such sessions to one, which no apply can be below.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

import httpx

from bench.measure import ratio
from runner.emulator.server import Emulator
from runner.emulator.world import load_world

WORLD = """\
locations: [{region: eu-west-1, name: Ireland}]
checks: [{name: Home page, type: API, tags: [all], duration: 2}]
"""
BODY = {"name": "Floor", "runLocation": "eu-west-1", "target": {"matchTags": [["all"]]}}


async def follow(count: int) -> None:
    """Start so many sessions at once, and follow each to its end."""
    headers = {
        "authorization": f"Bearer {os.environ['CHECKLY_API_KEY']}",
        "x-checkly-account": os.environ["CHECKLY_ACCOUNT_ID"],
    }
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    async with httpx.AsyncClient(
        base_url=os.environ["CHECKLY_API_URL"], headers=headers, limits=limits, timeout=60
    ) as client:

        async def session() -> None:
            answer = await client.post("/v1/test-sessions/trigger", json=BODY)
            answer.raise_for_status()
            path = f"/v1/test-sessions/{answer.json()['testSessionId']}/completion"
            while (await client.get(path)).status_code == 408:
                pass

        await asyncio.gather(*(session() for _ in range(count)))


def main() -> None:
    """Follow sessions, or measure how long following takes."""
    if len(sys.argv) > 1:
        asyncio.run(follow(int(sys.argv[1])))
        return
    with tempfile.TemporaryDirectory() as folder:
        world = Path(folder) / "world.yaml"
        world.write_text(WORLD)
        with Emulator(load_world(world)) as emulator:
            environment = {"PATH": os.environ["PATH"], **emulator.environment}
            environment["PYTHONPATH"] = str(Path(__file__).parents[1])
            program = [sys.executable, "-m", "bench.floor"]
            taken = ratio([*program, "200"], [*program, "1"], environment, folder)
    print(f"200 sessions / one, by a bare client: {taken.wall:.2f}")


if __name__ == "__main__":
    main()

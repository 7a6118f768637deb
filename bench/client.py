"""A bare client, without state or report: ``python -m bench.client COUNT``.

It follows so many sessions of the API that the environment names, all at once.
"""

import asyncio
import os
import sys

import httpx

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


if __name__ == "__main__":
    asyncio.run(follow(int(sys.argv[1])))

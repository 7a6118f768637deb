"""A bare client, without a file, a plan or a report: ``python -m bench.client COUNT [FOLDER]``.

It follows so many sessions of the API that the environment names, all at once. With a folder it
also writes as many documents as an apply does, and as soon: of each session a lock, its intent,
its id and its outcome.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

BODY = {"name": "Floor", "runLocation": "eu-west-1", "target": {"matchTags": [["all"]]}}
DOCUMENT = b"x" * 900
THREADS = 8

Write = Callable[..., None]


async def follow(count: int, write: Write | None) -> None:
    """Start so many sessions at once, and follow each to its end."""
    headers = {
        "authorization": f"Bearer {os.environ['CHECKLY_API_KEY']}",
        "x-checkly-account": os.environ["CHECKLY_ACCOUNT_ID"],
    }
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    loop, threads = asyncio.get_running_loop(), ThreadPoolExecutor(THREADS)

    async def note(*names: str) -> None:
        if write is not None:
            await loop.run_in_executor(threads, write, *names)

    async with httpx.AsyncClient(
        base_url=os.environ["CHECKLY_API_URL"], headers=headers, limits=limits, timeout=60
    ) as client:

        async def session(number: int) -> None:
            attempt, record = f"attempts/{number}", f"records/{number}"
            await note(attempt)
            answer = await client.post("/v1/test-sessions/trigger", json=BODY)
            answer.raise_for_status()
            await note(attempt, record)
            path = f"/v1/test-sessions/{answer.json()['testSessionId']}/completion"
            while (await client.get(path)).status_code == 408:
                pass
            await note(attempt, record)

        await note(*(f"locks/{number}/1" for number in range(count)))
        await asyncio.gather(*map(session, range(count)))
        await note(*(f"locks/{number}/2" for number in range(count)))


def writer(folder: str) -> Write:
    """Writes documents into a folder, one after the other, by the library that the runner uses."""
    import obstore  # noqa: PLC0415 # the client without a folder does without
    from obstore.store import LocalStore  # noqa: PLC0415 # the same

    store = LocalStore(folder, mkdir=True)

    def write(*names: str) -> None:
        for name in names:
            obstore.put(store, name, DOCUMENT, use_multipart=False)

    return write


if __name__ == "__main__":
    _, number, *folders = sys.argv
    asyncio.run(follow(int(number), writer(folders[0]) if folders else None))

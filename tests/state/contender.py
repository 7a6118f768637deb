"""Processes that want a lock, many at once: run by the tests.

Each waits for the start, takes the lock, and works for a while, or until it is told to stop. When
it could write is in ``held-<pid>``, what came of it in ``answer-<pid>``. They are forked from one,
as starting twenty is slow.
"""

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from runner.errors import Locked, StateError
from runner.models.record import Initiator
from runner.state.locks import Locks
from runner.state.project import Project
from runner.state.state import State
from runner.state.store.address import open_store


async def contend(options: dict[str, Any]) -> dict[str, Any]:
    folder = Path(options["folder"])
    state = State(
        open_store(options["url"], folder=folder),
        host="api.checklyhq.com",
        account="acc",
        scope="default",
        project=Project("shop"),
        lease=options["lease"],
    )
    owner = Initiator(user="ci", host="here", pid=os.getpid())
    try:
        async with state.lock(
            ["smoke"], owner, str(os.getpid()), timeout=options["timeout"]
        ) as locks:
            try:
                return {"outcome": "held", "fence": await work(locks, folder, options["work"])}
            except StateError as error:
                return {"outcome": "lost", "message": error.message}
    except Locked as error:
        return {"outcome": "locked", "message": error.message}
    except StateError as error:  # it was stopped right after it had taken the lock
        return {"outcome": "lost", "message": error.message}


async def work(locks: Locks, folder: Path, seconds: float) -> int:
    """Notes all the time that it may write, as long as it may; returns the first fence."""
    fence = locks.fence("smoke")
    start = time.monotonic()
    with (folder / f"held-{os.getpid()}").open("w") as file:
        while True:
            now = time.monotonic()
            locks.fence("smoke")
            print(now, file=file, flush=True)
            if now - start >= seconds or (folder / "stop").exists():
                return fence
            await asyncio.sleep(0.02)


def main(options: dict[str, Any]) -> None:
    folder = Path(options["folder"])
    children = []
    for _ in range(options["count"]):
        child = os.fork()
        if child:
            children.append(child)
            continue
        (folder / f"ready-{os.getpid()}").touch()
        while not (folder / "start").exists():
            time.sleep(0.005)
        answer = json.dumps(asyncio.run(contend(options)))
        (folder / f"writing-{os.getpid()}").write_text(answer)
        (folder / f"writing-{os.getpid()}").rename(folder / f"answer-{os.getpid()}")
        return
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))

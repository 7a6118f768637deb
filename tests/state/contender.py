"""Processes that want a lock, many at once: run by the tests.

Each waits for the start, takes the lock, checks that it is alone, works for a while, and leaves
what came of it in ``answer-<pid>``. They are forked from one, as starting twenty is slow.
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
from runner.state.state import open_state


async def contend(options: dict[str, Any]) -> dict[str, Any]:
    folder = Path(options["folder"])
    state = open_state(
        options["url"],
        host="api.checklyhq.com",
        account="acc",
        scope="default",
        folder=folder,
        lease=options["lease"],
    )
    owner = Initiator(user="ci", host="here", pid=os.getpid())
    alone = folder / "alone"
    try:
        async with state.lock(
            ["smoke"], owner, str(os.getpid()), timeout=options["timeout"]
        ) as locks:
            fence = locks.fence("smoke")
            try:
                alone.touch(exist_ok=False)
            except FileExistsError:
                return {"outcome": "overlap"}
            await asyncio.sleep(options["work"])
            try:
                locks.fence("smoke")
            except StateError as error:
                return {"outcome": "lost", "message": error.message}
            alone.unlink(missing_ok=True)
            return {"outcome": "held", "fence": fence}
    except Locked as error:
        return {"outcome": "locked", "message": error.message}


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

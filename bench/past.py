"""Put into the state what applies of a file leave.

``python -m bench.past FILE APPLIES [EACH [STATE]]``.
The newest apply is of all instances, each earlier one of the next ``EACH`` of them; every attempt
has one check. It writes as an apply does, but asks no API.
"""

import asyncio
import random
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice

from runner.checkly.account import Credentials
from runner.cli.options.common import Common
from runner.cli.services.backend import Backend
from runner.cli.services.composition import Composition
from runner.config.selection import Selection
from runner.models.apply_id import new_apply_id
from runner.models.instance import Instance
from runner.models.record import Attempt, CheckRecord, Initiator, Lookup, Phase
from runner.models.verdict import Verdict
from runner.plan.normalize import normal_form
from runner.state.state import State

ME = Initiator(user="ada", host="ci-1", pid=7, ci_url="https://ci.example.com/runs/9")
HOST = "api.checklyhq.com"
ACCOUNT = "5ab8e8d2-7f4e-4f7e-9d0c-0d6c6b0f3a11"


#: Of EACH and STATE.
DEFAULTS = ("0", "")


async def write(state: State, instances: Sequence[Instance], applies: int, each: int) -> None:
    """Write so many applies, an hour apart."""
    turns = cycle(instances)
    for number in range(applies):
        began = datetime.now(UTC) - timedelta(hours=applies - number)
        chosen = instances if number == applies - 1 else list(islice(turns, each))
        apply_id = new_apply_id(began, random.Random(number))
        names = [instance.name for instance in chosen]
        async with state.lock(names, ME, apply_id, timeout=0) as locks:
            planned = {instance.name: instance.profile for instance in chosen}
            journal = await state.begin(apply_id, locks, planned, ME, began)
            for instance in chosen:
                attempt = _attempt(instance, apply_id, began, locks.fence(instance.name))
                await journal.put(attempt, durable=False)
            await journal.end(0)
            await state.keep(locks, [journal])
        await state.fold_if_many()


def _attempt(instance: Instance, apply_id: str, began: datetime, fence: int) -> Attempt:
    session = f"{apply_id}-{instance.name}"
    return Attempt(
        instance=instance.name,
        profile=instance.profile,
        apply_id=apply_id,
        request=normal_form(instance.body, lambda _: None),
        session_id=session,
        link=f"https://app.checklyhq.com/test-sessions/{session}",
        started_at=began,
        intent_at=began,
        stopped_at=began + timedelta(seconds=9),
        verdict=Verdict.PASSED,
        phase=Phase.FINISHED,
        lookup=Lookup(name=instance.name, run_location="eu-west-1"),
        checks=[CheckRecord(id=instance.profile, name="Home page", verdict=Verdict.PASSED)],
        by=ME,
        commit="0123456789abcdef0123456789abcdef01234567",
        branch="main",
        fence=fence,
    )


def main() -> None:
    """Compile the file, and write."""
    file, applies, each, state, *_ = (*sys.argv[1:], *DEFAULTS[len(sys.argv) - 3 :])
    parts = Composition(Common(file=file, state=state or None))
    if parts.backend.credentials is None:
        credentials = Credentials("", ACCOUNT, f"https://{HOST}")
        parts.backend = Backend(credentials, HOST)
    instances = parts.reading.compile(Selection()).instances
    asyncio.run(write(parts.state, instances, int(applies), int(each)))


if __name__ == "__main__":
    main()

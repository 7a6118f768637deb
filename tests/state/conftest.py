"""Documents and states to test with."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from runner.models.record import Attempt, Initiator, Lookup, Phase, Record
from runner.state.state import State, open_state

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
ALICE = Initiator(user="alice", host="ci-7", pid=42, ci_url="https://ci.example.com/runs/9")

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


@pytest.fixture
def open_folder(tmp_path: Path) -> OpenState:
    """Opens the state of a folder, as another process would each time."""

    def open_(**options: Any) -> State:
        return open_state(
            **{
                "url": None,
                "host": "api.checklyhq.com",
                "account": "acc",
                "scope": "default",
                "folder": tmp_path,
                **options,
            }
        )

    return open_

"""What can go wrong with a plan file at the last moment."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runner.cli.services import saved_plan
from runner.errors import StalePlan
from runner.models.record import PlanUse
from runner.plan.saved_plan import Home, SavedInstance, SavedPlan, SavedSelection
from runner.state.state import State
from runner.state.store.address import open_store
from tests.state.conftest import a_record

PLAN = SavedPlan(
    plan_id="P1",
    created_at=datetime(2026, 11, 23, 8, 12, 3, tzinfo=UTC),
    expires_at=datetime(2026, 11, 24, 8, 12, 3, tzinfo=UTC),
    home=Home(host="h", account="a", state="s", project="default", scope="default"),
    selection=SavedSelection(names=[], labels=[], excluded=[]),
    variables={},
    configuration="c",
    instances=[],
)


def test_of_two_who_use_a_plan_at_once_the_second_is_refused(tmp_path: Path) -> None:
    state = State(open_store(None, folder=tmp_path), host="h", account="a", scope="default")
    asyncio.run(saved_plan.use(PLAN, "A1", state, {}))
    with pytest.raises(StalePlan, match=r"already applied at .* by apply A1"):
        asyncio.run(saved_plan.use(PLAN, "A2", state, {}))
    use = asyncio.run(state.plan_use("P1"))
    assert isinstance(use, PlanUse)
    assert use.used_at <= datetime.now(UTC)


def test_a_record_that_moved_on_while_its_lock_was_waited_for_is_refused(tmp_path: Path) -> None:
    state = State(open_store(None, folder=tmp_path), host="h", account="a", scope="default")
    instance = SavedInstance(name="smoke", action="create", request={}, settings=None, record=None)
    plan = PLAN.model_copy(update={"instances": [instance]})
    with pytest.raises(StalePlan, match="record of smoke changed"):
        asyncio.run(saved_plan.use(plan, "A1", state, {"smoke": a_record("smoke")}))
    asyncio.run(saved_plan.use(plan, "A1", state, {}))

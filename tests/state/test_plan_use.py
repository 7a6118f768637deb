"""A saved plan is used once, whoever tries."""

import asyncio

from runner.models.record import PlanUse
from tests.state.conftest import NOON, OpenState


def a_use(apply_id: str = "A1") -> PlanUse:
    return PlanUse(plan_id="../P1", apply_id=apply_id, used_at=NOON)


def test_of_many_who_use_a_plan_one_does(open_: OpenState) -> None:
    async def contend() -> list[bool]:
        states = [open_() for _ in range(8)]
        uses = [state.add_plan_use(a_use(f"A{n}")) for n, state in enumerate(states)]
        return await asyncio.gather(*uses)

    assert sorted(asyncio.run(contend())) == [False] * 7 + [True]


def test_the_use_is_told(open_: OpenState) -> None:
    state = open_()
    assert asyncio.run(state.plan_use("../P1")) is None
    assert asyncio.run(state.add_plan_use(a_use()))
    assert not asyncio.run(state.add_plan_use(a_use("A2")))
    assert asyncio.run(open_().plan_use("../P1")) == a_use()

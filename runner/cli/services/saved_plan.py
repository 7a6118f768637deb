"""Plan files: written by ``plan --out``, read and checked by ``apply --plan``."""

import random
from collections.abc import Mapping
from pathlib import Path

from runner.atomic_write import atomic_write
from runner.cli.services.composition import Composition
from runner.cli.services.configuration import overrides
from runner.errors import CannotRun, UsageError, os_reason
from runner.models.apply_id import new_apply_id
from runner.models.clock import Clock
from runner.models.plan import Plan
from runner.models.record import PlanUse, Record
from runner.plan.saved_plan import (
    LIFETIME,
    Home,
    SavedPlan,
    SavedSelection,
    check_home,
    check_records,
    check_use,
    decode,
    encode,
    saved_instances,
)
from runner.state.state import State

#: A plan of thousands of instances has a few megabytes.
_MAX_BYTES = 64 * 1024 * 1024


def save(plan: Plan, path: Path, parts: Composition) -> None:
    """Write ``plan`` to ``path``.

    Raises:
        UsageError: A variable of the command line feeds a secret, or there is no key to tell
            secrets by.
        CannotRun: The file can't be written.
    """
    common, variables = parts.common, overrides(parts.common)
    for name in variables:
        if f"var.{name}" in parts.reading.configuration.secret_sources:
            raise UsageError(
                f"The variable {name} feeds a secret, which a plan file may not hold.",
                hint=f"Set CHECKLY_SESSIONS_VAR_{name} instead, for `plan` and `apply` alike.",
            )
    now = Clock().now().replace(microsecond=0)
    document = SavedPlan(
        plan_id=new_apply_id(now, random.SystemRandom()),
        created_at=now,
        expires_at=now + LIFETIME,
        home=_home(parts),
        selection=SavedSelection(
            names=list(common.names),
            labels=list(common.labels),
            excluded=list(common.excluded),
            prune=common.prune,
        ),
        variables=variables,
        configuration=parts.reading.digest,
        instances=saved_instances(plan),
    )
    try:
        atomic_write(path, encode(document).encode())
    except (OSError, ValueError) as error:
        raise CannotRun(
            f"The plan can't be written to {path}: {os_reason(error)}.",
            hint="Give another path with --out.",
        ) from error


def load(path: Path) -> SavedPlan:
    """Read a plan file.

    Raises:
        UsageError: There is no such file, or it can't be read.
        StalePlan: It is not a plan, or was edited.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"The plan {path} can't be read: {os_reason(error)}.",
            hint="Make one with `runner plan --out FILE`.",
        ) from error
    if len(data) > _MAX_BYTES:
        raise UsageError(f"{path} is larger than 64 MiB, the limit for plans.")
    return decode(data, str(path))


async def check(plan: SavedPlan, parts: Composition) -> None:
    """Refuse a saved plan that was used, has expired or was made for something else.

    Raises:
        StalePlan: With the reason.
    """
    check_home(plan, now=Clock().now(), home=_home(parts))
    check_use(await parts.state.plan_use(plan.plan_id))


async def use(plan: SavedPlan, apply_id: str, state: State, records: Mapping[str, Record]) -> None:
    """Note that the plan is used, before anything is sent; its locks are held.

    Raises:
        StalePlan: Another apply was faster, or one of the ``records`` has changed.
    """
    check_records(plan, records)
    now = Clock().now()
    if not await state.add_plan_use(PlanUse(plan_id=plan.plan_id, apply_id=apply_id, used_at=now)):
        check_use(await state.plan_use(plan.plan_id))


def _home(parts: Composition) -> Home:
    return Home(
        host=parts.backend.host,
        account=parts.backend.account_id,
        state=parts.state.store.where(),
        project=parts.project,
        scope=parts.common.scope,
    )

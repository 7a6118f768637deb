"""Ask the account about a plan before anything starts."""

import asyncio
import random
from collections.abc import Awaitable, Sequence
from typing import TypeVar

from runner.checkly.client import Checkly
from runner.checkly.exchange import ClientOptions, Shared
from runner.cli.services.composition import Composition
from runner.errors import ApiError, Unauthorized, Unreachable
from runner.listing import listed
from runner.models.clock import Clock
from runner.models.events import Event
from runner.models.plan import Action, Plan
from runner.models.response import Check
from runner.plan.preflight import FetchedAccount, judged
from runner.reports.progress.plain import event_lines

T = TypeVar("T")

#: Checks that are read at most; beyond, what matches is known to be incomplete.
MAX_CHECKS = 10_000
_KEY_REFUSED = 401
_NAME = "name"
#: A plan is worth waiting for, but not for long: without answers it is still a plan.
OPTIONS = ClientOptions(answer_seconds=10.0, patience_seconds=4.0)


async def judge(plan: Plan, parts: Composition, shared: Shared | None = None) -> Plan:
    """``plan`` with what the account says of it; each list is asked for once.

    With ``-v``, requests are printed on standard error.

    Raises:
        Unauthorized: The API refuses the key.
    """
    if all(planned.action is Action.REMOVED for planned in plan.instances):
        return plan
    console, verbosity = parts.console, parts.common.verbosity

    def emit(event: Event) -> None:
        for line in event_lines(event, (), console.style_for(console.err), verbosity):
            console.write(line, console.err)

    async with Checkly(
        parts.backend.require_credentials(),
        clock=Clock(),
        rng=random.SystemRandom(),
        emit=emit,
        redact=console.redactor.screen,
        options=OPTIONS,
        shared=shared,
    ) as client:
        account = await _account(client)
    return judged(plan, account)


async def _account(client: Checkly) -> FetchedAccount:
    """Fetch the account; one warning names all that could not be fetched."""
    errors: dict[str, ApiError | Unreachable | None] = {}

    async def tried(what: str, answer: Awaitable[T]) -> T | None:
        errors[what] = None  # reported in the order of the questions, whichever fails first
        try:
            return await answer
        except (ApiError, Unreachable) as error:
            if isinstance(error, Unauthorized) and error.status == _KEY_REFUSED:
                raise
            errors[what] = error
            return None

    try:
        async with asyncio.TaskGroup() as tasks:
            places = tasks.create_task(tried("locations", client.locations()))
            private = tasks.create_task(tried("private locations", client.private_locations()))
            checks = tasks.create_task(tried("checks", _checks(client)))
            about = tasks.create_task(tried(_NAME, client.account()))
    except* Unauthorized as refusals:
        raise refusals.exceptions[0] from None
    errors.pop(_NAME)  # without its name, a plan shows the id alone
    found, is_complete = checks.result() or (None, True)
    warnings = []
    if missing := {what: error for what, error in errors.items() if error}:
        why = next(iter(missing.values())).message
        warnings.append(f"The account's {listed(missing)} could not be read: {why}")
    if found and len(found) >= MAX_CHECKS:
        warnings.append(f"The account has more than {MAX_CHECKS:,} checks: the rest was not read.")
    me = about.result()
    # What a location is called that can't be read is not known: none can be said to be missing.
    is_sure = None not in [*(places.result() or ()), *(private.result() or ())]
    return FetchedAccount(
        _readable(places.result()) if is_sure else None,
        _readable(private.result()),
        found,
        is_complete,
        tuple(warnings),
        me.name if me else None,
    )


async def _checks(client: Checkly) -> tuple[list[Check], bool]:
    """The checks, and whether they are all; a check that is on two pages counts once."""
    found: dict[str, Check] = {}
    is_complete = True
    async for page in client.checks():
        is_complete = is_complete and None not in page
        found |= {check.id or check.name: check for check in page if check is not None}
        if len(found) >= MAX_CHECKS:
            return list(found.values()), False
    return list(found.values()), is_complete


def _readable(entries: Sequence[T | None] | None) -> list[T] | None:
    return None if entries is None else [entry for entry in entries if entry is not None]

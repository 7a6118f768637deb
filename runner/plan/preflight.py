"""Judge a plan by the account: its locations, its checks, and the variables that they read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from runner.models.plan import Action, CheckDrift, Plan, PlannedInstance
from runner.models.record import Record
from runner.models.response import Check, Location, PrivateLocation
from runner.nearest import did_you_mean
from runner.plan.expect_checks import unmet
from runner.plan.normalize import Normal
from runner.plan.target_match import is_resolved, matching
from runner.plan.variable_usage import undefined, unmentioned

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Account:
    """The parts of an account that could be fetched; ``None`` for those that could not.

    Attributes:
        locations: The public locations.
        private_locations: The account's own.
        checks: Its checks, with the settings of their groups.
        is_complete: Whether ``checks`` are all there are.
        warnings: The parts that could not be fetched, and why.
        name: Its name.
    """

    locations: Sequence[Location] | None = None
    private_locations: Sequence[PrivateLocation] | None = None
    checks: Sequence[Check] | None = None
    is_complete: bool = True
    warnings: tuple[str, ...] = ()
    name: str | None = None


def judged(plan: Plan, account: Account) -> Plan:
    """Add to ``plan`` what ``account`` says of each instance that may start."""
    instances = tuple(
        planned if planned.action is Action.REMOVED else _judged(planned, account)
        for planned in plan.instances
    )
    context = plan.context and plan.context._replace(account_name=account.name)
    return replace(
        plan, instances=instances, warnings=plan.warnings + account.warnings, context=context
    )


def _judged(planned: PlannedInstance, account: Account) -> PlannedInstance:
    blocked = _bad_location(planned, account)
    target = planned.request["target"]
    if account.checks is None or not is_resolved(target):
        return replace(planned, blocked=planned.blocked or blocked)
    found = matching(target, account.checks)
    settings = planned.instance.settings if planned.instance else None
    if account.is_complete and settings is not None:
        broken = unmet(settings.expect_checks, [check.name for check in found])
        blocked = blocked or broken
    return replace(
        planned,
        checks=drift(found, planned.record, complete=account.is_complete)._replace(
            most_runs=_most_runs(planned.request, len(found))
        ),
        warnings=(*planned.warnings, *_warnings(planned, found, account)),
        blocked=planned.blocked or blocked,
    )


def drift(found: Sequence[Check], record: Record | None, *, complete: bool) -> CheckDrift:
    """The checks found now beside those that ran last time; by id, or else by name.

    Args:
        found: The checks that match now.
        record: The last apply; without one, or if no check of it is known, nothing drifted.
        complete: Whether ``found`` are surely all.
    """
    names = tuple(_name(check) for check in found)
    if record is None or not record.checks:
        return CheckDrift(names, complete=complete)
    old_ids = {check.id for check in record.checks if check.id}
    old_names = {check.name for check in record.checks}
    ids, new_names = {check.id for check in found}, {check.name for check in found}
    return CheckDrift(
        names,
        added=tuple(
            _name(check)
            for check in found
            if check.id not in old_ids and check.name not in old_names
        ),
        removed=tuple(
            check.name
            for check in record.checks
            if check.id not in ids and check.name not in new_names
        )
        if complete
        else (),
        complete=complete,
    )


def _bad_location(planned: PlannedInstance, account: Account) -> str | None:
    """Say why a location can't be used, as far as the account tells."""
    place = planned.request["runLocation"]
    private = {location.slug_name: location for location in account.private_locations or ()}
    if isinstance(place, str) and place in private:
        if private[place].agent_count != 0:
            return None
        return (
            f"No agent of the private location '{place}' is connected: "
            "its session would wait until it times out."
        )
    regions = {location.region for location in account.locations or () if location.region}
    unknown = isinstance(place, str) and place not in regions
    if not unknown or not regions or account.private_locations is None:
        return None  # without both lists that is not known
    known = sorted(regions | {*private})
    near = did_you_mean(place, known) or f"There is {_some(known)}."
    return f"The account has no location '{place}'. {near}"


def _most_runs(request: Normal, checks: int) -> int | None:
    """How often checks run at most; ``None`` where each keeps its own retry strategy."""
    strategy = request.get("retryStrategy", ())
    if strategy is None:
        return checks
    retries = strategy.get("maxRetries", 1) if isinstance(strategy, dict) else None
    return checks * (1 + int(retries)) if isinstance(retries, int | float) else None


def _warnings(planned: PlannedInstance, found: Sequence[Check], account: Account) -> Iterable[str]:
    if account.is_complete:
        yield from _unknown_checks(planned, account.checks or ())
    if not found and account.is_complete:
        yield _no_match(planned.request["target"], account.checks or ())
        return
    keys = list(planned.request["environmentVariables"])
    if account.is_complete:
        for key in unmentioned(keys, found):
            yield f"no selected check mentions the variable {key}"
    for name, users in undefined(keys, found).items():
        yield (
            f"{{{{{name}}}}} is used by {_some(users)} and set neither here nor by the check: "
            "it is empty unless a group or the account sets it"
        )


def _no_match(target: Normal, checks: Sequence[Check]) -> str:
    """Why no check matches: the tag or id that no check has, with the nearest, where one is."""
    said = "no check of the account matches its target"
    tags = {tag for check in checks for tag in check.tags}
    for tag in (tag for group in target["matchTags"] for tag in group):
        if not tag.startswith("!") and tag not in tags:
            near = did_you_mean(tag, tags)
            return f"{said}: none has the tag '{tag}'" + (f". {near}" if near else "")
    ids = {check.id.lower() for check in checks}
    missing = [one for one in target["checkId"] if one not in ids]
    return f"{said}: there is no check {_some(missing)}" if missing else said


def _unknown_checks(planned: PlannedInstance, checks: Sequence[Check]) -> Iterable[str]:
    """Checks that ``quarantine`` and ``expectChecks`` name and the account does not have."""
    if planned.instance is None:
        return
    settings = planned.instance.settings
    expected = settings.expect_checks
    named = [("quarantine", one.check) for one in settings.quarantine]
    if expected is not None:
        named += [("expectChecks", name) for name in expected.include]
    names = {check.name for check in checks}
    ids = {check.id for check in checks}
    for key, name in named:
        if name not in names and not (key == "quarantine" and name in ids):
            near = did_you_mean(name, names)
            yield f"{key} names '{name}', which no check of the account is called" + (
                f". {near}" if near else ""
            )
    for name in expected.exclude if expected else ():
        # One that is not there may be meant; one that is nearly there is a slip.
        if name not in names and (near := did_you_mean(name, names)):
            yield f"expectChecks excludes '{name}', which no check is called. {near}"


def _name(check: Check) -> str:
    return check.name or check.id


def _some(names: Sequence[str], most: int = _SHOWN) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more

"""Judge a plan by the account: its locations, its checks, and the variables that they read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from runner.listing import first_of
from runner.models.contract.settings import ExpectChecks, Settings
from runner.models.plan import CheckDrift, Plan, PlannedInstance
from runner.models.response import Check, Location, PrivateLocation
from runner.nearest import did_you_mean
from runner.plan.normalize import UNSET, Normal, holds_mark
from runner.plan.target_match import matching, unmet
from runner.plan.variable_usage import undefined, unmentioned

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class FetchedAccount:
    """The parts of an account that could be fetched; ``None`` for those that could not.

    Attributes:
        private_locations: The account's own.
        checks: With the settings of their groups.
        is_complete: Whether ``checks`` are all there are.
        warnings: The parts that could not be fetched, and why.
    """

    locations: Sequence[Location] | None = None
    private_locations: Sequence[PrivateLocation] | None = None
    checks: Sequence[Check] | None = None
    is_complete: bool = True
    warnings: tuple[str, ...] = ()
    name: str | None = None


def judged(plan: Plan, account: FetchedAccount) -> Plan:
    """Add to ``plan`` what ``account`` says of each instance that may start."""
    instances = tuple(
        planned if planned.instance is None else _judged(planned, account)
        for planned in plan.instances
    )
    context = plan.context and plan.context._replace(account_name=account.name)
    warnings = plan.warnings + account.warnings
    return plan._replace(instances=instances, warnings=warnings, context=context)


def _judged(planned: PlannedInstance, account: FetchedAccount) -> PlannedInstance:
    blocked = planned.blocked or _bad_location(planned.request["runLocation"], account)
    target = planned.request["target"]
    if account.checks is None or holds_mark(target, UNSET):
        return planned._replace(blocked=blocked)
    found = matching(target, account.checks)
    warnings: Iterable[str] = ()
    if account.is_complete and planned.instance is not None:
        settings = planned.instance.settings
        blocked = blocked or unmet(settings.expect_checks, [check.name for check in found])
        warnings = _unknown_checks(settings, account.checks)
    return planned._replace(
        checks=_drift(found, planned, account.is_complete),
        warnings=(*planned.warnings, *warnings, *_warnings(planned.request, found, account)),
        blocked=blocked,
    )


def _drift(found: Sequence[Check], planned: PlannedInstance, complete: bool) -> CheckDrift:
    """Compare the checks that match now with those that ran last time, by id or else by name.

    Where no check of the last apply is known, nothing drifted; nothing is called removed while
    the list of checks may lack some.
    """
    ran = planned.record.checks if planned.record else ()
    old = {key for check in ran for key in (check.id, check.name)}
    new = {key for check in found for key in (check.id, check.name)}
    added = (check for check in found if ran and old.isdisjoint((check.id, check.name)))
    removed = (check for check in ran if complete and new.isdisjoint((check.id, check.name)))
    return CheckDrift(
        matched=tuple(check.name or check.id for check in found),
        added=tuple(check.name or check.id for check in added),
        removed=tuple(check.name for check in removed),
        complete=complete,
        most_runs=_most_runs(planned.request, len(found)),
    )


def _most_runs(request: Normal, checks: int) -> int | None:
    """Return how often checks run at most; ``None`` if each keeps its own retry strategy."""
    strategy = request.get("retryStrategy", {})
    if strategy is None:
        return checks
    retries = strategy.get("maxRetries", 1) if "type" in strategy else None
    return checks * (1 + int(retries)) if isinstance(retries, int | float) else None


def _bad_location(place: object, account: FetchedAccount) -> str | None:
    """Say why a location can't be used, if that is known."""
    private = {location.slug_name: location for location in account.private_locations or ()}
    regions = {location.region for location in account.locations or () if location.region}
    if not isinstance(place, str):
        return None
    if place in private:
        if private[place].agent_count != 0:
            return None
        return (
            f"No agent of the private location '{place}' is connected: "
            "its session would wait until it times out."
        )
    if place in regions or not regions or account.private_locations is None:
        return None  # only with both lists can a location be missing
    known = sorted(regions | {*private})
    near = did_you_mean(place, known) or f"It has {first_of(known, _SHOWN)}."
    return f"The account has no location '{place}'. {near}"


def _warnings(request: Normal, found: Sequence[Check], account: FetchedAccount) -> Iterable[str]:
    if not found and account.is_complete:
        yield _no_match(request["target"], account.checks or ())
        return
    keys = list(request["environmentVariables"])
    if account.is_complete:
        for key in unmentioned(keys, found):
            yield f"no selected check mentions the variable {key}"
    for name, users in undefined(keys, found).items():
        yield (
            f"{{{{{name}}}}} is used by {first_of(users, _SHOWN)} and set neither here nor by the "
            "check: it is empty unless a group or the account sets it"
        )


def _no_match(target: Normal, checks: Sequence[Check]) -> str:
    """Say why no check matches: those that do are deactivated, or none has a tag or an id."""
    said = "no check of the account matches its target"
    if deactivated := matching(target | {"allowDeactivated": True}, checks):
        names = [check.name or check.id for check in deactivated]
        return f"{said}: only with allowDeactivated would it match {first_of(names, _SHOWN)}"
    tags = {tag for check in checks for tag in check.tags}
    for tag in chain.from_iterable(target["matchTags"]):
        if not tag.startswith("!") and tag not in tags:
            return _with_nearest(f"{said}: none has the tag '{tag}'", tag, tags)
    ids = {check.id.lower() for check in checks}
    missing = [one for one in target["checkId"] if one not in ids]
    return f"{said}: there is no check {first_of(missing, _SHOWN)}" if missing else said


def _unknown_checks(settings: Settings, checks: Sequence[Check]) -> Iterable[str]:
    """Name the checks of ``quarantine`` and ``expectChecks`` that the account does not have."""
    names = {check.name for check in checks}
    known = names | {check.id for check in checks}
    for check in (one.check for one in settings.quarantine):
        if check not in known:
            said = f"quarantine names '{check}', but no check of the account has that name"
            yield _with_nearest(said, check, names)
    expected = settings.expect_checks or ExpectChecks()
    for name in expected.include:
        if name not in names:
            said = f"expectChecks names '{name}', but no check of the account has that name"
            yield _with_nearest(said, name, names)
    for name in expected.exclude:
        # A missing name may be intended; one that is nearly right is a slip.
        if name not in names and (near := did_you_mean(name, names)):
            yield f"expectChecks excludes '{name}', but no check has that name. {near}"


def _with_nearest(said: str, name: str, known: Iterable[str]) -> str:
    near = did_you_mean(name, known)
    return f"{said}. {near}" if near else said

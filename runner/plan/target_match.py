"""Match targets against the checks of an account, as the API does, and judge what matches."""

from collections.abc import Iterable, Sequence

from runner.models.contract.settings import ExpectChecks
from runner.models.response import Check
from runner.plan.normalize import Normal


def matching(target: Normal, checks: Iterable[Check]) -> list[Check]:
    """Return the checks, with the tags of their groups, that a resolved ``target`` selects.

    All tags of a group have to match and one group is enough; ``!tag`` asks for a check without
    the tag. Ids narrow, and a deactivated check matches only if the target allows it
    (contract: ``TriggerTestSessionRequest.target``).
    """
    ids = set(target["checkId"])
    return [
        check
        for check in checks
        if (check.activated is not False or target["allowDeactivated"])
        and (not ids or check.id.lower() in ids)
        and _has_tags(check, target["matchTags"])
    ]


def unmet(expected: ExpectChecks | None, names: Sequence[str]) -> str | None:
    """Say in a sentence how the checks ``names`` break ``expectChecks``, if they do."""
    if expected is None:
        return None
    troubles = []
    if expected.min is not None and len(names) < expected.min:
        troubles.append(f"{len(names)} of at least {expected.min} checks")
    if expected.max is not None and len(names) > expected.max:
        troubles.append(f"{len(names)} of at most {expected.max} checks")
    if missing := [name for name in expected.include if name not in names]:
        troubles.append(f"without {', '.join(missing)}")
    if unwanted := [name for name in expected.exclude if name in names]:
        troubles.append(f"with {', '.join(unwanted)}")
    return f"It breaks expectChecks: {'; '.join(troubles)}." if troubles else None


def _has_tags(check: Check, groups: Sequence[Sequence[str]]) -> bool:
    tags = set(check.tags)
    return not groups or any(all(_has(tag, tags) for tag in group) for group in groups)


def _has(tag: str, tags: set[str]) -> bool:
    return tag[1:] not in tags if tag.startswith("!") and tag != "!" else tag in tags

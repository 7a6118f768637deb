"""Select the checks that a target matches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from runner.emulator.world.world import Check


def select(checks: Iterable[Check], target: Mapping[str, Any]) -> list[Check]:
    """Return the checks that a request's target selects, in the account's order.

    Ids narrow, groups of tags are alternatives, and a deactivated check is only taken when the
    target allows it. A target without a filter selects every eligible check (contract, trigger).

    Args:
        checks: The account's checks.
        target: The `target` of a valid trigger request; empty when it has none.
    """
    groups = target.get("matchTags") or []
    ids = {check_id.lower() for check_id in target.get("checkId") or []}
    return [
        check
        for check in checks
        if (check.activated or target.get("allowDeactivated", False))
        and (not ids or check.id in ids)
        and (not groups or any(_matches(check, group) for group in groups))
    ]


def _matches(check: Check, group: Sequence[str]) -> bool:
    """Tell whether a check has all tags of a group; `!tag` asks that it does not have it."""
    return all(
        tag[1:] not in check.all_tags if _negated(tag) else tag in check.all_tags for tag in group
    )


def _negated(tag: str) -> bool:
    return tag.startswith("!") and len(tag) > 1

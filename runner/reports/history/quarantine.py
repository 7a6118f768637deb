"""Suggest quarantines for checks that flake, never for those that are broken."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from runner.models.contract.settings import Quarantine
from runner.reports.history.check_stats import CheckRun, CheckStats

#: How long a suggested quarantine lasts.
_DAYS: Final = 14
#: A lower rate, or fewer flaky runs, do not justify a quarantine.
_LEAST_RATE: Final = 0.05
_LEAST_FLAKES: Final = 2
#: So many failures in a row are a broken check.
_BROKEN: Final = 3


def suggestions(
    stats: Sequence[CheckStats],
    owners: Mapping[str, str],
    declared: Mapping[str, Sequence[Quarantine]],
    today: date,
) -> dict[str, list[Quarantine]]:
    """Return the quarantines that the figures suggest, by profile and sorted by check.

    A check is named by its id if another check of its profile has the same name, since a
    quarantine of the name would forgive both. ``owners`` has every declared profile, and who is
    asked about it.
    """
    names = Counter((profile, each.name) for each in stats for profile in each.profiles)
    found: dict[str, list[Quarantine]] = {}
    for each in stats:
        for profile in owners.keys() & each.profiles:
            runs = [run for run in each.runs if run.attempt.profile == profile]
            known = {entry.check for entry in declared.get(profile, ())}
            is_common = names[profile, each.name] > 1 or not each.name
            check = (each.check_id if is_common else None) or each.name
            if check and known.isdisjoint((each.name, each.check_id)) and _is_flaky(runs):
                flakes = sum(run.is_flaky for run in runs)
                entry = Quarantine(
                    check=check,
                    reason=f"flaky: {flakes} of {len(runs)} runs ({flakes / len(runs):.0%})",
                    owner=owners[profile],
                    until=today + timedelta(days=_DAYS),
                )
                found.setdefault(profile, []).append(entry)
    return {name: sorted(found[name], key=lambda entry: entry.check) for name in sorted(found)}


def _is_flaky(runs: Sequence[CheckRun]) -> bool:
    """Return whether runs, newest first, flake often enough, and the check is not broken now."""
    flakes = sum(run.is_flaky for run in runs)
    is_broken = len(runs) >= _BROKEN and all(run.failed for run in runs[:_BROKEN])
    return not is_broken and flakes >= _LEAST_FLAKES and flakes / len(runs) >= _LEAST_RATE


def is_idle(stats: Iterable[CheckStats], check: str, profile: str | None = None) -> bool:
    """Return whether a check, by name or id, needs no quarantine: it ran and always passed.

    The runs of one profile count, or of all by default.
    """
    runs = [
        run
        for each in stats
        if check in {each.name, each.check_id}
        for run in each.runs
        if profile in {None, run.attempt.profile}
    ]
    return len(runs) >= _BROKEN and not any(run.failed or run.is_flaky for run in runs)

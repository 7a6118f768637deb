"""Suggest quarantines for checks that flake, never for those that are broken."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from runner.reports.history.check_stats import CheckRun, CheckStats

#: How long a suggested quarantine lasts.
_DAYS: Final = 14
#: A rate below this, or fewer flaky runs, is no reason to look away.
_LEAST_RATE: Final = 0.05
_LEAST_FLAKES: Final = 2
#: So many failures in a row are a broken check.
_BROKEN: Final = 3


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An entry of a profile's ``quarantine``."""

    profile: str
    check: str
    reason: str
    owner: str
    until: date

    def entry(self) -> dict[str, str]:
        """The entry as it stands in the file."""
        return {
            "check": self.check,
            "reason": self.reason,
            "owner": self.owner,
            "until": self.until.isoformat(),
        }


def suggestions(
    stats: Sequence[CheckStats],
    owners: Mapping[str, str],
    quarantined: Mapping[str, Sequence[str]],
    today: date,
) -> list[Suggestion]:
    """The quarantines that the figures speak for, by profile and check.

    A check is named by its id where another one of its profile bears the same name, which a
    quarantine of the name would forgive as well.

    Args:
        stats: The checks of the window that is looked at.
        owners: Who is asked about a profile; one that is missing is not declared any more.
        quarantined: Names or ids of the checks of each profile that are quarantined already.
        today: The first day.
    """
    names = Counter((profile, each.name) for each in stats for profile in each.profiles)
    found = []
    for each in stats:
        for profile in each.profiles:
            runs = [run for run in each.runs if run.attempt.profile == profile]
            known = {each.name, each.check_id} & set(quarantined.get(profile, ()))
            if profile in owners and not known and is_flaky(runs):
                flakes = sum(run.is_flaky for run in runs)
                reason = f"flaky: {flakes} of {len(runs)} runs ({flakes / len(runs):.0%})"
                until = today + timedelta(days=_DAYS)
                is_common = names[profile, each.name] > 1 or not each.name
                check = (each.check_id if is_common else None) or each.name
                found.append(Suggestion(profile, check, reason, owners[profile], until))
    return sorted(found, key=lambda each: (each.profile, each.check))


def is_flaky(runs: Sequence[CheckRun]) -> bool:
    """Whether runs, newest first, flake often enough, and the check is not broken by now."""
    flakes = sum(run.is_flaky for run in runs)
    is_broken = len(runs) >= _BROKEN and all(run.failed for run in runs[:_BROKEN])
    return not is_broken and flakes >= _LEAST_FLAKES and flakes / len(runs) >= _LEAST_RATE


def idle(
    stats: Sequence[CheckStats], quarantined: Mapping[str, Sequence[str]]
) -> list[tuple[str, str]]:
    """Profile and check of the quarantines that have nothing left to do: nothing failed.

    Args:
        stats: The checks of the window that is looked at.
        quarantined: Names or ids of the quarantined checks of each profile.
    """
    return [
        (profile, check)
        for profile, checks in quarantined.items()
        for check in checks
        if is_idle(stats, check, profile)
    ]


def is_idle(stats: Iterable[CheckStats], check: str, profile: str | None = None) -> bool:
    """Whether a check was run often enough, and passed each time.

    Args:
        stats: The checks of the window that is looked at.
        check: Name or id.
        profile: Whose runs; those of all profiles by default.
    """
    runs = [
        run
        for each in stats
        if check in {each.name, each.check_id}
        for run in each.runs
        if profile in {None, run.attempt.profile}
    ]
    return len(runs) >= _BROKEN and not any(run.failed or run.is_flaky for run in runs)

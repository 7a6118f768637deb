"""The record of each check as JSON; ``docs/history.md`` says what each field means."""

from collections.abc import Sequence
from typing import Any, Final

from runner.reports.history.check_stats import CheckStats, when
from runner.reports.history.history_json import time
from runner.reports.text.json_ import dump_json

FORMAT_VERSION: Final = 1


def render(stats: Sequence[CheckStats]) -> str:
    """The checks as JSON that ends with a line break."""
    return dump_json({"formatVersion": FORMAT_VERSION, "checks": [_check(each) for each in stats]})


def _check(stats: CheckStats) -> dict[str, Any]:
    last = stats.last_failure
    return {
        "name": stats.name,
        "id": stats.check_id,
        "profiles": list(stats.profiles),
        "runs": len(stats.runs),
        "passRate": stats.pass_rate,
        "flakeRate": stats.flake_rate,
        "failuresInARow": stats.failures_in_a_row,
        "p50Seconds": stats.p50,
        "p95Seconds": stats.p95,
        "slowdown": stats.slowdown,
        "lastFailure": None
        if last is None
        else {
            "at": time(when(last)),
            "instance": last.attempt.instance,
            "applyId": last.attempt.apply_id,
            "commit": last.attempt.commit,
            "error": last.check.error,
            "link": last.attempt.link,
        },
    }

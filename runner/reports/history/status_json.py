"""The last verdict of each instance, as JSON; ``docs/state.md`` says what each field means."""

from collections.abc import Sequence
from typing import Any, Final

from runner.models.history import InstanceStatus
from runner.reports.apply.wording import seconds_between
from runner.reports.history.history_json import initiator, time
from runner.reports.text.json_ import dump_json

FORMAT_VERSION: Final = 1


def render(statuses: Sequence[InstanceStatus]) -> str:
    """The instances as JSON that ends with a line break."""
    return dump_json(
        {"formatVersion": FORMAT_VERSION, "instances": [_instance(each) for each in statuses]}
    )


def _instance(status: InstanceStatus) -> dict[str, Any]:
    known = {
        "instance": status.name,
        "profile": status.profile,
        "declared": status.is_declared,
        "changed": status.changed,
        "last": None,
    }
    record = status.record
    if record is not None:
        known["last"] = {
            "applyId": record.apply_id,
            "verdict": record.verdict,
            "reason": record.reason,
            "appliedAt": time(record.applied_at),
            "stoppedAt": time(record.stopped_at),
            "seconds": seconds_between(record.applied_at, record.stopped_at),
            "by": initiator(record.by),
            "commit": record.commit,
            "branch": record.branch,
            "sessionId": record.session_id,
            "link": record.link,
            "archivedAt": time(record.archived_at),
        }
    return known

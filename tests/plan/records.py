"""What a last apply left in the state."""

from datetime import datetime
from typing import Any

from runner.models.instance import Instance
from runner.models.record import Record
from runner.plan.normalize import Fingerprint, normal_form


def record_of(instance: Instance, key: Fingerprint, applied_at: datetime, **more: Any) -> Record:
    """The record of an instance whose secrets were marked by ``key``."""
    return Record(
        instance=instance.name,
        profile=instance.profile,
        apply_id="1",
        request=normal_form(instance.body, key),
        applied_at=applied_at,
        **more,
    )

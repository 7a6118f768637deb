"""Instances and records that plans are made of."""

from datetime import datetime, timedelta, timezone
from typing import Any

from runner.models.instance import Instance
from runner.models.record import Record
from runner.source import Source, Span
from tests.plan.records import record_of

SPAN = Span(Source("checkly-sessions.yaml", "smoke"), 0, 5)
AT = datetime(2026, 11, 23, 9, 12, 3, 456, tzinfo=timezone(timedelta(hours=1)))


def fingerprint(secret: str) -> dict[str, str]:
    return {"fingerprint": f"of {len(secret)}", "keyId": "k1"}


def instance(name: str, /, **fields: Any) -> Instance:
    body = {"name": "Smoke", "runLocation": "eu-west-1", **fields}
    return Instance(name, name, (), body, {}, SPAN)


def record(of: Instance, **more: Any) -> Record:
    return record_of(of, fingerprint, AT, **more)

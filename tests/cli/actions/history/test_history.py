"""``runner history``: how often it asks the store, and that it reads no more than it shows."""

import json
from collections import Counter
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from runner.models.apply_id import new_apply_id
from runner.models.record import Phase
from runner.models.verdict import Verdict
from runner.state.apply_document import ApplyDocument
from runner.state.store.codec import encode
from tests.cli.conftest import Shell
from tests.state.conftest import ALICE, NOON, an_attempt, stub
from tests.state.stub_s3 import StubS3

__all__ = ["stub"]

FILE = """\
version: 1
project: shop
defaults: {runLocation: eu-west-1, target: all}
profiles:
  smoke-0: {labels: {team: web}}
  smoke-1: {}
"""
SCOPE = "/bucket/api.checklyhq.com/acc/shop/default"
APPLIES = 60
MANY = 400
EACH = 5
MOST_REQUESTS = 40


def document(number: int) -> ApplyDocument:
    """An apply of a few instances, an hour after the one before it."""
    began = NOON + timedelta(hours=number)
    apply_id = new_apply_id(began, Random(number))
    attempts = {}
    for profile in (f"smoke-{each}" for each in range(EACH)):
        attempt = an_attempt(
            profile,
            apply_id,
            phase=Phase.FINISHED,
            intent_at=began,
            started_at=began,
            stopped_at=began,
            session_id=f"{apply_id}-{profile}",
            verdict=Verdict.PASSED,
            settings={"labels": {"team": "old"}} if number == 0 else {},
        )
        attempts[profile] = attempt.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return ApplyDocument(
        nonce="n", apply_id=apply_id, by=ALICE, started_at=began, attempts=attempts
    )


@pytest.fixture
def on_bucket(shell: Shell, stub: StubS3, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A file whose state is a bucket with many applies, none of them folded."""
    monkeypatch.setenv("CHECKLY_API_KEY", "canary-key")
    monkeypatch.setenv("CHECKLY_ACCOUNT_ID", "acc")
    (shell.folder / "checkly-sessions.yaml").write_text(FILE)
    fill(stub, APPLIES)
    return shell


def fill(stub: StubS3, applies: int) -> None:
    for each in map(document, range(applies)):
        stub.objects[f"{SCOPE}/applies/{each.apply_id}.json"] = encode(each)


def history(on_bucket: Shell, *arguments: str) -> tuple[int, str, str]:
    return on_bucket("history", "--state", "s3://bucket", *arguments)


def read_once(stub: StubS3) -> bool:
    """Whether no apply was read twice."""
    read = Counter(path for method, path in stub.requests if "/applies/" in path)
    return max(read.values()) == 1


@pytest.mark.parametrize("names", [(), ("smoke-4",), ("smoke-1", "smoke-2"), ("smoke-*",)])
def test_the_newest_applies_of_many_take_few_requests(
    on_bucket: Shell, stub: StubS3, names: tuple[str, ...]
) -> None:
    fill(stub, MANY)
    code, out, _ = history(on_bucket, "-n", "20", "--format", "json", *names)
    assert code == 0
    assert len(json.loads(out)["applies"]) == 20
    assert len(stub.requests) <= MOST_REQUESTS
    assert read_once(stub)


@pytest.mark.parametrize(
    "arguments",
    [
        ("smoke-typo",),
        ("smoke-typo", "--since", "1d"),
        ("smoke-typo", "--verdict", "failed"),
        ("smoke-1", "smoke-typo", "-n", "1"),
        ("smoke-typo", "-l", "team=web"),
        ("-l", "team=typo", "--until", "2026-08-02"),
    ],
)
def test_what_nobody_ever_applied_is_looked_for_once(
    on_bucket: Shell, stub: StubS3, arguments: tuple[str, ...]
) -> None:
    code, out, err = history(on_bucket, *arguments)
    assert (code, out) == (2, "")
    assert "typo" in err
    assert read_once(stub)


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("smoke-2", "--since", "1h"), 0),
        (("smoke-2", "-n", "3", "--verdict", "passed"), 3),
        (("smoke-2", "-l", "team=old"), 1),
        (("-l", "team=old"), 1),
        (("-l", "team=old", "--until", "2026-08-01"), 0),
        (("smoke-0", "--verdict", "failed"), 0),
    ],
)
def test_what_only_the_history_knows_is_no_error(
    on_bucket: Shell, stub: StubS3, arguments: tuple[str, ...], shown: int
) -> None:
    code, out, _ = history(on_bucket, "--format", "json", *arguments)
    assert code == 0
    assert len(json.loads(out)["applies"]) == shown
    assert read_once(stub)


def test_large_applies_are_read_one_at_a_time(
    on_bucket: Shell, stub: StubS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.state.history._BYTES_AT_ONCE", 100)
    code, *_ = history(on_bucket, "-n", "2")
    assert code == 0
    assert sum("/applies/" in path for _, path in stub.requests) == 2


def test_all_began_since_the_first_day_of_all(on_bucket: Shell) -> None:
    code, out, _ = history(on_bucket, "--since", "0001-01-01", "--format", "json")
    assert code == 0
    assert len(json.loads(out)["applies"]) == 20


def test_applies_that_ended_long_before_are_not_read(on_bucket: Shell, stub: StubS3) -> None:
    fill(stub, MANY)
    day = (NOON + timedelta(hours=MANY - 1)).date()
    code, out, _ = history(on_bucket, "--since", f"{day}", "--format", "json", "-n", "400")
    assert code == 0
    applies: list[Any] = json.loads(out)["applies"]
    assert {datetime.fromisoformat(each["startedAt"]).date() for each in applies} == {day}
    assert sum("/applies/" in path for _, path in stub.requests) < 80

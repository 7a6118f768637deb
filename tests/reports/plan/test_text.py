"""A plan on the terminal."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.models.contract.settings import ExpectChecks, Settings
from runner.models.instance import Instance
from runner.models.marked import Marked
from runner.models.plan import CheckDrift, Plan
from runner.models.record import Record
from runner.models.verdict import Verdict
from runner.reports.plan.text import render
from runner.reports.text.style import Style
from runner.source import Source, Span
from tests.plan.records import make_plan, record_of

SPAN = Span(Source("checkly-sessions.yaml", "smoke"), 0, 5)
AT = datetime(2026, 11, 23, 8, 12, tzinfo=UTC)
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def fingerprint(secret: str) -> dict[str, str]:
    return {"fingerprint": f"of {secret}", "keyId": "k1"}


def instance(name: str, /, settings: Settings | None = None, **fields: Any) -> Instance:
    body = {"name": "Smoke", "runLocation": "eu-west-1", **fields}
    return Instance(
        name, name, (), body, (settings or Settings()).model_dump(mode="json", by_alias=True), SPAN
    )


def record(of: Instance, key: Any = fingerprint, **more: Any) -> Record:
    return record_of(of, key, AT, **{"verdict": Verdict.PASSED, **more})


def secret(value: str) -> dict[str, Any]:
    return {"key": "TOKEN", "value": Marked(value, secret=True), "secret": True}


def shown(plan: Plan, **style: Any) -> str:
    return render(plan, Style(**style))


def of_one(now: Instance, before: Instance | None = None, **style: Any) -> str:
    records = {} if before is None else {now.name: record(before)}
    return shown(make_plan([now], records, fingerprint), **style)


def test_a_whole_plan() -> None:
    new = instance(
        "smoke[eu]",
        Settings(timeout_seconds=300, expect_checks=ExpectChecks(min=3)),
        target={"matchTags": [["production", "smoke"], ["critical", "!flaky"]]},
        environmentVariables=[secret("one"), {"key": "HOST", "value": "x", "locked": True}],
        retryStrategy={"type": "LINEAR", "baseBackoffSeconds": 10, "maxRetries": 2},
        metadata={"commitId": Marked("abc", template="$<git.sha>")},
    )
    changed = instance(
        "changed",
        runLocation="us-east-1",
        environmentVariables=[secret("one"), {"key": "NEW", "value": "1"}],
    )
    before = instance("changed", environmentVariables=[secret("two"), {"key": "OLD", "value": "2"}])
    same = instance("same", environmentVariables=[secret("three")])
    records = {
        "changed": record(before, verdict=Verdict.FAILED),
        "same": record(same, lambda _: None, stopped_at=AT.replace(minute=15)),
        "gone": record(instance("gone"), verdict=None),
    }
    plan = make_plan(
        [new, changed, same], records, fingerprint, everything=True, warnings=["no API"]
    )
    assert (
        shown(plan)
        == """\
+ smoke[eu]  create
    never applied
    + name: "Smoke"
    + runLocation: "eu-west-1"
    + target.matchTags: [["!flaky", "critical"], ["production", "smoke"]]
    + environmentVariables.TOKEN: (secret #1)
    + environmentVariables.HOST (locked): "x"
    + retryStrategy.type: "LINEAR"
    + retryStrategy.baseBackoffSeconds: 10
    + metadata: commitId (filled in)
    + timeoutSeconds: 300
    + expectChecks.min: 3

~ changed  update
    last failed 2026-11-23 08:12 UTC
      target: ALL checks of the account
    ~ runLocation: "eu-west-1" → "us-east-1"
    ~ environmentVariables.TOKEN.value: (secret #2) → (secret #1)
    + environmentVariables.NEW: "1"
    - environmentVariables.OLD: "2"

= same  rerun
    last passed 2026-11-23 08:15 UTC
      environmentVariables.TOKEN.value: (secret, not compared)

- gone  removed
    last started 2026-11-23 08:12 UTC, not known to have ended

A bare `runner apply`, or one with --prune, archives what is removed. To delete a record: \
`runner state forget gone`

warning: no API

Plan: 1 to create, 1 to update, 1 to rerun, 1 removed, 1 warning.
"""
    )


def test_quietly_only_the_summary_is_left() -> None:
    plan = make_plan([instance("a")], {}, fingerprint, warnings=["no API"])
    text = render(plan, Style(), verbosity=-1)
    assert text == "Plan: 1 to create, 0 to update, 0 to rerun, 0 removed, 1 warning.\n"


def test_an_empty_plan_is_its_summary() -> None:
    assert shown(Plan(())) == "Plan: 0 to create, 0 to update, 0 to rerun, 0 removed.\n"


def test_colour_adds_nothing_but_colour() -> None:
    now, before = instance("a", runLocation="x" * 90), instance("a")
    colored = of_one(now, before, color=True)
    assert "\x1b[33" in colored
    assert ANSI.sub("", colored) == of_one(now, before)


def test_ascii_is_enough() -> None:
    text = of_one(instance("é", runLocation="b"), instance("é"), unicode=False)
    assert text.isascii()
    assert '"eu-west-1" -> "b"' in text


def test_a_long_value_stands_below_its_field_in_full() -> None:
    text = of_one(instance("a", name="long " * 30), instance("a"))
    assert '    ~ name:\n        - "Smoke"\n        + "long long' in text
    assert text.count("long") == 30
    assert {'"long', "long"} >= {word for word in text.split() if "lon" in word}
    assert "  ong" not in text


def test_a_huge_value_is_cut_with_its_length() -> None:
    text = of_one(instance("a", name="x" * 1_000_000))
    assert len(text) < 2_000
    assert "… (1,000,002 characters)" in text


def test_two_huge_values_are_shown_where_they_part() -> None:
    one, other = (instance("a", name="x" * 5_000 + end + "y" * 900) for end in ("1st", "other"))
    text = "".join(line.strip(" -+") for line in of_one(other, one).splitlines())
    assert "…" + "x" * 40 + "1st" in text
    assert "…" + "x" * 40 + "other" in text
    assert len(text) < 2_000


def test_masks_tell_equal_secrets() -> None:
    both = [secret("one"), {**secret("one"), "key": "B"}, {**secret("two"), "key": "C"}]
    text = of_one(instance("a", environmentVariables=both))
    assert re.findall(r"\(secret #\d\)", text) == ["(secret #1)", "(secret #1)", "(secret #2)"]


def test_without_a_key_equal_secrets_are_still_seen_to_be_equal() -> None:
    both = [secret("one"), {**secret("one"), "key": "B"}, {**secret("two"), "key": "C"}]
    text = shown(make_plan([instance("a", environmentVariables=both)], {}, lambda _: None))
    assert re.findall(r"\(secret #\d\)", text) == ["(secret #1)", "(secret #1)", "(secret #2)"]


def test_a_secret_of_a_record_without_a_key_has_no_number() -> None:
    before = instance("a", environmentVariables=[secret("one")])
    records = {"a": record(before, lambda _: None)}
    text = shown(make_plan([instance("a")], records, lambda _: None))
    assert "- environmentVariables.TOKEN: (secret)\n" in text


def test_what_becomes_secret_is_not_shown_as_it_was() -> None:
    before = instance("a", environmentVariables=[{"key": "TOKEN", "value": "hunter2"}])
    text = of_one(instance("a", environmentVariables=[secret("one")]), before)
    assert "hunter2" not in text
    assert "TOKEN.value: (not secret) → (secret #1)" in text


def test_a_text_that_looks_like_a_mask_stands_in_quotes() -> None:
    variable = {"key": "A", "value": "(unset: env.X)"}
    text = of_one(instance("a", environmentVariables=[variable]))
    assert 'A: "(unset: env.X)"' in text


def test_an_unresolved_value_names_what_it_waits_for() -> None:
    text = of_one(instance("a", runLocation=Marked(None, unset=("env.REGION",))))
    assert "+ runLocation: (unset: env.REGION)\n" in text
    assert "warning: runLocation is unresolved: env.REGION is not set" in text


def test_a_volatile_value_is_told_by_template_and_inputs() -> None:
    def held(host: str) -> Instance:
        template = "$<var.host> $<git.sha>"
        return instance(
            "a", name=Marked(f"{host} abc", template=template, inputs=(("var.host", host),))
        )

    text = of_one(held("x"), held("y"))
    assert '"$<var.host> $<git.sha>" with var.host = "y"' in text
    assert '"$<var.host> $<git.sha>" with var.host = "x"' in text


def test_retries_that_end_are_told() -> None:
    text = of_one(instance("a", retryStrategy=None), instance("a", retryStrategy={"type": "FIXED"}))
    assert '- retryStrategy.type: "FIXED"\n    + retryStrategy: null\n' in text


def test_checks_blocks_and_needs_are_told() -> None:
    base = make_plan([instance("a")], {}, fingerprint, pulled_in={"a"}).instances[0]
    planned = base._replace(
        checks=CheckDrift(("Checkout", "Login", "Pay"), ("Login",), ("Search",)),
        blocked="expectChecks asks for at least 4 checks",
    )
    text = shown(Plan((planned,)))
    assert "+ a  create, needed by what was selected" in text
    assert "    checks: 3 match (+1: Login; −1: Search)\n" in text
    assert "    blocked: expectChecks asks for at least 4 checks\n" in text


@pytest.mark.parametrize(
    ("checks", "told"),
    [
        (CheckDrift(()), "0 match"),
        (CheckDrift(("a",)), "1 matches"),
        (CheckDrift(("a", "b"), complete=False), "at least 2 match"),
        (CheckDrift((), tuple("abcdefghijkl")), "(+12: a, b, c, d, e, f, g, h, i, j and 2 more)"),
    ],
)
def test_drift_in_words(checks: CheckDrift, told: str) -> None:
    from runner.reports.plan.wording import drift

    assert told in drift(checks)


def test_against_a_commit_only_what_changes_is_shown() -> None:
    plan = make_plan([instance("a"), instance("b")], {"b": record(instance("b"))}, fingerprint)
    text = shown(Plan(plan.instances, (), against="main (merge base 1a2b3c4)"))
    assert text.startswith("Compared with main (merge base 1a2b3c4).\n\n+ a  create\n    + target")
    assert "= b" not in text
    assert text.endswith("\nChanges: 1 added, 0 changed, 0 removed.\n")


hostile = st.lists(
    st.sampled_from([*"ab:#[]|\n\r\t\x1b\x07\u202e\u2028\0 ", "::error::x", "##[error]", "漢"]),
    max_size=90,
).map("".join)


@given(hostile.filter(bool), hostile, hostile.filter(bool))
def test_no_name_or_value_can_forge_a_line(name: str, value: str, key: str) -> None:
    variables = [{"key": key, "value": value}]
    now = instance(name, name=value, environmentVariables=variables)
    plan = make_plan([now], {name: record(instance(name))}, fingerprint, warnings=[value])
    for color in (False, True):
        text = ANSI.sub("", shown(plan, color=color))
        lines = text.split("\n")
        assert text.isprintable() or set(text) - {c for c in text if c.isprintable()} == {"\n"}
        assert lines[-2].startswith("Plan: 0 to create, 1 to update")
        assert sum(line.startswith("Plan:") for line in lines) == 1
        assert not any(line.lstrip().startswith("::") for line in lines)
        assert "##[" not in text

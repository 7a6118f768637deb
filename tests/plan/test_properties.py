"""Properties of normal form, diff and plan that hold for every request."""

import json
import random
import re
from copy import deepcopy
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runner.models.contract.request import TriggerTestSessionRequest
from runner.models.instance import Instance
from runner.models.marked import Marked
from runner.models.plan import Action, FieldChange, Op
from runner.models.record import Record
from runner.plan.diff import diff
from runner.plan.normalize import Normal, normal_form
from runner.source import Source, Span
from tests.plan.records import make_plan

SPAN = Span(Source("checkly-sessions.yaml", "smoke"), 0, 5)
text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
words = st.sampled_from(["a", "b", "A.value", "secret", "unset", "volatile", 'x"]', "", "é"])
volatile = st.builds(
    lambda value, template, inputs: Marked(value, template=template, inputs=tuple(inputs.items())),
    text,
    text,
    st.dictionaries(words, text, max_size=2),
)
value = text | volatile
variables = st.dictionaries(
    words.filter(bool) | text,
    st.one_of(
        st.fixed_dictionaries({"value": value | st.none()}, optional={"locked": st.booleans()}),
        st.fixed_dictionaries(
            {
                "value": text.map(lambda held: Marked(held, secret=True)),
                "secret": st.just(value=True),
            }
        ),
    ),
    max_size=4,
).map(lambda found: [{"key": key, **variable} for key, variable in found.items()])
retries = {
    "baseBackoffSeconds": st.integers(0, 100) | st.floats(0, 100),
    "sameRegion": st.booleans(),
    "onlyOn": st.just(["NETWORK_ERROR"]),
}
strategies = (
    st.none()
    | st.fixed_dictionaries({"type": st.just("SINGLE_RETRY")}, optional=retries)
    | st.fixed_dictionaries(
        {"type": st.sampled_from(["FIXED", "LINEAR", "EXPONENTIAL"])},
        optional={**retries, "maxRetries": st.integers(1, 10)},
    )
)
bodies = st.fixed_dictionaries(
    {"name": value, "runLocation": text},
    optional={
        "target": st.fixed_dictionaries(
            {},
            optional={
                "matchTags": st.lists(st.lists(text, max_size=3), max_size=3),
                "checkId": st.lists(st.uuids().map(str), max_size=2),
                "allowDeactivated": st.booleans(),
            },
        ),
        "environmentVariables": variables,
        "retryStrategy": strategies,
        "refreshCache": st.booleans(),
        "metadata": st.fixed_dictionaries(
            {}, optional={"environment": value, "repoUrl": st.none() | value}
        ),
    },
)


def fingerprint(secret: str) -> dict[str, str]:
    return {"fingerprint": sha256(secret.encode()).hexdigest(), "keyId": "k1"}


def normal(body: dict[str, Any]) -> Normal:
    """As it comes back from a state document."""
    held: Normal = json.loads(json.dumps(normal_form(body, fingerprint)))
    return held


def instance(body: dict[str, Any]) -> Instance:
    return Instance("smoke", "smoke", (), body, {}, SPAN)


def record_of(body: dict[str, Any]) -> Record:
    return Record(
        instance="smoke",
        profile="smoke",
        apply_id="1",
        request=normal(body),
        applied_at=datetime(2026, 11, 23, tzinfo=UTC),
    )


def steps(path: str) -> list[str]:
    """A path's keys, read by its documented grammar."""
    step = r'\.?([A-Za-z_][A-Za-z0-9_-]*)|\[("(?:[^"\\]|\\.)*")\]'
    assert re.sub(step, "", path) == ""
    return [name or json.loads(held) for name, held in re.findall(step, path)]


def applied(before: Normal, changes: tuple[FieldChange, ...]) -> Normal:
    after = deepcopy(before)
    for change in changes:
        *way, last = steps(change.path)
        place = after
        for key in way:
            place = place[key]
        if change.op is Op.REMOVE:
            assert place.pop(last) == change.before
        else:
            if change.op is Op.REPLACE:
                assert place[last] == change.before
            else:
                assert last not in place
            place[last] = change.after
    return after


def shuffled(tree: Any, chance: random.Random) -> Any:
    """The same request with its keys, variables, tags and ids in another order."""
    if isinstance(tree, dict):
        items = [(key, shuffled(child, chance)) for key, child in tree.items()]
        chance.shuffle(items)
        return dict(items)
    if isinstance(tree, list):
        children = [shuffled(child, chance) for child in tree]
        chance.shuffle(children)
        return children
    return tree


def written_out(body: dict[str, Any]) -> dict[str, Any]:
    """The same request with some defaults written out."""
    full = deepcopy(body)
    full.setdefault("refreshCache", False)
    full.setdefault("target", {}).setdefault("allowDeactivated", False)
    full.setdefault("environmentVariables", [])
    for variable in full["environmentVariables"]:
        variable.setdefault("locked", False)
        variable.setdefault("secret", False)
    if full.get("retryStrategy"):
        full["retryStrategy"].setdefault("baseBackoffSeconds", 60)
    return full


@given(bodies, bodies)
def test_applying_the_changes_to_the_old_form_gives_the_new_one(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    before, after = normal(old), normal(new)
    assert applied(before, diff(before, after)) == after


@given(bodies, bodies)
def test_a_change_is_shown_exactly_when_the_forms_differ(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    before, after = normal(old), normal(new)
    assert bool(diff(before, after)) == (before != after)


@given(bodies, st.randoms(use_true_random=False))
def test_order_and_defaults_are_no_change(body: dict[str, Any], chance: random.Random) -> None:
    assert normal(shuffled(written_out(body), chance)) == normal(body)


@given(bodies)
def test_an_unchanged_request_is_a_rerun(body: dict[str, Any]) -> None:
    plan = make_plan([instance(body)], {"smoke": record_of(body)}, fingerprint, everything=True)
    assert [planned.action for planned in plan.instances] == [Action.RERUN]


@given(bodies)
def test_no_secret_is_in_a_normal_form(body: dict[str, Any]) -> None:
    hidden = deepcopy(body)
    for variable in hidden.get("environmentVariables", []):
        if variable.get("secret"):
            variable["value"] = Marked("hunter2-canary", secret=True)
    assert "hunter2-canary" not in json.dumps(normal(hidden))


def test_every_field_of_the_contract_has_its_place_in_the_normal_form() -> None:
    fields = {str(field.alias) for field in TriggerTestSessionRequest.model_fields.values()}
    body = {"name": "a", "runLocation": "b", "retryStrategy": None}
    assert set(normal(body)) == fields

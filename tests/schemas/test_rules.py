"""The rules worked out ahead of time are those of the models."""

import json
from pathlib import Path as Folder
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from runner.config.compile.validate import check
from runner.models.contract.request import Strict, TriggerTestSessionRequest
from runner.models.contract.rules import rules_for
from runner.models.contract.settings import Settings
from runner.models.marked import Path
from schemas.generate.rules import rules

SCHEMAS = Folder(__file__).parents[2] / "schemas"
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 700),
    st.floats(),
    # Whether a value may be empty hangs on `secret`, which data alone can't say.
    st.sampled_from(
        [
            "x",
            "LINEAR",
            "SINGLE_RETRY",
            "NETWORK_ERROR",
            "2026-01-31",
            "2026-02-31",
            "20260131",
        ]
    ),
    st.just("7f6a3b2c-9a52-4b4e-8a0f-3a1c0b9d8e7f"),
)
KEYS = st.sampled_from(
    sorted(rules_for("request")["fields"])
    + sorted(rules_for("settings")["fields"])
    + ["matchTags", "checkId", "key", "value", "secret", "type", "maxRetries", "min", "until"]
    + ["check", "reason", "owner", "environment", "repoUrl", "other"]
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)


def test_the_committed_rules_are_the_models_own() -> None:
    assert json.loads((SCHEMAS / "rules.json").read_bytes()) == rules(), "run `make schemas`"


def test_each_limit_is_one_that_is_checked() -> None:
    known = {
        "str": {"min_length", "pattern"},
        "int": {"ge"},
        "float": {"gt", "ge", "le"},
        "list": {"max_length", "items_schema"},
        "dict": {"values_schema"},
        "model": {"fields", "required"},
        "nullable": {"schema"},
        "tagged-union": {"choices"},
        "literal": {"expected"},
        "bool": set[str](),
        "date": set[str](),
    }
    waiting = [rules_for("request"), rules_for("settings")]
    while waiting:
        found = waiting.pop()
        assert found.keys() - {"type"} <= known[found["type"]]
        assert found.get("min_length", 1) == 1, "only an empty text is refused"
        waiting += [found[part] for part in found if part.endswith("schema")]
        waiting += [*found.get("fields", {}).values(), *found.get("choices", {}).values()]


@pytest.mark.parametrize(
    ("model", "part"), [(TriggerTestSessionRequest, "request"), (Settings, "settings")]
)
@given(data=st.data())
def test_both_find_the_same_wrong(
    model: type[Strict], part: Literal["request", "settings"], data: st.DataObject
) -> None:
    rules = rules_for(part)
    tree = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(rules["fields"], TREES)))
    tree = {"name": "x", "runLocation": "y", **tree} if model is TriggerTestSessionRequest else tree
    assert {breach.path for breach in check(rules, tree)} == wrong_places(model, tree)


def wrong_places(model: type[Strict], tree: dict[str, object]) -> set[Path]:
    try:
        model.model_validate(tree)
    except ValidationError as error:
        return {place_of(each) for each in error.errors()}
    return set()


def place_of(error: ErrorDetails) -> Path:
    """The path without the kind of a retry strategy, and to the key that decides on it."""
    path = error["loc"]
    if path[0] == "retryStrategy":
        path = path[:1] + path[2:]
    return (*path, "type") if error["type"].startswith("union_tag") else path

"""The rules worked out ahead of time are those of the models."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_core import SchemaValidator
from pydantic_core import ValidationError as CoreError

from runner.models.contract.request import Strict, TriggerTestSessionRequest
from runner.models.contract.rules import core_schema
from runner.models.contract.settings import Settings
from schemas.generate.rules import rules

SCHEMAS = Path(__file__).parents[2] / "schemas"
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 700),
    st.floats(),
    # Whether a value may be empty hangs on `secret`, which data alone can't say.
    st.sampled_from(["x", "LINEAR", "NETWORK_ERROR", "2026-01-31", "2026-02-31", "20260131"]),
    st.just("7f6a3b2c-9a52-4b4e-8a0f-3a1c0b9d8e7f"),
)
KEYS = st.sampled_from(
    sorted(core_schema("request")["fields"])
    + sorted(core_schema("settings")["fields"])
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


@pytest.mark.parametrize(
    ("model", "rules"),
    [(TriggerTestSessionRequest, core_schema("request")), (Settings, core_schema("settings"))],
    ids=["request", "settings"],
)
@given(data=st.data())
def test_both_come_to_the_same_verdict(
    model: type[Strict], rules: dict[str, object], data: st.DataObject
) -> None:
    fields = rules["fields"]
    assert isinstance(fields, dict)
    tree = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(fields, TREES)))
    tree = {"name": "x", "runLocation": "y", **tree} if model is TriggerTestSessionRequest else tree
    verdicts = []
    for check, error in (
        (model.model_validate, ValidationError),
        (SchemaValidator(rules).validate_python, CoreError),
    ):
        try:
            check(tree)
            verdicts.append(True)
        except error:
            verdicts.append(False)
    assert verdicts[0] == verdicts[1]

"""What holds for every file there could be."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from runner.config.document.layers import merge
from runner.config.document.variables import canonical
from runner.config.templates.expressions.values import to_text
from runner.config.templates.template import parse_template
from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence
from runner.config.yaml.parse import parse
from runner.diagnostics import Diagnostics
from runner.source import Source
from tests.config.pipeline import Outcome, run_file
from tests.config.test_cases import INVALID, VALID, contract, text_of

fast = settings(
    max_examples=int(os.environ.get("PROPERTY_EXAMPLES", "40")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "checkly-sessions.yaml"


def outcome_of(file: Path, content: str | bytes) -> Outcome:
    file.write_bytes(content if isinstance(content, bytes) else content.encode(errors="replace"))
    with pytest.MonkeyPatch.context() as monkeypatch:
        return run_file(file, monkeypatch)


# Texts near to files: real ones, with something taken out, put in or doubled.
CASES = [text_of(case) for case in VALID + INVALID if case.stat().st_size < 2_000]
BITS = st.sampled_from(
    [
        *"[]{}:-&*!|>'\"#,?%@`~\n\t\\\0",
        *("$<", "$$<", "{{", "<<: *a", "&a", "!!int", "---", "...", "null", "1e9", "\\ud800"),
        *("$<env.X>", "$<var.x>", "$<matrix.x>", "secret: true", "abstract: true", "extends:"),
    ]
)


@st.composite
def near_files(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(CASES))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(start + draw(st.integers(0, 12)), len(text))
        text = text[:start] + draw(BITS | st.just(text[start:end] * 2)) + text[end:]
    return text


@fast
@given(content=st.text() | st.binary() | near_files())
@example(content="version: 1\nprofiles: {a: {<<: *a}}")
@example(content="version: 1\nprofiles: {a: {target: {matchTags: [[[a]]]}, matrix: {a: [{}]}}}")
@example(content="version: 1\nprofiles: {a: {environmentVariables: [{key: {a: b}}, {key: null}]}}")
def test_no_text_makes_it_raise(file: Path, content: str | bytes) -> None:
    outcome = outcome_of(file, content)
    assert outcome.reading or outcome.errors
    assert outcome.text is not None  # it can be rendered as well


# Layers, as they may stand in a file.
KEYS = st.sampled_from(["A", "B", "C"])
LEAVES = st.sampled_from(["null", "1", "x", "$<var.x>", "[a]"])
VARIABLES = st.dictionaries(
    KEYS,
    st.sampled_from(
        [
            *(None, "x", "y", {"value": "z"}, {"secret": True}, {"value": "w", "secret": True}),
            *({"value": None}, {"locked": True}, {"secret": False, "value": "v"}),
        ]
    ),
)
STRATEGIES = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["FIXED", "LINEAR", "SINGLE_RETRY"]),
        "maxRetries": st.sampled_from([1, 2]),
        "sameRegion": st.booleans(),
    },
)
LAYERS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["a", "b"]),
        "runLocation": st.sampled_from(["x", "y"]),
        "metadata": st.dictionaries(
            st.sampled_from(["environment", "branchName"]), st.sampled_from(["p", "q"])
        ),
        "labels": st.none() | st.dictionaries(KEYS, st.sampled_from(["l", "m", None])),
        "target": st.just("all")
        | st.fixed_dictionaries(
            {},
            optional={
                "matchTags": st.sampled_from([[["a"]], [["b"], ["c"]]]),
                "allowDeactivated": st.booleans(),
            },
        ),
        "retryStrategy": STRATEGIES,
        "environmentVariables": VARIABLES,
        "matrix": st.none() | st.dictionaries(KEYS, st.just(["1"]), min_size=1),
        "timeoutSeconds": st.none() | st.integers(1, 99),
        "quarantine": st.none() | st.just([]),
    },
)


def layer(value: dict[str, Any]) -> Mapping:
    diagnostics = Diagnostics()
    root = parse(Source("layer", json.dumps({"x": value})), diagnostics)
    assert root is not None
    node = root.values["x"]
    assert isinstance(node, Mapping)
    return canonical(node)


def plain(node: Node) -> Any:
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node.values.items()}


@settings(fast, max_examples=3 * fast.max_examples)
@given(LAYERS, LAYERS, LAYERS)
def test_layering_is_associative(
    first: dict[str, Any], second: dict[str, Any], third: dict[str, Any]
) -> None:
    a, b, c = layer(first), layer(second), layer(third)
    assert plain(merge(merge(a, b), c)) == plain(merge(a, merge(b, c)))


@fast
@given(LAYERS)
def test_an_empty_layer_changes_nothing(value: dict[str, Any]) -> None:
    one, empty = layer(value), layer({})
    assert plain(merge(one, empty)) == plain(one) == plain(merge(empty, one))


@fast
@given(LAYERS, LAYERS)
def test_what_is_secret_stays_secret(below: dict[str, Any], above: dict[str, Any]) -> None:
    merged = plain(merge(layer(below), layer(above))).get("environmentVariables", {})
    for name, variable in below.get("environmentVariables", {}).items():
        if isinstance(variable, dict) and variable.get("secret") and merged[name] is not None:
            assert merged[name]["secret"] is True


@st.composite
def files(draw: st.DrawFn) -> str:
    """Files that are in order more often than not."""
    names = draw(st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True, min_size=1))
    profiles = {}
    for index, name in enumerate(names):
        profile = {"target": "all", "runLocation": "x"} | draw(LAYERS)
        if "matrix" not in profile and draw(st.booleans()):
            profile["extends"] = draw(st.lists(st.sampled_from(names[:index] or names), max_size=2))
        profile["name"] = draw(TEXTS)
        profiles[name] = profile
    return json.dumps({"version": 1, "variables": {"x": draw(TEXTS)}, "profiles": profiles})


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1) | st.sampled_from(
    ["$<var.x>", "x $<var.x>", "$<profile.name>", "$$<", "{{a}}", "$<[1, 2]>", "$<1 + 1>"]
)


@fast
@given(files())
def test_what_compiles_fits_the_contract(file: Path, content: str) -> None:
    for instance in outcome_of(file, content).instances:
        body = instance.request().wire()
        contract().validate(body)
        json.dumps(body).encode()


@fast
@given(st.text().filter(lambda text: "$<" not in text))
@example("{{#if x}}{{/if}} {% raw %} {# note #} ${X} $(x) $ $$ <% %> \\ \r\n")
def test_text_without_templates_is_returned_byte_for_byte(text: str) -> None:
    parts = [part for _, part in parse_template(text).parts]
    assert "".join(map(str, parts)) == text


@fast
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\x7f")))
def test_text_without_templates_reaches_the_request(file: Path, text: str) -> None:
    if not text or "$<" in text:
        return
    document = {
        "version": 1,
        "profiles": {"a": {"runLocation": "x", "target": "all", "name": text}},
    }
    outcome = outcome_of(file, json.dumps(document))
    (instance,) = outcome.instances
    assert instance.body["name"] == text


@fast
@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**9), 10**9))
def test_numbers_keep_their_spelling_inside_text(file: Path, number: float) -> None:
    spelt = to_text(number)
    outcome = outcome_of(
        file,
        f"version: 1\nvariables: {{n: {spelt}}}\n"
        "profiles: {a: {runLocation: x, target: all, name: 'n $<var.n>'}}\n",
    )
    (instance,) = outcome.instances
    assert instance.body["name"] == f"n {spelt}"

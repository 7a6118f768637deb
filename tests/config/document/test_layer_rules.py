"""What a profile inherits, in the requests that come of it: chains, diamonds, nulls, secrets."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest

from runner.config.document import layers
from runner.config.document.layers import Layers
from runner.config.yaml.nodes import Mapping as MappingNode
from runner.config.yaml.nodes import Node, Scalar
from runner.config.yaml.nodes import Sequence as SequenceNode
from runner.diagnostics import Severity
from runner.errors import ConfigurationError
from tests.config.document.test_layers import structure_of


def plain(node: Node) -> Any:
    """A node as plain data."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, SequenceNode):
        return [plain(item) for item in node.items]
    assert isinstance(node, MappingNode)
    return {key: plain(value) for key, value in node.values.items()}


def effective(profiles: str, name: str) -> Any:
    structure, diagnostics = structure_of(profiles)
    found = plain(Layers(structure, diagnostics).effective(structure.profiles[name]))
    assert not list(diagnostics)
    return found


RETRIES = """
  top: {retryStrategy: {type: LINEAR, maxRetries: 5, baseBackoffSeconds: 9}}
  other: {extends: top, retryStrategy: {type: FIXED, baseBackoffSeconds: 3}}
  below: {extends: other, retryStrategy: {maxRetries: 1}}
  late: {extends: [top, below]}
  none: {extends: top, retryStrategy: null}
  again: {extends: none, retryStrategy: {type: FIXED}}
  same: {extends: top, retryStrategy: {type: LINEAR, maxRetries: 6}}
  typeless: {extends: top, retryStrategy: {maxRetries: 7}}
"""


@pytest.mark.parametrize(
    ("name", "strategy"),
    [
        ("other", {"type": "FIXED", "baseBackoffSeconds": 3}),
        ("below", {"type": "FIXED", "baseBackoffSeconds": 3, "maxRetries": 1}),
        ("late", {"type": "FIXED", "baseBackoffSeconds": 3, "maxRetries": 1}),
        ("none", None),
        ("again", {"type": "FIXED"}),
        ("same", {"type": "LINEAR", "maxRetries": 6, "baseBackoffSeconds": 9}),
        ("typeless", {"type": "LINEAR", "maxRetries": 7, "baseBackoffSeconds": 9}),
    ],
)
def test_a_retry_strategy_of_another_type_replaces_the_whole_chain_below(
    name: str, strategy: Mapping[str, Any] | None
) -> None:
    assert effective(RETRIES, name)["retryStrategy"] == strategy


FIXED = {"type": "FIXED"}


@pytest.mark.parametrize(
    ("chain", "strategy"),
    [
        ([None], None),
        ([None, ...], None),
        ([None, FIXED], FIXED),
        ([None, FIXED, ...], FIXED),
        ([None, FIXED, {"maxRetries": 1}], FIXED | {"maxRetries": 1}),
        ([None, FIXED, {"maxRetries": 1}, ...], FIXED | {"maxRetries": 1}),
        ([{"type": "LINEAR"}, FIXED, ...], FIXED),
        ([{"type": "LINEAR"}, FIXED, {"sameRegion": False}, ...], FIXED | {"sameRegion": False}),
        ([{"sameRegion": False}, None, ..., FIXED, ...], FIXED),
        (
            [FIXED, {"sameRegion": False}, ...],
            FIXED | {"maxRetries": 5, "baseBackoffSeconds": 9, "sameRegion": False},
        ),
    ],
)
def test_a_strategy_above_a_null_or_another_type_takes_nothing_from_the_defaults(
    chain: Sequence[Any], strategy: Mapping[str, Any] | None
) -> None:
    defaults = FIXED | {"maxRetries": 5, "baseBackoffSeconds": 9}
    layers: list[dict[str, Any]] = [
        {} if layer is ... else {"retryStrategy": layer} for layer in chain
    ]
    assert effective(*extending("retryStrategy", defaults, layers))["retryStrategy"] == strategy


def extending(key: str, defaults: Any, layers: Iterable[Mapping[str, Any]]) -> tuple[str, str]:
    """Profiles that extend one another over defaults, and the name of the last."""
    profiles: dict[str, Any] = {}
    for number, layer in enumerate(layers):
        parent = {"extends": f"p{number - 1}"} if number else {}
        profiles[f"p{number}"] = {**parent, **layer}
    text = f"  {json.dumps(profiles)}\ndefaults: {json.dumps({key: defaults})}\n"
    return text, list(profiles)[-1]


@pytest.mark.parametrize(
    ("key", "above", "below"),
    [
        ("labels", {"team": "a"}, {"team": "b", "tier": "1"}),
        ("target", {"matchTags": [["a"]]}, {"matchTags": [["b"]], "allowDeactivated": True}),
        ("metadata", {"environment": "a"}, {"environment": "b", "branchName": "c"}),
        ("matrix", {"REGION": ["a"]}, {"REGION": ["b"], "TIER": ["c"]}),
        ("environmentVariables", {"A": {"value": "a"}}, {"A": {"value": "b", "locked": True}}),
    ],
)
def test_what_is_set_again_above_a_null_takes_nothing_from_below_it(
    key: str, above: Mapping[str, Any], below: Mapping[str, Any]
) -> None:
    null = dict.fromkeys(below) if key == "environmentVariables" else None
    layers: list[dict[str, Any]] = [{key: null}, {key: above}, {key: above}, {}]
    assert effective(*extending(key, below, layers))[key] == above


def test_a_variable_of_a_long_chain_keeps_what_its_defaults_say() -> None:
    key, (name, variable) = "environmentVariables", ("A", {"value": "z", "locked": True})
    layers = [{key: {name: {"value": value}}} for value in "abc"]
    found = effective(*extending(key, {name: variable}, [*layers, {}]))
    assert found[key] == {name: {"value": "c", "locked": True}}


def test_a_key_is_found_where_the_topmost_layer_sets_it_beneath_a_null_or_not() -> None:
    layers = [{"labels": null} for null in (None, {"A": "1"}, {"B": "2"})]
    text, name = extending("labels", {"A": "0"}, layers)
    structure, diagnostics = structure_of(text)
    labels = Layers(structure, diagnostics).effective(structure.profiles[name]).values["labels"]
    assert isinstance(labels, MappingNode)
    found = [labels.span, *map(labels.key_span, "AB")]
    source = labels.source.text
    places = [(span.start, source[span.start : span.end]) for span in found]
    nodes = ('{"B": "2"}', '"A"', '"B"')
    assert places == [(source.index(node), node) for node in nodes]


VARIABLES = """
  top:
    environmentVariables:
      {A: {value: $<env.A>, secret: true}, B: b, C: {value: c, locked: true}}
  plain: {extends: top, environmentVariables: {A: $<env.B>, B: {value: bb, locked: true}}}
  drop: {extends: top, environmentVariables: {A: null, B: null}}
  back: {extends: drop, environmentVariables: {A: $<env.C>, B: bbb}}
  late: {extends: [top, back]}
  lock: {extends: plain, environmentVariables: {A: {locked: true}, C: {locked: false}}}
"""


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        (
            "plain",
            {
                "A": {"value": "$<env.B>", "secret": True},
                "B": {"value": "bb", "locked": True},
                "C": {"value": "c", "locked": True},
            },
        ),
        ("drop", {"A": None, "B": None, "C": {"value": "c", "locked": True}}),
        (
            "back",
            {
                "A": {"value": "$<env.C>", "secret": True},
                "B": {"value": "bbb"},
                "C": {"value": "c", "locked": True},
            },
        ),
        (
            "late",
            {
                "A": {"value": "$<env.C>", "secret": True},
                "B": {"value": "bbb"},
                "C": {"value": "c", "locked": True},
            },
        ),
        (
            "lock",
            {
                "A": {"value": "$<env.B>", "secret": True, "locked": True},
                "B": {"value": "bb", "locked": True},
                "C": {"value": "c", "locked": False},
            },
        ),
    ],
)
def test_variables_merge_by_key_and_a_secret_stays_one(
    name: str, variables: Mapping[str, Any]
) -> None:
    found = effective(VARIABLES, name)["environmentVariables"]
    assert {key: found[key] for key in "ABC"} == variables


def test_of_a_diamond_each_layer_is_named_once_from_the_topmost_down() -> None:
    structure, diagnostics = structure_of(
        "  base: {name: base}\n"
        "  left: {extends: base, name: left}\n"
        "  right: {extends: base, name: right}\n"
        "  deep: {name: deep}\n"
        "  a: {extends: [deep, left, right], name: a}\n"
    )
    found = Layers(structure, diagnostics).of(structure.profiles["a"])
    assert [plain(layer)["name"] for layer in found] == ["a", "right", "base", "left", "deep"]


def test_an_unknown_parent_does_not_hide_the_parents_behind_it() -> None:
    structure, diagnostics = structure_of(
        "  base: {name: base}\n"
        "  left: {extends: [nobody, base, noone]}\n"
        "  a: {extends: left}\n"
        "  b: {extends: base}\n"
    )
    found = Layers(structure, diagnostics)
    layer = plain(found.effective(structure.profiles["a"]))
    found.effective(structure.profiles["b"])
    assert layer["name"] == "base"
    assert [each.message for each in diagnostics] == [
        "`nobody` is not a profile",
        "`noone` is not a profile",
    ]
    assert found.incomplete == {"a", "left"}


def test_parents_that_are_worked_out_already_do_not_end_the_row() -> None:
    structure, diagnostics = structure_of(
        "  one: {name: one}\n"
        "  two: {extends: nobody}\n"
        "  a: {extends: one}\n"
        "  b: {extends: [one, two, three]}\n"
        "  three: {extends: one, description: three, labels: {x: y}}\n"
    )
    found = Layers(structure, diagnostics)
    found.effective(structure.profiles["a"])
    assert plain(found.effective(structure.profiles["b"]))["labels"] == {"x": "y"}
    assert found.incomplete == {"two", "b"}


def test_what_is_inherited_says_what_to_do_about_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "MAX_INHERITED", 2)
    structure, diagnostics = structure_of(
        "  top: {labels: {a: x, b: y}}\n  a: {extends: top}\n  b: {extends: top}\n"
    )
    with pytest.raises(ConfigurationError) as stopped:
        list(map(Layers(structure, diagnostics).effective, structure.profiles.values()))
    (error,) = stopped.value.diagnostics
    assert error.message == "All profiles together inherit more than 2 keys"
    assert error.hint == "Extend smaller profiles, or fewer levels of them."


def test_a_null_that_drops_nothing_is_the_mistake_of_its_profile() -> None:
    structure, diagnostics = structure_of("  a: {environmentVariables: {B: null}}\n")
    Layers(structure, diagnostics).effective(structure.profiles["a"])
    (warning,) = diagnostics
    assert (warning.code, warning.profile) == ("idle-null", "a")
    assert warning.severity is Severity.WARNING

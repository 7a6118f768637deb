"""Layers: limits that no ordinary file meets."""

from pathlib import PurePosixPath

import pytest

from runner.config.document import layers
from runner.config.document.layers import Layers
from runner.config.document.load import Document, Documents
from runner.config.document.profiles import Structure, read_structure
from runner.config.yaml.nodes import Mapping
from runner.config.yaml.parse import parse
from runner.diagnostics import Diagnostics
from runner.errors import ConfigurationError
from runner.source import Source


def structure_of(profiles: str) -> tuple[Structure, Diagnostics]:
    diagnostics = Diagnostics()
    root = parse(Source("f.yaml", f"version: 1\nprofiles:\n{profiles}"), diagnostics)
    assert root is not None
    documents = Documents(Document(PurePosixPath("f.yaml"), root))
    return read_structure(documents, diagnostics), diagnostics


def test_what_is_inherited_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "MAX_INHERITED", 10)
    chain = "  p0: {labels: {l0: x}}\n" + "".join(
        f"  p{i}: {{extends: p{i - 1}, labels: {{l{i}: x}}}}\n" for i in range(1, 9)
    )
    structure, diagnostics = structure_of(chain)
    with pytest.raises(ConfigurationError) as stopped:
        list(map(Layers(structure, diagnostics).effective, structure.profiles.values()))
    (error,) = stopped.value.diagnostics
    assert error.code == "too-large"
    assert error.span is not None
    assert error.span.line == 7


def test_a_long_circle_is_shown_in_part() -> None:
    ring = "".join(f"  p{i}: {{extends: p{(i + 1) % 20}}}\n" for i in range(20))
    structure, diagnostics = structure_of(ring)
    found = Layers(structure, diagnostics)
    for profile in structure.profiles.values():
        found.effective(profile)
    (error,) = diagnostics
    assert error.message == ("A profile extends itself: p0 → p1 → p2 → p3 → p4 → p5 → p6 → p7 → …")


def test_the_layers_of_a_key_end_with_the_first_that_sets_it() -> None:
    structure, diagnostics = structure_of(
        "  top: {name: top}\n"
        "  left: {extends: top, matrix: {a: [1]}}\n"
        "  right: {extends: [top, nothing]}\n"
        "  a: {extends: [left, right]}\n"
    )
    found = Layers(structure, diagnostics)
    profiles = structure.profiles
    assert list(found.down_to(profiles["a"], "matrix")) == [
        profiles["a"].node,
        profiles["right"].node,
        profiles["top"].node,
        profiles["left"].node,
    ]
    assert len(list(found.down_to(profiles["a"], "quorum"))) == 4


def test_a_key_is_found_in_the_topmost_layer_that_has_it() -> None:
    structure, diagnostics = structure_of(
        "  a: {labels: {x: 1}, environmentVariables: {V: {value: v, secret: true}}}\n"
        "  b: {labels: {y: 1}}\n"
        "  c: {extends: [a, b], labels: {z: 1}, environmentVariables: {V: null}}\n"
        "  d: {extends: [c, b], labels: {z: 2}, environmentVariables: {V: w}}\n"
    )
    merged = Layers(structure, diagnostics).effective(structure.profiles["d"])
    found = merged.values["labels"]
    assert isinstance(found, Mapping)
    assert {name: found.key_span(name).line for name in found.values} == {"x": 3, "y": 4, "z": 6}
    variables = merged.values["environmentVariables"]
    assert isinstance(variables, Mapping)
    variable = variables.values["V"]
    assert isinstance(variable, Mapping)
    assert variable.key_span("value").line == 6
    assert variable.key_span("secret") == variable.span

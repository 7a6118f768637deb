"""Templates of other tools, placeholders, and expressions that end too early."""

import re
from typing import Any

import pytest

from runner.config.templates import lookalikes
from runner.config.yaml.parse import parse
from runner.diagnostics import Diagnostics
from runner.source import Source


def warned(text: str) -> list[tuple[str, str, str | None]]:
    diagnostics = Diagnostics()
    root = parse(Source("f.yaml", text), diagnostics)
    assert root is not None
    diagnostics.add(*lookalikes.lookalikes(root))
    return [
        (found.code, text[found.span.start : found.span.end] if found.span else "", found.hint)
        for found in diagnostics
    ]


@pytest.mark.parametrize(
    ("value", "quoted", "hint"),
    [
        ("${{ secrets.FOO }}", "${{ secrets.FOO }}", "$<env.FOO>"),
        ("a ${{vars.FOO}} b", "${{vars.FOO}}", "$<env.FOO>"),
        ("${{ github.sha }}", "${{ github.sha }}", "$<env.NAME>"),
        ("{{ var.host }}", "{{ var.host }}", "$<var.host>"),
        ("{{env.X | upper}}", "{{env.X | upper}}", "$<env.X>"),
        ("${var.host}/x", "${var.host}", "$<var.host>"),
        ("$<var.a> ${env.X}", "${env.X}", "$<env.X>"),
    ],
)
def test_templates_of_other_tools(value: str, quoted: str, hint: str) -> None:
    ((code, shown, told),) = warned(f"profiles: {{a: {{name: '{value}'}}}}\n")
    assert (code, shown) == ("foreign-template", quoted)
    assert hint in str(told)


@pytest.mark.parametrize(
    "value",
    ["{{HOST}}", "{{#if env}}", "{{environment.x}}", "${SHELL}", "${varnish}", "$(env.X)", "<b>"],
)
def test_what_checks_and_shells_use_is_left_alone(value: str) -> None:
    assert warned(f"profiles: {{a: {{name: '{value}'}}}}\nx-note: '{{{{ env.X }}}}'\n") == []


def test_a_placeholder_where_something_is_selected() -> None:
    text = "defaults: {runLocation: <region>}\nprofiles: {a: {target: {matchTags: [[<tag>, <]]}}}\n"
    assert [quoted for _, quoted, _ in warned(text)] == ["<region>", "<tag>"]


def test_a_shared_value_is_told_once() -> None:
    text = "variables: {a: &a ['{{ env.X }}'], b: *a, c: [*a, *a]}\n"
    assert len(warned(text)) == 1


class Counting:
    """Stands in for the pattern, and counts the characters it is given."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern
        self.steps = 0

    def search(self, text: str) -> Any:
        self.steps += len(text)
        return self.pattern.search(text)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    made = Counting(lookalikes._FOREIGN)
    monkeypatch.setattr(lookalikes, "_FOREIGN", made)
    return made


@pytest.mark.parametrize("piece", ["${{", "{{ env.X", "${env.X", "$<var.a ${{ >"])
def test_each_character_is_looked_at_once(piece: str, counting: Counting) -> None:
    text = f"variables: {{a: '{piece * 5000}'}}\n"
    assert not [code for code, _, _ in warned(text) if code == "foreign-template"]
    assert counting.steps <= len(text)

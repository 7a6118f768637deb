"""docs/expressions.md says what there is: its tables are the program's, its examples run."""

import re
from pathlib import Path

import pytest

from runner.config.templates.context import Inputs
from runner.config.templates.env_vars import Environment
from runner.config.templates.expressions.language import TABLES
from runner.config.templates.expressions.names import FORBIDDEN, NAMESPACES
from runner.config.templates.expressions.values import value_of_text
from runner.config.templates.scope import Scope
from runner.config.templates.template import parse_template
from runner.config.yaml.nodes import Node, Scalar, Sequence
from runner.source import Source

PAGE = (Path(__file__).parents[4] / "docs" / "expressions.md").read_text(encoding="utf-8")
SOURCE = Source("checkly-sessions.yaml", "")


def section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def scalar(text: str) -> Scalar:
    return Scalar(SOURCE, 0, 0, text, value_of_text(text), plain=True)


@pytest.mark.parametrize(
    ("title", "kind"), [("Filters", "filter"), ("Tests", "test"), ("Methods of text", "method")]
)
def test_the_tables_are_those_of_the_program(title: str, kind: str) -> None:
    rows = re.findall(r"^\| `(.*)` \| (.*) \|$", section(title), re.MULTILINE)
    assert rows == [(usage.text, usage.summary) for usage in TABLES[kind].values()]


def test_all_names_and_all_that_is_forbidden_are_listed() -> None:
    names = section("Names")
    for namespace, known in NAMESPACES.items():
        for name in known or ():
            assert f"`{namespace}.{name}`" in names
        assert f"`{namespace}." in names
    assert re.findall(r"^- `(.*)`$", names, re.MULTILINE) == list(FORBIDDEN)


EXAMPLES = re.findall(r"^\| `(.*\$.*)` \| `(.*)` \|$", section("Values"), re.MULTILINE)


@pytest.mark.parametrize(("expression", "gives"), EXAMPLES)
def test_the_examples_give_what_the_page_says(expression: str, gives: str) -> None:
    variables: dict[str, Node] = {
        "host": scalar("www.example.com"),
        "port": scalar("8080"),
        "tags": Sequence(SOURCE, 0, 0, [scalar("smoke"), scalar("checkout")]),
    }
    scope = Scope(variables, Inputs(Environment({"TEAM": "web"})))
    assert scope.render(parse_template(expression.replace("\\|", "|"))) == gives


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 8

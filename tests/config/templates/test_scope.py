"""What names say, which of them feed which, and names that stand for themselves."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from runner.config.templates.context import Context, Inputs
from runner.config.templates.dependencies import Feed
from runner.config.templates.env_vars import Environment
from runner.config.templates.expressions.errors import TemplateError, Unresolved
from runner.config.templates.expressions.values import Symbolic, Unset, plain, value_of
from runner.config.templates.scope import Scope
from runner.config.templates.template import parse_template
from runner.config.yaml.nodes import Mapping as MappingNode
from runner.config.yaml.nodes import Node, Scalar, Sequence
from runner.errors import UsageError
from runner.source import Source

SOURCE = Source("checkly-sessions.yaml", "")


def scalar(value: Any, text: str | None = None) -> Scalar:
    return Scalar(SOURCE, 0, 0, str(value) if text is None else text, value, plain=True)


def sequence(*values: Any) -> Sequence:
    return Sequence(SOURCE, 0, 0, [scalar(value) for value in values])


def mapping(**values: Any) -> MappingNode:
    return MappingNode(
        SOURCE, 0, 0, dict.fromkeys(values, 0), {key: scalar(values[key]) for key in values}
    )


def scope(
    variables: Mapping[str, Any],
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, str] | None = None,
    symbolic: bool = False,
    apply_id: str | None = None,
) -> Scope:
    nodes: dict[str, Node] = {
        name: value if isinstance(value, Sequence | MappingNode | Scalar) else scalar(value)
        for name, value in variables.items()
    }
    environ = environ or {}
    context = Context(environ, Path("/nowhere"), apply_id)
    return Scope(nodes, Inputs(Environment(environ), context, overrides or {}, symbolic))


def feed(made: Scope, *names: str) -> Feed:
    return made.dependencies.of(frozenset(names))


def render(made: Scope, text: str, **matrix: Any) -> Any:
    return made.for_instance("smoke", matrix).render(parse_template(text))


def test_variables_use_each_other_and_matrix_and_profile() -> None:
    made = scope(
        {
            "host": "www.$<matrix.region>.example.com",
            "url": "https://$<var.host>/$<profile.name>",
            "team": mapping(name="web", url="$<var.url>"),
            "tags": sequence("a", "$<matrix.region>"),
        }
    )
    assert render(made, "$<var.url>", region="eu") == "https://www.eu.example.com/smoke"
    assert render(made, "$<var.url>", region="us") == "https://www.us.example.com/smoke"
    assert render(made, "$<var.team.url>", region="us") == "https://www.us.example.com/smoke"
    assert render(made, "$<var.tags>", region="us") == ["a", "us"]


def test_a_variable_that_needs_an_instance_is_not_known_outside_of_one() -> None:
    made = scope({"host": "$<matrix.region>", "plain": "x"})
    with pytest.raises(TemplateError, match="only inside a profile"):
        made.value("var.host")
    with pytest.raises(TemplateError, match="only inside a profile"):
        made.value("profile.name")
    for name in ("var.host", "matrix.region", "profile.name"):
        assert made.dependencies.is_of_instance(name)
    for name in ("var.plain", "env.X"):
        assert not made.dependencies.is_of_instance(name)


def test_each_variable_is_rendered_once() -> None:
    class Counting(dict[str, str]):
        reads = 0

        def get(self, key: str, default: Any = None) -> Any:
            Counting.reads += key == "X"
            return super().get(key, default)

    made = scope({"a": "$<env.X>", "b": "$<var.a>-$<var.a>"}, Counting(X="x"))
    for _ in range(3):
        assert render(made, "$<var.b> $<var.a> $<env.X>") == "x-x x x"
    assert Counting.reads == 1


def test_a_circle_of_variables_is_one_error_at_its_first() -> None:
    made = scope({"c": "$<var.a>", "a": "x $<var.b>", "b": "$<var.a>", "own": "$<var.own>"})
    found = set()
    for name in ("a", "b", "c"):
        with pytest.raises(TemplateError) as caught:
            render(made, f"$<var.{name}>")
        assert caught.value.node is not None
        found.add((caught.value.message, caught.value.offset, caught.value.node.text))
    assert found == {
        ("a variable can't depend on itself: var.a reads var.b reads var.a", 4, "x $<var.b>")
    }
    with pytest.raises(TemplateError, match=r"var\.own reads var\.own"):
        render(made, "$<var.own>")


def test_a_mistake_in_a_variable_is_told_where_the_variable_stands() -> None:
    made = scope({"a": "x $<var.typo>", "b": "$<var.a>", "list": sequence("ok", "$<1 +>")})
    for name, text, offset in (("b", "x $<var.typo>", 4), ("list", "$<1 +>", 4)):
        with pytest.raises(TemplateError) as caught:
            render(made, f"long text before $<var.{name}>")
        assert caught.value.node is not None
        assert (caught.value.node.text, caught.value.offset) == (text, offset)


def test_what_a_variable_holds_stays_unresolved_only_where_it_matters() -> None:
    made = scope({"token": "$<env.TOKEN>", "url": "https://$<env.HOST>"}, {"TOKEN": ""})
    with pytest.raises(Unresolved) as caught:
        render(made, "$<var.token> $<var.url>")
    assert caught.value.names == {"env.TOKEN", "env.HOST"}
    assert render(made, "$<var.url | default('none')>") == "none"
    assert render(made, "$<('a' if var.token else 'b')>") == "b"


def test_lists_nested_through_variables_have_a_depth() -> None:
    variables: dict[str, Any] = {"v0": "x"}
    for number in range(1, 80):
        variables[f"v{number}"] = sequence(f"$<var.v{number - 1}>")
    made = scope(variables)
    assert render(made, "$<var.v60 | length>") == 1
    with pytest.raises(TemplateError, match="nested deeper than 64 levels"):
        render(made, "$<var.v79>")


def test_sources_are_told_through_variables() -> None:
    made = scope(
        {
            "a": "$<env.TOKEN>",
            "b": mapping(deep="$<var.a | upper>", other="$<matrix.x>"),
            "c": sequence("$<var.b.deep>", "$<git.sha>"),
            "broken": "$<1 +>",
        }
    )
    assert feed(made, "var.a").names == {"var.a", "env.TOKEN"}
    assert feed(made, "var.b").names == {"var.b", "var.a", "env.TOKEN", "matrix.x"}
    assert feed(made, "env.X").names == {"env.X"}
    assert feed(made, "var.missing").names == {"var.missing"}
    assert feed(made, "var.broken").names == {"var.broken"}
    assert feed(made, "var.c").is_volatile
    assert feed(made, "run.id").is_volatile
    assert not feed(made, "var.b").is_volatile
    assert not feed(made, "env.X").is_volatile


def test_options_come_before_the_environment_and_that_before_the_file() -> None:
    environ = {"CHECKLY_SESSIONS_VAR_a": "env", "CHECKLY_SESSIONS_VAR_b": "env"}
    environ |= {"CHECKLY_SESSIONS_VAR_c": "", "CHECKLY_SESSIONS_VAR_undeclared": "x"}
    made = scope({"a": "file", "b": "file", "c": "file"}, environ, {"a": "option"})
    assert [render(made, f"$<var.{name}>") for name in "abc"] == ["option", "env", "file"]
    assert feed(made, "var.a").outside
    assert feed(made, "var.b").outside
    assert not feed(made, "var.c").outside


def test_a_variable_set_from_outside_is_fed_by_nothing_and_is_no_template() -> None:
    made = scope({"a": "$<env.X>", "b": "$<var.a>"}, overrides={"a": "$<env.Y>"})
    assert feed(made, "var.b").names == {"var.b", "var.a"}
    assert render(made, "$<var.b>") == "$<env.Y>"


@pytest.mark.parametrize(
    ("default", "text", "expected", "written"),
    [
        (scalar(3), "5", 5, "5"),
        (scalar(3), "+05", 5, "+05"),
        (scalar(3), "1.50", 1.5, "1.50"),
        (scalar(1.5), "2", 2, "2"),
        (scalar(1.5), "1e3", 1000.0, "1e3"),
        (scalar(True, "true"), "false", False, "false"),
        (scalar("text"), "5", "5", "5"),
        (scalar(None, "null"), "5", "5", "5"),
        (scalar("$<var.number>"), "5", 5, "5"),
        (scalar("$<env.X>"), "5", "5", "5"),
        (scalar("$<var.typo>"), "5", "5", "5"),
        (scalar("$<ci.name or 5>"), "5", "5", "5"),
        (sequence("a"), '[["b"], ["c", "d"]]', [["b"], ["c", "d"]], None),
        (mapping(a="b"), '{"c": 1}', {"c": 1}, None),
    ],
)
def test_an_option_takes_the_type_of_the_default(
    default: Node, text: str, expected: object, written: str | None
) -> None:
    made = scope({"x": default, "number": 1}, overrides={"x": text})
    value = render(made, "$<var.x>")
    assert plain(value) == expected
    assert type(plain(value)) is type(expected)
    if written is not None:
        assert render(made, "a $<var.x>") == f"a {written}"


def test_numbers_in_json_keep_their_spelling() -> None:
    overrides = {"x": "[1.10, 1e3, -0, 12]", "y": '{"v": 2.50}'}
    made = scope({"x": sequence("a"), "y": mapping(v="b")}, overrides=overrides)
    assert render(made, "$<var.x | join(' ')> $<var.y.v>") == "1.10 1e3 -0 12 2.50"
    assert plain(render(made, "$<var.x>")) == [1.1, 1000.0, 0, 12]


@pytest.mark.parametrize(
    ("default", "text"),
    [
        (scalar(3), "many"),
        (scalar(3), ""),
        (scalar(3), "1e999"),
        (scalar(3), "9" * 2000 + "!"),
        (scalar(3), ".inf"),
        (scalar(3), "true"),
        (scalar(True, "true"), "1"),
        (scalar(True, "true"), "yes"),
        (sequence("a"), "b"),
        (sequence("a"), '{"a": 1}'),
        (sequence("a"), "[NaN]"),
        (sequence("a"), "[1e999]"),
        (mapping(a="b"), '{"c": [-1e999]}'),
        (mapping(a="b"), '{"c": 1, "c": 2}'),
        (sequence("a"), '[{"c": 1, "c": 1}]'),
        (sequence("a"), "[" * 100_000),
        (mapping(a="b"), "[1]"),
    ],
)
def test_an_option_of_another_type_is_refused_unquoted(default: Node, text: str) -> None:
    with pytest.raises(UsageError, match="Variable x needs") as caught:
        scope({"x": default}, overrides={"x": text})
    assert len(text) < 3 or text not in caught.value.message


def test_an_option_for_an_undeclared_variable_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        scope({"host": "x"}, overrides={"hots": "y"})
    assert caught.value.hint == "Did you mean 'host'?"
    with pytest.raises(UsageError) as caught:
        scope({}, overrides={"host": "y"})
    assert caught.value.hint == "Declare it under `variables:`."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$<env.X>", "$<env.X>"),
        ("https://$<env.HOST>/$<var.path>", "https://$<env.HOST>/p"),
        ("$<var.url>", "https://$<env.HOST>/p"),
        ("at $<var.url>!", "at https://$<env.HOST>/p!"),
        ("$<git.sha> $<ci.name> $<run.id>", "$<git.sha> $<ci.name> $<run.id>"),
        # Whatever would have to look into the value stands as it is written, with the
        # names that are known filled in.
        ("$<env.X | upper>", "$<env.X | upper>"),
        ("$<'a' ~ env.X ~ var.path>", "$<'a' ~ env.X ~ \"p\">"),
        ("$<env.X + 'a'>", "$<env.X + 'a'>"),
        ("$<var.path and env.X>", '$<"p" and env.X>'),
        ("$<(env.X if var.path else 'b')>", "$<(env.X if \"p\" else 'b')>"),
        ("$<env.X or var.path>", '$<env.X or "p">'),
        ("$<env.X | default(var.path)>", '$<env.X | default("p")>'),
        ("$<('a' if env.X else var.path)>", "$<('a' if env.X else \"p\")>"),
        ("$<env.X is defined>", "$<env.X is defined>"),
        ("$<env.X == 'a'>", "$<env.X == 'a'>"),
        ("$<env.X[0]>", "$<env.X[0]>"),
        ("$<env.X[:2]>", "$<env.X[:2]>"),
        ("$<env.X.a>", "$<env.X.a>"),
        ("$<not env.X>", "$<not env.X>"),
        ("$<env.X - 1>", "$<env.X - 1>"),
        ("$<{'a': env.X} == 1>", "$<{'a': env.X} == 1>"),
        ("$<[env.X, 'b'] | join(var.path)>", "$<[env.X, 'b'] | join(\"p\")>"),
        ("$<var.url | upper>", '$<("https://" ~ env.HOST ~ "/" ~ "p") | upper>'),
        ("$<var.held ~ '!'>", "$<(env.X | upper) ~ '!'>"),
        ("$<var.held | lower>", "$<(env.X | upper) | lower>"),
        ("$<env.X | int + var.n>", "$<env.X | int + 1.50>"),
        ("$<env.X | int + var.map.n>", '$<env.X | int + {"n": 1, "l": [true, none]}.n>'),
        ("$<matrix.r ~ (env.X | upper)>", '$<"eu" ~ (env.X | upper)>'),
        ("$<env.X | replace('var.path', matrix.r)>", "$<env.X | replace('var.path', \"eu\")>"),
        # What does not need the value is worked out.
        ("$<('a' if var.path == 'p' else env.X)>", "a"),
        ("$<var.path or env.X>", "p"),
        ("$<var.path>", "p"),
    ],
)
def test_names_that_stand_for_themselves(text: str, expected: str) -> None:
    variables: dict[str, Any] = {
        "path": "p",
        "url": "https://$<env.HOST>/$<var.path>",
        "held": "$<env.X | upper>",
        "n": scalar(1.5, "1.50"),
        "map": MappingNode(
            SOURCE,
            0,
            0,
            {},
            {"n": scalar(1), "l": Sequence(SOURCE, 0, 0, [scalar(True, "true"), scalar(None)])},
        ),
    }
    environ = {"X": "secret value", "CHECKLY_SESSIONS_VAR_path": "from outside"}
    made = scope(variables, environ, symbolic=True)
    value = render(made, text, r="eu")
    assert value == expected
    assert isinstance(value, Symbolic) == ("$<" in expected)


def test_a_symbolic_value_inside_a_list_is_known_as_one() -> None:
    made = scope({"tags": sequence("a", "$<env.X>")}, symbolic=True)
    assert render(made, "$<var.tags>") == ["a", "$<env.X>"]
    assert isinstance(render(made, "$<var.tags[1]>"), Symbolic)
    assert render(made, "$<var.tags | join>") == '$<["a", env.X] | join>'


def test_a_variable_without_a_default_stands_for_itself_in_pure_scopes() -> None:
    made = scope({"region": scalar(None, "")}, symbolic=True)
    assert render(made, "at $<var.region>") == "at $<var.region>"
    given = scope({"region": scalar(None, "")}, overrides={"region": "5"}, symbolic=True)
    assert render(given, "$<var.region>") == "5"


def test_the_id_of_the_apply_is_not_set_before_there_is_one() -> None:
    assert render(scope({}, apply_id="01J"), "$<run.id>") == "01J"
    with pytest.raises(Unresolved, match=r"run\.id"):
        render(scope({}), "$<run.id>")


def test_an_axis_without_a_value_stays_as_it_is_written_in_pure_scopes() -> None:
    absent = Unset(frozenset(["matrix.r"]))
    text = "$<env.A | default(matrix.r)>"
    assert render(scope({}, symbolic=True), text, r=absent) == text


def test_forbidden_names_are_refused_in_pure_scopes_too() -> None:
    with pytest.raises(TemplateError, match="can't be read"):
        render(scope({}, symbolic=True), "$<env.CHECKLY_API_KEY>")


def test_names_are_looked_up_as_spelt() -> None:
    made = scope({"host": "x"})
    assert value_of(scalar(8, "0o10")).text == "0o10"
    with pytest.raises(TemplateError, match=r"unknown axis matrix\.r") as caught:
        render(made, "$<matrix.r>", region="eu")
    assert caught.value.hint == "You can use matrix.region."


def test_a_dotted_name_does_not_load_jinja() -> None:
    program = """
import sys
from runner.config.templates.context import Inputs
from runner.config.templates.env_vars import Environment
from runner.config.templates.scope import Scope
from runner.config.templates.template import parse_template
scope = Scope({}, Inputs(Environment({"X": "x"})))
assert scope.for_instance("p", {"r": 1}).render(parse_template("a $<env.X> $<matrix.r>")) == "a x 1"
assert not {"jinja2", "dotenv", "difflib", "subprocess"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)

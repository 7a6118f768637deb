"""Splitting texts, passing everything else through, and the text an expression gives."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.config.templates.context import Context, Inputs
from runner.config.templates.env_vars import Environment
from runner.config.templates.expressions.errors import TemplateError, Unresolved
from runner.config.templates.scope import Scope
from runner.config.templates.template import (
    early_end,
    expressions_in,
    parse_template,
    place,
    problem_of,
)
from runner.config.yaml.nodes import Node, Scalar, Sequence
from runner.source import Source

SOURCE = Source("checkly-sessions.yaml", "")


def scalar(value: Any, text: str | None = None) -> Scalar:
    return Scalar(SOURCE, 0, 0, str(value) if text is None else text, value, plain=True)


VARIABLES: dict[str, Node] = {
    "host": scalar("www.example.com"),
    "retries": scalar(3),
    "version": scalar(1.1, "1.10"),
    "octal": scalar(8, "0o10"),
    "on": scalar(True, "True"),
    "nothing": scalar(None, "~"),
    "nulls": Sequence(SOURCE, 0, 0, [scalar(None, "~")]),
    "groups": Sequence(SOURCE, 0, 0, [scalar("a"), scalar("b")]),
    "url": scalar("https://$<var.host>/$<env.PATH_PART>"),
}


def scope(**environ: str) -> Scope:
    environment = Environment(environ)
    context = Context(environ, Path("/nowhere"))
    shared = Scope(VARIABLES, Inputs(environment, context))
    return shared.for_instance("smoke", {"runLocation": "eu-west-1", "n": 4})


def render(text: str, **environ: str) -> Any:
    return scope(**environ).render(parse_template(text))


def refused(text: str, **environ: str) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        render(text, **environ)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "{{HANDLEBARS}}",
        "{{#if x}}yes{{/if}}",
        "{{{triple}}}",
        "{% if x %}y{% endif %}",
        "{# a comment #}",
        "${SHELL}",
        "$(x)",
        "$",
        "$$",
        "$$$",
        "$ <x>",
        "<$>",
        "costs $5 > $4",
        "a\\$b",
        "",
        "\r\n\t\x00é\u2028🦊",
        "%}{%",
        "}}",
    ],
)
def test_everything_else_passes_through_untouched(text: str) -> None:
    assert render(text) == text
    assert render(f"{text} $<var.host>") == f"{text} www.example.com"
    assert render(f"$<var.host> {text}") == f"www.example.com {text}"


@settings(deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8")).filter(lambda text: "$<" not in text))
def test_text_without_an_expression_is_returned_byte_for_byte(text: str) -> None:
    assert render(text).encode() == text.encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$$<", "$<"),
        ("$$<var.host>", "$<var.host>"),
        ("a $$< b $<var.host> $$<", "a $< b www.example.com $<"),
        ("$$$<x", "$$<x"),
        ("$$<$<var.host>", "$<www.example.com"),
    ],
)
def test_a_doubled_dollar_gives_a_literal_start(text: str, expected: str) -> None:
    assert render(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$<('a' if matrix.n > 3 else 'b')>", "a"),
        ("$<'>' ~ var.host>", ">www.example.com"),
        ('$<">" ~ ">">', ">>"),
        ("$<'it\\'s >' ~ ''>!", "it's >!"),
        ("$<[1 > 0, 2][1]>", 2),
        ("$<{'a': 1 > 0}.a>", True),
        ("$<var.host>>", "www.example.com>"),
        ("$<'}}' ~ '%}' ~ '\"'>", '}}%}"'),
        ("$<\n  var.host\n>", "www.example.com"),
    ],
)
def test_only_a_greater_sign_outside_quotes_and_brackets_ends(text: str, expected: object) -> None:
    assert render(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$<var.retries>", 3),
        ("$<var.version>", 1.1),
        ("$<var.on>", True),
        ("$<var.nulls[0]>", None),
        ("$<var.groups>", ["a", "b"]),
        ("$<env.N>", "3"),
    ],
)
def test_a_single_expression_keeps_its_type(text: str, expected: object) -> None:
    value = render(text, N="3")
    assert value == expected
    assert isinstance(value, type(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v$<var.version>", "v1.10"),
        ("v$<var.octal>", "v0o10"),
        ("v$<var.octal + 1>", "v9"),
        ("$<var.on>!", "true!"),
        ("$<1 > 2>", "1 2>"),
        ("$<(1 > 2)> ", "false "),
        ("$<var.version ~ ''>", "1.10"),
        ("$<var.groups | join('+')> ", "a+b "),
    ],
)
def test_inside_text_values_are_written_as_in_the_file(text: str, expected: str) -> None:
    assert render(text) == expected


@pytest.mark.parametrize("name", ["nulls[0]", "groups"])
def test_null_and_lists_inside_text_are_errors(name: str) -> None:
    error = refused(f"a $<var.{name}>")
    assert "can't be part of text" in error.message
    assert error.offset == 4


def test_what_is_rendered_is_never_a_template_again() -> None:
    assert render("$<env.X> ", X="$<var.host>") == "$<var.host> "


@pytest.mark.parametrize("text", ["$<env.X>", "a $<env.X>", "$<var.url>", "$<env.X ~ 'a'>"])
@pytest.mark.parametrize("environ", [{}, {"X": "", "PATH_PART": ""}])
def test_what_is_not_set_makes_the_value_unresolved(text: str, environ: dict[str, str]) -> None:
    with pytest.raises(Unresolved) as caught:
        render(text, **environ)
    assert caught.value.names == {"env.PATH_PART" if "var" in text else "env.X"}


def test_a_variable_without_a_default_is_not_set() -> None:
    for text in ("$<var.nothing>", "a $<var.nothing>", "$<var.nothing | upper>"):
        with pytest.raises(Unresolved) as caught:
            render(text)
        assert caught.value.names == {"var.nothing"}
    assert render("$<var.nothing | default('d')>") == "d"


def test_all_names_that_are_missing_are_named() -> None:
    with pytest.raises(Unresolved) as caught:
        render("$<env.A> $<var.host> $<env.B> $<var.url>")
    assert caught.value.names == {"env.A", "env.B", "env.PATH_PART"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$<env.X | default('d')>", "d"),
        ("$<env.X or 'd'>", "d"),
        ("$<env.X or env.Y or 'd'>", "d"),
        ("$<env.X is defined>", False),
        ("$<env.X is undefined>", True),
        ("$<('a' if env.X else 'b')>", "b"),
        ("$<('a' if not env.X else 'b')>", "a"),
        ("$<('a' if env.X and env.Y else 'b')>", "b"),
        ("$<env.SET or env.X>", "s"),
        ("$<env.SET | default(env.X)>", "s"),
        ("$<var.url | default('d')>", "d"),
        ("$<(env.X if false else 'e')>", "e"),
    ],
)
def test_what_is_not_set_may_be_tested(text: str, expected: object) -> None:
    assert render(text, SET="s", X="") == expected


def test_a_mistake_counts_more_than_a_name_that_is_not_set() -> None:
    error = refused("$<env.A> and $<var.hots>")
    assert "var.hots" in error.message
    assert error.offset == 15


def test_an_expression_has_at_most_4_kib_of_utf8() -> None:
    assert render("$<'" + "é" * 2000 + "'>") == "é" * 2000
    assert "longer than 4 KiB" in refused("a $<'" + "é" * 2100 + "'>").message
    assert "longer than 4 KiB" in refused("a $<'" + "e" * 4100 + "'>").message
    assert refused("a $<'" + "é" * 2100 + "'>").offset == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$<env.X | default('d')>", True),
        ("$<env.X or 'd'>", True),
        ("a $<env.X> $<('a' if env.X else env.Y)>", True),
        ("$<[env.X, 'd'][1]>", True),
        ("$<env.X | default(default_value='d') | upper>", True),
        ("$<env.X | default('')>", False),
        ("$<env.X>", False),
        ("$<env.X if env.X == 'a' else env.Y>", False),
        ("$<env.X | replace('a', 'b')>", False),
    ],
)
def test_it_is_known_whether_a_text_of_its_own_may_come_out(text: str, expected: bool) -> None:
    parts = [part for _, part in parse_template(text).parts if not isinstance(part, str)]
    assert any(part.has_literal_fallback for part in parts) is expected


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("$<'a' if var.n > 2 else 'b'>", "> 2"),
        ("x $<var.a> $<var.n >= 2>", ">= 2"),
        ("$<var.n > 2 and var.m > 3>", "> 2"),
        ("$<1 >> 2>", None),
        ("$<('a' if var.n > 2 else 'b')>", None),
        ("$<'>' ~ var.n>", None),
        ("$<var.a> and <b>$<var.b></b> -> $<var.c> > 5", None),
        ("$<var.a> or b>", None),
        ("$<var.a", None),
        ("$<var.a ? b> $<var.n > 1>", "> 1"),
        ("$<" * 1000 + "> a>", None),
    ],
)
def test_an_expression_that_ends_too_early_is_found(text: str, at: str | None) -> None:
    assert early_end(text) == (None if at is None else text.index(at))


def test_names_are_told_by_the_text_alone() -> None:
    template = parse_template("$<env.A or var.b.c[matrix.d]> $<git.sha[:7]> $$<env.Q> $<run.id>")
    assert template.names == {"env.A", "var.b", "matrix.d", "git.sha", "run.id"}
    assert not template.is_single
    assert parse_template("$<'env.A'>").names == frozenset()
    assert parse_template("$<var.a>").is_single


@pytest.mark.parametrize(
    ("text", "offset", "words", "hint"),
    [
        ("ab $<var.hots>", 5, "unknown variable var.hots", "Did you mean 'var.host'?"),
        ("$<vra.host>", 2, "unknown name vra", "Did you mean 'var'?"),
        ("$<git.sah>", 2, "unknown name git.sah", "Did you mean 'git.sha'?"),
        ("$<matrix.runLoc>", 2, "unknown axis", "Did you mean 'matrix.runLocation'?"),
        ("$<host>", 2, "unknown name host", "var.host"),
        ("x $<env>", 4, "env is not a value", "env.NAME"),
        ("$<env['A']>", 2, "env is not a value", "env.NAME"),
        ("$<var.host | uper>", 13, "unknown filter uper", "Did you mean 'upper'?"),
        ("$<var.host is od>", 11, "unknown test od", "odd"),
        ("$<var.host.uper()>", 11, "unknown method uper", "Did you mean 'upper'?"),
        ("$<(1).__class__>", 6, "begin with _", None),
        ("$<1 + >", 4, "syntax error", None),
        ("$<1 ! 2>", 4, "syntax error", None),
        ("$<1 2>", 4, "syntax error: unexpected '2'", None),
        ("text $<var.host", 5, "is not closed", "$$<"),
        ("text $<(var.host>", 5, "is not closed", "bracket"),
        ("$<'abc>", 2, "is not closed", "$$<"),
        ("a $<>", 2, "empty", "$$<"),
        ("$<var.host.name>", 11, "unknown attribute name", None),
        ("$<var.host.host.host>", 11, "unknown attribute host", None),
        ("$<'a' if false>", 2, "no else", "else"),
        ("$<env.X\x00>", 7, "control character", None),
    ],
)
def test_an_error_says_where_and_what_to_do(
    text: str, offset: int, words: str, hint: str | None
) -> None:
    error = refused(text, X="x")
    assert words in error.message
    assert error.offset == offset
    assert (hint or "") in (error.hint or "")


@pytest.mark.parametrize(
    ("raw", "value", "needle"),
    [
        ("$<var.hots>", "$<var.hots>", "var.hots"),
        ("'a $<var.hots>'", "a $<var.hots>", "var.hots"),
        ("'it''s $<var.hots>'", "it's $<var.hots>", "var.hots"),
        ('"\\t$<var.a> $<var.hots>"', "\t$<var.a> $<var.hots>", "var.hots"),
        ("|\n  line\n  $<var.hots>\n", "line\n$<var.hots>\n", "var.hots"),
    ],
)
def test_the_place_in_the_file_is_exact_in_every_style(raw: str, value: str, needle: str) -> None:
    source = Source("f.yaml", f"key: {raw}\nmore: 1")
    node = Scalar(source, 5, 5 + len(raw), value, value, plain=False)
    span = place(node, value.index(needle), len(needle))
    assert source.text[span.start : span.end] == needle


@pytest.mark.parametrize(
    "line",
    [
        "name: $<var.a ~ ' # x'>",
        "name: $<var.a~' #x'>",
        "{name: $<range(1, 2)>}",
        "{name: $<'a' ~ {}>}",
        "name: $<{'a': 1}.a>",
    ],
)
def test_where_yaml_cuts_an_expression_off_the_hint_says_to_quote(line: str) -> None:
    start = line.index("$<")
    end = min(found for cut in (" #", ",", ": ", "{}") if (found := line.find(cut, start)) > 0)
    node = Scalar(Source("f.yaml", line), start, end, line[start:end], line[start:end], plain=True)
    error = refused(node.text)
    assert "Put the whole value" in str(problem_of(error, node).hint)
    node.plain = False
    assert problem_of(error, node).hint == error.hint


def test_an_expression_that_nothing_cut_off_is_no_matter_of_quotes() -> None:
    node = Scalar(Source("f.yaml", "a: $<var.a\nb: 1"), 3, 10, "$<var.a", "$<var.a", plain=True)
    assert problem_of(refused(node.text), node).hint == refused(node.text).hint
    other = refused("$<var.hots>")
    assert problem_of(other, node).hint == other.hint


def test_where_the_text_is_written_in_escapes_the_place_is_as_near_as_can_be() -> None:
    raw = '"\\x24<var.hots>"'
    hidden = Scalar(Source("f", raw), 0, len(raw), "$<var.hots>", "$<var.hots>", plain=False)
    assert place(hidden, 2, 8) == hidden.span
    raw = '"$<var.\\x68ots>"'
    partly = Scalar(Source("f", raw), 0, len(raw), "$<var.hots>", "$<var.hots>", plain=False)
    span = place(partly, 2, 8)
    assert raw[span.start : span.end] == "$<"
    raw = '"a\\tb"'
    without = Scalar(Source("f", raw), 0, len(raw), "a\tb", "a\tb", plain=False)
    assert place(without, 1) == without.span


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("$<var.hots> $<'a' 1> $<var.host>", [18]),
        ("a $<nope> b $<'a' | nope> $<>", [4, 20, 26]),
        ("$<nope> $<(> $<nope>", [2, 8]),
        ("$<var.host> $$<nope> x", []),
    ],
)
def test_each_wrong_expression_of_a_text_is_found(text: str, wrong: list[int]) -> None:
    found = [each for _, each in expressions_in(text) if isinstance(each, TemplateError)]
    assert [error.offset for error in found] == wrong

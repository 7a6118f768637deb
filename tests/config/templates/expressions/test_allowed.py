"""Filters, tests and methods: the same as Jinja's, as far as they are there."""

import inspect
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import jinja2
import jinja2.filters
import jinja2.nodes
import jinja2.tests
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.config.templates.expression import Expression
from runner.config.templates.expressions import syntax
from runner.config.templates.expressions.errors import TemplateError, Unresolved
from runner.config.templates.expressions.language import TABLES, Usage
from runner.config.templates.expressions.values import Unset, Value

VALUES: dict[str, Value] = {
    "text": "The quick  brown fox\nJumps_over 'it'",
    "word": "Straße",
    "empty": "",
    "digits": "0042",
    "ratio": "2.50",
    "n": 7,
    "even": 10,
    "minus": -3,
    "half": 2.5,
    "yes": True,
    "none": None,
    "list": ["b", "A", "c", "a"],
    "numbers": [3, 1, 2, 3],
    "mapping": {"b": 1, "A": 3, "c": 2},
}

FILTERS, TESTS, METHODS = TABLES["filter"], TABLES["test"], TABLES["method"]


class Known:
    """The names above; of ``env.…`` only ``SET`` is set."""

    symbolic = False

    def value(self, name: str) -> Value:
        namespace, _, rest = name.partition(".")
        if name == "env.SET":
            return "s"
        return Unset(frozenset([name])) if namespace == "env" else VALUES[rest]

    def spend(self, units: int) -> None:
        pass


def evaluate(source: str) -> Value:
    return Expression(source).evaluate(Known())


AS_JINJA = """
var.minus | abs
var.half | abs
var.text | capitalize
var.word | center(20)
var.word | center(3)
var.list | count
var.mapping | count
var.text | length
env.X | default('d')
env.X | d('d')
env.X | default(default_value=3)
var.text | default('d')
var.empty | default('d', true)
var.empty | default('d', boolean=true)
var.none | default('d', true)
var.list | first
var.text | first
var.ratio | float
var.n | float
'x' | float(1.5)
'x' | float(default=1.5)
var.text | indent
var.text | indent(2)
var.text | indent(2, true)
'a\\n\\nb' | indent(2, first=true)
var.digits | int
var.half | int
'x' | int(3)
'ff' | int(0, 16)
'ff' | int(base=16, default=0)
var.list | join
var.list | join(', ')
var.list | join(d='-')
var.numbers | join('+')
var.text | join('.')
var.list | last
var.text | last
var.list | list
'abc' | list
var.mapping | list
var.text | lower
var.list | map('upper') | list
var.list | map('replace', 'a', 'z') | list
var.numbers | map('string') | join(';')
var.list | max
var.list | max(true)
var.numbers | max
var.list | min
var.list | min(case_sensitive=true)
var.numbers | reject('odd') | list
var.numbers | reject('eq', 3) | list
var.list | select('in', ['a', 'b']) | list
var.numbers | select('gt', 1) | list
var.numbers | select('>=', 2) | list
[0, 1, '', 'a'] | select | list
[0, 1, '', 'a'] | reject | list
var.text | replace('o', '0')
var.text | replace('o', '0', 1)
var.text | replace('', '-')
var.text | replace('absent', 'x')
var.numbers | reverse | list
var.text | reverse
var.half | round
2.345 | round(2)
2.341 | round(2, 'ceil')
2.349 | round(2, method='floor')
1234 | round(-2)
var.list | sort
var.list | sort(true)
var.list | sort(case_sensitive=true)
var.numbers | sort(reverse=true)
var.n | string
var.numbers | sum
var.numbers | sum(start=10)
"o'neil and-sons (ltd) [a] {b} <c" | title
'  x ' | trim
'xxyxx' | trim('x')
var.text | truncate(10)
var.text | truncate(10, true)
var.text | truncate(10, true, '')
var.text | truncate(9, leeway=0)
var.text | truncate(9, end='…', leeway=0)
var.text | truncate
var.list | unique | list
var.list | unique(true) | list
var.numbers | unique | list
var.word | upper
'a b/c?d=é&e' | urlencode
{'a b': 'c/d', 'e': 'é'} | urlencode
var.text | wordcount
var.yes is boolean
var.n is boolean
var.n is defined
env.X is defined
env.X is undefined
env.X is not defined
var.even is divisibleby(5)
var.even is divisibleby 3
var.n is eq(7)
var.n is equalto 7
var.n is even
var.even is even
var.n is false
(1 > 2) is false
var.half is float
var.n is float
var.n is ge(7)
var.n is gt(7)
var.n is greaterthan(3)
'a' is in(var.list)
'zz' is in var.list
var.n is integer
var.half is integer
var.yes is integer
var.list is iterable
var.n is iterable
var.n is le(6)
var.n is lt(8)
var.n is lessthan 8
'abc' is lower
var.text is lower
var.mapping is mapping
var.list is mapping
var.n is ne(7)
var.none is none
var.n is none
var.half is number
'7' is number
var.n is odd
var.even is odd
var.none is sameas(none)
var.list is sequence
var.n is sequence
var.text is string
var.n is string
var.yes is true
var.n is true
'ABC' is upper
var.text.capitalize()
var.word.casefold()
'ab'.center(6, '*')
var.text.count('o')
var.text.endswith("it'")
var.text.find('o')
var.digits.isalnum()
var.word.isalpha()
var.digits.isdigit()
var.word.islower()
' '.isspace()
'AB'.isupper()
'-'.join(var.list)
'ab'.ljust(4)
var.text.lower()
' xy '.lstrip()
'xy'.lstrip('x')
'abc'.removeprefix('a')
'abc'.removesuffix('c')
'a-b-c'.replace('-', '+')
'a-b-c'.replace('-', '+', 1)
var.text.rfind('o')
'7'.rjust(3, '0')
'a b c'.rsplit(' ', 1)
' xy '.rstrip()
'a-b-c'.split('-')
'a-b-c'.split('-', 1)
' a  b '.split()
' a  b '.split(none, 1)
'a-b-c'.split(sep='-', maxsplit=1)
'a\\nb\\r\\nc'.splitlines()
'abc'.startswith('ab')
' xy '.strip()
'xyx'.strip('x')
'aB'.swapcase()
'ab cd'.title()
'ab'.upper()
'-7'.zfill(4)
'a' ~ var.n ~ 'b'
var.n + 1 - 2 * 3
var.n / 2
var.n // 2
var.n % 4
var.n ** 2
2 ** -1
-var.n + +var.n
'ab' * 3
'ab' + 'cd'
[1] + [2, 3]
var.n > 3 and var.n < 9
1 < var.n <= 7
var.n != 7 or var.n == 7
not var.n
'a' in var.list
'zz' not in var.list
'quick' in var.text
'b' in var.mapping
var.list[0]
var.list[-1]
var.list[1:3]
var.list[::-1]
var.text[4:9]
var.text[-1]
var.mapping.b
var.mapping['b']
var.list.0
(1, 2, 3)
{'a': [1, {'b': none}]}
range(5) | list
range(2, 5) | list
range(9, 1, -3) | list
'a' if var.yes else 'b'
'a' if not var.yes else 'b' if var.none else 'c'
'con' 'cat'
0x1f + 0b11 + 0o7 + 1_000
1.5e3
'a' < 'b'
'b' >= 'a'
2 >= 3
2 <= 3
""".strip().splitlines()


def listed(value: Any) -> Any:
    """What is not told apart in a configuration: tuples and lists."""
    return [listed(item) for item in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("source", AS_JINJA)
def test_the_same_as_in_jinja(source: str) -> None:
    jinja = jinja2.Environment()
    expected = jinja.compile_expression(source)(var=VALUES, env={})
    value = evaluate(source)
    assert value == listed(expected)
    assert type(value) is type(listed(expected))


def test_every_function_there_is_was_compared() -> None:
    everything = "\n".join(AS_JINJA)
    mine = {"dictsort", "items", "tojson", "partition", "rpartition"}
    symbols = {"==", "!=", "<", "<=", ">", ">="}
    for name in FILTERS:
        assert f"| {name}" in everything or f"map('{name}'" in everything or name in mine
    for name in TESTS:
        assert f"is {name}" in everything or name in symbols or name == "undefined"
    for name in METHODS:
        assert f".{name}(" in everything or name in mine


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        # Pairs are lists here, for there are no tuples in a configuration.
        ("var.mapping | dictsort", [["A", 3], ["b", 1], ["c", 2]]),
        ("var.mapping | dictsort(true)", [["A", 3], ["b", 1], ["c", 2]]),
        ("var.mapping | dictsort(by='value', reverse=true)", [["A", 3], ["c", 2], ["b", 1]]),
        ("var.mapping | items", [["b", 1], ["A", 3], ["c", 2]]),
        ("'a=b=c'.partition('=')", ["a", "=", "b=c"]),
        ("'a=b=c'.rpartition('=')", ["a=b", "=", "c"]),
        # JSON is JSON, not JSON made safe for HTML.
        ("{'a': [1, none, true, \"<é'&>\"]} | tojson", '{"a": [1, null, true, "<é\'&>"]}'),
        # Inside text values are written as in the file.
        ("var.yes | string", "true"),
        ("[true, 1] | join(',')", "true,1"),
        ("var.yes ~ ''", "true"),
        # A boolean is no number.
        ("var.yes == 1", False),
        ("1 in [true]", False),
        ("range(2)", [0, 1]),
    ],
)
def test_where_jinja_is_not_followed(source: str, expected: Value) -> None:
    assert evaluate(source) == expected


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("'x' | int", "not a whole number"),
        ("'x' | float", "not a number"),
        ("'1e999' | float", "not a number"),
        ("[] | first", "empty"),
        ("'' | last", "empty"),
        ("var.none | upper", "null can't be part of text"),
        ("var.list | upper", "a list can't be part of text"),
        ("var.text | abs", "abs can't work with these values"),
        ("var.list | sum", "sum takes a list of numbers"),
        ("[true] | sum", "sum takes a list of numbers"),
        ("var.text | replace('a')", "replace does not take these arguments"),
        ("var.text | replace('a', 'b', 1, 2)", "replace does not take these arguments"),
        ("var.text | replace('a', old='b', new='c')", "replace does not take these arguments"),
        ("var.text | upper(1)", "upper does not take these arguments"),
        ("var.text | truncate(lenght=3)", "truncate does not take these arguments"),
        ("var.list | map('attr', '__class__')", "unknown filter attr"),
        ("var.list | map(attribute='upper')", "map does not take these arguments"),
        ("var.list | select('od')", "unknown test od"),
        (
            "var.list | map('upper', 1)",
            "map needs the name of a filter, and arguments that it takes",
        ),
        ("[1, 'a'] | sort", "sort can't work with these values"),
        ("[[1]] | unique", "unique can't work with these values"),
        ("[none] | join", "null can't be part of text"),
        ("{'a': 1} | dictsort(by='both')", "dictsort can't work with these values"),
        ("1.5 | round(200)", "at most 100 places"),
        ("'ab'.center(5, 'xx')", "center can't work with these values"),
        ("'ab'.split('')", "split can't work with these values"),
        ("'ab'.join([1])", "join can't work with these values"),
        ("var.n.upper()", "upper is a method of text, and this is a number"),
        ("1 is in(3)", "in can't work with these values"),
        ("'a' is gt(1)", "gt can't work with these values"),
        ("1 in 'a'", "a number can't be compared with text"),
        ("'a' < 1", "text can't be compared with a number"),
        ("none > none", "null can't be compared with null"),
        ("'a' - 1", "- can't work with text and a number"),
        ("'a' + 1", "+ can't work with text and a number"),
        ("'%d' % 3", "% can't work with text and a number"),
        ("true + 1", "+ can't work with a boolean and a number"),
        ("[1] + 'a'", "+ can't work with a list and text"),
        ("[1] * 'a'", "* can't work with a list and text"),
        ("-'a'", "a sign needs a number, and this is text"),
        ("1 / 0", "division by zero"),
        ("1 % 0", "division by zero"),
        ("0 ** -1", "division by zero"),
        ("2 ** 4000 * 2 ** 200", "too large"),
        ("(-8) ** 0.5", "no such power"),
        ("1e308 * 10", "too large"),
        ("10.0 ** 400", "too large"),
        ("[1][3]", "there is no such item"),
        ("{'a': 1}['b']", "there is no such item"),
        ("{'a': 1}.aa", "unknown key aa"),
        ("[1]['a']", "there is no such item"),
        ("var.n[0]", "there is no such item"),
        ("var.n[1:]", "slices need a list or text"),
        ("var.list['a':]", "whole numbers as bounds"),
        ("var.list[::0]", "whole numbers as bounds"),
        ("range(1, 2, 0)", "range takes one to three whole numbers"),
        ("range()", "one to three whole numbers"),
        ("range('a')", "range takes one to three whole numbers"),
        ("range(stop=3)", "one to three whole numbers"),
        ("var.text.name", "unknown attribute name: this is text"),
        ("var.none.name", "unknown attribute name: this is null"),
    ],
)
def test_what_can_not_be_worked_out_is_refused_in_words(source: str, words: str) -> None:
    with pytest.raises(TemplateError) as caught:
        evaluate(source)
    assert words in caught.value.message


def test_no_error_quotes_a_value() -> None:
    VALUES["secret"] = "hunter2-hunter2"
    for source in ("int", "float", "sum", "map('x')", "upper(1)", "replace(1, 2)", "round"):
        with pytest.raises(TemplateError) as caught:
            evaluate(f"var.secret | {source}")
        assert "hunter2" not in str(caught.value) + str(caught.value.hint)
    for source in ("map(var.secret)", "map('map', var.secret)", "select(var.secret)"):
        with pytest.raises(TemplateError) as caught:
            evaluate(f"[['a']] | {source}")
        assert "hunter2" not in str(caught.value) + str(caught.value.hint)
    for source in ("{'a': 1}[var.secret]", "var.secret.x", "var.secret - 1", "1 in var.secret"):
        with pytest.raises(TemplateError) as caught:
            evaluate(source)
        assert "hunter2" not in str(caught.value) + str(caught.value.hint)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_the_tables_are_their_own_documentation(table: Mapping[str, Usage]) -> None:
    for name, usage in table.items():
        assert usage.text.startswith(name)
        assert usage.summary.endswith(".")


def test_filters_and_tests_take_what_jinja_lets_them_take() -> None:
    own = {"map", "select", "reject", "int", "float"}
    for kind, functions in (("filter", jinja2.filters.FILTERS), ("test", jinja2.tests.TESTS)):
        for name, usage in TABLES[kind].items():
            if name in own or not usage.parameters or not name.isidentifier():
                continue
            function: Any = functions[name]
            known = list(inspect.signature(function).parameters)
            names = [parameter.partition("=")[0] for parameter in usage.parameters]
            assert set(names) <= {*known, "count", "other"}, name


def test_what_is_not_set_has_no_parts() -> None:
    for source in ("env.X.a", "env.X[0] | default(1)", "env.X.upper()", "env.X | upper"):
        with pytest.raises(Unresolved, match=r"env\.X"):
            evaluate(source)


def test_private_names_are_refused_on_the_short_way_too() -> None:
    with pytest.raises(TemplateError) as caught:
        Expression("var.a._b")
    assert caught.value.offset == 6


def test_a_kind_of_node_that_nobody_allowed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syntax, "_AS_THEY_ARE", (jinja2.nodes.Const,))
    with pytest.raises(TemplateError, match="can't be used"):
        Expression("1 + 1")


TEXTS = st.sampled_from(["var.text", "var.word", "var.digits", "'a-b c'", "''", "env.SET"])
NUMBERS = st.sampled_from(["var.n", "var.even", "var.minus", "3", "0", "17"])
LISTS = st.sampled_from(["var.list", "['x', 'y-z']", "[]", "var.numbers | map('string') | list"])


def grown(texts: Any, numbers: Any, lists: Any) -> tuple[Any, Any, Any]:
    """Expressions of each type that are made of those of a level below."""
    fill = "({})".format
    text, number, items = texts.map(fill), numbers.map(fill), lists.map(fill)
    changes: tuple[str, ...] = (
        "upper",
        "lower",
        "title",
        "trim",
        "capitalize",
        "reverse",
        "replace('a', 'bc')",
    )
    changes += ("indent(2)", "truncate(5, true)", "center(9)", "urlencode")
    methods: tuple[str, ...] = (
        "upper()",
        "strip('a')",
        "zfill(6)",
        "partition('-')[0]",
        "replace('-', '')",
    )
    more_texts = st.one_of(
        st.tuples(text, st.sampled_from(changes)).map(" | ".join),
        st.tuples(text, st.sampled_from(methods)).map(".".join),
        st.tuples(text, st.one_of(text, number)).map(" ~ ".join),
        st.tuples(text, text).map(" + ".join),
        st.tuples(items, st.sampled_from(("join", "join('+')", "map('upper') | join"))).map(
            " | ".join
        ),
        st.tuples(text, number, text).map(lambda parts: "{} if {} > 2 else {}".format(*parts)),
        st.tuples(text, text).map(" or ".join),
        number.map("{} | string".format),
        text.map("{}[1:4]".format),
    )
    more_numbers = st.one_of(
        st.tuples(st.one_of(text, items), st.sampled_from(("length", "count"))).map(" | ".join),
        st.tuples(number, st.sampled_from("+-*"), number).map(" ".join),
        st.tuples(number, st.sampled_from(("// 3", "% 4", "** 2", "| abs"))).map(" ".join),
        st.tuples(text, st.sampled_from(("count('a')", "find('-')"))).map(".".join),
        text.map("{} | wordcount".format),
    )
    changes = ("sort", "unique | list", "reverse | list", "list", "select | list", "sort(true)")
    more_lists = st.one_of(
        st.tuples(items, st.sampled_from(changes)).map(" | ".join),
        st.tuples(items, items).map(" + ".join),
        st.tuples(text, st.sampled_from(("split('-')", "split()", "splitlines()"))).map(".".join),
        items.map("{}[:2]".format),
    )
    return texts | more_texts, numbers | more_numbers, lists | more_lists


ONE = grown(TEXTS, NUMBERS, LISTS)
TWO = grown(*ONE)
CONDITIONS = st.one_of(
    st.tuples(TWO[1], st.sampled_from(("<", ">=", "==", "!=")), TWO[1]).map(" ".join),
    st.tuples(TWO[0].map("({})".format), TWO[2].map("({})".format)).map(" in ".join),
    st.tuples(TWO[1].map("({})".format), st.sampled_from(("odd", "divisibleby(3)"))).map(
        " is ".join
    ),
)


@settings(deadline=None, max_examples=200)
@given(st.one_of(*TWO, CONDITIONS))
def test_any_expression_gives_what_plain_jinja_gives(source: str) -> None:
    jinja = jinja2.Environment()
    try:
        expected = jinja.compile_expression(source)(var=VALUES, env={"SET": "s"})
    except (TypeError, ValueError, ArithmeticError, AssertionError, jinja2.TemplateError):
        with suppress(TemplateError):
            evaluate(source)  # whatever it gives, it is not an error of another kind
        return
    assert evaluate(source) == listed(expected)

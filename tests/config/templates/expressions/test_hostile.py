"""Expressions that attack: each ends soon, small, and with nothing but an error of its own."""

import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.config.templates.context import Context, Inputs
from runner.config.templates.env_vars import Environment
from runner.config.templates.expressions import limits
from runner.config.templates.expressions.errors import TemplateError, Unresolved
from runner.config.templates.expressions.language import TABLES
from runner.config.templates.scope import Scope
from runner.config.templates.template import parse_template
from runner.config.yaml.nodes import Node, Scalar, Sequence
from runner.source import Source

SOURCE = Source("checkly-sessions.yaml", "")
MEBIBYTE = 1 << 20


def scalar(value: object, text: str) -> Scalar:
    return Scalar(SOURCE, 0, 0, text, value, plain=True)  # type: ignore[arg-type]  # a test's own values


VARIABLES: dict[str, Node] = {
    "big": scalar("x" * (MEBIBYTE - 10), "x" * (MEBIBYTE - 10)),
    "spaces": scalar(" a" * (MEBIBYTE // 2 - 10), " a" * (MEBIBYTE // 2 - 10)),
    "n": scalar(10**9, "1000000000"),
    "small": scalar("abc", "abc"),
    "list": Sequence(SOURCE, 0, 0, [scalar("a" * 1000, "a" * 1000)] * 900),
}
#: A loop of Python that makes so many calls takes about a second.
MANY_STEPS = 2_000_000


class Steps:
    """Counts the calls of Python and C functions: unlike time, they repeat."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> "Steps":
        sys.setprofile(self._step)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _step(self, _: object, event: str, __: object) -> None:
        self.count += event in ("call", "c_call")


def make_scope(symbolic: bool = False) -> Scope:
    """A scope of its own for each test, since all expressions of one share a budget."""
    inputs = Inputs(Environment({"SET": "s"}), Context({}, Path("/none")), symbolic=symbolic)
    return Scope(VARIABLES, inputs)


ESCAPES = """
''.__class__
''.__class__.__mro__
''['__class__']
''|attr('__class__')
''.__class__.__base__.__subclasses__()
cycler
cycler.__init__.__globals__
cycler.__init__.__globals__.os.popen('id').read()
joiner.__init__.__globals__
namespace.__init__
lipsum.__globals__
lipsum(5)
dict(a=1)
self
self._TemplateReference__context
request.application
config
env
env.items()
env['SET']
env|list
env.__class__
var
var.__class__
var|list
var['small']
var.small.__class__
var.small['__class__']
var.small.format
var.small.format(1)
'{0.__class__}'.format(1)
'{0}'.format_map(var)
'%s' % var
'%(a)s' % {'a': 1}
'a'.translate({97: 'b'})
'a'.encode()
'a'.expandtabs(1000000)
'a'.maketrans('a', 'b')
[].append(1)
{}.update({})
{}.items()
[''] | map('attr', '__class__') | list
[''] | map(attribute='__class__') | list
[''] | selectattr('__class__') | list
[''] | groupby('__class__')
[''] | sort(attribute='__class__')
[''] | sum(attribute='__class__')
[''] | join(attribute='__class__')
['env.SET'] | map('read', 0)
['env.SET'] | map(' an ' ~ 'attribute', 'x', 0)
['x'] | map('.' ~ 'upper')
['x'] | map('at' ~ 'tr', '__class__')
['x'] | select('call' ~ 'able')
['x'] | map('sort', false, false, '__class__') | list
[['x']] | map('join', '', '__class__') | list
[['x']] | map('sum', '__class__') | list
[['x']] | map('map', attribute='__class__') | list
'x' | map('attr', '__class__')
read('env.SET', 0)
meter
no_else()
var.small|upper|attr('__class__')
[var.small.__class__ if true else 1]
(var.small)['upper']
(var.list).append(1)
(var.list).__len__()
{'a': 1}.__class__
{'a': 1}['__class__']
{'a': 1}.items()
{'a': 1}.keys
range(3).count(1)
(1).bit_length()
(1.5).as_integer_ratio()
'x'.format_map({'x': 1})
'{x}'.format(x=1)
'x' | format
'%s' | format('x')
'x' | replace(attribute='y')
'x' | urlize
'x' | striptags
'x' | e
'x' | escape
'x' | forceescape
'x' | wordwrap(1)
'x' | batch(1)
'x' | slice(1)
joiner()
namespace()
'x' | format(1)
'x' | xmlattr
'x' | pprint
'x' | safe
'x' | random
'x' | filesizeformat
'x' is callable
'x' is filter
git.__class__
git
run
ci['name']
profile
matrix
git._private
var.__init__
[var][0]
(range).__class__
range.__class__
range
f()
(1)()
'a'()
small
var.small()
var.small.upper
var.small.upper.__self__
var.small.upper()()
range(3)(1)
'x'.upper(*[1])
'x'.upper(**{})
range(*[1, 2])
{[]: 1}
{env.SET: 1}
{1: 2}
import os
__import__('os')
lambda: 1
a = 1
(a := 1)
[x for x in [1]]
{% set a = 1 %}
x if
1; 2
\\
@
`id`
$
""".strip().splitlines()

BOMBS = """
'x' * 10**9
'x' * 2**40
'x' * var.n
('x' * 1000000) * 1000000
[1] * 10**9
('x' * 100000) ~ ('x' * 1000000)
10 ** 10 ** 10
9 ** 9 ** 9 ** 9
2 ** 100000
2 ** -100000000000
var.n ** var.n
(2 ** 4000) ** 2
(2 ** 4000) * (2 ** 4000) * (2 ** 4000)
1e308 * 1e308
range(10**9)
range(10**9) | list
range(-10**9, 10**9) | sum
range(0, 10**300)
range(2 ** 4000)
range(10**9) | map('string') | join
10**9 in range(10**12)
'x' | center(10**9)
'x'.center(10**9)
'x'.ljust(10**9)
'x'.rjust(2**62)
'x'.zfill(10**9)
'x' | indent(10**9)
('\\n' * 1000) | indent(10**6)
'x' | indent(10**9, true)
'aaaa' | replace('a', 'b' * 1000000)
'aaaa'.replace('a', 'b' * 1000000)
var.big | replace('x', 'yy')
var.big | replace('', 'yy')
var.big.replace('x', 'yyyyyyyyyyyyyyy')
var.big ~ var.big
var.big + var.big
var.big * 2
[var.big, var.big]
[var.big] | join ~ var.big
var.big | list
var.big | list | list | list
var.big | sort
var.big | unique
var.big | reverse | list
var.spaces.split()
var.spaces.split(' ')
var.spaces.rsplit('a')
var.spaces.splitlines()
var.spaces | wordcount ~ var.spaces.split() | length
var.big | map('upper') | list
var.big | tojson | tojson | tojson
var.big | urlencode | urlencode | urlencode
('"' * 500000) | tojson
('é' * 500000) | urlencode
('\\\\' * 500000) | tojson | tojson | tojson
var.list | map('replace', 'a', 'b' * 10000) | list
var.list | map('center', 100000) | list
var.list | map('list') | list
var.list | map('map', 'upper') | list
range(10000) | map('center', 10000) | list
range(10000) | map('string') | map('center', 10000) | join
[range(10000), range(10000), range(10000), range(10000), range(10000), range(10000)]
range(10000) | map('round', 10**9) | list
1.5 | round(10**9)
1 | round(-10**9)
7 | round(-400)
('1' * 100000) | int
('1' * 1300) | int * (('9' * 1300) | int)
('f' * 100000) | int(0, 16)
('z' * 4000) | int(0, 36)
('1' * 1000000) | float
(2 ** 4000) | string * 1000000
(2 ** 4000) / 3
(2 ** 4000) | float
'%1000000000d' % 1
'%s' % ('x' * 100)
'%*d' % (10**9, 1)
'{:1000000000}'.format(1)
'x' | truncate(10**9, end='y' * 1000000)
var.big | title | title | title | title | title | title | title | title | title
var.big | upper | lower | upper | lower | upper | lower | upper | lower | upper | lower
var.big.count('x') ~ var.big.count('xx') ~ var.big.count('xxx')
var.big.find('x' * 500000 ~ 'y')
var.big in var.big ~ 'y'
('x' * 100000 ~ 'y') in var.big
var.list == var.list and var.list == var.list and var.list != var.list
var.list in [var.list, var.list]
var.list | sort | sort | sort | sort | sort | sort | sort | sort
var.list + var.list + var.list + var.list
[var.list, var.list, var.list, var.list, var.list, var.list, var.list, var.list, var.list]
{'a': var.list, 'b': var.list}
var.list | join | list | join | list | join
('a' * 1000000) | wordcount
('a-' * 500000) | title
(' ' * 1000000) | trim | length
'ß' * 1000000 | upper
""".strip().splitlines()

DEEP = [
    "(" * 2000 + "1" + ")" * 2000,
    "(" * 45 + "1" + ")" * 45,
    "[" * 3000,
    "[" * 39 + "]" * 39,
    "{'a':" * 39 + "1" + "}" * 39,
    "-" * 4000 + "1",
    "not " * 1000 + "1",
    "1" + " + 1" * 1000,
    "1" + " ~ 1" * 1000,
    "1" + " < 2" * 1000,
    "1" + " or 0" * 700,
    "0" + " or 0" * 39,
    "1" + " if 1 else 0" * 300,
    "1 if 1 else " * 300 + "0",
    "1" + "|string" * 500,
    "''" + ".upper()" * 500,
    "[" + "0," * 2000 + "]",
    "var.small" + "[0]" * 1000,
    "var.small" + ".a" * 1500,
    "'" + "a" * 4090 + "'",
    "'" + "a" * 5000 + "'",
    "9" * 4000,
    "0x" + "f" * 4000,
    "0b" + "1" * 4000 + " * 1",
    "1e" + "9" * 1000,
    "1." + "9" * 3000,
    "'\\ud800'",
    "'\\x00'",
    "'\\N{BELL}'",
    "'\\xzz'",
    "'\\d'",
    "'é🦊'",
    "var.é",
    "var.small\u00a0",
    "\ufeffvar.small",
    "1" * 1500 + " * " + "1" * 1500,
    "a" * 4000,
    "." * 4000,
    "|" * 4000,
    "'" * 4000,
    "\"'" * 1000,
    "#" * 100,
    "{#" * 100,
    "}}" * 100,
    "%}" * 100,
    "-%}",
    "\x00",
    "\x00<",
    ">\x00",
]


def outcome(expression: str, scope: Scope | None = None) -> object:
    """What rendering gives: a value or one of the two errors there may be."""
    try:
        made = scope or make_scope()
        return made.for_instance("p", {"a": 1}).render(parse_template(f"$<({expression})>"))
    except (TemplateError, Unresolved) as error:
        return error


@pytest.mark.parametrize("expression", ESCAPES)
def test_nothing_leads_out_of_the_values(expression: str) -> None:
    result = outcome(expression)
    assert isinstance(result, TemplateError)
    assert result.message


@pytest.mark.parametrize("expression", [*BOMBS, *DEEP])
def test_every_bomb_stays_small(expression: str) -> None:
    tracemalloc.start()
    result = outcome(expression)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 * MEBIBYTE
    if isinstance(result, str):
        assert len(result) <= MEBIBYTE


@pytest.mark.parametrize("expression", [*BOMBS, *DEEP])
def test_every_bomb_ends_soon_also_where_names_stand_for_themselves(expression: str) -> None:
    scope = make_scope(symbolic=True)
    with Steps() as steps:
        outcome(f"({expression}) ~ env.X", scope)
    assert steps.count < MANY_STEPS


def test_what_is_too_much_is_said_in_words() -> None:
    for expression, words in (
        ("var.big" + " | upper | lower" * 5, "too much work"),
        ("[" * 45 + "]" * 45, "nested deeper than 40 levels"),
        ("1" + " + 1" * 300, "too complex"),
        ("var.big ~ var.big", "larger than 1 MiB"),
    ):
        result = outcome(expression)
        assert isinstance(result, TemplateError)
        assert words in result.message


@pytest.mark.parametrize(
    "text",
    [
        "x$<" * 350_000,
        "$<var.small>" * 87_000,
        "$$<" * 350_000,
        "$<'" * 350_000,
        "$<(" * 350_000,
        "$<" + "a" * MEBIBYTE,
        "$<" + "'a'~" * 260_000 + "'a'>",
        "$" * MEBIBYTE,
        "<$" * 500_000,
        "$<var.big>" * 100_000,
        "$<'" + "\\" * MEBIBYTE,
    ],
    ids=lambda text: text[:12],
)
def test_a_template_of_a_megabyte_ends_soon(text: str) -> None:
    with Steps() as steps:
        try:
            value = make_scope().for_instance("p", {}).render(parse_template(text))
        except TemplateError:
            pass
        else:
            assert len(value) <= MEBIBYTE + 10
    assert steps.count < MANY_STEPS


def test_variables_that_double_each_other_end_soon() -> None:
    variables: dict[str, Node] = {"v0": scalar("xxxxxxxx", "xxxxxxxx")}
    for number in range(1, 60):
        text = f"$<var.v{number - 1}>$<var.v{number - 1}>"
        variables[f"v{number}"] = scalar(text, text)
        each = scalar(f"$<var.l{number - 1}>", f"$<var.l{number - 1}>")
        variables[f"l{number}"] = Sequence(SOURCE, 0, 0, [each, each])
    variables["l0"] = scalar("x", "x")
    scope = Scope(variables, Inputs())
    with Steps() as steps:
        for name in ("v59", "l59"):
            with pytest.raises(TemplateError) as caught:
                scope.render(parse_template(f"$<var.{name}>"))
            assert "1 MiB" in caught.value.message
            assert caught.value.node is not None
    assert steps.count < MANY_STEPS


def test_a_long_chain_of_variables_needs_no_stack() -> None:
    variables: dict[str, Node] = {"v0": scalar("end", "end")}
    for number in range(1, 5000):
        text = f"$<var.v{number - 1}>"
        variables[f"v{number}"] = scalar(text, text)
    scope = Scope(variables, Inputs())
    assert scope.render(parse_template("$<var.v4999>")) == "end"


def test_many_expensive_expressions_are_too_much_together() -> None:
    scope = make_scope()

    def render_all() -> None:
        for number in range(10_000):
            instance = scope.for_instance(f"p{number}", {})
            instance.render(parse_template("$<(profile.name ~ var.big[:500000]) | upper>"))

    with Steps() as steps, pytest.raises(TemplateError, match="together"):
        render_all()
    assert steps.count < MANY_STEPS


def test_so_many_different_expressions_are_too_much_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "RUN_BUDGET", 10 * limits.COMPILE_COST)
    scope = make_scope()
    for number in range(10):
        assert scope.render(parse_template(f"$<'different' ~ {number}>")) == f"different{number}"
    with pytest.raises(TemplateError, match="together"):
        scope.render(parse_template("$<'different' ~ 11>"))
    assert scope.render(parse_template("$<'different' ~ 3>")) == "different3"


# Pieces that make most random texts at least read as expressions.
PIECES = st.sampled_from(
    [
        *(f"|{name}" for name in TABLES["filter"]),
        *(f"|{name}(" for name in TABLES["filter"]),
        *(f".{name}(" for name in TABLES["method"]),
        *(f" is {name} " for name in TABLES["test"] if name.isidentifier()),
        *("var.small", "var.list", "var.n", "env.SET", "env.NO", "matrix.a", "git.sha", "var."),
        *("'x'", '"y"', "1", "2.5", "10**9", "[1, 'a']", "{'k': 1}", "true", "none", "range("),
        *(" + ", " ~ ", " * ", " ** ", " - ", " / ", " // ", " % ", " and ", " or ", " not "),
        *("(", ")", "[", "]", "{", "}", ",", ":", ".", "|", ">", "<", "==", " if ", " else "),
        *("'", '"', "\\", "=", "*", "**", "__class__", "\n", "é", "$", "#", "%}", "}}"),
    ]
)


@settings(deadline=None, max_examples=100)
@given(st.lists(PIECES, max_size=14).map("".join), st.booleans())
def test_no_expression_raises_anything_else(expression: str, symbolic: bool) -> None:
    scope = make_scope(symbolic)
    outcome(expression, scope)
    outcome(f"{expression})> text $<({expression}", scope)


@settings(deadline=None)
@given(st.text())
def test_no_text_raises_anything_else(text: str) -> None:
    outcome(text)
    try:
        value = make_scope().render(parse_template(text))
    except (TemplateError, Unresolved):
        assert "$<" in text
    else:
        assert "$<" in text or value == text

"""No regular expression of the package takes time that grows with the square of its input."""

import ast
import importlib
import re
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

import runner

ROOT = Path(runner.__file__).parent
METHODS = {"search", "match", "fullmatch", "sub", "subn", "finditer", "findall", "split"}

PREFIXES = ["", "a", "from", "secret", "export", "{{", "$<", "${{", "'", '"', "\x1b[", "https://"]
PUMPS = [
    *" \t\na0_-.,:;=/\\'\"`$<>[](){}#%&*|?+@~",
    *(
        "\x1b[1",
        "a-",
        "a ",
        "a.",
        " \t",
        "\\'",
        '\\"',
        "{{",
        "{{ ",
        "${{",
        "$<",
        "$<a",
        "'a",
        "%41",
    ),
    *(
        "from ",
        "secret ",
        "secret: ",
        "a: ",
        "a=",
        "##",
        "##a",
        "::",
        "(a",
        "a[",
        "checkly@",
        "<Code>",
    ),
    *(
        "import {",
        "require(",
        "process.env.",
        "${a",
        "\n ",
        "a\n",
        "[x",
        "://",
        "\u00e9",
        "https://a",
    ),
]
SIZE = 8_000
#: A step of the matcher takes some nanoseconds: what is in proportion takes a thousandth of this.
SECONDS = 0.05


def calls() -> Iterator[tuple[str, str, str]]:
    """Module, expression and method of each use of a pattern."""
    for path in sorted(ROOT.rglob("*.py")):
        inside = path.relative_to(ROOT.parent).with_suffix("")
        module = ".".join(inside.parts)
        if "emulator" in inside.parts or inside.name == "__main__":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Attribute) and node.attr in METHODS):
                continue
            yield module, ast.unparse(node.value), node.attr


def inline(module: str) -> Iterator[tuple[str, str]]:
    """Pattern and method of each call such as ``re.sub("…", …)`` or ``re.sub(_NAME, …)``."""
    source = (ROOT.parent / (module.replace(".", "/") + ".py")).read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and ast.unparse(node.func.value) == "re"
            and node.func.attr in METHODS
        ):
            pattern = value_of(node.args[0], module)
            if isinstance(pattern, str):
                yield pattern, node.func.attr


def value_of(node: ast.expr, module: str) -> object:
    """What stands there, if it is written out, a name of the module, or compiled from one."""
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return getattr(importlib.import_module(module), node.id, None)
        case ast.Call(ast.Attribute(ast.Name("re"), "compile"), [pattern]):
            found = value_of(pattern, module)
            return re.compile(found) if isinstance(found, str) else None
    return None


def patterns() -> Iterator[tuple[str, re.Pattern[str], str]]:
    """Where each pattern is used, the pattern, and how."""
    for module, name, method in sorted(set(calls())):
        if name == "re":
            for pattern, how in inline(module):
                if how == method:
                    yield f"{module}: {pattern}", re.compile(pattern), method
        else:
            found = value_of(ast.parse(name, mode="eval").body, module)
            if isinstance(found, re.Pattern) and isinstance(found.pattern, str):
                yield f"{module}.{name}", found, method


PATTERNS = list(patterns())


def seconds(pattern: re.Pattern[str], method: str, text: str) -> float:
    start = time.process_time()
    if method in {"sub", "subn"}:
        pattern.sub("", text)
    elif method == "finditer":
        for _ in pattern.finditer(text):
            pass
    else:
        getattr(pattern, method)(text)
    return time.process_time() - start


@pytest.mark.parametrize(
    ("pattern", "method"),
    [(pattern, method) for _, pattern, method in PATTERNS],
    ids=[f"{name} ({method})" for name, _, method in PATTERNS],
)
def test_a_pattern_takes_time_in_proportion(pattern: re.Pattern[str], method: str) -> None:
    for prefix, pump in product(PREFIXES, PUMPS):
        text = f"{prefix}{pump * (SIZE // len(pump))}\0"
        if seconds(pattern, method, text) > SECONDS:
            # Slow by chance, or for good? Twice the size takes four times as long then.
            once = min(seconds(pattern, method, text) for _ in range(3))
            more = f"{prefix}{pump * (2 * SIZE // len(pump))}\0"
            assert once < SECONDS or seconds(pattern, method, more) < 3 * once, (prefix, pump)


def test_the_search_finds_what_it_looks_for() -> None:
    assert len(PATTERNS) > 40
    with pytest.raises(AssertionError, match="from"):
        test_a_pattern_takes_time_in_proportion(re.compile(r"from\s*\(?\s*\."), "search")

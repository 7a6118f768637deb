"""The codes of diagnostics, read off the source: what a program can say has to be documented."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent / "runner"
_CODE = re.compile(r"[a-z]+(-[a-z0-9]+)*")
_REPORTERS = {"error", "warning", "_error", "_stop", "Diagnostic"}


def codes() -> dict[str, set[str]]:
    """Every code, and the modules that use it."""
    found: dict[str, set[str]] = {}
    for path in sorted(ROOT.rglob("*.py")):
        if {"emulator", "expressions"} & set(path.parts) or path.name in {
            "app.py",
            "suggestions.py",
        }:
            continue
        for code in _codes_of(ast.parse(path.read_text(encoding="utf-8"))):
            found.setdefault(code, set()).add(path.relative_to(ROOT).as_posix())
    return found


def _codes_of(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            code = _text(node.args[:1])
            if _name_of(node.func) in _REPORTERS and code and _CODE.fullmatch(code):
                yield code
            if _name_of(node.func) in {"Breach", "_add"} and (code := _text(node.args[1:2])):
                yield code
            yield from _before_messages(node.args)
        elif isinstance(node, ast.Tuple):
            yield from _before_messages(node.elts)


def _before_messages(parts: list[ast.expr]) -> Iterator[str]:
    """A word in front of a sentence is a code."""
    for first, second in pairwise(parts):
        code = _text(first)
        if code and _CODE.fullmatch(code) and _is_sentence(second):
            yield code


def _is_sentence(node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        text = "".join(_text(part) or "x" for part in node.values)
    else:
        text = _text(node) or ""
    return re.match(r"[A-Z`].* ", text) is not None


def _text(node: ast.expr | list[ast.expr]) -> str | None:
    if isinstance(node, list):
        return _text(node[0]) if node else None
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")

"""What is said of an error: sentences, all over the package."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import runner
from runner import errors
from runner.errors import RunnerError, UsageError, os_reason

ROOT = Path(runner.__file__).parent
#: Names of programs that a sentence may begin with.
PROGRAMS = ("git ",)
ERRORS = {
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, RunnerError)
}


def texts(node: ast.expr) -> Iterator[str]:
    """What an expression may say, as far as it is written out; ``{}`` stands for a value."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=values):
            yield "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in values)
        case ast.BoolOp(values=values):
            for value in values:
                yield from texts(value)
        case ast.IfExp(body=body, orelse=other):
            yield from texts(body)
            yield from texts(other)


def said(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of every message and hint of an error that is made in ``tree``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            hints = [keyword.value for keyword in node.keywords if keyword.arg == "hint"]
            if node.func.id in ERRORS:
                for given in [*node.args[:1], *hints]:
                    yield from ((node.lineno, text) for text in texts(given))


def is_sentence(text: str) -> bool:
    begins_well = text[0].isupper() or text[0] in "{'`-" or text.startswith(PROGRAMS)
    return begins_well and text.endswith((".", "?", "{}"))


def test_errors_and_their_hints_are_sentences() -> None:
    found = [
        (f"{path.relative_to(ROOT)}:{line}", text)
        for path in sorted(ROOT.rglob("*.py"))
        for line, text in said(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert len(found) > 150  # else it looks at the wrong place
    assert [each for each in found if not is_sentence(each[1])] == []


@pytest.mark.parametrize("text", ["no capital.", "No full stop", "a-file is {} no more."])
def test_what_is_no_sentence(text: str) -> None:
    tree = ast.parse(f"UsageError({text!r}, hint=near(name) or 'Try this.')")
    assert list(said(tree)) == [(1, text), (1, "Try this.")]
    assert not is_sentence(text)


def test_a_message_as_a_part_of_another() -> None:
    assert UsageError("There is no file 'a.b'.").clause == "There is no file 'a.b'"


def test_an_error_of_the_system_always_has_a_reason() -> None:
    assert os_reason(PermissionError(13, "Permission denied")) == "permission denied"
    assert os_reason(OSError()) == "the system gave no reason"

"""The reference pages: as made from the code, with every command, key and variable."""

import ast
import re
from pathlib import Path

import pytest

from docs import reference
from runner.reports.progress.reporters import PATH_VARIABLES
from schemas.generate.json_schema import file_schema

ROOT = Path(__file__).parents[2]
PAGES = reference.pages()
#: Texts that look like variables, and are none that the program reads.
NO_VARIABLES = {"CHECKLY_SESSIONS_VAR_"}


@pytest.mark.parametrize("page", PAGES)
def test_the_committed_page_is_the_made_one(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert text == PAGES[page].rstrip() + "\n", "run `make docs`"


@pytest.mark.parametrize("page", PAGES)
def test_no_cell_breaks_its_table(page: str) -> None:
    for line in PAGES[page].splitlines():
        if line.startswith("| "):
            assert line.endswith(" |")
            assert len(re.findall(r"(?<!\\)\|", line)) in {3, 4, 5}


def variables_read() -> set[str]:
    """Names that the code asks the environment for, and every name of the runner's own."""
    found = set(PATH_VARIABLES)
    for path in (ROOT / "runner").rglob("*.py"):
        if "emulator" in path.parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= set(re.findall(r"^CHECKLY_[A-Z_]+$", node.value))
            asked = ast.unparse(node) if isinstance(node, ast.Call | ast.Subscript) else ""
            ways = r"[\w.]*environ(?:\.get\(|\[)|is_on\([\w.]*environ, "
            match = re.fullmatch(rf"(?:{ways})'([A-Z_]+)'.*", asked)
            found |= {match[1]} if match else set()
    return found - NO_VARIABLES - {"COMP_WORDS", "COMP_CWORD"}  # between the shell and the program


def test_every_variable_that_is_read_is_told() -> None:
    page = PAGES["environment.md"]
    told = set(re.findall(r"`([A-Z_]{2,})`", page))
    told |= {f"CHECKLY_TEST_REPO{rest}" for rest in re.findall(r"`…(_[A-Z_]+)`", page)}
    read = variables_read()
    assert {"CHECKLY_API_KEY", "NO_COLOR", "CHECKLY_SESSIONS_LEASE_SECONDS", "CI"} <= read
    assert read <= told


def test_no_variable_is_told_that_nobody_reads() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "runner").rglob("*.py"))
    built = {"CHECKLY_SESSIONS_VAR_NAME", "_RUNNER_COMPLETE"}  # a prefix and a name; click's
    for variables in reference.VARIABLES.values():
        for name in variables.keys() - built:
            assert name in source


def test_each_ci_system_reads_something() -> None:
    for system, mark, names in reference.ci_systems():
        assert mark.isupper() or "_" in mark
        assert len(names) > 5, system


def test_every_key_has_a_row() -> None:
    schema = file_schema()
    profile = schema["definitions"]["profile"]["properties"]
    for key in (*schema["properties"], *profile):
        assert f"\n| `{key}` |" in PAGES["keys.md"]

"""The pages: their links lead somewhere, and what they say of exit codes is so."""

import re
from pathlib import Path

import pytest

from runner import errors
from runner.cli.error_handler import EXIT_BUG
from tests.docs.blocks import PAGES, ROOT

DOCS = ROOT / "docs"


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name) if name else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {slug(heading) for heading in headings}, target


def test_the_table_of_exit_codes_is_the_one_of_the_readme() -> None:
    page = (DOCS / "exit-codes.md").read_text(encoding="utf-8").partition("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \| (.+?) \|", page, re.MULTILINE)
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    assert rows == re.findall(r"^\| (\d+) \| (.+?) \|", readme, re.MULTILINE)
    codes = {int(code) for code, _ in rows}
    assert EXIT_BUG in codes
    raised = {
        error.exit_code
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, errors.RunnerError)
    }
    assert raised <= codes


def test_each_path_that_contributing_names_exists() -> None:
    """The walk from YAML to the exit code, and the steps to add something."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:runner|tests|docs|schemas)/[a-z0-9_./-]+)`", text)
    assert [path for path in paths if not (ROOT / path).exists()] == []

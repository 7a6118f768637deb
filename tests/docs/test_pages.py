"""The pages: their files are valid, their commands exist, their links lead somewhere."""

import re
import shlex
from pathlib import Path

import click
import pytest
from markdown_it import MarkdownIt

from runner import errors
from runner.cli.group import runner
from runner.cli.process import EXIT_BUG
from runner.config.import_source import import_command
from runner.config.import_text import file_text
from tests.config.pipeline import run_file

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(DOCS.glob("*.md"))
#: Their YAML is run by tests of their own, or is a piece of a workflow.
ELSEWHERE = {"diagnostics.md", "emulator.md", "expressions.md", "keys.md", "reports.md"}


def blocks(language: str) -> list[tuple[str, str]]:
    return [
        (page.name, token.content)
        for page in PAGES
        for token in MarkdownIt().parse(page.read_text(encoding="utf-8"))
        if token.type == "fence" and token.info == language
    ]


FILES = [(page, text) for page, text in blocks("yaml") if page not in ELSEWHERE]
COMMANDS = [
    (page, line.removeprefix("$ "))
    for page, text in blocks("console")
    for line in text.splitlines()
    if line.startswith("$ runner ")
]


@pytest.mark.parametrize(("page", "text"), FILES)
def test_every_file_is_valid(
    page: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "checkly-sessions.yaml"
    file.write_text(text, encoding="utf-8")
    assert set(run_file(file, monkeypatch, {}).codes) <= {"unset"}, page


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_every_command_parses(page: str, line: str) -> None:
    words = shlex.split(line.partition(" | ")[0], comments=True)[1:]
    context = runner.make_context("runner", words)
    group: click.Command = runner
    while isinstance(group, click.Group):
        name, command, words = group.resolve_command(
            context, [*context._protected_args, *context.args]
        )
        assert command is not None, page
        context = command.make_context(name, words, parent=context)
        group = command


def test_there_are_examples() -> None:
    assert len(FILES) > 4
    assert len(COMMANDS) > 10


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
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


def test_the_imported_profile_is_the_one_shown() -> None:
    page = (DOCS / "from-checkly-trigger.md").read_text(encoding="utf-8")
    line = re.search(r'\$ runner import "(.+)"', page)
    assert line
    shown = page.partition("The first prints\n\n```yaml\n")[2].partition("```")[0]
    assert file_text(import_command(line[1])) == shown


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

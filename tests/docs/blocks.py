"""The fenced blocks of the pages, and what each is: every block is of a kind that a test runs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from ruamel.yaml import YAML

from schemas.generate.json_schema import file_schema

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]
#: What tests/docs/test_reference.py compares with the code, and test_diagnostics_page.py runs.
MADE = {"commands.md": {"text"}, "diagnostics.md": {"yaml", "python"}}
WORLD = {"account", "apiKeys", "checks", "faults", "groups", "locations", "privateLocations"}
_SCHEMA = file_schema()
_AT_THE_TOP = set(_SCHEMA["properties"])
_IN_A_PROFILE = set(_SCHEMA["definitions"]["profile"]["properties"])
_HIDDEN = re.compile(r"<!-- run: (.+?) -->")


@dataclass(frozen=True)
class Block:
    """A fenced block, or a command that the reader does not see (``<!-- run: … -->``).

    Attributes:
        kind: ``made``, ``file``, ``file piece``, ``profile piece``, ``world``, ``steps``,
            ``session``, ``script``, ``output``, ``layout``, ``plan``, ``python``, ``editor``, or
            the name of a shell.
    """

    page: Path
    line: int
    language: str
    text: str
    kind: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def data(self) -> Any:
        """What its YAML says."""
        return YAML(typ="safe").load(StringIO(self.text))


class Unknown(Exception):
    """A block that no test runs."""


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page, from top to bottom."""
    after_hidden = False
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "html_block" and (found := _HIDDEN.search(token.content)):
            yield Block(page, line, "hidden", found[1], "hidden")
            after_hidden = True
            continue
        if token.type == "fence":
            language, text = token.info.partition(" ")[0], token.content
            output = after_hidden and language in {"text", "json"}
            found_kind = "output" if output else _kind(page, language, text)
            if found_kind is None:
                raise Unknown(f"{page.name}:{line}: no test knows what to do with this block")
            yield Block(page, line, language, text, found_kind)
        after_hidden = False


def _kind(page: Path, language: str, text: str) -> str | None:
    if language in MADE.get(page.name, ()):
        return "made"
    if language == "yaml":
        return _kind_of_yaml(YAML(typ="safe").load(StringIO(text)))
    if language == "json":
        if page.name == "editors.md":
            return "editor"
        return "plan" if '"profiles"' in text else None
    if language == "text":
        return "layout" if text.startswith("<API host>") else None
    known = {"console": "session", "bash": "script", "python": "python"}
    return known.get(language, language if language in {"zsh", "fish"} else None)


def _kind_of_yaml(data: Any) -> str | None:
    if isinstance(data, list):
        return "steps" if all({"uses", "run"} & step.keys() for step in data) else None
    if "version" in data:
        return "file"
    kinds = {"file piece": _AT_THE_TOP, "profile piece": _IN_A_PROFILE}
    for kind, keys in kinds.items():
        if data.keys() <= keys:
            return kind
    return "world" if data.keys() & WORLD else None

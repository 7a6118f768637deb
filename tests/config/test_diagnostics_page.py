"""docs/diagnostics.md: every code the source has, no other, and examples that are true."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.config.codes import codes
from tests.config.pipeline import run_file

PAGE = Path(__file__).parent.parent.parent / "docs/diagnostics.md"
_BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_ENVIRONMENT = re.compile(r"# environment: (\w+)=(\S+)")


@dataclass
class Entry:
    code: str
    examples: list[bytes] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)


def entries() -> list[Entry]:
    found = []
    for section in PAGE.read_text(encoding="utf-8").split("\n### `")[1:]:
        entry = Entry(section.partition("`")[0])
        for language, title, text in _BLOCK.findall(section):
            if title:
                entry.files[title] = text
            else:
                entry.examples.append(_content(language, text))
        found.append(entry)
    return found


def _content(language: str, text: str) -> bytes:
    content = eval(text) if language == "python" else text  # our own page
    return content if isinstance(content, bytes) else str(content).encode()


def said(content: bytes, entry: Entry, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    file = folder / "checkly-sessions.yaml"
    file.write_bytes(content)
    for name, text in entry.files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    environ = dict(_ENVIRONMENT.findall(content.decode(errors="replace")))
    return run_file(file, monkeypatch, environ).codes


ENTRIES = entries()


def test_every_code_is_documented_once_and_no_other() -> None:
    documented = [entry.code for entry in ENTRIES]
    assert sorted(documented) == sorted(codes())


#: What no text of a file can bring about.
OF_THE_MACHINE = {"git-untrusted", "cannot-format", "quarantine-idle"}


@pytest.mark.parametrize(
    "entry",
    [entry for entry in ENTRIES if entry.code not in OF_THE_MACHINE],
    ids=lambda entry: str(entry.code),
)
def test_the_examples_are_true(
    entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = entry.examples
    (tmp_path / "bad").mkdir()
    (tmp_path / "good").mkdir()
    assert set(said(bad, entry, tmp_path / "bad", monkeypatch)) >= {entry.code}
    allowed = (
        {"unset"}
        if entry.code in {"literal-secret", "public-secret", "secret-made-public"}
        else set()
    )
    if entry.code != "no-profile":
        allowed.add("no-profile")  # examples leave out what they are not about
    assert set(said(good, entry, tmp_path / "good", monkeypatch)) <= allowed

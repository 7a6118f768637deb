"""What changes the digest of a configuration, and what does not."""

from pathlib import Path

import pytest

from runner.config.document.digest import digest
from runner.config.document.load import load
from runner.config.files.files import FolderFiles
from runner.diagnostics import Diagnostics

TEXT = "version: 1\nvariables: {a: one, b: 1.10}\nprofiles: {p: {target: all}}\n"


def of(folder: Path, text: str, **more: str) -> str:
    for name, content in more.items():
        (folder / f"{name}.yaml").write_text(content)
    (folder / "checkly-sessions.yaml").write_text(text)
    files, path = FolderFiles.around(folder / "checkly-sessions.yaml", folder)
    documents = load(path, files, Diagnostics())
    assert documents is not None
    return digest(documents)


@pytest.mark.parametrize(
    "same",
    [
        f"# a comment\n{TEXT}",
        TEXT.replace("one", "'one'"),
        TEXT.replace("{a: one, b: 1.10}", "{b: 1.10, a: one}"),
        TEXT.replace(" {a: one, b: 1.10}", "\n  a: one\n  b: 1.10"),
    ],
)
def test_how_it_is_written_does_not_matter(tmp_path: Path, same: str) -> None:
    assert of(tmp_path, TEXT) == of(tmp_path, same)


@pytest.mark.parametrize(
    "other",
    [
        TEXT.replace("one", "two"),
        TEXT.replace("1.10", "1.1"),
        TEXT.replace("1.10", "'1.10'"),
        TEXT.replace("one", "null"),
        TEXT.replace("one", "[one]"),
        TEXT.replace("one", "{one: null}"),
        TEXT.replace("one", "[]"),
        TEXT.replace("one", "{}"),
    ],
)
def test_what_it_says_does(tmp_path: Path, other: str) -> None:
    assert of(tmp_path, TEXT) != of(tmp_path, other)


def test_includes_count(tmp_path: Path) -> None:
    text = f"{TEXT}include: [more.yaml]\n"
    one = of(tmp_path, text, more="variables: {c: 1}")
    assert one != of(tmp_path, text, more="variables: {c: 2}")
    assert one == of(tmp_path, text, more="variables: {c: 1} # same")

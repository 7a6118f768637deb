"""Globs over a tree that lies on no disk, which counts how often a folder is looked into."""

from pathlib import PurePosixPath

import pytest

from runner.config.files import globs
from runner.config.files.globs import TooManyFolders, expand


class Tree:
    """Files by their paths."""

    def __init__(self, *paths: str) -> None:
        self.paths = [PurePosixPath(path) for path in paths]
        self.looks = 0

    def name(self, path: PurePosixPath) -> str:
        return str(path)

    def read(self, path: PurePosixPath) -> bytes:
        return str(path).encode()

    def identity(self, path: PurePosixPath) -> PurePosixPath:
        return path

    def entries(self, folder: PurePosixPath) -> dict[str, bool]:
        self.looks += 1
        parts = [path.relative_to(folder).parts for path in self.paths if folder in path.parents]
        return {name: bool(rest) for name, *rest in parts}


TREE = ("a.yaml", "b.yml", ".hidden.yaml", "p/c.yaml", "p/q/d.yaml", ".git/e.yaml", "[x].yaml")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.yaml", ["[x].yaml", "a.yaml"]),
        (".*.yaml", [".hidden.yaml"]),
        ("?.y*", ["a.yaml", "b.yml"]),
        ("[ab].*", ["a.yaml", "b.yml"]),
        ("*/*.yaml", ["p/c.yaml"]),
        ("**/*.yaml", ["[x].yaml", "a.yaml", "p/c.yaml", "p/q/d.yaml"]),
        ("p/**", ["p/c.yaml", "p/q/d.yaml"]),
        ("./p//q/*", ["p/q/d.yaml"]),
        ("missing.yaml", ["missing.yaml"]),
        ("missing/*", []),
    ],
)
def test_globs_are_as_in_a_shell(pattern: str, expected: list[str]) -> None:
    found = expand(Tree(*TREE), PurePosixPath(), pattern)
    assert [str(path) for path in found] == expected


def test_a_search_is_given_up_after_many_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(globs, "MAX_FOLDERS", 100)
    tree = Tree(*("/".join(["d"] * depth) + "/x" for depth in range(1, 30)))
    with pytest.raises(TooManyFolders):
        expand(tree, PurePosixPath(), "**/**/**/**/x")
    assert tree.looks <= 100
    assert len(expand(tree, PurePosixPath(), "**/x")) == 29

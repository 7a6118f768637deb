"""Finding the configuration file."""

from pathlib import Path

import pytest

from runner.config.files.discover import discover
from runner.errors import UsageError

MAIN = "checkly-sessions.yaml"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "repo/.git").mkdir(parents=True)
    return tmp_path / "repo"


def write(folder: Path, names: list[str]) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_the_file_is_found_in_the_nearest_folder_above(repository: Path) -> None:
    write(repository, [MAIN, "a/checkly-sessions.yml", "a/b/c/x", "d/x"])
    assert discover(repository / "a/b/c") == repository / "a/checkly-sessions.yml"
    assert discover(repository / "d") == repository / MAIN


def test_the_search_ends_at_the_root_of_the_repository(repository: Path) -> None:
    write(repository.parent, [MAIN])
    with pytest.raises(UsageError, match=f"There is no {MAIN}") as caught:
        discover(repository)
    assert "runner init" in (caught.value.hint or "")
    assert discover(repository.parent) == repository.parent / MAIN


def test_the_root_of_the_disk_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "exists", lambda _path: False)
    with pytest.raises(UsageError, match="There is no"):
        discover(Path("/"))


def test_two_files_in_one_folder_are_not_guessed_between(repository: Path) -> None:
    write(repository, [MAIN, "checkly-sessions.yml"])
    with pytest.raises(UsageError, match="both"):
        discover(repository)

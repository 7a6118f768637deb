"""A file is written through links, into devices and pipes, and never in their place."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runner.atomic_write import atomic_write


def test_a_new_file_gets_the_mode_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        atomic_write(tmp_path / "plan", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "plan").stat().st_mode & 0o777 == 0o640


def test_an_existing_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "plan"
    path.touch(0o600)
    atomic_write(path, b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_links_are_followed_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "one").symlink_to("deep/two")
    (tmp_path / "deep" / "two").symlink_to("../three")
    atomic_write(tmp_path / "one", b"x")
    assert (tmp_path / "one").is_symlink()
    assert (tmp_path / "three").read_bytes() == b"x"


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="symbolic links"):
        atomic_write(tmp_path / "a", b"x")


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "link"])
def test_standard_output_in_a_file_is_written_to_and_not_replaced(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to("/dev/stdout")
    path = tmp_path / name
    program = (
        "from pathlib import Path\n"
        "from runner.atomic_write import atomic_write\n"
        f"atomic_write(Path({str(path)!r}), b'x')\n"
    )
    with (tmp_path / "out").open("wb") as out:
        subprocess.run([sys.executable, "-c", program], check=True, stdout=out)
        out.seek(0, os.SEEK_END)
        out.write(b"y")
    assert (tmp_path / "out").read_bytes() == b"xy"


def test_a_failed_write_leaves_the_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "plan"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        atomic_write(path, b"new")
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "old"

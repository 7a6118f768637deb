import io
import os
import threading
from pathlib import Path

import pytest

from runner.errors import CannotRun, UsageError
from runner.reports.text.sinks import FileOutput, StreamOutput


def test_a_file_appears_whole_and_readable_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "report.xml"
    output = FileOutput(path)
    assert not path.exists()
    output.write("größer\r\n")
    assert path.read_bytes() == "größer\r\n".encode()
    assert list(path.parent.iterdir()) == [path]
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


def test_an_old_report_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_text("old")
    output = FileOutput(path)
    assert path.read_text() == "old"
    output.write("new")
    assert path.read_text() == "new"


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    FileOutput(tmp_path / "link").write("x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "x"


@pytest.mark.parametrize("name", ["", "file/below", "folder", f"folder/{'x' * 300}", "nul\0"])
def test_a_path_that_cannot_be_written_is_said_at_once(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    path = tmp_path / name if name else Path()
    with pytest.raises(UsageError, match="can't be written"):
        FileOutput(path)
    assert list((tmp_path / "folder").iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_said_at_once(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match="permission denied"):
        FileOutput(tmp_path / "x")
    tmp_path.chmod(0o700)


def test_what_can_no_longer_be_written_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    output = FileOutput(folder / "x")
    folder.rmdir()
    with pytest.raises(CannotRun, match="could not be written"):
        output.write("x")


def test_a_device_or_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    FileOutput(Path(os.devnull)).write("x")
    assert not Path(os.devnull).is_file()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    output = FileOutput(pipe)
    reader.start()
    output.write("x")
    reader.join()
    assert read == ["x"]


def test_a_stream_gets_what_it_has_characters_for() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    StreamOutput(stream).write("Käse ✓\n")
    assert raw.getvalue() == b"K\\xe4se \\u2713\n"


def test_a_closed_stream_is_an_error_in_words() -> None:
    stream = io.StringIO()
    stream.close()
    with pytest.raises(CannotRun, match="can't be written"):
        StreamOutput(stream).write("x")

import ast
import io
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import runner
from runner.errors import CannotRun, UsageError
from runner.reports.text.sinks import emit, growing_file, to_stream, whole_file


def test_a_file_appears_whole_and_readable_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "report.xml"
    write = whole_file(path)
    assert not path.exists()
    write("größer\r\n")
    assert path.read_bytes() == "größer\r\n".encode()
    assert list(path.parent.iterdir()) == [path]
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it stays open
@pytest.mark.parametrize("kind", [whole_file, growing_file])
def test_half_a_character_fails_no_report(
    tmp_path: Path, kind: Callable[[Path], Callable[[str], None]]
) -> None:
    kind(tmp_path / "x")("a\udcff")
    assert (tmp_path / "x").read_text() == "a\\udcff"


def test_an_old_report_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_text("old")
    write = whole_file(path)
    assert path.read_text() == "old"
    write("new")
    assert path.read_text() == "new"


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    whole_file(tmp_path / "link")("x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "x"


@pytest.mark.parametrize("name", ["", "file/below", "folder", f"folder/{'x' * 300}", "nul\0"])
def test_a_path_that_cannot_be_written_is_said_at_once(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    path = tmp_path / name if name else Path()
    with pytest.raises(UsageError, match="can't be written"):
        whole_file(path)
    assert list((tmp_path / "folder").iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_said_at_once(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match="permission denied"):
        whole_file(tmp_path / "x")
    tmp_path.chmod(0o700)


def test_what_can_no_longer_be_written_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    write = whole_file(folder / "x")
    folder.rmdir()
    with pytest.raises(CannotRun, match="could not be written"):
        write("x")


def test_a_device_or_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    whole_file(Path(os.devnull))("x")
    assert not Path(os.devnull).is_file()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    write = whole_file(pipe)
    reader.start()
    write("x")
    reader.join()
    assert read == ["x"]


def test_a_stream_gets_what_it_has_characters_for() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    to_stream(stream)("Käse ✓\n")
    assert raw.getvalue() == b"K\\xe4se \\u2713\n"


def test_a_closed_stream_is_an_error_in_words() -> None:
    stream = io.StringIO()
    stream.close()
    with pytest.raises(CannotRun, match="can't be written"):
        to_stream(stream)("x")


def test_what_a_stream_gets_is_harmless_and_in_its_characters() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    emit("caf\u00e9 \x1b[2J\n::error::x\n", stream)
    assert raw.getvalue() == b"caf\\xe9 \\x1b[2J\n\\::error::x\n"
    emit("::error::x\n", stream, annotations=True)
    assert raw.getvalue().endswith(b"\n::error::x\n")


#: What writes to a terminal or a log, or hands out a stream that does.
WRITERS = {
    *("print", "input", "breakpoint"),
    *("click.echo", "click.secho", "click.confirm", "click.prompt", "click.pause"),
    *("click.echo_via_pager", "click.progressbar", "click.get_text_stream", "click.edit"),
    *("sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__"),
    *("os.write", "warnings.warn", "traceback.print_exc", "traceback.print_exception"),
    *("logging.getLogger", "rich.print", "error.show"),
}
#: Where they may stand, and why.
ALLOWED = {
    ("cli/console.py", "sys.stdout"): "handed to emit",
    ("cli/console.py", "sys.stderr"): "handed to emit",
    ("cli/console.py", "click.confirm"): "asks what was made one harmless line",
    ("cli/__init__.py", "sys.stdout"): "flushed at the end",
    ("cli/__init__.py", "sys.stderr"): "flushed at the end",
    ("cli/error_handler.py", "sys.stdout"): "flushed, or turned away from a reader that has left",
    ("reports/progress/live.py", "self._console.print"): "draws what was made harmless",
    ("emulator/server.py", "logging.getLogger"): "silences the server's",
    ("emulator/transport/app.py", "logging.getLogger"): "the command line silences it",
    ("reports/progress/otel.py", "logging.getLogger"): "collects what the SDK says",
}


def test_no_other_code_writes_to_a_terminal_or_a_log() -> None:
    root = Path(runner.__file__).parent
    found = set()
    for path in root.rglob("*.py"):
        name = path.relative_to(root).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_used = isinstance(getattr(node, "ctx", None), ast.Load)
            if is_used and ast.unparse(node) in WRITERS:
                found.add((name, ast.unparse(node)))
            if isinstance(node, ast.Attribute) and node.attr in {"write", "writelines", "print"}:
                target = ast.unparse(node.value)
                if target.rpartition(".")[2] in {"out", "err", "stdout", "stderr", "_console"}:
                    found.add((name, f"{target}.{node.attr}"))
    assert found == set(ALLOWED)

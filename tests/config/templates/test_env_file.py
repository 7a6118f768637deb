"""Env files: what they hold, and the lines that would be misread."""

import os
import threading
from pathlib import Path

import pytest

from runner.config.templates import env_file
from runner.config.templates.env_file import read_env_files
from runner.errors import UsageError


def test_an_env_file_is_read_without_expansion(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(
        b"\xef\xbb\xbf# a comment\n"
        b"PLAIN=a b\n"
        b"export EXPORTED=yes\n"
        b"DOLLAR=$HOME-$PLAIN\n"
        b"SINGLE='it is ${HOME} \\$x `y`'\n"
        b'DOUBLE="line\\nnext $PLAIN"\n'
        b"EMPTY=\n"
        b"BARE\n"
        b"HASH=a#b # comment\n"
        b"TEMPLATE=$<env.HOME>\n"
    )
    assert read_env_files([file]) == {
        "PLAIN": "a b",
        "EXPORTED": "yes",
        "DOLLAR": "$HOME-$PLAIN",
        "SINGLE": "it is ${HOME} \\$x `y`",
        "DOUBLE": "line\nnext $PLAIN",
        "EMPTY": "",
        "BARE": "",
        "HASH": "a#b",
        "TEMPLATE": "$<env.HOME>",
    }


def test_a_line_that_says_nothing_is_told_by_number_alone(tmp_path: Path) -> None:
    file = tmp_path / "my.env"
    file.write_text("A=1\nTOKEN='hunter2\n")
    with pytest.raises(UsageError) as caught:
        read_env_files([file])
    assert caught.value.message == f"{file}:2 is not KEY=VALUE."
    assert "hunter2" not in str(caught.value) + str(caught.value.hint)


def test_an_env_file_that_can_not_be_read_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"The env file .* can't be read: "):
        read_env_files([tmp_path / "missing.env"])
    with pytest.raises(UsageError, match=r"The env file .* can't be read: "):
        read_env_files([tmp_path])
    latin = tmp_path / "latin.env"
    latin.write_bytes(b"A=\xe9")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_env_files([latin])
    large = tmp_path / "large.env"
    large.write_bytes(b"A=" + b"x" * (1 << 20))
    with pytest.raises(UsageError, match="larger than 1 MiB"):
        read_env_files([large])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("A=1\n\nTOKEN=`hunter2`\n", ":3 quotes with backticks"),
        ("TOKEN = `hunter2`", ":1 quotes with backticks"),
        ("A=1\nB=2\nA=hunter2\n", ":3 sets A, which line 1 sets already"),
        ("A=1\nexport A=hunter2", ":2 sets A, which line 1 sets already"),
        ('A="hunter2\\$b"', r":1 holds \$, whose backslash"),
        ('A="\\\\ \\` hunter2"', r":1 holds \`, whose backslash"),
        ("A=https://${HOST}/hunter2", ":1 refers to another value"),
        ('A="hunter2\n$(date)"', ":1 refers to another value"),
        ("A='it'\\''s hunter2'", ":1 is not KEY=VALUE"),
        ("A=1\nB=x" + " " * 1000 + "hunter2", ":2 holds more than 1,000 spaces"),
    ],
)
def test_a_line_that_would_be_misread_is_an_error_at_its_line(
    text: str, problem: str, tmp_path: Path
) -> None:
    file = tmp_path / "my.env"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_env_files([file])
    assert f"{file}{problem}" in caught.value.message
    assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"


def test_backslashes_that_escape_something_are_fine(tmp_path: Path) -> None:
    file = tmp_path / "my.env"
    file.write_text('A="C:\\Users \\\\$x \\" \\t"\nB=a`b\\$\n')
    assert read_env_files([file]) == {"A": 'C:\\Users \\$x " \t', "B": "a`b\\$"}


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("A=1\n",))
    keeper = os.open(pipe, os.O_RDWR)
    writer.start()
    writer.join()
    os.set_blocking(keeper, False)
    closer = threading.Timer(0.05, os.close, [keeper])
    closer.start()
    assert read_env_files([pipe]) == {"A": "1"}
    closer.join()


def test_a_pipe_that_nothing_closes_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(env_file, "_SECONDS", 0.05)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UsageError, match="a pipe that does not end"):
        read_env_files([pipe])  # nobody has it open for writing
    keeper = os.open(pipe, os.O_RDWR)
    with pytest.raises(UsageError, match="a pipe that does not end"):
        read_env_files([pipe])
    os.close(keeper)


def test_a_device_is_not_waited_for() -> None:
    assert read_env_files([Path(os.devnull)]) == {}
    with pytest.raises(UsageError, match="is a device or socket"):
        read_env_files([Path("/dev/zero")])


def test_all_that_can_be_misread_is_told_at_once(tmp_path: Path) -> None:
    first, second = tmp_path / "a.env", tmp_path / "b.env"
    first.write_text("A=`x`\nB=1\nnot a line 'x\nB=2\nC=${B}\n")
    second.write_text('D="\\$x"\n')
    with pytest.raises(UsageError) as caught:
        read_env_files([first, second, tmp_path / "missing.env"])
    said = caught.value.message
    for part in (
        f"{first}:1 quotes with backticks",
        f"{first}:3 is not KEY=VALUE.",
        f"{first}:4 sets B, which line 2 sets already.",
        f"{first}:5 refers to another value",
        f"{second}:1 holds \\$",
        "missing.env can't be read",
    ):
        assert part in said
    assert str(caught.value.hint).count("single quotes") == 1


def test_of_very_many_lines_that_can_be_misread_some_are_told(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text("-----BEGIN 'hunter2\n" * 500)
    with pytest.raises(UsageError) as caught:
        read_env_files([file])
    assert "There are 480 more such lines." in caught.value.message
    assert "hunter2" not in caught.value.message

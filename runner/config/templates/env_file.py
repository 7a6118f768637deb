"""Read ``--env-file``: python-dotenv's dialect, without expansion.

What that dialect would quietly read differently from what the author of a line means is an error.
No error quotes a line, since it may hold a secret.
"""

import os
import re
import stat
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final

from runner.errors import UsageError, os_reason

if TYPE_CHECKING:
    from io import FileIO

_MAX_FILE: Final = 1 << 20
#: How long the other end of a pipe may take.
_SECONDS: Final = 30.0
#: The dotenv parser's time grows with the square of a run of spaces.
_SPACES: Final = re.compile(r"[^\S\r\n]{1000}")
_VALUE: Final = re.compile(r"[^=]*=[^\S\r\n]*(?P<quote>['\"`]?)(?P<rest>.*)", re.DOTALL)
_NOT_AN_ESCAPE: Final = re.compile(r"(?:[^\\]|\\.)*?(?P<found>\\[$`])", re.DOTALL)
_EXPANSION: Final = re.compile(r"\$[{(]")


def read_env_file(path: Path) -> dict[str, str]:
    """Return the variables of an env file.

    Raises:
        UsageError: It can't be read, or a line does not say clearly what it means.
    """
    import io  # noqa: PLC0415 - the whole of it only when a file is given

    from dotenv.parser import parse_stream  # noqa: PLC0415

    text = _text(path)
    if spaces := _SPACES.search(text):
        line = text.count("\n", 0, spaces.start()) + 1
        raise UsageError(f"{path}:{line} holds more than 1,000 spaces in a row.")
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    for binding in parse_stream(io.StringIO(text)):
        written = binding.original.string
        blank = len(written) - len(written.lstrip())
        line = binding.original.line + written.count("\n", 0, blank)
        where = f"{path}:{line}"
        if binding.error:
            hint = "Quote a value that holds quotes or spans lines."
            raise UsageError(f"{where} is not KEY=VALUE.", hint=hint)
        if binding.key is None:
            continue
        if binding.key in lines:
            raise UsageError(
                f"{where} sets {binding.key}, which line {lines[binding.key]} sets already.",
                hint="Keep one of them.",
            )
        _judge(written, where)
        lines[binding.key] = line
        values[binding.key] = binding.value or ""
    return values


def _judge(written: str, where: str) -> None:
    """Refuse a line that other readers of env files take differently."""
    found = _VALUE.match(written)
    if found is None or found["quote"] == "'":
        return
    problem = None
    if found["quote"] == "`":
        problem = "quotes with backticks, which would become part of the value"
    elif found["quote"] == '"' and (escape := _NOT_AN_ESCAPE.match(found["rest"])):
        problem = f"holds {escape['found']}, whose backslash would become part of the value"
    elif _EXPANSION.search(found["rest"]):
        problem = "refers to another value, and env files are read without expansion"
    if problem:
        hint = "Put the value in single quotes if it is meant literally."
        raise UsageError(f"{where} {problem}.", hint=hint)


def _text(path: Path) -> str:
    try:
        if path.samefile(os.devnull):
            return ""
        mode = path.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISDIR(mode)):
            raise UsageError(f"The env file {path} is a device or socket, not a file.")
        with open(path, "rb", buffering=0, opener=_open_at_once) as file:
            content = _read_pipe(file, path) if stat.S_ISFIFO(mode) else file.read(_MAX_FILE + 1)
        text = content.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise UsageError(f"The env file {path} is not UTF-8.") from None
        raise UsageError(
            f"The env file {path} can't be read: {os_reason(error)}.",
            hint="Name an existing file with --env-file.",
        ) from None
    if len(content) > _MAX_FILE:
        raise UsageError(f"The env file {path} is larger than 1 MiB.")
    return text


def _open_at_once(path: str, flags: int) -> int:
    # Else opening a pipe waits for someone to write to it.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _read_pipe(file: "FileIO", path: Path) -> bytes:
    from select import select  # noqa: PLC0415 - few pass a pipe

    content, until = b"", monotonic() + _SECONDS
    while len(content) <= _MAX_FILE:
        ready, _, _ = select([file], [], [], max(until - monotonic(), 0))
        if not ready:
            raise UsageError(f"The env file {path} is a pipe that does not end.")
        piece = file.read(_MAX_FILE + 1)
        if not piece:
            break
        content += piece
    return content

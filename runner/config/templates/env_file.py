"""Read ``--env-file``: python-dotenv's dialect, without expansion.

What that dialect would quietly read differently from what the author of a line means is an error.
No error quotes a line, since it may hold a secret.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final

from runner.errors import UsageError, os_reason

if TYPE_CHECKING:
    from io import FileIO

    from dotenv.parser import Binding

_MAX_FILE: Final = 1 << 20
#: How long the other end of a pipe may take.
_SECONDS: Final = 30.0
#: At most this many lines are reported.
_MAX_TOLD: Final = 20
#: The dotenv parser's time grows with the square of a run of spaces.
_SPACES: Final = re.compile(r"[^\S\r\n]{1000}")
_VALUE: Final = re.compile(r"[^=]*=[^\S\r\n]*(?P<quote>['\"`]?)(?P<rest>.*)", re.DOTALL)
_NOT_AN_ESCAPE: Final = re.compile(r"(?:[^\\]|\\.)*?(?P<found>\\[$`])", re.DOTALL)
_EXPANSION: Final = re.compile(r"\$[{(]")


def read_env_files(paths: Iterable[Path]) -> dict[str, str]:
    """Return the variables of all the env files; of a name the last one.

    Raises:
        UsageError: One can't be read, or has lines that do not say clearly what they mean.
    """
    values: dict[str, str] = {}
    problems: dict[str, str | None] = {}
    for path in paths:
        try:
            bindings = _bindings(path)
        except UsageError as error:
            problems[error.message] = error.hint
            continue
        values |= {each.key: each.value or "" for each in bindings if each.key is not None}
        problems |= _problems(path, bindings)
    if problems:
        told = list(problems)[:_MAX_TOLD]
        if left := len(problems) - len(told):
            told.append(f"There are {left:,} more such lines.")
        hints = dict.fromkeys(filter(None, problems.values()))
        raise UsageError(" ".join(told), hint=" ".join(hints) or None)
    return values


def _bindings(path: Path) -> "list[Binding]":
    import io  # noqa: PLC0415 - the whole of it only when a file is given

    from dotenv.parser import parse_stream  # noqa: PLC0415

    text = _text(path)
    if spaces := _SPACES.search(text):
        line = text.count("\n", 0, spaces.start()) + 1
        raise UsageError(f"{path}:{line} holds more than 1,000 spaces in a row.")
    return list(parse_stream(io.StringIO(text)))


def _problems(path: Path, bindings: "list[Binding]") -> Iterator[tuple[str, str]]:
    """Yield what is wrong, or can be misread, and what to do about it."""
    lines: dict[str, int] = {}
    for binding in bindings:
        written = binding.original.string
        blank = len(written) - len(written.lstrip())
        line = binding.original.line + written.count("\n", 0, blank)
        where = f"{path}:{line}"
        if binding.error:
            yield f"{where} is not KEY=VALUE.", "Quote a value that holds quotes or spans lines."
        if binding.key is None:
            continue
        if first := lines.get(binding.key):
            message = f"{where} sets {binding.key}, which line {first} sets already."
            yield message, "Keep one line of each key."
        if problem := _misreading(written):
            hint = "Put a value in single quotes if it is meant literally."
            yield f"{where} {problem}.", hint
        lines[binding.key] = line


def _misreading(written: str) -> str | None:
    """Say what other readers of env files take differently in a line."""
    found = _VALUE.match(written)
    if found is None or found["quote"] == "'":
        return None
    if found["quote"] == "`":
        return "quotes with backticks, which would become part of the value"
    if found["quote"] == '"' and (escape := _NOT_AN_ESCAPE.match(found["rest"])):
        return f"holds {escape['found']}, whose backslash would become part of the value"
    if _EXPANSION.search(found["rest"]):
        return "refers to another value, and env files are read without expansion"
    return None


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
        hint = "Name an existing file with --env-file."
        raise UsageError(
            f"The env file {path} can't be read: {os_reason(error)}.", hint=hint
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

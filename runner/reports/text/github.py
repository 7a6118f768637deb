"""Annotations in the log of GitHub Actions, and the files that a step may write to.

The forms are GitHub's: https://docs.github.com/actions/reference/workflow-commands.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from runner.reports.text.sanitize import NAME_LIMIT, lines, one_line
from runner.source import Span


def annotation(
    level: str,
    message: str,
    *,
    title: str | None = None,
    span: Span | None = None,
    repository: Path | None = None,
) -> str:
    """A workflow command, with its line break, that shows ``message`` beside the line of ``span``.

    ``level`` is ``error``, ``warning`` or ``notice``; the message may have several lines. The file
    is named from the root of ``repository`` if it is inside, else as its source is.
    """
    properties: dict[str, object] = {}
    if span is not None:
        end_line, end_column = span.last
        properties["file"] = one_line(relative_to_repository(span.source.name, repository))
        properties["line"] = span.line
        if end_line == span.line:
            properties["col"] = span.column
            properties["endColumn"] = max(end_column, span.column + 1)
        else:
            properties["endLine"] = end_line
    if title is not None:
        properties["title"] = one_line(title, NAME_LIMIT)
    listed = ",".join(f"{name}={_escape(str(value))}" for name, value in properties.items())
    data = "\n".join(lines(message, 2_000))
    return f"::{level}{' ' if listed else ''}{listed}::{_escape_data(data)}\n"


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")


def repository_of(environ: Mapping[str, str]) -> Path | None:
    """The root of the repository that a step works in."""
    workspace = environ.get("GITHUB_WORKSPACE")
    return Path(workspace) if workspace else None


def relative_to_repository(name: str, repository: Path | None) -> str:
    """The path of a file from the root of the repository; as it is named outside of it."""
    if repository is None:
        return name
    path = os.path.relpath(Path(name).absolute(), repository)
    return name if path.startswith("..") else Path(path).as_posix()


def append(environ: Mapping[str, str], variable: str, text: str) -> None:
    """Append ``text`` to the file that ``variable`` names, if it names one.

    Raises:
        OSError: The file can't be written.
    """
    if path := environ.get(variable):
        with Path(path).open("ab") as file:
            file.write(text.encode(errors="backslashreplace"))


def output(name: str, value: str) -> str:
    """An output of the step, as ``$GITHUB_OUTPUT`` takes it."""
    end = "end-of-output"
    while end in value:
        end += "-"
    return f"{name}<<{end}\n{value}\n{end}\n"

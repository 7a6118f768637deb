"""Files that steps of GitHub Actions may write to: outputs and the summary."""

from collections.abc import Mapping
from pathlib import Path


def append(environ: Mapping[str, str], variable: str, text: str) -> None:
    """Append ``text`` to the file that ``variable`` names, if it names one.

    Raises:
        OSError: The file can't be written.
    """
    if path := environ.get(variable):
        with Path(path).open("a", encoding="utf-8", newline="\n") as file:
            file.write(text)


def output(name: str, value: str) -> str:
    """An output of the step, as ``$GITHUB_OUTPUT`` takes it."""
    end = "end-of-output"
    while end in value:
        end += "-"
    return f"{name}<<{end}\n{value}\n{end}\n"

"""The cases of the importer: a file below ``tests/cases/import``, and beside it what comes of it.

``NAME.expected`` holds what ``runner import`` prints: the file, then the notes on standard error
that are not in it as comments; or the error. A file ``NAME.command`` holds a command line.
"""

from pathlib import Path

from runner.errors import UsageError
from runner.importer.find import Imported, import_command, import_file
from runner.importer.write import file_text

ROOT = Path(__file__).parent.parent / "cases" / "import"
CASES = sorted(path for path in ROOT.rglob("*") if path.is_file() and path.suffix != ".expected")


def name_of(case: Path) -> str:
    return str(case.relative_to(ROOT))


def imported(case: Path) -> Imported:
    text = case.read_text(encoding="utf-8")
    return import_command(text) if case.suffix == ".command" else import_file(case.name, text)


def outcome(case: Path) -> str:
    """What ``runner import`` says of a case."""
    try:
        found = imported(case)
    except UsageError as error:
        return f"Error: {error.message}\n  {error.hint}\n"
    return file_text(found.profiles) + "".join(f"! {note}\n" for note in found.notes)

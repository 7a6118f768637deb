"""``runner init``, ``fmt`` and ``schema``: write the file, tidy it up, and describe it."""

from pathlib import Path

from runner.cli.options.common import Common
from runner.cli.services.configuration import file_of
from runner.config.document.load import load
from runner.config.document.starter import SCHEMA_NAME, STARTER
from runner.config.files.discover import NAMES
from runner.config.files.files import FolderFiles
from runner.config.formatting.formatter import difference, format_text
from runner.diagnostics import Diagnostics
from runner.errors import ConfigurationError, UsageError, os_reason
from runner.models.contract.rules import schema_text

EXIT_UNFORMATTED = 1


def init(common: Common) -> None:
    """Write a starter file, and the schema beside it."""
    path = Path(common.file or NAMES[0])
    for existing in [path] if common.file else map(Path, NAMES):
        if _is_taken(existing):
            raise UsageError(
                f"{existing} already exists, so nothing was written.",
                hint="Check it with `runner validate`, or write another with --file.",
            )
    texts = {path: STARTER}
    schema = path.with_name(SCHEMA_NAME)
    if not _is_taken(schema):
        texts[schema] = schema_text(SCHEMA_NAME)
    for file, text in texts.items():
        try:
            with file.open("x", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
        except (OSError, ValueError) as error:
            raise UsageError(f"{file} can't be written: {os_reason(error)}.") from error
    if common.verbosity >= 0:
        written = " and ".join(map(str, texts))
        common.console.say(f"Wrote {written}. Next: `runner validate`, then `runner plan`.")


def _is_taken(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def fmt(common: Common, paths: tuple[str, ...], check: bool, diff: bool) -> int:
    """Format files and their includes; returns the exit code."""
    if paths and common.file:
        raise UsageError(
            "Files are given both as arguments and with --file.", hint="Leave out --file."
        )
    console, diagnostics = common.console, Diagnostics()
    changed = {}
    for path in map(Path, dict.fromkeys(paths)) if paths else [file_of(common)]:
        files, inside = FolderFiles.around(path, Path.cwd())
        for document in load(inside, files, diagnostics) or ():
            source = document.root.source
            before, name = source.text, source.name
            after = format_text(source, diagnostics)
            if after is not None and after != before:
                changed[name] = (files, document.path, before, after)
    if diagnostics.errors:
        raise ConfigurationError(diagnostics)
    for name, (files, place, before, after) in changed.items():
        if diff:
            console.write(difference(name, before, after))
        elif check:
            console.say(f"{name} is not formatted.")
        else:
            files.write(place, after.encode())
            console.say(f"{name} formatted.")
    if not changed and common.verbosity >= 0 and not diff:
        console.say("Everything is formatted.")
    return EXIT_UNFORMATTED if check and changed else 0


def schema(common: Common) -> None:
    """Print the JSON Schema."""
    common.console.write(schema_text(SCHEMA_NAME))

"""``runner fmt``."""

from pathlib import Path

from runner.cli.options.common import Common
from runner.cli.services.configuration import file_of
from runner.config.document.load import load
from runner.config.files.files import FolderFiles
from runner.config.formatting.formatter import difference, format_text
from runner.diagnostics import Diagnostics
from runner.errors import ConfigurationError, UsageError

EXIT_UNFORMATTED = 1


def fmt(common: Common, *, paths: tuple[str, ...], check: bool, diff: bool) -> int:
    """Format files and their includes; returns the exit code.

    Raises:
        UsageError: A file is named twice, or is not there.
        ConfigurationError: One is not YAML.
    """
    if paths and common.file:
        raise UsageError("Files are named twice.", hint="Leave out --file.")
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

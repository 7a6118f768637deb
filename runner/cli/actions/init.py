"""``runner init``."""

from pathlib import Path

from runner.cli.options.common import Common
from runner.config.document.starter import SCHEMA_NAME, STARTER
from runner.config.files.discover import NAMES
from runner.errors import UsageError, os_reason
from runner.models.contract.rules import schema_text


def init(common: Common) -> None:
    """Write a starter file, and the schema beside it.

    Raises:
        UsageError: A file is there already, or can't be written.
    """
    path = Path(common.file or NAMES[0])
    for existing in [path] if common.file else map(Path, NAMES):
        if _is_taken(existing):
            raise UsageError(
                f"{existing} is there already, and nothing was written.",
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

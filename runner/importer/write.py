"""Imported profiles → the text of a file, with the notes as comments."""

import json
import re
from collections.abc import Iterable, Iterator
from textwrap import wrap

from runner.config.yaml.core_schema import resolve
from runner.config.yaml.dump import AMBIGUOUS
from runner.importer.translate import ImportedProfile

_WIDTH = 96
_PLAIN = re.compile(r"[A-Za-z0-9_$./<](?:[A-Za-z0-9_$./<>@+=!' -]*[A-Za-z0-9_$./<>@+=!'-])?")
#: Outside of brackets a colon does no harm, unless a blank follows.
_PLAIN_IN_BLOCK = re.compile(r"[A-Za-z0-9_$./<](?:[A-Za-z0-9_$./<>@+=!'?&%,-]|:(?=\S)| (?=[^#]))*")
_RAW_BREAKS = str.maketrans({"\x7f": "\\x7F", "\x85": "\\N", "\u2028": "\\L", "\u2029": "\\P"})


def file_text(profiles: Iterable[ImportedProfile]) -> str:
    """A whole configuration file of ``profiles``."""
    lines = ["version: 1", "", "profiles:"]
    for index, profile in enumerate(profiles):
        if index:
            lines.append("")
        comments = [f"From {profile.origin}."] if profile.origin else []
        for comment in [*comments, *profile.notes]:
            text = "".join(c if c.isprintable() else " " for c in " ".join(comment.split()))
            lines += [
                f"  # {line}"
                for line in wrap(text, _WIDTH - 4, break_long_words=False, break_on_hyphens=False)
            ]
        lines += _mapping({profile.name: profile.values}, "  ")
    return "\n".join(lines) + "\n"


def _mapping(values: dict[str, object], margin: str) -> Iterator[str]:
    for key, value in values.items():
        name = f"{margin}{_scalar(key, in_block=False)}:"
        if isinstance(value, dict) and not _is_small(value):
            yield name
            yield from _mapping(value, margin + "  ")
        else:
            yield f"{name} {_flow(value, in_block=True)}"


def _is_small(value: dict[str, object]) -> bool:
    """Whether it reads better on one line: a secret, a retry strategy."""
    return "secret" in value or "type" in value


def _flow(value: object, *, in_block: bool) -> str:
    if isinstance(value, dict):
        pairs = (
            f"{_flow(k, in_block=False)}: {_flow(v, in_block=False)}" for k, v in value.items()
        )
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item, in_block=False) for item in value) + "]"
    if isinstance(value, str):
        return _scalar(value, in_block=in_block)
    return json.dumps(value)


def _scalar(text: str, *, in_block: bool) -> str:
    """``text`` as a YAML string, without quotes if that is the same."""
    plain = _PLAIN_IN_BLOCK if in_block else _PLAIN
    is_text = isinstance(resolve(text), str) and not AMBIGUOUS.fullmatch(text)
    if is_text and plain.fullmatch(text):
        return text
    return json.dumps(text, ensure_ascii=False).translate(_RAW_BREAKS)

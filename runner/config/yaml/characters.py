"""Check a text for characters that an editor does not show as what they are."""

import re
from collections.abc import Iterator
from itertools import islice

from runner.diagnostics import Diagnostic, Severity
from runner.source import Source, Span

#: Controls that make text look different from what it is, as in "Trojan Source"; one a line.
_BIDIRECTIONAL = re.compile("([\u202a-\u202e\u2066-\u2069])[^\n]*")
_LONE_RETURN = re.compile("\r(?!\n)")
#: At most this many lines are reported.
_MANY = 20
#: Line breaks of older YAML and Unicode that an editor may not show as such.
_BREAKS = {
    "\x85": ("U+0085 (next line)", "\\N"),
    "\u2028": ("U+2028 (line separator)", "\\L"),
    "\u2029": ("U+2029 (paragraph separator)", "\\P"),
}


def check_characters(source: Source) -> Iterator[Diagnostic]:
    """Refuse line breaks that an editor does not show, and warn of invisible controls.

    YAML 1.1 and 1.2 read such line breaks differently, and a reviewer can't see them.
    """
    text = source.text
    for character, (name, escape) in _BREAKS.items():
        if (at := text.find(character)) >= 0:
            message = f"{name} is a line break to some programs and invisible in others"
            hint = f'Remove it, or write it as {escape} inside "double quotes".'
            yield Diagnostic("line-separator", message, Span(source, at, at + 1), hint=hint)
    if "\r" in text and (found := _LONE_RETURN.search(text)):
        message = "A carriage return without a line feed is not a line break"
        hint = "Save the file with Unix or Windows line endings."
        yield Diagnostic("line-separator", message, Span(source, *found.span()), hint=hint)
    if not text.isascii():
        for found in islice(_BIDIRECTIONAL.finditer(text), _MANY):
            point = f"{ord(found[1]):04X}"
            message = f"U+{point} makes this line look different from what it says"
            hint = f'Remove it, or write it as \\u{point} inside "double quotes".'
            span = Span(source, *found.span(1))
            yield Diagnostic("bidirectional-control", message, span, Severity.WARNING, hint)

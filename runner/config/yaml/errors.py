"""Explain why a text is not YAML."""

import re
from typing import Any

from runner.config.yaml.core_schema import QUOTE_HINT
from runner.diagnostics import Diagnostic
from runner.secrets import key_looks_secret
from runner.source import Source, Span

# What YAML 1.2, production 1 (c-printable), leaves out.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_TAG = re.compile(r"![^\s,\[\]{}]{0,80}")

_BRACES_HINT = "Put the whole value with its `{{…}}` in quotes."

#: A value may be marked as secret within this many lines.
_NEAR = 3
#: How many characters of a line are searched: far more than are ever shown.
_LONG = 2_000
_SECRET_MARK = re.compile(r"""\bsecret["']?\s*:\s*true""")
_PAIR = re.compile(r"""(?<![\w-])(?P<key>[\w-]+)["']?\s*:\s*(?P<value>[^\s{][^\n,}]*)""")

#: A line that begins like a pair, and one that would but for its colon.
_PAIR_LINE = re.compile(r"(?P<indent> *)[\w.-]{1,100}:(?:\s|$)")
_BARE_KEY = re.compile(r"(?P<indent> *)(?P<key>[A-Za-z][\w.-]{0,100})(?: [^:\n]{0,500})?\r?")


_TABS = ("found character '\\t'", "found a tab character")
_COLUMN = "Start items that belong together in the same column."
_COMMA = (
    "A `,` or the closing bracket is missing",
    "Separate items with commas inside […] and {…}, and close each bracket.",
)
_CONTENT = ("A value is missing here", "Add a value, or close the open bracket or quote.")
#: Beginning of a parser's message → our message and a hint. The first match is taken.
_WORDINGS = {
    "mapping values are not allowed": (
        "A `key: value` pair is not possible here",
        "Quote a value that holds `: `, or check the indentation.",
    ),
    "found unexpected end of stream": ("The file ends in the middle of this", "Close the quote."),
    "could not find expected ':'": (
        "A `:` is missing after this key",
        "Write `key: value`, and quote text that spans lines.",
    ),
    "did not find expected ',' or": _COMMA,
    "expected ',' or": _COMMA,
    "expected <block end>": ("This does not fit what is above it", _COLUMN),
    "did not find expected key": ("This does not fit what is above it", _COLUMN),
    "did not find expected '-' indicator": ("This does not fit the list above it", _COLUMN),
    "expected the node content": _CONTENT,
    "did not find expected node content": _CONTENT,
    "found character": ("A value can't begin with this character", "Put the value in quotes."),
    "found unknown escape character": (
        "There is no such `\\` escape",
        "Write `\\\\` for a backslash, or use single quotes.",
    ),
}


def syntax_error(source: Source, error: Exception) -> Diagnostic:
    """Return the diagnostic for an error that a parser raised about ``source``."""
    if found := _UNPRINTABLE.search(source.text):
        point = ord(found[0])
        name = "NUL" if point == 0 else f"U+{point:04X}"
        message = f"YAML does not allow the character {name}"
        hint = 'Remove it, or write it as an escape (\\x1B) inside "double quotes".'
        return Diagnostic("control-character", message, Span(source, *found.span()), hint=hint)
    problem: str = getattr(error, "problem", None) or "this is not YAML"
    start = _offset(source, getattr(error, "problem_mark", None))
    began = _offset(source, getattr(error, "context_mark", None), start)
    is_tag = "scanning a tag" in (getattr(error, "context", None) or "")
    if is_tag and (tag := _TAG.match(source.text, began)):
        message = f"`{tag[0]}` is a YAML tag, which has no meaning here"
        hint = f'Put text that begins with `!` in quotes: `"{tag[0]}"`.'
        return Diagnostic("custom-tag", message, Span(source, *tag.span()), hint=hint)
    if "unexpected end of stream" in problem:
        start = began
    if problem.startswith(("mapping values are not", "could not find expected ':'")) and (
        key := _key_without_colon(source, start)
    ):
        message = "A `:` is missing after this key"
        return Diagnostic("yaml-syntax", message, key, hint="Write `key: value`.")
    known = (words for beginning, words in _WORDINGS.items() if problem.startswith(beginning))
    message, advice = next(known, (f"YAML can't be read here: {problem}", None))
    code = "yaml-syntax"
    if problem.startswith(_TABS):
        code, message, advice = "tab", "A tab can't indent or begin a value in YAML", "Use spaces."
    line_start = source.text.rfind("\n", 0, start) + 1
    if _is_open(source.text[line_start:start]):
        advice = QUOTE_HINT
    elif source.text.startswith("{{", start):
        advice = _BRACES_HINT
    return Diagnostic(code, message, Span(source, start, start), hint=advice)


def hide_secrets(source: Source, offset: int) -> None:
    """Hide what looks like a secret in the line at ``offset``.

    Nothing else marks what is secret in a file that can't be parsed.
    """
    line, column = source.line_and_column(offset)
    last = source.line_and_column(len(source.text))[0]
    near = range(max(line - _NEAR, 1), min(line + _NEAR, last) + 1)
    is_secret = any(_SECRET_MARK.search(source.line_text(number)[:_LONG]) for number in near)
    before = min(column - 1, _LONG)
    shown = source.line_text(line)[column - 1 - before : column + _LONG]
    for found in _PAIR.finditer(shown):
        key = found["key"]
        if (is_secret and key == "value") or (key != "secret" and key_looks_secret(key)):
            start = offset - before
            source.hide(start + found.start("value"), start + found.end("value"))


def _key_without_colon(source: Source, offset: int) -> Span | None:
    """Return the key above the line at ``offset`` if it lacks its colon, so that both run on."""
    end = source.text.rfind("\n", 0, offset)
    start = source.text.rfind("\n", 0, max(end, 0)) + 1
    above = _BARE_KEY.fullmatch(source.text, start, max(end, start))
    here = _PAIR_LINE.match(source.text, end + 1)
    if not above or not here:
        return None
    deeper = len(here["indent"]) - len(above["indent"])
    if deeper and (deeper < 0 or above.end("key") < end):
        return None
    return Span(source, above.start("key"), above.end("key"))


def _is_open(text: str) -> bool:
    """Return whether the last ``$<`` in ``text`` has no ``>`` after it."""
    opening = text.rfind("$<")
    return opening >= 0 and ">" not in text[opening:]


def _offset(source: Source, mark: Any, fallback: int = 0) -> int:
    return fallback if mark is None else min(mark.index, len(source.text))

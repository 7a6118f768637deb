"""Keeps secrets out of everything the program writes.

`Secret` carries a value to the wire without ever showing it, and `Redactor` takes values out of
text in whatever way they are encoded there.
"""

import base64
import html
import json
import re
import shlex
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NoReturn

#: Shorter values are too likely to be part of other words; they are masked by their field only.
MIN_LENGTH = 6

# How many secrets for each character of a text make it better to go through the text.
_MANY = 2
_MARK = re.compile(r"\(secret #[0-9]+\)")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_SECRET_KEY = re.compile(
    r"(token|passwor[dt]|passwd|passphrase|secret|credentials?|(api|access|private|secret)_?key)\Z",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def key_looks_secret(key: str) -> bool:
    """Whether a variable's name says that its value is secret: ``API_TOKEN``, ``dbPassword``."""
    return _SECRET_KEY.search(key) is not None


def is_maskable(value: str) -> bool:
    """Whether a value is long enough to be taken out of free text.

    If it is not, it is masked where its field is shown, and the user should be warned.
    """
    return len(value) >= MIN_LENGTH


class Secret:
    """A value that does not show itself: not as text, in a traceback, a pickle or a log line."""

    __slots__ = ("_value",)

    def __init__(self, value: str | None) -> None:
        self._value = value

    def reveal(self) -> str | None:
        """The value itself, for the wire and nothing else; ``None`` stands for null."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __repr__(self) -> str:
        return "Secret(…)"

    def __str__(self) -> str:
        return "(secret)"

    def __format__(self, _: str) -> str:
        return "(secret)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret can't be pickled or copied out of the process")


class Redactor:
    """Takes secrets out of text, in every encoding it could have been put in.

    A value is replaced by a mark such as ``(secret #1)`` that is the same wherever the same
    value stood, so that two places can still be seen to be equal.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._pending: list[str] = []
        self._forms: dict[str, int] = {}
        self._by_start: dict[str, list[tuple[str, int]]] = {}

    def add(self, value: str, feeds: Iterable[str] = ()) -> str:
        """Learn a secret.

        Args:
            value: As it is sent.
            feeds: The values it was made of, which are secret as well.

        Returns:
            The mark that stands for ``value``.
        """
        mark = self.mark(value)
        for feed in feeds:
            self.mark(feed)
        return mark

    def mark(self, value: str) -> str:
        """The mark that stands for a secret; it is learned if it is new."""
        if value not in self._numbers:
            self._numbers[value] = len(self._numbers) + 1
            self._pending.append(value)
        return f"(secret #{self._numbers[value]})"

    def mask(self, text: str) -> str:
        """``text`` with every known secret replaced by its mark.

        Cut text before showing it only after it was masked: half a secret is not recognised.
        """
        self._learn()
        spans = sorted({*self._spans(text), *self._encoded_spans(text)})
        if not spans:
            return text
        marks = [mark.span() for mark in _MARK.finditer(text)]
        pieces, position = [], 0
        for start, end, number in _merged(spans):
            if any(opened <= start and end <= closed for opened, closed in marks):
                continue  # the word "secret" in a mark, where that is a secret's value
            pieces += [text[position:start], f"(secret #{number})"]
            position = end
        return "".join(pieces) + text[position:]

    def mask_data(self, data: Any) -> Any:
        """A copy of JSON-like ``data`` with every text and key in it masked."""
        if isinstance(data, str):
            return self.mask(data)
        if isinstance(data, Mapping):
            return {self.mask_data(key): self.mask_data(value) for key, value in data.items()}
        if isinstance(data, list | tuple):
            return [self.mask_data(item) for item in data]
        return data

    def _learn(self) -> None:
        for value in self._pending:
            for form in _forms(value):
                if form not in self._forms:
                    number = self._forms[form] = self._numbers[value]
                    self._by_start.setdefault(form[:MIN_LENGTH], []).append((form, number))
        self._pending.clear()

    def _spans(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Where a secret stands, and its number."""
        if len(self._forms) > _MANY * len(text):
            # A short text and many secrets: look at the text's places, not at the secrets.
            for start in range(len(text) - MIN_LENGTH + 1):
                for form, number in self._by_start.get(text[start : start + MIN_LENGTH], ()):
                    if text.startswith(form, start):
                        yield start, start + len(form), number
            return
        for form, number in self._forms.items():
            position = text.find(form)
            while position >= 0:
                yield position, position + len(form), number
                position = text.find(form, position + 1)

    def _encoded_spans(self, text: str) -> Iterator[tuple[int, int, int]]:
        """The same for what is percent-encoded, of which every program encodes another part."""
        if self._forms and "%" in text:
            for decoded in (_PercentDecoded(text), _PercentDecoded(text, plus=True)):
                for start, end, number in self._spans(decoded.text):
                    yield decoded.origin(start), decoded.origin(end), number

    def __repr__(self) -> str:
        return f"Redactor({len(self._numbers)} secrets)"


class _PercentDecoded:
    """A text without its percent-encoding, and where each part of it came from.

    Invalid UTF-8 becomes surrogates, so that a byte more or less beside a secret hides nothing.
    """

    def __init__(self, text: str, *, plus: bool = False) -> None:
        whole = text.replace("+", " ") if plus else text
        pieces, starts, origins, position, length = [], [0], [0], 0, 0
        for run in _PERCENT.finditer(whole):
            decoded = bytes.fromhex(run[0].replace("%", "")).decode(errors="surrogateescape")
            pieces += [whole[position : run.start()], decoded]
            length += run.start() - position
            position = run.start()
            for character in decoded:
                starts.append(length)
                origins.append(position)
                length += 1
                position += 3 * len(character.encode(errors="surrogateescape"))
            starts.append(length)
            origins.append(position)
        self.text = "".join([*pieces, whole[position:]])
        self._starts = starts
        self._origins = origins

    def origin(self, offset: int) -> int:
        """Where in the encoded text something stood."""
        part = bisect_right(self._starts, offset) - 1
        return self._origins[part] + offset - self._starts[part]


def _merged(spans: list[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    """Sorted spans with those that overlap made one, so that no rest of a secret stays."""
    start, end, number, longest = -1, -1, 0, 0
    for first, last, each in spans:
        if first >= end:
            if end >= 0:
                yield start, end, number
            start, end, number, longest = first, last, each, last - first
            continue
        if last - first > longest:
            number, longest = each, last - first
        end = max(end, last)
    if end >= 0:
        yield start, end, number


def _forms(value: str) -> set[str]:
    """All the texts that would give a secret away."""
    units = {value, value.strip()}
    for line in value.splitlines():
        units |= {line, line.strip()}
    forms: set[str] = set()
    for unit in filter(is_maskable, units):
        for written in {*_escaped(unit), *_base64(unit)}:
            forms |= {written, *_json(written)}
    return set(filter(is_maskable, forms))


def _escaped(text: str) -> Iterator[str]:
    yield text
    # As in a form; where there is more to encode than spaces, it is decoded with the rest.
    yield text.replace(" ", "+")
    for double, single in (
        ("&quot;", "&#x27;"),
        ("&#34;", "&#39;"),
        ("&quot;", "&#39;"),
        ("&quot;", "&apos;"),
        ("&quot;", "'"),
        ('"', "'"),
    ):
        plain = html.escape(text, quote=False)
        yield plain.replace('"', double).replace("'", single)
    quoted = shlex.quote(text)
    yield quoted.removeprefix("'").removesuffix("'")
    yield text.replace("'", "'\\''")
    yield re.sub(r'(["$`\\])', r"\\\1", text)
    yield re.sub(r"([^\w@%+=:,./-])", r"\\\1", text)
    yield repr(text)[1:-1]


def _json(text: str) -> Iterator[str]:
    for ascii_only in (True, False):
        once = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield once
        yield once.replace("/", "\\/")
        yield json.dumps(once, ensure_ascii=ascii_only)[1:-1]


def _base64(text: str) -> Iterator[str]:
    """The part of a base64 text that is the same whatever stands around the secret."""
    for encoded in {text.encode(errors="surrogateescape"), text.encode("utf-16-le", "replace")}:
        for shift in range(3):
            whole = base64.b64encode(bytes(shift) + encoded).decode()
            first = (0, 2, 3)[shift]
            last = (shift + len(encoded)) * 8 // 6
            core = whole[first:last]
            yield core
            yield core.replace("+", "-").replace("/", "_")

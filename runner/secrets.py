"""Keep secrets out of everything the program writes.

:meth:`Redactor.mask` takes secrets out of the program's own texts; :meth:`Redactor.screen` judges
texts from outside, which are withheld if a secret can be decoded from them.
"""

import json
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from runner.encodings import (
    bare,
    bare_forms,
    digit_forms,
    digits,
    readings,
    written_forms,
)

#: Shorter values are too likely to be part of other words; they are masked by their field only.
MIN_LENGTH = 6
#: Stands for a text from outside that gives a secret away.
WITHHELD = "(not shown: it held a secret)"

_MARK = re.compile(r"(\(secret #[0-9]+\))")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_SECRET_KEY = re.compile(
    r"(token|passwor[dt]|passwd|passphrase|secret|credentials?|(api|access|private|secret)_?key)\Z",
    re.IGNORECASE,
)
# Of names in capitals.
_CREDENTIAL = re.compile(
    r"(CHECKLY|GITHUB|GH|ACTIONS|CI|GITLAB|CIRCLE|BUILDKITE|JENKINS|SYSTEM|VSS|BITBUCKET|AWS|GOOGLE"
    r"|GCLOUD|CLOUDSDK|AZURE|ARM)_(?!SESSIONS_VAR_).*"
    r"(TOKEN|SECRET|PASSWORD|KEY|JWT|(?<![A-Z])SAS(?![A-Z])|CONNECTION_STRING|WEBHOOK)"
)
_ADDRESS_OF_CREDENTIAL = r"(?<!WEBHOOK)_(URL|URI|FILE|PATH|DIR)\Z"
_HEADERS = r"OTEL_EXPORTER_OTLP_(\w+_)?HEADERS\Z"
_QUERY = r"[?%](?:(?<=\?)|3[Ff])[^\s\"'<>]+"
_SIGNATURE = (
    r"(?i:signature|token|secret|passw(?:or)?d|credential|api[_-]?key|jwt"
    r"|(?<![a-z])(?:sig|hmac|sas|auth))=([^&;#\s\"'<>\\]*)"
)
_SIGNED = r"[?&][\w.-]{0,40}" + _SIGNATURE
#: Fields of the API that hold signed addresses, which are followed and never shown.
_ADDRESS_FIELDS = frozenset({"jobAssets", "pcapDataUrl"}) | {
    f"playwrightTest{kind}" for kind in ("Traces", "Videos", "JsonReportFile")
}
#: From here on one look at all is cheaper than a look at each.
_LONG_LIST = 256
#: A shorter value may be a word.
_SIGNATURE_LENGTH = 16


@lru_cache(maxsize=4096)
def key_looks_secret(key: str) -> bool:
    """Return whether a variable's name suggests a secret: ``API_TOKEN``, ``dbPassword``."""
    return _SECRET_KEY.search(key) is not None


def is_maskable(value: str) -> bool:
    """Return whether a value is long enough to be found in free text; others need a warning."""
    return len(value) >= MIN_LENGTH


def credentials_in(environ: Mapping[str, str]) -> Iterator[str]:
    """The credentials of the runner, of CI systems and of clouds, and passwords in addresses."""
    for name, value in environ.items():
        upper = name.upper()
        if _CREDENTIAL.match(upper) and not re.search(_ADDRESS_OF_CREDENTIAL, upper):
            yield value
        if name.startswith("OTEL_") and re.match(_HEADERS, name):
            for header in map(unquote, value.split(",")):
                yield header.partition("=")[2].strip()
                yield header.rpartition(" ")[2]  # the token alone, behind its scheme
        if "://" in value and "@" in value:
            try:
                yield urlsplit(value).password or ""
            except ValueError:
                continue


class Redactor:
    """Takes secrets out of text, in every encoding it could have been put in.

    A value is replaced by a mark such as ``(secret #1)`` that is the same wherever the same
    value stood, so that two places can still be seen to be equal.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Learn ``secrets``."""
        self._numbers: dict[str, int] = {}
        self._known: set[str] = set()
        self._pending: list[str] = []
        self._written = _Forms()
        self._bare = _Forms()
        self._digits = {encoding: _Forms() for encoding in digits("")}
        for secret in secrets:
            self.learn(secret)

    def learn(self, value: str) -> None:
        """Add ``value``, which gets its mark when it first appears."""
        if is_maskable(value):
            self._pending.append(value)

    def mark(self, value: str) -> str:
        """The mark of a secret, which is learned if it is new."""
        if value not in self._numbers:
            self._numbers[value] = len(self._numbers) + 1
            self._pending.append(value)
        return f"(secret #{self._numbers[value]})"

    def mask(self, text: str) -> str:
        """``text`` with every known secret replaced by its mark.

        Cut text before showing it only after it was masked: half a secret is not recognised.
        """
        self._learn()
        if not self._written:
            return text
        # The word "secret" in a mark is left alone if that is a secret's value.
        parts = _MARK.split(text)
        parts[::2] = map(self._masked, parts[::2])
        return "".join(parts)

    def screen(self, text: str) -> str:
        """A text from outside, masked, or withheld.

        It is also looked at without its encodings, its white space and its quotes, and in one
        case. Whatever of a secret shows there could be read by others as well. Addresses lose
        a query that is signed, and its signature is a secret from then on.
        """
        masked = self.mask(re.sub(_QUERY, self._unsigned, text))
        return WITHHELD if self._shows(_MARK.sub(" ", masked)) else masked

    def _shows(self, text: str) -> bool:
        return any(
            re.search(_SIGNED, reading) or (self._written and self._is_in(reading))
            for reading in readings(text)
        )

    def _is_in(self, text: str) -> bool:
        return self._bare.are_in(bare(text)) or any(
            self._digits[encoding].are_in(found) for encoding, found in digits(text).items()
        )

    def _unsigned(self, query: re.Match[str]) -> str:
        signatures = re.findall(_SIGNATURE, unquote(unquote(query[0])))
        for signature in signatures:
            if len(signature) >= _SIGNATURE_LENGTH and signature.isascii():
                self.learn(signature)
        return "?(not shown)" if signatures else query[0]

    def _learn(self) -> None:
        for value in self._pending:
            if value in self._known:
                continue
            self._known.add(value)
            for unit in filter(is_maskable, _units(value)):
                for form in written_forms(unit):
                    self._written.add(form, value)
                for form in bare_forms(unit):
                    self._bare.add(form, value)
                for encoding, form in digit_forms(unit):
                    self._digits[encoding].add(form, value)
        self._pending.clear()

    def _masked(self, text: str) -> str:
        spans = sorted({*self._written.spans(text), *self._encoded_spans(text)})
        pieces, position = [], 0
        for start, end, value in _merged(spans):
            pieces += [text[position:start], self.mark(value)]
            position = end
        return "".join(pieces) + text[position:]

    def _encoded_spans(self, text: str) -> Iterator[tuple[int, int, str]]:
        """The spans of percent-encoded secrets; every program encodes different characters."""
        if "%" in text:
            for encoded in {text, text.replace("+", " ")}:
                decoded, origins = _percent_decoded(encoded)
                for start, end, value in self._written.spans(decoded):
                    yield origins[start], origins[end], value

    def __repr__(self) -> str:
        return f"Redactor({len(self._known) + len(self._pending)} secrets)"


def screened_json(body: bytes, screen: Callable[[str], str]) -> bytes:
    """A document in JSON with each of its texts screened, by :meth:`Redactor.screen`.

    Signed addresses stay in the fields that are there for them.
    """
    text = body.decode(errors="replace")
    if screen(text) == text:
        return body
    try:
        document = _screened(json.loads(text), screen)
    except (ValueError, RecursionError):
        document = WITHHELD
    return json.dumps(document, ensure_ascii=False).encode(errors="replace")


class _Forms:
    """Texts to look for, and the secret that each of them reveals."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._by_start: dict[str, list[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._values)

    def add(self, form: str, value: str) -> None:
        if is_maskable(form) and form not in self._values:
            self._values[form] = value
            self._by_start.setdefault(form[:MIN_LENGTH], []).append(form)

    def are_in(self, text: str) -> bool:
        return next(self.spans(text), None) is not None

    def spans(self, text: str) -> Iterator[tuple[int, int, str]]:
        """The spans of these forms in ``text``; occurrences that touch are one span."""
        if len(self._values) * (len(text) + 200) > 300 * len(text):
            # Many secrets: look at the text's places, not at the secrets.
            found: dict[str, tuple[int, int]] = {}
            for start in range(len(text) - MIN_LENGTH + 1):
                for form in self._by_start.get(text[start : start + MIN_LENGTH], ()):
                    if text.startswith(form, start):
                        first, end = found.get(form, (start, start))
                        if start > end:
                            yield first, end, self._values[form]
                            first = start
                        found[form] = first, start + len(form)
            yield from ((first, end, self._values[form]) for form, (first, end) in found.items())
            return
        for form, value in self._values.items():
            length = len(form)
            first = text.find(form)
            while first >= 0:
                end = first + length
                # The furthest that still touches it, again and again.
                while (last := text.rfind(form, end - length + 1, end + length)) >= 0:
                    end = last + length
                yield first, end, value
                first = text.find(form, end)


def _percent_decoded(text: str) -> tuple[str, "array[int]"]:
    """``text`` without its percent-encoding, and where each character, and the end, came from.

    Invalid UTF-8 becomes surrogates, so that a byte more or less beside a secret hides nothing.
    """
    pieces: list[str] = []
    origins = array("Q")
    position = 0
    for run in _PERCENT.finditer(text):
        decoded = bytes.fromhex(run[0].replace("%", "")).decode(errors="surrogateescape")
        pieces += [text[position : run.start()], decoded]
        origins.extend(range(position, run.start()))
        position = run.start()
        for character in decoded:
            origins.append(position)
            position += 3 * len(character.encode(errors="surrogateescape"))
    pieces.append(text[position:])
    origins.extend(range(position, len(text) + 1))
    return "".join(pieces), origins


def _merged(spans: list[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Sorted spans with those that overlap made one, so that no rest of a secret stays."""
    start, end, value, longest = -1, -1, "", 0
    for first, last, each in spans:
        if first >= end:
            if end >= 0:
                yield start, end, value
            start, end, value, longest = first, last, each, last - first
            continue
        if last - first > longest:
            value, longest = each, last - first
        end = max(end, last)
    if end >= 0:
        yield start, end, value


def _units(value: str) -> set[str]:
    """The parts of a secret that are secret by themselves: the whole and each line."""
    parts = {value, *value.splitlines()}
    return parts | {part.strip() for part in parts}


def _screened(data: Any, screen: Callable[[str], str]) -> Any:
    if isinstance(data, str):
        return screen(data)
    if isinstance(data, dict):
        return {
            screen(key): value if key in _ADDRESS_FIELDS else _screened(value, screen)
            for key, value in data.items()
        }
    return _screened_items(data, screen) if isinstance(data, list) else data


def _screened_items(items: list[Any], screen: Callable[[str], str]) -> list[Any]:
    """Screen a list; a long one, such as a log, as a whole first, and then by its halves."""
    if len(items) < _LONG_LIST:
        return [_screened(item, screen) for item in items]
    text = json.dumps(items, ensure_ascii=False)
    if screen(text) == text:
        return items
    middle = len(items) // 2
    return _screened_items(items[:middle], screen) + _screened_items(items[middle:], screen)

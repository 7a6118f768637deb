"""The forms that a secret takes when programs encode it, and texts with their encodings undone."""

import base64
import html
import json
import re
import shlex
from collections.abc import Callable, Iterator
from urllib.parse import quote

#: How often a text may be encoded on top of itself.
_ROUNDS = 5
# What programs put into a text without changing what it says: white space, quotes, escapes.
_IGNORED_ASCII = bytes(range(33)) + b"\"'+\\`\x7f"
_IGNORED = re.compile(
    "[\\s\0-\x20\"'+\\\\`\x7f-\xa0\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+"
)
_LOWER = bytes(range(256)).lower()
_ESCAPE = re.compile(
    r"\\u\{([0-9A-Fa-f]{1,6})\}|\\U([0-9A-Fa-f]{8})|[\\%]u([0-9A-Fa-f]{4})"
    r"|(?:\\x|%)([0-9A-Fa-f]{2})|\\([0-7]{1,3})|\\([abefnrtv])"
)
_CONTROLS = {"a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SURROGATE = re.compile("[\ud800-\udfff]")


def _all_but(letters: bytes) -> bytes:
    return bytes(set(range(256)) - set(letters + letters.upper()))


_LETTERS = b"abcdefghijklmnopqrstuvwxyz"
#: What does not belong to each encoding of bytes as text. The two digits in which the dialects of
#: base64 differ are left out of the texts and of the forms looked for in them.
_OUTSIDE = {
    "base64": _all_but(_LETTERS + b"0123456789"),
    "base32": _all_but(_LETTERS + b"234567"),
    "hex": _all_but(b"abcdef0123456789"),
}
Encoding = str


def readings(text: str) -> Iterator[str]:
    """``text`` as it stands, then with its entities, escapes and percent-encoding undone.

    This is repeated until nothing is left to undo. A byte becomes the character of its number, as
    in Latin-1.
    """
    for _ in range(_ROUNDS):
        yield text
        decoded = html.unescape(_ESCAPE.sub(_unescaped, text))
        if _SURROGATE.search(decoded):  # two halves of a character, each escaped for itself
            decoded = decoded.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if decoded == text:
            return
        text = decoded


def bare(text: str) -> str:
    """``text`` in one case, without white space, quotes, backslashes and what is invisible."""
    if text.isascii():
        return text.encode().translate(_LOWER, _IGNORED_ASCII).decode()
    return _IGNORED.sub("", text).casefold()


def bare_forms(value: str) -> Iterator[str]:
    """The forms of ``value`` in the :func:`bare` text of any of the :func:`readings`."""
    as_bytes = value.encode(errors="surrogateescape").decode("latin-1")
    for whole in (value, as_bytes):
        *_, decoded = readings(whole)
        yield from (bare(whole), bare(decoded))


def digits(text: str) -> dict[Encoding, str]:
    """For base64, base32 and hex: the digits of ``text``, in one case, without what parts them."""
    data = text.encode(errors="replace")
    return {name: data.translate(_LOWER, outside).decode() for name, outside in _OUTSIDE.items()}


def digit_forms(value: str) -> Iterator[tuple[Encoding, str]]:
    """The forms of an encoded ``value`` among the :func:`digits` of a text, by encoding."""
    variants = {value, value.lower(), value.upper(), quote(value, errors="replace")}
    variants |= {json.dumps(value)[1:-1], html.escape(value)}
    encoded = {variant.encode(errors="surrogateescape") for variant in variants}
    for data in encoded | {value.encode("utf-16-le", "replace")}:
        yield "hex", data.hex()
        for core in _cores(data, base64.b64encode, 6):
            yield "base64", digits(core)["base64"]
        for core in _cores(data, base64.b32encode, 5):
            yield "base32", core.lower()


def written_forms(text: str) -> set[str]:
    """The ways in which common programs write ``text``."""
    data = {text.encode(errors="surrogateescape"), text.encode("utf-16-le", "replace")}
    cores = {core for each in data for core in _cores(each, base64.b64encode, 6)}
    cores |= {core.replace("+", "-").replace("/", "_") for core in cores}
    return {form for written in {*_escaped(text), *cores} for form in (written, *_json(written))}


def _unescaped(found: re.Match[str]) -> str:
    *numbers, octal, control = found.groups()
    if control:
        return _CONTROLS.get(control, "\v")
    number = int(octal, 8) if octal else int(next(filter(None, numbers)), 16)
    return chr(number) if number < 0x110000 else "\ufffd"


def _escaped(text: str) -> Iterator[str]:
    yield text
    # As in a form; where there is more to encode than spaces, it is decoded with the rest.
    yield text.replace(" ", "+")
    plain = html.escape(text, quote=False)
    for double, single in (
        ("&quot;", "&#x27;"),
        ("&#34;", "&#39;"),
        ("&quot;", "&#39;"),
        ("&quot;", "&apos;"),
        ("&quot;", "'"),
        ('"', "'"),
    ):
        yield plain.replace('"', double).replace("'", single)
    yield shlex.quote(text).removeprefix("'").removesuffix("'")
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


def _cores(data: bytes, encode: Callable[[bytes], bytes], bits: int) -> Iterator[str]:
    """The part of encoded ``data`` that is the same whatever stands around it.

    Args:
        data: The bytes.
        encode: Encodes them.
        bits: How many bits each digit holds.
    """
    for shift in range(len(encode(b"\0")) * bits // 8):
        first = -(-shift * 8 // bits)
        last = (shift + len(data)) * 8 // bits
        yield encode(bytes(shift) + data).decode()[first:last]

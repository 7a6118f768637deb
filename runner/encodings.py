"""The forms that a secret takes when programs encode it, and texts with their encodings undone."""

import base64
import json
import re
import shlex
from collections.abc import Callable, Iterator
from unicodedata import normalize
from urllib.parse import quote

#: How often a text may be encoded on top of itself.
_ROUNDS = 5
# What programs put into a text without changing what it says: white space, quotes, escapes.
_IGNORED_ASCII = bytes(range(33)) + b"\"'+\\`\x7f"
_IGNORED = "[\\s\0-\x20\"'+\\\\`\x7f-\xa0\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+"
_NUMBERS = bytes(byte if chr(byte) in "0123456789" else 32 for byte in range(256))
_LOWER = bytes(range(256)).lower()
_ESCAPE = re.compile(
    r"\\u\{([0-9A-Fa-f]{1,6})\}|\\U([0-9A-Fa-f]{8})|[\\%]u([0-9A-Fa-f]{4})"
    r"|(?:\\x|%)([0-9A-Fa-f]{2})|\\([0-7]{1,3})|\\([abefnrtv])"
)
_QUOTED = re.compile(r"=(?:\r?\n|([0-9A-F]{2}))")
# What sets letters off without being read, by a sign of it: colours of a terminal, what is
# overtyped, tags.
_MARKUP = {
    "\x1b": re.compile(r"\x1b\[[0-?]{0,40}[ -/]{0,4}[@-~]"),
    "\b": re.compile(r"[^\n]\x08"),
    "<": re.compile(r"<[/!A-Za-z][^<>]{0,200}>"),
}
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_HTML_QUOTED = _HTML | str.maketrans({'"': "&quot;", "'": "&#x27;"})
_CONTROLS = {"a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


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
    """``text`` as it is, then with its entities, escapes and percent-encoding decoded.

    Decoding is repeated until nothing changes; each result is also yielded without markup. A
    byte becomes the character of its number, as in Latin-1.
    """
    for quoted in dict.fromkeys((text, _QUOTED.sub(_unquoted, text))):
        for decoded in _decoded(quoted):
            yield decoded
            for sign, markup in _MARKUP.items():
                if sign in decoded and (unmarked := markup.sub("", decoded)) != decoded:
                    yield (decoded := unmarked)


def _decoded(text: str) -> Iterator[str]:
    for _ in range(_ROUNDS):
        yield text
        decoded = _ESCAPE.sub(_unescaped, text)
        if "&" in decoded:
            from html import unescape  # noqa: PLC0415 # its table of names is long

            decoded = unescape(decoded)
        if not decoded.isascii():  # two halves of a character may be escaped each for itself
            decoded = decoded.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if decoded == text:
            return
        text = decoded


def bare(text: str) -> str:
    """``text`` in one case, without white space, quotes, backslashes and invisible characters."""
    if text.isascii():
        return text.encode().translate(_LOWER, _IGNORED_ASCII).decode()
    return re.sub(_IGNORED, "", text).casefold()


def bare_forms(value: str) -> Iterator[str]:
    """The forms of ``value`` in the :func:`bare` text of any of the :func:`readings`."""
    for whole in (value, _as_bytes(value)):
        yield from map(bare, readings(whole))


def digits(text: str) -> dict[Encoding, str]:
    """For each encoding, its digits in ``text``, in one case and without separators.

    The digits of base64 are letters and digits, so that plain text is found there too.
    """
    data = normalize("NFKD", text).encode("ascii", "ignore")
    found = {name: data.translate(_LOWER, outside).decode() for name, outside in _OUTSIDE.items()}
    if b"0x" in data:
        found["hex"] = data.replace(b"0x", b"").translate(_LOWER, _OUTSIDE["hex"]).decode()
    found["decimal"] = ",".join(data.translate(_NUMBERS).decode().split())
    return found


def digit_forms(value: str) -> Iterator[tuple[Encoding, str]]:
    """The forms of an encoded ``value`` among the :func:`digits` of a text, by encoding."""
    for plain in (value, _as_bytes(value)):
        yield "base64", digits(plain)["base64"]
    yield "decimal", ",".join(str(ord(character)) for character in value)
    variants = {
        value,
        value.lower(),
        value.upper(),
        json.dumps(value)[1:-1],
        value.translate(_HTML_QUOTED),
    }
    variants |= {quote(value, safe=safe, errors="replace") for safe in ("/", "")}
    encoded = {variant.encode(errors="surrogateescape") for variant in variants}
    encoded |= {value.encode(name, "replace") for name in ("utf-16-le", "utf-16-be", "latin-1")}
    encoded |= {
        core.encode() for core in _cores(value.encode(errors="replace"), base64.b64encode, 6)
    }
    for data in encoded:
        yield "hex", data.hex()
        yield "decimal", ",".join(map(str, data))
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


def _as_bytes(value: str) -> str:
    """``value`` as UTF-8 that was read as Latin-1."""
    return value.encode(errors="surrogateescape").decode("latin-1")


def _unquoted(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else ""


def _unescaped(found: re.Match[str]) -> str:
    *numbers, octal, control = found.groups()
    if control:
        return _CONTROLS.get(control, "\v")
    number = int(octal, 8) if octal else int(next(filter(None, numbers)), 16)
    return chr(number) if number < 0x110000 else "\ufffd"


def _escaped(text: str) -> Iterator[str]:
    yield text
    # As in a form; if there is more to encode than spaces, it is decoded with the rest.
    yield text.replace(" ", "+")
    plain = text.translate(_HTML)
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
    """The part of encoded ``data`` that does not depend on what surrounds it, at each alignment.

    Each digit that ``encode`` writes holds ``bits`` bits.
    """
    for shift in range(len(encode(b"\0")) * bits // 8):
        first = -(-shift * 8 // bits)
        last = (shift + len(data)) * 8 // bits
        yield encode(bytes(shift) + data).decode()[first:last]

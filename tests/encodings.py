"""Ways in which programs write a text that is not theirs, as a server may do with a secret."""

import base64
import html
import json
import re
import shlex
import textwrap
from collections.abc import Callable
from unicodedata import normalize
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape as xml_escape


def _base64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def _wrapped(text: str, width: int, end: str = "\n") -> str:
    return end.join(text[i : i + width] for i in range(0, len(text), width))


#: Encodings in which the mask finds the place of a secret, and leaves what stands around it.
COMMON: dict[str, Callable[[str], str]] = {
    "plain": lambda v: v,
    "url": lambda v: quote(v, safe=""),
    "url path": quote,
    "form": quote_plus,
    "url in lower case": lambda v: re.sub("%..", lambda found: found[0].lower(), quote(v)),
    "encodeURIComponent": lambda v: quote(v, safe="!'()*~"),
    "base64": lambda v: _base64(v).rstrip("="),
    "base64, one before": lambda v: base64.b64encode(b":" + v.encode()).decode(),
    "base64, two before": lambda v: base64.b64encode(b"u:" + v.encode() + b"\n").decode(),
    "base64, many before": lambda v: base64.b64encode(b"user:" + v.encode() + b" x").decode(),
    "base64 for urls": lambda v: base64.urlsafe_b64encode(b"user:" + v.encode()).decode(),
    "base64 in a url": lambda v: quote(_base64(v), safe=""),
    "json": lambda v: json.dumps({"a": v}),
    "json in utf-8": lambda v: json.dumps({"a": v}, ensure_ascii=False),
    "json with escaped slashes": lambda v: json.dumps(v).replace("/", "\\/"),
    "json in json": lambda v: json.dumps({"a": json.dumps({"b": v})}),
    "html": html.escape,
    "html text": lambda v: html.escape(v, quote=False),
    "html as markupsafe writes it": lambda v: (
        html.escape(v, quote=False).replace('"', "&#34;").replace("'", "&#39;")
    ),
    "xml": xml_escape,
    "xml attribute": lambda v: xml_escape(v, {'"': "&quot;"}),
    "html in json": lambda v: json.dumps(html.escape(v)),
    "shell": shlex.quote,
    "shell, the other way": lambda v: "'" + v.replace("'", "'\\''") + "'",
    "shell in double quotes": lambda v: "".join(f"\\{c}" if c in '"$`\\' else c for c in v),
    "shell in json": lambda v: json.dumps(shlex.quote(v)),
    "repr": repr,
    "workflow command": lambda v: v.replace("%", "%25").replace("\n", "%0A"),
    "workflow property": lambda v: (
        v.replace("%", "%25").replace("\n", "%0A").replace(":", "%3A").replace(",", "%2C")
    ),
}
#: Encodings in which a secret can still be read, though not cut out.
OTHER: dict[str, Callable[[str], str]] = {
    "handlebars": lambda v: re.sub(r"[^\w /]", lambda c: f"&#x{ord(c[0]):X};", v, flags=re.ASCII),
    "decimal entities": lambda v: "".join(f"&#{ord(c):03};" for c in v),
    "named entities": lambda v: v.replace("&", "&amp;").replace("é", "&eacute;"),
    "entities of entities": lambda v: html.escape(
        re.sub(r"\W", lambda c: f"&#{ord(c[0])};", f"{v}&")
    ),
    "unicode escapes": lambda v: "".join(
        f"\\u{ord(c):04X}" if ord(c) < 0x10000 else json.dumps(c)[1:-1].upper().replace("U", "u")
        for c in v
    ),
    "unicode escapes in lower case": lambda v: "".join(
        f"\\u{ord(c):04x}" if not c.isalnum() and ord(c) < 0x10000 else c for c in v
    ),
    "javascript escapes": lambda v: "".join(f"\\u{{{ord(c):x}}}" for c in v),
    "byte escapes": lambda v: "".join(f"\\x{byte:02X}" for byte in v.encode()),
    "octal escapes": lambda v: "$'" + "".join(f"\\{byte:03o}" for byte in v.encode()) + "'",
    "bash": lambda v: "$'" + v.replace("\\", "\\\\").replace("'", "\\'") + "'",
    "percent, every byte": lambda v: "".join(f"%{byte:02x}" for byte in v.encode()),
    "percent twice": lambda v: quote(quote(v, safe=""), safe=""),
    "percent of javascript": lambda v: "".join(
        f"%u{ord(c):04X}" if ord(c) < 0x10000 else c for c in v
    ),
    "percent of latin-1": lambda v: quote(v.encode("latin-1", "xmlcharrefreplace"), safe=""),
    "base64 at 64 columns": lambda v: _wrapped(_base64("user:" + v * 3), 64),
    "base64 at 76 columns": lambda v: _wrapped(_base64("u:" + v * 3), 76, "\r\n"),
    "base64 at 7 columns in json": lambda v: json.dumps(_wrapped(_base64(v), 7)),
    "base64 of utf-16": lambda v: base64.b64encode(v.encode("utf-16")).decode(),
    "base64 in another case": lambda v: _base64(v.upper()),
    "hex": lambda v: v.encode().hex(),
    "hex in upper case": lambda v: v.encode().hex().upper(),
    "hex with colons": lambda v: v.encode().hex(":"),
    "hex in groups": lambda v: v.encode().hex(" ", 2),
    "base32": lambda v: base64.b32encode(v.encode()).decode(),
    "base32 with more before": lambda v: base64.b32encode(b"key=" + v.encode()).decode().lower(),
    "upper case": str.upper,
    "lower case": str.lower,
    "swapped case, in json": lambda v: json.dumps(v.swapcase()),
    "wrapped": lambda v: _wrapped(v, 5),
    "wrapped by words": lambda v: textwrap.fill(v, 6),
    "spaced": " ".join,
    "with soft hyphens": "\u00ad".join,
    "with zero-width spaces": "\u200b".join,
}
#: What is decoded for no tool in particular.
OTHER |= {
    "utf-7": lambda v: "+" + base64.b64encode(v.encode("utf-16-be")).decode().rstrip("=") + "-",
    "hex of utf-16": lambda v: v.encode("utf-16-be").hex(),
    "hex of latin-1": lambda v: v.encode("latin-1").hex() if max(v) <= "\xff" else v.encode().hex(),
    "quoted-printable": lambda v: "".join(f"={byte:02X}" for byte in v.encode()),
    "quoted-printable, wrapped": lambda v: _wrapped(v, 5, "=\r\n"),
    "hex with 0x": lambda v: ", ".join(f"0x{byte:02x}" for byte in v.encode()),
    "code points": lambda v: re.sub("(....)", r"U+\1 ", v.encode("utf-16-be").hex()),
    "a buffer of node": lambda v: json.dumps({"type": "Buffer", "data": list(v.encode())}),
    "fromCharCode": lambda v: f"String.fromCharCode({', '.join(str(ord(c)) for c in v)})",
    "base64 of base64": lambda v: _base64(_base64(v)),
    "hex of base64": lambda v: _base64(v).encode().hex(),
    "colours of a terminal": "\x1b[7m".join,
    "a part in bold": lambda v: f"{v[:4]}\x1b[1m{v[4:]}\x1b[0m",
    "overtyped": lambda v: "".join(f"{c}\x08{c}" for c in v if c != "\n"),
    "tags": "</b><b>".join,
    "line break elements": lambda v: "<wbr/>".join(v[i : i + 3] for i in range(0, len(v), 3)),
    "emphasis of markdown": lambda v: f"**{v[:4]}**{v[4:]}",
    "concatenated": lambda v: f"{v[:5]}' + '{v[5:]}",
    "a list of characters": lambda v: json.dumps(list(v)),
    "full width": lambda v: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in v),
    "decomposed": lambda v: normalize("NFD", v),
    "typographic hyphens": lambda v: v.replace("-", "\u2011"),
    "grapheme joiners": "\u034f".join,
    "variation selectors": "\ufe0f".join,
    "underlined": lambda v: "".join(f"{c}\u0332" for c in v),
    "dots between": ".".join,
    "columns": lambda v: _wrapped(v, 6, "\n | "),
}
ALL = COMMON | OTHER

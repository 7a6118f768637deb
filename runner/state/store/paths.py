"""Names of instances, hosts, accounts and scopes as parts of an object's path, and as text."""

import re
from typing import Final

#: The folder beside the configuration file that is the state if nothing else is named.
DEFAULT_FOLDER: Final = ".runner"
#: The project of a file that names none.
DEFAULT_PROJECT: Final = "default"
_MAX_LENGTH: Final = 80
_PLAIN: Final = r"[a-z0-9](?:[a-z0-9._,:\[\]-]*[a-z0-9_\]-])?"
_ULID: Final = r"[0-7][0-9A-HJKMNP-TV-Z]{25}"
_SPELLING: Final = str.maketrans({"[": "(", "]": ")", ":": "="})
_UNSAFE: Final = r"[^A-Za-z0-9-]+"


def escape(name: str) -> str:
    """Spell ``name`` so that every store and file system can hold it as one part of a path.

    Plain names stay readable: ``smoke[us-east-1]`` becomes ``smoke(us-east-1)``. All others end
    in a digest, so that two names never meet, not even where case does not count, where a name is
    ``..`` or where it is too long for a file system. No path is ever turned back into a name: each
    document says inside whose it is.
    """
    if len(name) <= _MAX_LENGTH and re.fullmatch(_PLAIN, name):
        return name.translate(_SPELLING)
    from hashlib import sha256  # noqa: PLC0415 # few names need it, and it loads OpenSSL

    digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{re.sub(_UNSAFE, '_', name)[:40]}!{digest}"


def escape_id(apply_id: str) -> str:
    """Spell an apply's id; those that the runner makes stay as they are, so that they sort."""
    return apply_id if re.fullmatch(_ULID, apply_id) else escape(apply_id)


def shown(text: str) -> str:
    """Make a text that others wrote fit to be quoted: one line, short, and harmless."""
    line = "".join(char if char.isprintable() else "?" for char in text[:200])
    return line.replace("##", "#?").replace("::", ":?")

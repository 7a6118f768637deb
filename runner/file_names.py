"""Names from outside as names of files."""

import re
from pathlib import PurePosixPath
from typing import Final

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
#: Windows opens a device by these names, whatever their suffix.
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_LENGTH: Final = 80
_SUFFIX_LENGTH: Final = 10


def safe_name(name: str) -> str:
    """``name`` as a file name that is valid on any system and can't leave its folder."""
    safe = _UNSAFE.sub("-", name).strip("-.")
    if len(safe) > _LENGTH:
        suffix = PurePosixPath(safe).suffix
        suffix = suffix if len(suffix) <= _SUFFIX_LENGTH else ""
        safe = safe[: _LENGTH - len(suffix)].rstrip("-.") + suffix
    return f"_{safe}" if _DEVICE.match(safe) else safe or "file"

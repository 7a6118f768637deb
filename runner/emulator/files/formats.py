"""Formats that JSON Schema's older drafts do not know by themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def is_uuid(text: str) -> bool:
    """Tell whether a text is a UUID in its usual spelling."""
    return _UUID.fullmatch(text) is not None


FORMATS: Mapping[str, Callable[[str], bool]] = {"uuid": is_uuid}
"""The checks by format name, as the validator takes them."""

"""The nearest known name to a mistyped one."""

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like ``name``, if one is like it at all."""
    from difflib import get_close_matches  # noqa: PLC0415 # only when something is wrong already

    candidates = list(known)
    lowered = {candidate.lower(): candidate for candidate in candidates}
    if name.lower() in lowered:
        return lowered[name.lower()]
    close = get_close_matches(name, candidates, n=1, cutoff=0.6)
    return close[0] if close else None


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """``Did you mean 'x'?``, or nothing where no known name is near."""
    found = nearest(name, known)
    return f"Did you mean '{found}'?" if found else None

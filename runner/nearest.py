"""The nearest known name to a mistyped one."""

from collections.abc import Iterable

#: Among more names than this, only those are compared that begin alike and are about as long:
#: comparing takes its time, and a large file may have many mistakes.
_MANY = 60
_LONG = 200


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most similar to ``name``, if any is similar."""
    from difflib import get_close_matches  # noqa: PLC0415 # only when something is wrong already

    if len(name) > _LONG:
        return None
    lowered, candidates = name.lower(), []
    for each in known:
        if each.lower() == lowered:
            return each
        candidates.append(each)
    if len(candidates) > _MANY:
        candidates = [
            candidate
            for candidate in candidates
            if candidate[:2] == name[:2] and abs(len(candidate) - len(name)) <= 2
        ][:_MANY]
    close = get_close_matches(name, candidates, n=1, cutoff=0.6)
    return close[0] if close else None


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """``Did you mean 'x'?``, or nothing if no known name is near."""
    found = nearest(name, known)
    return f"Did you mean '{found}'?" if found else None

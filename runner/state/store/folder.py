"""Names in a state that is a folder, read without its library: completion has to be fast."""

import json
from pathlib import Path

from runner.state.store.paths import escape

#: Host, account and project of any state.
_PARTS = "*/*/*"


def scopes_in(folder: Path) -> list[str]:
    """List the scopes in ``folder``, except those whose names a path can't spell."""
    spelling = str.maketrans("()=", "[]:")
    names = sorted({path.parent.name for path in folder.glob(f"{_PARTS}/*/records")})
    return [name.translate(spelling) for name in names if "!" not in name]


def applies(folder: Path) -> list[str]:
    """List the ids of the applies in ``folder``, newest first."""
    found = {path.name.partition(".")[0] for path in folder.glob(f"{_PARTS}/*/applies/*")}
    return sorted(found, reverse=True)


def recorded(folder: Path, scope: str) -> list[str]:
    """List the instances that have a record in a scope, in whatever account."""
    names: set[str] = set()
    for records in folder.glob(f"{_PARTS}/{escape(scope)}/records"):
        newest = max(records.glob("*.json"), default=None)
        names |= set(json.loads(newest.read_bytes())["records"]) if newest else set()
    return sorted(names)

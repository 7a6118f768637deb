"""Find the variables that the scripts and requests of checks mention."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from runner.models.marked import leaves
from runner.models.response import Check

#: Types of checks without scripts: only their request could mention a variable.
_MONITORS: Final = frozenset(
    {"TCP", "URL", "DNS", "ICMP", "HEARTBEAT", "SSL", "GRPC", "TRACEROUTE"}
)
_HANDLEBARS: Final = re.compile(r"\{\{\{?\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}?\}\}")
_OWN_FILES: Final = re.compile(r"""(?:from|import|require\()\s*+(?:\(\s*+)?['"]\.""")
#: Names that Checkly sets itself (documentation: built-in variables), and words of Handlebars.
_BUILT_IN: Final = re.compile(
    r"else|this|CHECK_\w+|GROUP_\w+|RUN_ID|REGION|RUNTIME_VERSION|PUBLIC_IP_V4|TEST_SESSION_\w+"
    r"|ENVIRONMENT_\w+|CHECKLY\w*|ACCOUNT_ID"
)


def unmentioned(keys: Collection[str], checks: Sequence[Check]) -> list[str]:
    """Return the ``keys`` that no check mentions; none if a check may read more than is known."""
    texts: list[str] = []
    for check in checks:
        if not _is_known(check):
            return []
        texts += [*_scripts(check), *_asked(check), *(file.content for file in check.dependencies)]
    words = {word for text in texts for word in re.findall(r"\w+", text)}
    return [key for key in keys if checks and not set(re.findall(r"\w+", key)) <= words]


def undefined(keys: Collection[str], checks: Iterable[Check]) -> dict[str, list[str]]:
    """Return Handlebars names that neither ``keys`` nor the check sets, with the checks' names."""
    found: dict[str, list[str]] = {}
    for check in checks:
        own = {variable.key for variable in check.environment_variables}
        used = {name for text in _asked(check) for name in _HANDLEBARS.findall(text)}
        for name in sorted(used - own - set(keys)):
            if not _BUILT_IN.fullmatch(name):
                found.setdefault(name, []).append(check.name)
    return found


def _is_known(check: Check) -> bool:
    """Return whether the API gave every text in which the check may read a variable."""
    if check.setup_snippet_id is not None or check.tear_down_snippet_id is not None:
        return False
    if not check.dependencies and any(map(_OWN_FILES.search, _scripts(check))):
        return False
    match check.check_type:
        case "BROWSER" | "MULTI_STEP":
            return check.script is not None
        case "API":
            return check.request is not None
        case kind:
            return kind in _MONITORS


def _scripts(check: Check) -> list[str]:
    scripts = (check.script, check.local_setup_script, check.local_tear_down_script)
    return [script for script in scripts if script is not None]


def _asked(check: Check) -> Iterator[str]:
    return (leaf for _, leaf in leaves(check.request) if isinstance(leaf, str))

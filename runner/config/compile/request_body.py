"""The keys of a profile → the body of a request: conveniences become the contract's own form."""

import json
import re
from typing import Any

from runner.config.templates.expressions.values import Symbolic
from runner.models.marked import Body, Marked

#: Reports a problem: keys that lead to its place in the profile, code, message, hint.
Report = Any

_PLAIN_KEYS = ("retryStrategy", "refreshCache", "metadata")
_BARE_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*")
_TARGET_HINT = (
    "give `matchTags` or `checkId`, or write `target: all` to run every check of the account"
)


def body_of(data: dict[str, Any], instance: str, report: Report) -> Body:
    """The body that ``data``, the rendered keys of a profile, stands for.

    Args:
        data: Values by key; environment variables as a mapping of mappings.
        instance: The instance's name: the session's name where the profile gives none.
        report: Takes what only this step can judge: targets that select nothing.
    """
    body: Body = {"name": data.get("name", instance)}
    if "runLocation" in data:
        body["runLocation"] = data["runLocation"]
    target = _target(data["target"], report) if "target" in data else None
    if target:
        body["target"] = target
    if variables := _variables(data.get("environmentVariables"), report):
        body["environmentVariables"] = variables
    for key in _PLAIN_KEYS:
        if key in data:
            body[key] = data[key]
    return body


def _variables(variables: Any, report: Report) -> Any:
    if not isinstance(variables, dict):
        return variables
    body = [{"key": key, **variable} for key, variable in variables.items() if variable is not None]
    for index, variable in enumerate(body):
        if variable.get("value") == "" and variable.get("secret") is not True:
            report(
                ("environmentVariables", index, "value"),
                "bad-value",
                "The value of a variable that is not secret may not be empty",
            )
    return body


def _target(target: Any, report: Report) -> Any:
    """The target as the contract has it; ``None`` for all checks."""
    if target == "all":
        return None
    if isinstance(target, Marked | Symbolic):
        return target
    if target is None:
        report(("target",), "null-not-allowed", "`target` may not be null", _TARGET_HINT)
        return None
    if not isinstance(target, dict):
        report(
            ("target",),
            "wrong-type",
            "`target` must be `all` or a mapping of filters",
            _TARGET_HINT,
        )
        return None
    filters = {key: value for key, value in target.items() if key != "all"}
    if "checkId" in filters and isinstance(filters["checkId"], str | Marked):
        filters["checkId"] = [filters["checkId"]]
    narrowed = _tags_narrow(filters.get("matchTags"), report) | _narrows(filters.get("checkId"))
    if "all" in target:
        _check_all(target["all"], narrowed, report)
    elif not narrowed and filters.keys() <= _FILTERS:  # what else there is gets its own error
        report(("target",), "target-without-filter", "This target has no filter left", _TARGET_HINT)
    return filters


_FILTERS = frozenset({"matchTags", "checkId", "allowDeactivated"})


def _check_all(value: Any, narrowed: bool, report: Report) -> None:
    if value is not True:
        report(("target", "all"), "wrong-type", "`all` can only be true", "leave it out otherwise")
    elif narrowed:
        report(
            ("target", "all"),
            "target-all-with-filter",
            "`all: true` and a filter contradict each other",
            "keep one of them",
        )


def _narrows(value: Any) -> bool:
    return value is not None and value != []


def _tags_narrow(groups: Any, report: Report) -> bool:
    """Whether ``matchTags`` selects anything; a flat list is reported with what it may mean."""
    if isinstance(groups, str) and not isinstance(groups, Symbolic):
        groups = [groups]
    if not isinstance(groups, list):
        return groups is not None
    flat = [
        _written(tag) for tag in groups if isinstance(tag, str) and not isinstance(tag, Symbolic)
    ]
    if flat:
        report(
            ("target", "matchTags"),
            "flat-match-tags",
            "`matchTags` is a list of groups, each a list of tags",
            _both_spellings(flat) if len(flat) == len(groups) else "put each group in brackets",
        )
        return True
    if [] in groups and len(groups) > 1:
        report(
            ("target", "matchTags", groups.index([])),
            "empty-tag-group",
            "A group without tags is no filter",
            "leave it out",
        )
    return any(group != [] for group in groups)


def _both_spellings(tags: list[str]) -> str:
    if len(tags) == 1:
        return f"write `[[{tags[0]}]]`"
    apart = ", ".join(f"[{tag}]" for tag in tags)
    return (
        f"`[[{', '.join(tags)}]]` takes checks that have all of these tags; "
        f"`[{apart}]` those that have any"
    )


def _written(tag: str) -> str:
    """A tag as it is written in YAML: `!flaky` needs quotes."""
    return tag if _BARE_TAG.fullmatch(tag) else json.dumps(tag, ensure_ascii=False)

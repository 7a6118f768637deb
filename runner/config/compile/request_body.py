"""The keys of a profile → the body of a request: conveniences become the contract's own form."""

import json
import re
from collections.abc import Iterator
from typing import Any

from runner.config.compile.validate import Breach, is_open
from runner.config.templates.expressions.values import Symbolic
from runner.diagnostics import Severity
from runner.models.marked import Body, Marked, Path, unmarked

_PLAIN_KEYS = ("retryStrategy", "refreshCache", "metadata")
_BARE_TAG = r"[A-Za-z0-9_][A-Za-z0-9_./-]*"
_TARGET_HINT = (
    "Give `matchTags` or `checkId`, or write `target: all` to run every check of the account."
)
_FILTERS = frozenset({"matchTags", "checkId", "allowDeactivated"})
#: The start of a tag that may mean something else than it says.
_ODD_TAG = re.compile(r"\s|.*\s\Z|!\s*!|!\s|!\Z|.*[,*?]", re.DOTALL)


def body_of(data: dict[str, Any], instance: str) -> tuple[Body, list[Breach]]:
    """Return the body for ``data``, the rendered keys of a profile.

    Its environment variables are a mapping of mappings; ``instance`` names the session if the
    profile does not.

    Returns:
        The body; and what only this step can judge, such as targets that select nothing.
    """
    body: Body = {"name": data.get("name", instance)}
    if "runLocation" in data:
        body["runLocation"] = data["runLocation"]
    breaches = [*_judge_target(data)]
    if filters := _filters(data.get("target")):
        body["target"] = filters
    if variables := _variables(data.get("environmentVariables")):
        body["environmentVariables"] = variables
        breaches += _empty_values(variables)
    body |= {key: data[key] for key in _PLAIN_KEYS if key in data}
    return body, breaches


def _variables(variables: Any) -> Any:
    if not isinstance(variables, dict):
        return variables
    return [{"key": key, **variable} for key, variable in variables.items() if variable is not None]


def _empty_values(variables: Any) -> Iterator[Breach]:
    for index, variable in enumerate(variables if isinstance(variables, list) else ()):
        if variable.get("secret") is not True and unmarked(variable.get("value")) == "":
            message = "The value of a variable that is not secret may not be empty"
            yield Breach(("environmentVariables", index, "value"), "bad-value", message)


def _filters(target: Any) -> Any:
    """``target`` in the contract's own form; nothing for all checks."""
    if not isinstance(target, dict):
        return target if is_open(target) else None
    filters = {key: value for key, value in target.items() if key != "all"}
    if isinstance(filters.get("checkId"), str | Marked):
        filters["checkId"] = [filters["checkId"]]
    return filters


def _judge_target(data: dict[str, Any]) -> Iterator[Breach]:
    target, path = data.get("target"), ("target",)
    if "target" not in data:
        yield Breach(path, "missing-target", "`target` is missing", _TARGET_HINT)
    elif target is None:
        yield Breach(path, "null-not-allowed", "`target` may not be null", _TARGET_HINT)
    elif isinstance(target, dict):
        groups = target.get("matchTags")
        yield from _judge_tags([groups] if isinstance(groups, str) else groups)
        narrowed = target.get("checkId") not in (None, []) or _tags_narrow(groups)
        if "all" not in target:
            if not narrowed and target.keys() <= _FILTERS:  # unknown keys are reported already
                message = "An empty target matches every check"
                hint = "Write `target: all` if you mean that, else give `matchTags` or `checkId`."
                yield Breach(path, "target-without-filter", message, hint)
        elif target["all"] is not True:
            hint = "Leave it out otherwise."
            yield Breach((*path, "all"), "wrong-type", "`all` can only be true", hint)
        elif narrowed:
            message = "`all: true` and a filter contradict each other"
            hint = "Keep one of them."
            yield Breach((*path, "all"), "target-all-with-filter", message, hint)
    elif target != "all" and not is_open(target):
        message = "`target` must be `all` or a mapping of filters"
        yield Breach(path, "wrong-type", message, _TARGET_HINT)


def _tags_narrow(groups: Any) -> bool:
    """Whether ``matchTags`` selects anything."""
    if not isinstance(groups, list):
        return groups is not None
    return any(group != [] for group in groups)


def _judge_tags(groups: Any) -> Iterator[Breach]:
    """A flat list is refused with both meanings; odd tags are warned of."""
    path: Path = ("target", "matchTags")
    if not isinstance(groups, list):
        return
    if flat := [tag for tag in groups if isinstance(tag, str) and not isinstance(tag, Symbolic)]:
        message = "`matchTags` is a list of groups, each a list of tags"
        every = len(flat) == len(groups)
        hint = _both_spellings(flat) if every else "Put each group in brackets."
        yield Breach(path, "flat-match-tags", message, hint)
        return
    for index, group in enumerate(groups):
        if group == [] and len(groups) > 1:
            message = "A group without tags is not a filter"
            yield Breach((*path, index), "empty-tag-group", message, "Leave it out.")
        for place, tag in enumerate(group if isinstance(group, list) else ()):
            if tag.__class__ is str and (doubt := _doubt(tag, group)):
                yield Breach((*path, index, place), "odd-tag", *doubt, Severity.WARNING)


def _doubt(tag: str, group: list[Any]) -> tuple[str, str] | None:
    """What a tag may mean instead of what it says, and how to write that."""
    if not _ODD_TAG.match(tag):
        if not tag.startswith("!") or tag[1:] not in group:
            return None
        return (
            f"No check can both have and lack `{tag[1:]}`, so this group matches none",
            "Put the tags into groups of their own: either is enough.",
        )
    shown = f"The tag {json.dumps(tag, ensure_ascii=False)}"
    if "," in tag:
        hint = f"Write `[{', '.join(_parts(tag))}]` for checks that have all of these tags."
        return f"{shown} is one tag with a comma in it", hint
    if "*" in tag or "?" in tag:
        return f"{shown} is not a pattern", "Tags are compared in full: name each of them."
    if tag.startswith("!"):
        bare = tag.lstrip("! \t\r\n").rstrip()
        hint = f'Did you mean "!{bare}"?' if bare else "Name a tag after the `!`."
        return f"{shown} negates {json.dumps(tag[1:], ensure_ascii=False)}", hint
    hint = f"Did you mean {_written(tag.strip())}?"
    return f"{shown} has white space around it, which is part of the tag", hint


def _both_spellings(tags: list[str]) -> str:
    written = [part for tag in tags for part in _parts(tag)]
    if len(written) == 1:
        return f"Write `[[{written[0]}]]`."
    apart = ", ".join(f"[{tag}]" for tag in written)
    return (
        f"`[[{', '.join(written)}]]` takes checks that have all of these tags; "
        f"`[{apart}]` those that have any."
    )


def _parts(tag: str) -> list[str]:
    """The tags that are separated by commas, as they are written in YAML."""
    return [_written(part.strip()) for part in tag.split(",") if part.strip()]


def _written(tag: str) -> str:
    """A tag as it is written in YAML: `!flaky` needs quotes."""
    return tag if re.fullmatch(_BARE_TAG, tag) else json.dumps(tag, ensure_ascii=False)

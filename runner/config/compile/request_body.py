"""The keys of a profile → the body of a request: conveniences become the contract's own form."""

import json
import re
from collections.abc import Iterator
from typing import Any

from runner.config.compile.validate import Breach
from runner.config.templates.expressions.values import Symbolic
from runner.diagnostics import Severity
from runner.models.marked import Body, Marked

_PLAIN_KEYS = ("retryStrategy", "refreshCache", "metadata")
_BARE_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*")
TARGET_HINT = (
    "Give `matchTags` or `checkId`, or write `target: all` to run every check of the account."
)
_FILTERS = frozenset({"matchTags", "checkId", "allowDeactivated"})
#: The start of a tag that may mean something else than it says.
_ODD_TAG = re.compile(r"\s|.*\s\Z|!\s*!|!\s|!\Z|.*[,*?]", re.DOTALL)


def body_of(data: dict[str, Any], instance: str) -> tuple[Body, list[Breach]]:
    """The body that ``data``, the rendered keys of a profile, stands for.

    Its environment variables are a mapping of mappings; ``instance`` names the session where the
    profile does not.

    Returns:
        The body; and what only this step can judge, such as targets that select nothing.
    """
    body: Body = {"name": data.get("name", instance)}
    breaches: list[Breach] = []
    if "runLocation" in data:
        body["runLocation"] = data["runLocation"]
    if "target" in data:
        target = _Target(data["target"])
        breaches += target.breaches
        if target.filters:
            body["target"] = target.filters
    if variables := _variables(data.get("environmentVariables")):
        body["environmentVariables"] = variables
        breaches += _empty_values(variables)
    for key in _PLAIN_KEYS:
        if key in data:
            body[key] = data[key]
    return body, breaches


def _variables(variables: Any) -> Any:
    if not isinstance(variables, dict):
        return variables
    return [{"key": key, **variable} for key, variable in variables.items() if variable is not None]


def _empty_values(variables: Any) -> Iterator[Breach]:
    for index, variable in enumerate(variables if isinstance(variables, list) else ()):
        if variable.get("secret") is not True and _plain(variable.get("value")) == "":
            message = "The value of a variable that is not secret may not be empty"
            yield Breach(("environmentVariables", index, "value"), "bad-value", message)


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Marked) else value


class _Target:
    """A target in the contract's own form.

    Attributes:
        filters: ``None`` for all checks.
        breaches: What is wrong with it, or doubtful.
    """

    def __init__(self, target: Any) -> None:
        self.breaches: list[Breach] = []
        self.filters: Any = None
        if target == "all":
            return
        if isinstance(target, Marked | Symbolic):
            self.filters = target
        elif target is None:
            self._add(("target",), "null-not-allowed", "`target` may not be null", TARGET_HINT)
        elif not isinstance(target, dict):
            message = "`target` must be `all` or a mapping of filters"
            self._add(("target",), "wrong-type", message, TARGET_HINT)
        else:
            self._read(target)

    def _add(self, path: tuple[str | int, ...], code: str, message: str, hint: str) -> None:
        self.breaches.append(Breach(path, code, message, hint))

    def _read(self, target: dict[str, Any]) -> None:
        filters = {key: value for key, value in target.items() if key != "all"}
        if isinstance(filters.get("checkId"), str | Marked):
            filters["checkId"] = [filters["checkId"]]
        self.filters = filters
        narrowed = self._tags_narrow(filters.get("matchTags"))
        narrowed |= filters.get("checkId") not in (None, [])
        if "all" not in target:
            if not narrowed and filters.keys() <= _FILTERS:  # unknown keys are reported already
                message = "An empty target matches every check"
                hint = "Write `target: all` if you mean that, else give `matchTags` or `checkId`."
                self._add(("target",), "target-without-filter", message, hint)
        elif target["all"] is not True:
            message, hint = "`all` can only be true", "Leave it out otherwise."
            self._add(("target", "all"), "wrong-type", message, hint)
        elif narrowed:
            message = "`all: true` and a filter contradict each other"
            self._add(("target", "all"), "target-all-with-filter", message, "Keep one of them.")

    def _tags_narrow(self, groups: Any) -> bool:
        """Whether ``matchTags`` selects anything; a flat list is refused with both meanings."""
        path = ("target", "matchTags")
        if isinstance(groups, str) and not isinstance(groups, Symbolic):
            groups = [groups]
        if not isinstance(groups, list):
            return groups is not None
        flat = [tag for tag in groups if isinstance(tag, str) and not isinstance(tag, Symbolic)]
        if flat:
            every = len(flat) == len(groups)
            hint = _both_spellings(flat) if every else "Put each group in brackets."
            message = "`matchTags` is a list of groups, each a list of tags"
            self._add(path, "flat-match-tags", message, hint)
            return True
        for index, group in enumerate(groups):
            if group == [] and len(groups) > 1:
                message = "A group without tags is not a filter"
                self._add((*path, index), "empty-tag-group", message, "Leave it out.")
            for place, tag in enumerate(group if isinstance(group, list) else ()):
                if tag.__class__ is str and _ODD_TAG.match(tag):
                    self.breaches.append(_doubt((*path, index, place), tag))
                elif tag.__class__ is str and tag.startswith("!") and tag[1:] in group:
                    message = f"No check both has and lacks `{tag[1:]}`, so this group finds none"
                    hint = "Put the tags into groups of their own: either is enough."
                    self.breaches.append(
                        Breach((*path, index, place), "odd-tag", message, hint, Severity.WARNING)
                    )
        return any(group != [] for group in groups)


def _doubt(path: tuple[str | int, ...], tag: str) -> Breach:
    shown = f"The tag {json.dumps(tag, ensure_ascii=False)}"
    bare = tag.lstrip("! \t\r\n").rstrip()
    if "," in tag:
        parts = [_written(part.strip()) for part in tag.split(",") if part.strip()]
        message = f"{shown} is one tag with a comma in it"
        hint = f"Write `[{', '.join(parts)}]` for checks that have all of these tags."
    elif "*" in tag or "?" in tag:
        message, hint = f"{shown} is not a pattern", "Tags are compared in full: name each of them."
    elif tag.startswith("!"):
        message = f"{shown} negates {json.dumps(tag[1:], ensure_ascii=False)}"
        hint = f'Did you mean "!{bare}"?' if bare else "Name the tag behind the `!`."
    else:
        message = f"{shown} has white space around it, which is part of the tag"
        hint = f"Did you mean {_written(tag.strip())}?"
    return Breach(path, "odd-tag", message, hint, Severity.WARNING)


def _both_spellings(tags: list[str]) -> str:
    written = [_written(part.strip()) for tag in tags for part in tag.split(",") if part.strip()]
    if len(written) == 1:
        return f"Write `[[{written[0]}]]`."
    apart = ", ".join(f"[{tag}]" for tag in written)
    return (
        f"`[[{', '.join(written)}]]` takes checks that have all of these tags; "
        f"`[{apart}]` those that have any."
    )


def _written(tag: str) -> str:
    """A tag as it is written in YAML: `!flaky` needs quotes."""
    return tag if _BARE_TAG.fullmatch(tag) else json.dumps(tag, ensure_ascii=False)

"""Warn of text that looks like a template but is not, and of templates that end too early."""

import re
from collections.abc import Iterator

from runner.config.templates.expressions.names import NAMESPACES
from runner.config.templates.template import early_end, place
from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence
from runner.diagnostics import Diagnostic, Severity

_SECTIONS = frozenset({"variables", "defaults", "profiles"})
_NAME = rf"(?:{'|'.join(NAMESPACES)})\.[\w.]{{1,200}}+"
_FOREIGN = re.compile(
    rf"\$\{{\{{(?P<actions>[^{{}}]{{0,200}}+)\}}\}}"
    rf"|\{{\{{\s*+(?P<handlebars>{_NAME})[^{{}}]{{0,200}}+\}}\}}|\$\{{(?P<shell>{_NAME})\}}"
)
_NAMED_IN_BRACES = re.compile(rf"\{{\{{\s{{0,100}}{_NAME}")
_OF_ENVIRONMENT = r"(?:secrets|env|vars)\.(\w+)"
_PLACEHOLDER = r"<[^<>]{1,200}>"
#: The keys whose values can't be placeholders: they select something by name.
_SELECTING = frozenset({"runLocation", "matchTags"})


def lookalikes(root: Mapping) -> Iterator[Diagnostic]:
    """Warn of each value of a file that would be sent differently from what it seems to say."""
    text = root.source.text
    starts = text.count("$<")
    is_foreign = "${" in text or _NAMED_IN_BRACES.search(text)
    if not is_foreign and text.count("<") <= starts and text.count(">") <= starts:
        return
    for section in _SECTIONS & root.values.keys():
        for scalar, is_selecting in _scalars(root.values[section]):
            yield from _judge(scalar, is_selecting)


def _scalars(root: Node) -> Iterator[tuple[Scalar, bool]]:
    """The scalars below a node, each once, and whether they select something."""
    waiting, seen = [(root, False)], set[int]()
    while waiting:
        node, is_selecting = waiting.pop()
        if id(node) in seen:
            continue
        if isinstance(node, Scalar):
            yield node, is_selecting
            continue
        seen.add(id(node))
        if isinstance(node, Sequence):
            waiting += [(item, is_selecting) for item in node.items]
        else:
            waiting += [
                (child, is_selecting or key in _SELECTING) for key, child in node.values.items()
            ]


def _judge(scalar: Scalar, is_selecting: bool) -> Iterator[Diagnostic]:
    text = scalar.text
    if scalar.templated and text.count(">") > text.count("$<"):
        end = early_end(text)
        if end is not None:
            message = (
                "The expression ends at this `>`, but the text after it looks like the rest of it"
            )
            hint = "Put the whole expression in parentheses: `$<(…)>`."
            yield Diagnostic("early-end", message, place(scalar, end), Severity.WARNING, hint)
    found = _FOREIGN.search(text) if "{{" in text or "${" in text else None
    what, hint = "Another tool's template", _hint(found) if found else ""
    if not found and is_selecting:
        found = re.fullmatch(_PLACEHOLDER, text)
        what, hint = "A placeholder", "Write the name that is meant."
    if found:
        span = place(scalar, found.start(), len(found[0]))
        message = f"{what} is not filled in here and stays as it is"
        yield Diagnostic("foreign-template", message, span, Severity.WARNING, hint)


def _hint(found: re.Match[str]) -> str:
    if name := found["handlebars"] or found["shell"]:
        return f"Write `$<{name}>`."
    named = re.fullmatch(_OF_ENVIRONMENT, found["actions"].strip())
    name = named[1] if named else "NAME"
    return f"Pass it to the runner as an environment variable and write `$<env.{name}>`."

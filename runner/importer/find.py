"""Where ``checkly trigger`` commands stand: a command line, a script, a CI system's file."""

from collections.abc import Iterator

from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence
from runner.config.yaml.parse import parse
from runner.diagnostics import Diagnostics
from runner.errors import UsageError
from runner.importer.flags import TriggerCommand, trigger_commands
from runner.importer.translate import ImportedProfile, imported_profiles
from runner.source import Source

#: Keys that say what a text is, not what it is for.
_COMMAND_KEYS = frozenset(
    {"run", "script", "scripts", "command", "commands", "cmd", "before_script", "after_script",
     "bash", "sh", "pwsh", "powershell", "inline", "inlineScript", "steps", "jobs", "with", "job"}
)  # fmt: skip
_TOLERANT_KEYS = ("continue-on-error", "allow_failure", "continueOnError", "soft_fail")
EXAMPLE = 'For example: runner import "npx checkly trigger --tags production,smoke".'

Found = tuple[TriggerCommand, str, str]


def import_command(text: str) -> list[ImportedProfile]:
    """The profiles that a command line stands for.

    Raises:
        UsageError: There is no ``checkly trigger`` in it.
    """
    return _imported([(trigger, "", "") for trigger in trigger_commands(text)], "the command line")


def import_file(name: str, text: str) -> list[ImportedProfile]:
    """The profiles that every ``checkly trigger`` in a file stands for.

    Args:
        name: What a user calls the file.
        text: A workflow in YAML, a ``package.json``, a script or anything with commands in it.

    Raises:
        UsageError: There is no ``checkly trigger`` in it.
    """
    source = Source(name, text)
    root = parse(source, Diagnostics())
    found = list(_in_tree(root, source)) if root is not None else []
    return _imported(found or list(_in_text(text, source)), name)


def _imported(found: list[Found], where: str) -> list[ImportedProfile]:
    if not found:
        raise UsageError(f"There is no `checkly trigger` in {where}.", hint=EXAMPLE)
    return imported_profiles(found)


def _in_text(text: str, source: Source) -> Iterator[Found]:
    for trigger in trigger_commands(text):
        line = source.line_and_column(trigger.offset)[0]
        yield trigger, f"line {line} of {source.name}", ""


def _in_tree(root: Mapping, source: Source) -> Iterator[Found]:
    seen: set[int] = set()
    waiting: list[tuple[Node, str, bool]] = [(root, "", False)]
    while waiting:
        node, title, tolerated = waiting.pop()
        if id(node) in seen:
            continue  # an alias: the same command again
        seen.add(id(node))
        if isinstance(node, Scalar):
            yield from _in_scalar(node, source, title, tolerated)
        elif isinstance(node, Sequence):
            waiting += [(item, title, tolerated) for item in reversed(node.items)]
        else:
            name = node.values.get("name")
            if isinstance(name, Scalar):
                title = name.text
            tolerated = any(_is_true(node.values.get(key)) for key in _TOLERANT_KEYS)
            for key, value in reversed(node.values.items()):
                own = title if key in _COMMAND_KEYS else key
                waiting.append((value, own, tolerated))


def _is_true(node: Node | None) -> bool:
    return isinstance(node, Scalar) and node.value is True


def _in_scalar(scalar: Scalar, source: Source, title: str, tolerated: bool) -> Iterator[Found]:
    if "trigger" not in scalar.text:
        return
    first = source.line_and_column(scalar.start)[0]
    is_block = source.text[scalar.start : scalar.start + 1] in {"|", ">"}
    for trigger in trigger_commands(scalar.text):
        line = first
        if is_block:
            line += 1 + scalar.text.count("\n", 0, trigger.offset)
        trigger.tolerated = trigger.tolerated or tolerated
        yield trigger, f"line {line} of {source.name}", title

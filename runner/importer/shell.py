"""Read shell text with a parser: its commands, and what is done around each. Nothing is run."""

import re
from functools import cache, lru_cache
from time import process_time
from typing import TYPE_CHECKING

from runner.errors import UsageError
from runner.importer.assignments import is_in_front, is_kind, steps_up
from runner.importer.expand import WORDS, Expander
from runner.importer.placeholders import Placeholders
from runner.importer.script import MENTION, SHELLS, Script

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Tree

_REDIRECTS = {"file_redirect", "herestring_redirect", "heredoc_redirect"}
#: Commands that may run what they read, the constructs that feed them, and what is fed.
_RUN_SCRIPTS = SHELLS | {"eval", "ssh", "su"}
_PIPES = {"pipeline", "redirected_statement", "heredoc_redirect"}
_ENDS = {"list", "pipeline", "negated_command"}
_TEXTS = {"heredoc_body", "herestring_redirect"}
_PRINTS = re.compile(r"(?:echo|printf)\b")
_LOOP = "It was inside a loop in the script."
_OUTPUT = "The script used its output."
#: What a construct around a command means for a profile made of it.
_AROUND = {
    "if_statement": "It was inside an `if` in the script.",
    "case_statement": "It was inside a `case` in the script.",
    "while_statement": _LOOP,
    "for_statement": _LOOP,
    "c_style_for_statement": _LOOP,
    "function_definition": "It was inside a function in the script.",
    "negated_command": "The script inverted its exit code with `!`.",
    "command_substitution": _OUTPUT,
    "process_substitution": _OUTPUT,
    "pipeline": "Its output went into a pipe, which may hide its exit code.",
}
_ACCOUNT = ("CHECKLY_API_KEY", "CHECKLY_ACCOUNT_ID", "CHECKLY_API_URL", "CHECKLY_ENV")
#: Text that is nested deeper is not read.
_MAX_DEPTH = 100
_CHUNK = 1 << 16
#: Seconds of work; 300 kB of ordinary script take less than one.
_MAX_SECONDS = 5
_RESERVED = {"}", "then", "else", "elif", "fi", "do", "done", "esac", "in"}
_IGNORED = re.compile(r"true|:|exit 0|(?:echo|printf)\b[^;&|$`]*")
_FAILS = re.compile(r"exit [1-9]\d*")


def commands(script: Script, table: Placeholders) -> list[Script]:
    """Return the commands in a shell text, in order, with what it does around each.

    Raises:
        UsageError: The parser is not installed, or would take too long.
    """
    data = script.text.encode(errors="replace")
    root = _parsed(data).root_node
    expander = Expander(data, table, script.given)
    found: list[Node] = []
    mentions: list[Node] = []
    doubtful = script.doubtful or root.has_error
    defined = set(script.defined)
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        expander.learn(node)
        if node.type == "variable_assignment" and MENTION.search(expander.source(node)):
            mentions.append(node)
        defined.update(_defined(node, expander))
        if node.type == "command" and _may_matter(node, expander):
            found.append(node)
        is_too_deep = depth > _MAX_DEPTH
        doubtful = doubtful or is_too_deep or _is_misplaced(node, expander)
        if not is_too_deep and node.type != "heredoc_body":
            waiting += ((child, depth + 1) for child in reversed(node.children))
    around = script._replace(doubtful=doubtful, defined=frozenset(defined))
    unfollowed = [_unfollowed(n, expander, around) for n in mentions if not expander.follows(n)]
    return [_command(node, expander, around) for node in found] + unfollowed


@cache
def _parser() -> "Parser":
    try:
        import tree_sitter_bash  # noqa: PLC0415 # an extra
        from tree_sitter import Language, Parser  # noqa: PLC0415
    except ImportError as error:
        hint = "Install the runner with its extra: `pip install '.[import]'`."
        message = "`runner import` needs a shell parser that is not installed."
        raise UsageError(message, hint=hint) from error
    return Parser(Language(tree_sitter_bash.language()))


def _parsed(data: bytes) -> "Tree":
    parser = _parser()
    started = process_time()
    try:  # thousands of open heredocs or brackets can take the parser minutes
        return parser.parse(
            lambda at, _: data[at : at + _CHUNK],
            encoding="utf8",
            progress_callback=lambda *_: process_time() - started > _MAX_SECONDS,
        )
    except ValueError as error:
        parser.reset()
        raise UsageError("The shell text is too complex to parse.") from error


def _is_misplaced(node: "Node", expander: Expander) -> bool:
    """Return whether a shell would refuse something that the parser lets pass."""
    kind, parent, before = node.type, node.parent, node.prev_sibling
    if parent is not None and parent.type in {"command", "file_redirect"}:
        if expander.is_beside_blank_word(node):
            return True
        if kind in WORDS and before is not None and before.type in WORDS | {"command_name"}:
            return expander.touch(before, node)  # they are one word to a shell
    return (
        (kind == "command_name" and expander.source(node) in _RESERVED)
        or (kind in {"compound_statement", "do_group"} and len(node.children) < 3)
        or (kind == "file_redirect" and node.start_point.row != node.end_point.row)
        or (kind == "subshell" and is_kind(parent, "command"))
        or (kind == "ansi_c_string" and r"\\'" in expander.source(node)[:-1])
        or (kind == "negated_command" and before is not None and is_kind(parent, "pipeline"))
        or (kind in {";;", ";&", ";;&"} and not is_kind(parent, "case_item"))
    )


def _unfollowed(node: "Node", expander: Expander, script: Script) -> Script:
    why = "it is put together in a variable"
    line = script.line + node.start_point.row
    return script._replace(text="", line=line, stdin=expander.source(node), unread=why)


def _defined(node: "Node", expander: Expander) -> list[str]:
    """Return the names of commands that a node gives another meaning."""
    if node.type == "function_definition":
        name = node.child_by_field_name("name")
        return [expander.source(name)] if name is not None else []
    words = expander.source(node).split() if node.type == "command" else []
    return [word.partition("=")[0] for word in words[1:]] if words[:1] == ["alias"] else []


def _may_matter(node: "Node", expander: Expander) -> bool:
    source = expander.source(node)
    name = node.child_by_field_name("name")
    variable = name is not None and name.children[0].type != "word"
    return (
        variable
        or re.search(r"checkly|trigger|^(?:npm|pnpm|yarn|bun|eval)|sh\b", source) is not None
    )


def _command(node: "Node", expander: Expander, script: Script) -> Script:
    words: list[str] = []
    expander.has_splits = False
    own = dict(script.own)
    output = script.output
    for name in _ACCOUNT:
        if name in expander.assigned:
            own[name] = " ".join(expander.value(name, node) or ())
    for child in [*node.children, *_redirections(node)]:
        if child.type == "variable_assignment":
            if is_in_front(child):
                name, value = expander.assignment(child)
                own[name] = " ".join(value)
        elif child.type in _REDIRECTS:
            # What follows the target of a redirection is a word of the command again.
            parts = [part for part in child.children if part.type in WORDS]
            if child.type != "heredoc_redirect":
                if parts and child.children[0].type in {">", ">>", "&>", "&>>"}:
                    output = expander.text(parts[0])
                parts = parts[1:]
            words += [word for part in parts for word in expander.words(part)]
        else:
            word = child.children[0] if child.type == "command_name" else child
            words += expander.words(word) if word.type in WORDS else [expander.opaque(word)]
    notes, tolerated = _around(node, expander, expander.axes_of(words))
    why = f"the script defines `{words[0]}` itself" if words and words[0] in script.defined else ""
    return script._replace(
        text="",
        words=tuple(words),
        line=script.line + node.start_point.row,
        notes=(*script.notes, *notes),
        tolerated=script.tolerated or tolerated,
        given=expander.given_inside() if _has_script(words) else script.given,
        own=own,
        output=output,
        stdin=_input(node, expander) if _has_script(words) else "",
        unread=script.unread or why,
        # `> --tags=x` was typed behind the second prompt of a shell; no file is called so.
        doubtful=script.doubtful or expander.has_splits or output.startswith("-"),
    )


def _has_script(words: list[str]) -> bool:
    return not _RUN_SCRIPTS.isdisjoint(word.rpartition("/")[2] for word in words)


def _redirections(node: "Node") -> "list[Node]":
    """Return those of a command, which the parser gives to the list or pipe that it ends."""
    for child, parent in steps_up(node):
        if parent.type == "redirected_statement":
            return parent.children[1:] if parent.children[0] == child else []
        if parent.type not in _ENDS or parent.children[-1] != child:
            break
    return []


def _input(node: "Node", expander: Expander) -> str:
    """Return the texts that a pipe or a redirection may give to a command."""
    for _, parent in steps_up(node):
        if parent.type not in _PIPES:
            break
        node = parent
    return _printed(node, expander)


@lru_cache(maxsize=1)  # a long pipe has many commands
def _printed(node: "Node", expander: Expander) -> str:
    texts: list[str] = []
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if node.type in _TEXTS or (node.type == "command" and _PRINTS.match(expander.source(node))):
            texts.append(expander.source(node))
        else:
            waiting += node.children
    return "\n".join(texts)


def _around(node: "Node", expander: Expander, axes: set[str]) -> tuple[list[str], bool]:
    """Return what a script does with a command, a note each, and whether it ignores failure."""
    notes, tolerated = [], False
    for child, parent in steps_up(node):
        if is_kind(child.next_sibling, "&"):
            notes.append("The script ran it in the background, with `&`.")
        if parent.type == "list":
            left, operator, right = parent.children[:3]
            if operator.type == "||" and left == child:
                then = expander.source(right)
                tolerated = tolerated or bool(_IGNORED.fullmatch(then))
                if not (tolerated or _FAILS.fullmatch(then)):
                    notes.append("After a failure the script ran another command, with `||`.")
            elif left != child and (operator.type == "||" or left.type == "test_command"):
                notes.append(f"The script ran it under a condition, with `{operator.type}`.")
        elif parent.type != "for_statement" or expander.name_of(parent) not in axes:
            notes += filter(None, [_AROUND.get(parent.type)])
    return notes, tolerated

"""Shell text in a file, and a command in such text."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from runner.importer.placeholders import Matrix

MENTION = re.compile(r"checkly(?:@[^\s@]+)?\s+(?:--\s+)?trigger\b")
#: The shells that can be read.
SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh"})
#: The name of one, also inside a command line.
SHELL = re.compile(rf"(?<![A-Za-z])(?:{'|'.join(sorted(SHELLS))})(?![A-Za-z])")
_NONE: Mapping[str, str] = MappingProxyType({})


class Script(NamedTuple):
    """A text with commands, or one command of it, and its surroundings.

    Attributes:
        text: Shell, with marks.
        words: In place of a text, the words of a single command, without redirections.
        line: The line where it begins, counted from 1.
        titles: What the file calls it and what it is in, from the inside out.
        notes: What is done around it, a sentence each.
        tolerated: Whether its failure is ignored, as with ``|| true``.
        given: Variables that are set around it.
        own: Variables that are set in front of a command, and Checkly's that its script sets.
        matrix: The matrix of its job.
        output: The file that its output goes to.
        stdin: What it may read as a script, or may be run as one.
        defined: The names of commands that a script around it gives another meaning.
        doubtful: Whether the text has parts that are not valid shell.
        unread: Why it can't be read, or can't be imported.
    """

    text: str = ""
    words: tuple[str, ...] = ()
    line: int = 1
    titles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    tolerated: bool = False
    given: Mapping[str, str] = _NONE
    own: Mapping[str, str] = _NONE
    matrix: Matrix = ()
    output: str = ""
    stdin: str = ""
    defined: frozenset[str] = frozenset()
    doubtful: bool = False
    unread: str = ""

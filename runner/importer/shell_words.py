"""Just enough of a shell's grammar to read the command lines that people keep in CI files.

Nothing is run or expanded: a word keeps its parts apart, so that the importer can say ``$<env.X>``
where the shell would have put the value of ``X``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\}|\{(\w+):?-([\w./:@ -]*)\})")
_GITHUB = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_RUN = re.compile(r"[\w.,:/=@%+~^*?!{}\[\]-]+")
_ESCAPED_IN_QUOTES = '"$`\\'


class PartKind(Enum):
    """What a part of a word is."""

    TEXT = "text"
    VARIABLE = "variable"
    GITHUB = "github"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a word.

    Attributes:
        kind: What ``text`` is: text itself, a variable's name, the inside of ``${{ … }}``, or a
            command whose output the shell would put there.
        text: See there.
        default: Of a variable, what stands for it when it is not set.
    """

    kind: PartKind
    text: str
    default: str | None = None


@dataclass(slots=True)
class Word:
    """One word of a command.

    Attributes:
        parts: What it is made of.
        source: The text it was read from, quotes included.
    """

    parts: list[Part] = field(default_factory=list)
    source: str = ""

    @property
    def literal(self) -> str:
        """Its text, as far as no shell is needed to know it."""
        return "".join(part.text for part in self.parts if part.kind is PartKind.TEXT)

    def add(self, text: str) -> None:
        """Add text."""
        self.parts.append(Part(PartKind.TEXT, text))

    def join(self) -> None:
        """Make one part of text parts that follow each other."""
        joined: list[Part] = []
        for is_text, parts in groupby(self.parts, lambda part: part.kind is PartKind.TEXT):
            if is_text:
                joined.append(Part(PartKind.TEXT, "".join(part.text for part in parts)))
            else:
                joined += parts
        self.parts = joined

    def after(self, count: int) -> "Word":
        """The word without its first ``count`` characters, which are text."""
        rest = [Part(PartKind.TEXT, self.parts[0].text[count:]), *self.parts[1:]]
        return Word([part for part in rest if part.text or part.kind is not PartKind.TEXT])

    def split(self, separator: str) -> "list[Word]":
        """The words between the separators in its text."""
        words = [Word()]
        for part in self.parts:
            if part.kind is not PartKind.TEXT:
                words[-1].parts.append(part)
                continue
            first, *rest = part.text.split(separator)
            words[-1].add(first)
            words += [Word([Part(PartKind.TEXT, text)]) for text in rest]
        return words


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command.

    Attributes:
        words: Its words, without redirections.
        offset: Where it begins.
        operator: What stands after it: ``||``, ``;``, a line break and so on.
    """

    words: tuple[Word, ...]
    offset: int
    operator: str


def commands(text: str) -> Iterator[Command]:
    """The simple commands in ``text``, in order. Quotes left open end with the text."""
    reader = _Reader(text)
    while reader.at < len(text):
        yield reader.command()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def command(self) -> Command:
        words: list[Word] = []
        begin: int | None = None
        redirected = False
        while self.at < len(self.text):
            character = self.text[self.at]
            if operator := self._operator():
                return Command(tuple(words), self.at if begin is None else begin, operator)
            if self._skip_blank(character):
                continue
            if character in "<>":
                if words and words[-1].source.isdigit() and self.text[self.at - 1].isdigit():
                    words.pop()
                self._skip_redirection()
                redirected = True
                continue
            begin = self.at if begin is None else begin
            word = self._word()
            if not redirected:
                words.append(word)
            redirected = False
        return Command(tuple(words), len(self.text) if begin is None else begin, "")

    def _operator(self) -> str:
        for operator in ("&&", "||", "\n", ";", "|", "&", "(", ")"):
            if self.text.startswith(operator, self.at):
                self.at += len(operator)
                return operator
        return ""

    def _skip_blank(self, character: str) -> bool:
        """Go over a blank, a comment, or the end of a line that goes on (PowerShell's too)."""
        if self.text.startswith(("\\\n", "`\n", "\\\r\n", "`\r\n"), self.at):
            self.at = self.text.index("\n", self.at) + 1
        elif character in " \t\r":
            self.at += 1
        elif character == "#":
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end
        else:
            return False
        return True

    def _skip_redirection(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in "<>&":
            self.at += 1

    def _word(self) -> Word:
        word, begin = Word(), self.at
        while self.at < len(self.text):
            character = self.text[self.at]
            if character in " \t\r\n;|&()<>" or self.text.startswith(("`\n", "`\r\n"), self.at):
                break
            if character == "'":
                end = self.text.find("'", self.at + 1)
                end = len(self.text) if end < 0 else end
                word.add(self.text[self.at + 1 : end])
                self.at = end + 1
            elif character == '"':
                self.at += 1
                self._quoted(word)
            elif character == "\\":
                if self.text.startswith(("\\\n", "\\\r\n"), self.at):
                    break
                word.add(self.text[self.at + 1 : self.at + 2])
                self.at += 2
            else:
                self._plain(word)
        word.source = self.text[begin : self.at]
        word.join()
        return word

    def _quoted(self, word: Word) -> None:
        """Read on to the closing double quote."""
        word.add("")
        while self.at < len(self.text) and self.text[self.at] != '"':
            following = self.text[self.at + 1 : self.at + 2]
            if self.text[self.at] == "\\" and following in _ESCAPED_IN_QUOTES:
                word.add(following)
                self.at += 2
            elif self.text.startswith("\\\n", self.at):
                self.at += 2
            else:
                self._plain(word)
        self.at += 1

    def _plain(self, word: Word) -> None:
        """Read an expansion, or characters that stand for themselves."""
        if github := _GITHUB.match(self.text, self.at):
            word.parts.append(Part(PartKind.GITHUB, github[1].strip()))
            self.at = github.end()
        elif variable := _VARIABLE.match(self.text, self.at):
            name = variable[1] or variable[2] or variable[3]
            word.parts.append(Part(PartKind.VARIABLE, name, variable[4]))
            self.at = variable.end()
        elif self.text.startswith("$(", self.at):
            self._substitution(word, self._closing_parenthesis())
        elif self.text[self.at] == "`":
            end = self.text.find("`", self.at + 1)
            self._substitution(word, len(self.text) if end < 0 else end + 1)
        else:
            run = _RUN.match(self.text, self.at)
            text = run[0] if run else self.text[self.at]
            word.add(text)
            self.at += len(text)

    def _substitution(self, word: Word, end: int) -> None:
        word.parts.append(Part(PartKind.COMMAND, self.text[self.at : end]))
        self.at = end

    def _closing_parenthesis(self) -> int:
        depth = 0
        for match in re.finditer(r"[()]", self.text[self.at :]):
            depth += 1 if match[0] == "(" else -1
            if depth == 0:
                return self.at + match.end()
        return len(self.text)

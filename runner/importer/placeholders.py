"""Text with placeholders for what a shell or a CI system would put there.

A placeholder is a short mark in an ordinary string, so that words can be split, joined and
matched as text; the table knows what each mark stands for.
"""

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import NamedTuple, TypeAlias

from runner.secrets import key_looks_secret

_OPEN, _CLOSE = "\ue000", "\ue001"
MARK = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
#: Expressions of GitHub and Azure, CircleCI, GitLab, evaluated before any shell sees them.
_EXPRESSION = re.compile(
    r"\$\{\{(?P<github>(?:[^'{}]|'[^']*')*)\}\}"
    r"|<<\s*(?P<circle>(?:pipeline|parameters|matrix)\.[\w.-]+)\s*>>"
    r"|\$\[\[(?P<gitlab>[^\[\]]*)\]\]"
)
#: Well-known kinds of tokens, authorization headers, and addresses with a password in them.
_TOKEN = re.compile(
    r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-|sk_live_|rk_live_|cu_|AKIA|eyJ)[\w-]{8}"
    r"|(?:^|['\"])(?:Bearer|Basic)\s|://[^/\s:@]*:[^/\s@]+@",
    re.IGNORECASE,
)
_SECRET_EXPRESSION = re.compile(r"\bsecrets\b|\bgithub\.token\b", re.IGNORECASE)
#: ``env.NAME`` and ``env['NAME']``; Azure's ``variables`` are the same.
_ENV_EXPRESSION = re.compile(r"\b(?:env|variables)(?:\.|\[')(\w+)", re.IGNORECASE)


def without_marks(text: str) -> str:
    """Return ``text`` from outside, in which nothing can be taken for a mark."""
    return text.replace(_OPEN, "\ufffd").replace(_CLOSE, "\ufffd")


def holds_token(text: str) -> bool:
    """Return whether ``text`` has a literal secret in it."""
    return _TOKEN.search(text) is not None


class Kind(Enum):
    """Who fills a placeholder in."""

    VARIABLE = "a variable of the shell"
    EXPRESSION = "an expression of the CI system"
    MATRIX = "one value after the other"
    SCRIPT = "the script itself"  # what it computes or reads can't be followed


#: Several runs of one command: what the names of the axes stand for in each.
Matrix: TypeAlias = tuple[Mapping[str, str], ...]


class Placeholder(NamedTuple):
    """What a mark stands for.

    Attributes:
        kind: Who fills it in.
        name: The name of the variable, the expression, or the axis of the matrix.
        source: The text in its place.
        default: The text for a variable that is not set.
        secret: Whether it holds a secret or is made of one, as far as is known.
        matrix: The matrix that an axis belongs to.
    """

    kind: Kind
    name: str
    source: str
    default: str | None = None
    secret: bool = False
    matrix: Matrix = ()


class Placeholders:
    """The table of all placeholders in a file.

    Attributes:
        entries: What each mark stands for.
        variables: The names of the shell variables among them.
        env_names: Expression → the environment variable that stands for it, the same each time.
        secrets: The environment variables that feed a secret; nothing else may read them.
        secret_env: The names under ``env`` in the file that hold a secret.
    """

    def __init__(self) -> None:
        self.entries: list[Placeholder] = []
        self.variables: set[str] = set()
        self.env_names: dict[str, str] = {}
        self.secrets: set[str] = set()
        self.secret_env: set[str] = set()

    def mark(self, placeholder: Placeholder) -> str:
        """Return the text that stands for ``placeholder``, which names may show to be a secret."""
        words = re.findall(r"\w+", f"{placeholder.name} {placeholder.source}")
        if any(map(key_looks_secret, words)):
            placeholder = placeholder._replace(secret=True)
        if placeholder.kind is Kind.VARIABLE:
            self.variables.add(placeholder.name)
        self.entries.append(placeholder)
        return f"{_OPEN}{len(self.entries) - 1}{_CLOSE}"

    def mark_expressions(self, text: str, matrix: Matrix = ()) -> str:
        """Replace each expression of a CI system by a mark; ``matrix`` is that of its job."""

        def marked(found: re.Match[str]) -> str:
            name = found[found.lastgroup or 0].strip()
            axis = name.removeprefix("matrix.")
            if axis != name and any(axis in run for run in matrix):
                return self.mark(Placeholder(Kind.MATRIX, axis, found[0], matrix=matrix))
            is_secret = _SECRET_EXPRESSION.search(name) is not None
            secret = is_secret or not self.secret_env.isdisjoint(_ENV_EXPRESSION.findall(name))
            return self.mark(Placeholder(Kind.EXPRESSION, name, found[0], secret=secret))

        return _EXPRESSION.sub(marked, without_marks(text))

    def pieces(self, text: str) -> Iterator[str | Placeholder]:
        """Yield the stretches of ``text``, in order: plain text and placeholders."""
        for index, piece in enumerate(MARK.split(text)):
            if index % 2:
                yield self.entries[int(piece)]
            elif piece:
                yield piece

    def inside(self, text: str) -> list[Placeholder]:
        """Return the placeholders in ``text``, those in their defaults too."""
        found = [piece for piece in self.pieces(text) if isinstance(piece, Placeholder)]
        return found + [deep for p in found if p.default for deep in self.inside(p.default)]

    def original(self, text: str) -> str:
        """Return ``text`` as it was, to be shown to people."""
        return MARK.sub(lambda found: self.entries[int(found[1])].source, text)

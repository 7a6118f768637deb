"""Errors and warnings about a file, collected as values and printed in one place."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from runner.source import Span

#: The page that explains each code; `make owner` puts the published one here.
PAGE: Final = "docs/diagnostics.md"


class Severity(StrEnum):
    """The severity of a diagnostic."""

    ERROR = "error"
    WARNING = "warning"


class Related(NamedTuple):
    """Another place that a diagnostic refers to, and why."""

    span: Span
    message: str


class Diagnostic(NamedTuple):
    """One problem at one place.

    Attributes:
        code: Stable name of the kind of problem, such as ``unknown-key``.
        message: The problem in one sentence without a full stop; never quotes a secret.
        span: Its place; ``None`` only when there is no text to point at (a missing file).
        severity: Error or warning.
        hint: What to do about it, if that is known.
        related: Other places that belong to it.
        profile: The profile whose values are judged; ``None`` for errors of structure, which
            stop an apply of anything.
    """

    code: str
    message: str
    span: Span | None = None
    severity: Severity = Severity.ERROR
    hint: str | None = None
    related: tuple[Related, ...] = ()
    profile: str | None = None

    @property
    def url(self) -> str:
        """The address of its section in the documentation."""
        return f"{PAGE}#{self.code}"


#: So many problems that more hints would not help.
MANY = 200


#: At more places than this, the same warning is shown once.
FEW = 5


def _summed_up(diagnostics: list[Diagnostic]) -> Iterator[Diagnostic]:
    kinds = Counter(_kind(one) for one in diagnostics)
    for one in diagnostics:
        places = kinds[_kind(one)]
        if one.severity is Severity.ERROR or 0 < places <= FEW:
            yield one
        elif places:
            more = f"{one.message} (here and at {places - 1:,} more places)"
            yield one._replace(message=more)
            kinds[_kind(one)] = 0


def _kind(diagnostic: Diagnostic) -> tuple[str | None, ...]:
    return diagnostic.severity, diagnostic.code, diagnostic.message, diagnostic.hint


class Diagnostics:
    """Collects the problems of one run: each once, in file order when read.

    Attributes:
        ignored: Codes whose warnings are left out.
    """

    def __init__(self) -> None:
        self.ignored: frozenset[str] = frozenset()
        self._found: dict[tuple[object, ...], Diagnostic] = {}

    def add(self, *diagnostics: Diagnostic) -> None:
        """Keep each of ``diagnostics`` that was not already reported at the same place."""
        for diagnostic in diagnostics:
            span = diagnostic.span
            place = (id(span.source), span.start, span.end) if span else ()
            self._found.setdefault((diagnostic.code, diagnostic.message, *place), diagnostic)

    def extend(self, others: "Diagnostics") -> None:
        """Keep what ``others`` found as well."""
        self.add(*others._found.values())

    def without(self, codes: Collection[str]) -> "Diagnostics":
        """All diagnostics except those with one of ``codes``."""
        rest = Diagnostics()
        rest.ignored = self.ignored
        rest._found = {key: found for key, found in self._found.items() if found.code not in codes}
        return rest

    def soften(self, concerns_others: Callable[[Diagnostic], bool]) -> None:
        """Turn each error that ``concerns_others`` into a warning, which stops nothing."""
        for key, found in self._found.items():
            if found.severity is Severity.ERROR and concerns_others(found):
                self._found[key] = found._replace(severity=Severity.WARNING)

    def error(
        self,
        code: str,
        message: str,
        span: Span | None = None,
        *,
        hint: str | None = None,
        related: tuple[Related, ...] = (),
        profile: str | None = None,
    ) -> None:
        """Add an error."""
        self.add(Diagnostic(code, message, span, Severity.ERROR, hint, related, profile))

    def warning(
        self,
        code: str,
        message: str,
        span: Span | None = None,
        *,
        hint: str | None = None,
        related: tuple[Related, ...] = (),
        profile: str | None = None,
    ) -> None:
        """Add a warning."""
        self.add(Diagnostic(code, message, span, Severity.WARNING, hint, related, profile))

    @property
    def wants_hints(self) -> bool:
        """Whether to look for hints: after a few hundred problems they no longer help."""
        return len(self._found) < MANY

    @property
    def has_errors(self) -> bool:
        """Whether there is an error."""
        return any(found.severity is Severity.ERROR for found in self._found.values())

    @property
    def errors(self) -> list[Diagnostic]:
        """The errors, in file order."""
        return [found for found in self if found.severity is Severity.ERROR]

    @property
    def warnings(self) -> list[Diagnostic]:
        """The warnings, in file order."""
        return [found for found in self if found.severity is Severity.WARNING]

    def __iter__(self) -> Iterator[Diagnostic]:
        """All of them: those without a place first, then file by file in order of position.

        The same warning at more than a few places is shown once, at the first of them.
        """
        files: dict[int, int] = {}
        told = [
            found
            for found in self._found.values()
            if found.severity is Severity.ERROR or found.code not in self.ignored
        ]
        for found in told:
            if found.span:
                files.setdefault(id(found.span.source), len(files))

        def place(found: Diagnostic) -> tuple[int, int, int]:
            if found.span is None:
                return (-1, 0, 0)
            return (files[id(found.span.source)], found.span.start, found.span.end)

        return _summed_up(sorted(told, key=place))

    def __len__(self) -> int:
        return len(self._found)

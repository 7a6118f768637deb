"""The summary of an apply as text for a terminal or a log."""

from collections.abc import Iterable
from typing import Final

from runner.models.outcome import ApplyOutcome, CheckOutcome, InstanceOutcome
from runner.models.verdict import Verdict
from runner.reports.apply import wording
from runner.reports.text.layout import Piece, lay_out
from runner.reports.text.sanitize import NAME_LIMIT, lines, one_line
from runner.reports.text.style import Style

_TINTS: Final = {
    "bad": "red",
    "warn": "yellow",
    "good": "green",
    "odd": "magenta",
    "none": "dim",
}
_ERROR_LINES: Final = 20
_LINE_LIMIT: Final = 1_000


def render(outcome: ApplyOutcome, style: Style | None = None) -> str:
    """The summary: what was tested, sessions, quorums, failures and, last, the counts."""
    page = _Page(style or Style())
    for name, text in wording.tested(outcome):
        page.line(Piece(f"{name}:", ("dim",), pad=12), Piece(shown_name(text), glued=True))
    page.gap()
    page.sessions(outcome)
    for quorum in outcome.quorums:
        said = f"{quorum.passed} of {quorum.total} passed, {quorum.needed} needed:"
        ended = wording.quorum_result(quorum)
        page.line(Piece(f"Quorum of {shown_name(quorum.profile)}: {said}"), _word(ended))
    page.gap()
    if failures := wording.failures(outcome):
        page.heading("Failing checks")
        for failure in failures:
            page.failure(failure)
        page.gap()
    page.totals(outcome)
    return "".join(f"{row}\n" for row in page.rows)


class _Page:
    """The rows of a summary."""

    def __init__(self, style: Style) -> None:
        self.rows: list[str] = []
        self._style = style

    def line(self, *pieces: Piece, indent: int = 0) -> None:
        """Add ``pieces``, on more than one row if they do not fit."""
        self.rows += lay_out(pieces, self._style, indent)

    def gap(self) -> None:
        """Add an empty row, unless there is one."""
        if self.rows and self.rows[-1]:
            self.rows.append("")

    def heading(self, text: str) -> None:
        """Add a heading."""
        self.rows += [self._style.paint(text, "bold"), ""]

    def sessions(self, outcome: ApplyOutcome) -> None:
        """Add one row each; if many simply passed, they share one row."""
        if not outcome.instances:
            return
        self.heading("Sessions")
        shown, quiet = wording.loud_and_quiet(outcome)
        pad = min(max((len(shown_name(item.name)) for item in shown), default=0), 50)
        for instance in shown:
            self._session(instance, 0 if self._style.wraps and self._style.width < 72 else pad)
        if quiet:
            said = f"{len(quiet)} {'more ' if shown else ''}sessions passed"
            self.line(_sign("passed"), Piece(said, glued=True))
        self.gap()

    def _session(self, instance: InstanceOutcome, pad: int) -> None:
        label = instance.verdict.value
        counts = wording.in_words(wording.count_labels(map(wording.label, instance.checks)))
        self.line(
            _sign(label),
            Piece(shown_name(instance.name), pad=pad, glued=True, link=instance.link),
            Piece(label, (_tint(label),), pad=11 if pad else 0),
            Piece(wording.duration(instance.seconds)),
            Piece("does not count" if wording.is_forgiven(instance) else ""),
            Piece(f"checks: {counts}" if counts else ""),
        )
        self._below(instance.reason)
        self._below(instance.hint)
        if instance.verdict is Verdict.RUNNING and instance.session_id:  # to find it again
            self._below(f"session {instance.session_id}")
        self._below(self._style.address(instance.link), "cyan")

    def failure(self, failure: wording.Failure) -> None:
        """Add where a failure occurred, then the error and the files, once."""
        for place in failure.shown:
            self.line(
                _sign(place.label),
                Piece(f"{shown_name(place.instance.name)} ›", ("dim",), glued=True),
                Piece(shown_name(place.check.name), ("bold",), glued=True, link=place.link),
                Piece(", ".join(_harmless(place.said)), (_tint(place.label),)),
            )
        if failure.more:
            self.line(Piece(failure.more))
        check = failure.first.check
        for line in lines(check.error, _LINE_LIMIT, _ERROR_LINES) if check.error else ():
            self.line(Piece(line), indent=4)
        for file in check.artifacts:
            self._below(f"{file.kind}: {file.path}" if file.path else None, "cyan")
        self._below(self._style.address(failure.first.link), "cyan")

    def totals(self, outcome: ApplyOutcome) -> None:
        """Add the last rows: counts of instances, checks and changes, and the result."""
        for heading, counts in wording.count_all(outcome).items():
            words = [
                _word(name, f"{number} {name}{',' if index < len(counts) else ''}")
                for index, (name, number) in enumerate(counts, start=1)
            ]
            if words:
                self.line(Piece(f"{heading}:".ljust(9)), *words)
        took = "" if outcome.detached else f"after {wording.duration(outcome.seconds)}"
        tint = "green" if outcome.exit_code == 0 else "red"
        self.line(
            Piece(f"Apply {one_line(outcome.apply_id, NAME_LIMIT)}"),
            Piece(wording.result(outcome), ("bold", tint), glued=True),
            Piece(took, glued=True),
            Piece(f"(exit code {outcome.exit_code})", glued=True),
        )

    def _below(self, text: str | None, *styles: str) -> None:
        if text:
            self.line(Piece(one_line(text, _LINE_LIMIT), styles), indent=4)


def sign(label: str, style: Style) -> str:
    """The coloured symbol of ``label``."""
    return style.paint(style.plain(wording.sign(label)), _tint(label))


def _tint(label: str) -> str:
    return "cyan" if label == Verdict.RUNNING.value else _TINTS[wording.tone(label)]


def _sign(label: str) -> Piece:
    return Piece(wording.sign(label), (_tint(label),))


def _word(label: str, text: str | None = None) -> Piece:
    """``text``, or ``label`` itself, in the colour of ``label``."""
    return Piece(text or label, (_tint(label),), glued=True)


def shown_name(name: str) -> str:
    """A name as shown in text."""
    return one_line(name, NAME_LIMIT)


def check_line(check: CheckOutcome, style: Style) -> str:
    """A check that ended: its name, verdict, notes and duration."""
    verdict = style.paint(check.verdict.value, _tint(check.verdict.value))
    said = ", ".join([verdict, *_harmless(wording.notes(check))])
    took = wording.duration(check.seconds)
    after = style.paint(f" ({took})", "dim") if took else ""
    return f"{sign(wording.label(check), style)} {shown_name(check.name)}: {said}{after}"


def instance_line(instance: InstanceOutcome, style: Style) -> str:
    """An instance that ended: its verdict, duration and reason."""
    took = wording.duration(instance.seconds)
    after = f" after {took}" if took else ""
    reason = "" if instance.reason is None else f": {one_line(instance.reason, _LINE_LIMIT)}"
    allowed = " (does not count)" if wording.is_forgiven(instance) else ""
    label = instance.verdict.value
    return f"{sign(label, style)} {style.paint(label, _tint(label))}{after}{allowed}{reason}"


def _harmless(notes: Iterable[str]) -> list[str]:
    return [one_line(note, _LINE_LIMIT) for note in notes]

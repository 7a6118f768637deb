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
    style = style or Style()
    rows: list[str] = []
    for name, text in wording.tested(outcome):
        rows += lay_out(
            [Piece(f"{name}:", ("dim",), pad=12), Piece(shown_name(text), glued=True)], style
        )
    if rows:
        rows.append("")
    if outcome.instances:
        rows += [style.paint("Sessions", "bold"), "", *_sessions(outcome, style), ""]
    for quorum in outcome.quorums:
        said = f"{quorum.passed} of {quorum.total} passed, {quorum.needed} needed:"
        ended = wording.quorum_result(quorum)
        rows += lay_out(
            [Piece(f"Quorum of {shown_name(quorum.profile)}: {said}"), _word(ended)], style
        )
    if rows and rows[-1]:
        rows.append("")
    if failures := wording.failures(outcome):
        rows += [style.paint("Failing checks", "bold"), ""]
        for failure in failures:
            rows += _failure(failure, style)
        rows.append("")
    rows += _totals(outcome, style)
    return "".join(f"{row}\n" for row in rows)


def _sessions(outcome: ApplyOutcome, style: Style) -> list[str]:
    """One row each; if many simply passed, they share one row."""
    shown, quiet = wording.loud_and_quiet(outcome)
    pad = min(max((len(shown_name(item.name)) for item in shown), default=0), 50)
    rows = []
    for instance in shown:
        rows += _instance(instance, 0 if style.wraps and style.width < 72 else pad, style)
    if quiet:
        said = f"{len(quiet)} {'more ' if shown else ''}sessions passed"
        rows += lay_out([_sign("passed"), Piece(said, glued=True)], style)
    return rows


def _totals(outcome: ApplyOutcome, style: Style) -> list[str]:
    """The last lines: counts of instances, checks and changes, and the result."""
    rows = []
    for heading, counts in wording.count_all(outcome).items():
        if not counts:
            continue
        pieces = [Piece(f"{heading}:".ljust(9))]
        for index, (name, number) in enumerate(counts, start=1):
            comma = "," if index < len(counts) else ""
            pieces.append(_word(name, f"{number} {name}{comma}"))
        rows += lay_out(pieces, style)
    pieces = [
        Piece(f"Apply {one_line(outcome.apply_id, NAME_LIMIT)}"),
        Piece(
            wording.result(outcome),
            ("bold", "green" if outcome.exit_code == 0 else "red"),
            glued=True,
        ),
        Piece("" if outcome.detached else f"after {wording.duration(outcome.seconds)}", glued=True),
        Piece(f"(exit code {outcome.exit_code})", glued=True),
    ]
    return rows + lay_out(pieces, style)


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


def _failure(failure: wording.Failure, style: Style) -> list[str]:
    """A failure: where it occurred, then the error and the files, once."""
    rows = []
    for place in failure.shown:
        rows += _place(place, style)
    if failure.more:
        rows += lay_out([Piece(failure.more)], style)
    check = failure.first.check
    for line in lines(check.error, _LINE_LIMIT, _ERROR_LINES) if check.error else ():
        rows += lay_out([Piece(line)], style, indent=4)
    files = [f"{item.kind}: {item.path}" for item in check.artifacts if item.path]
    return rows + _below([*files, style.address(failure.first.link)], style, "cyan")


def _place(place: wording.Place, style: Style) -> list[str]:
    pieces = [
        _sign(place.label),
        Piece(f"{shown_name(place.instance.name)} ›", ("dim",), glued=True),
        Piece(shown_name(place.check.name), ("bold",), glued=True, link=place.link),
        Piece(", ".join(_harmless(place.said)), (_tint(place.label),)),
    ]
    return lay_out(pieces, style)


def _instance(instance: InstanceOutcome, pad: int, style: Style) -> list[str]:
    label = instance.verdict.value
    counts = wording.in_words(wording.count_labels(map(wording.label, instance.checks)))
    pieces = [
        _sign(label),
        Piece(shown_name(instance.name), pad=pad, glued=True, link=instance.link),
        Piece(label, (_tint(label),), pad=11 if pad else 0),
        Piece(wording.duration(instance.seconds)),
        Piece("does not count" if wording.is_forgiven(instance) else ""),
        Piece(f"checks: {counts}" if counts else ""),
    ]
    below = [instance.reason, instance.hint]
    if instance.verdict is Verdict.RUNNING and instance.session_id:  # to find it again
        below.append(f"session {instance.session_id}")
    address = _below([style.address(instance.link)], style, "cyan")
    return lay_out(pieces, style) + _below(below, style) + address


def _harmless(notes: Iterable[str]) -> list[str]:
    return [one_line(note, _LINE_LIMIT) for note in notes]


def _below(texts: Iterable[str | None], style: Style, *styles: str) -> list[str]:
    """``texts`` on indented lines of their own."""
    rows: list[str] = []
    for text in _harmless(filter(None, texts)):
        rows += lay_out([Piece(text, styles)], style, indent=4)
    return rows

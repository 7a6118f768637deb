"""An apply as Markdown for a step summary or a comment on GitHub."""

from collections.abc import Iterator
from typing import Final

from runner.models.outcome import ApplyOutcome, InstanceOutcome, QuorumOutcome
from runner.reports.apply import wording
from runner.reports.text.markdown import COMMENT_LIMIT, code_block, escape, fitting, link

_SIGNS: Final = {
    "unknown": "❓",
    "not started": "❌",
    "timed out": "⏰",
    "failed": "❌",
    wording.QUARANTINED: "🔒",
    "no match": "❌",
    "degraded": "⚠️",
    "flaky": "🔁",
    "passed": "✅",
    "cancelled": "🚫",
    "skipped": "⏭️",
    "running": "▶️",
}
_RESULTS: Final = {"passed": "✅", "started": "▶️", "reached": "✅"}
_SENTENCE: Final = 1_000


def render(outcome: ApplyOutcome, limit: int = COMMENT_LIMIT) -> str:
    """Render the report in at most ``limit`` characters; what is left out is counted."""
    ended = wording.result(outcome)
    head = [f"## {_RESULTS.get(ended, '❌')} Checkly test sessions: {ended}", ""]
    head += [*_tested(outcome), *_totals(outcome), "", *map(_quorum, outcome.quorums)]
    text = "\n".join(head) + "\n"
    unfolded, quiet = wording.loud_and_quiet(outcome)
    loud = list(map(_row, unfolded))
    failing = wording.failures(outcome)
    # The failing checks come first; half of the room is kept for the table of sessions.
    room = limit - len(text) - 600
    shown = fitting(map(_failure, failing), max(room - sum(map(len, loud)) - len(loud), room // 2))
    if shown:
        text += "### Failing checks\n\n" + "\n".join(shown) + "\n"
        left_out = sum(len(failure.places) for failure in failing[len(shown) :])
        text += _left_out(left_out, "failing checks")
    table = fitting(loud, limit - len(text) - 500)
    if table:
        text += "### Sessions\n\n" + _table(table)
    text += _left_out(len(loud) - len(table), "sessions")
    if quiet:
        folded = fitting(map(_row, quiet), limit - len(text) - 500)
        text += f"<details><summary>{len(quiet)} sessions passed</summary>\n\n"
        text += _table(folded) if folded else ""
        text += _left_out(len(quiet) - len(folded), "sessions") + "</details>\n"
    return text.rstrip("\n") + "\n"


def _table(rows: list[str]) -> str:
    head = "| | Session | Verdict | Checks | Time |\n|---|---|---|---|---|\n"
    return head + "\n".join(rows) + "\n\n"


def _tested(outcome: ApplyOutcome) -> list[str]:
    """What was tested, on one line."""
    found = wording.tested(outcome)
    if not found:
        return []
    said = (
        f"**{name}:** {link('open', text) if name == 'CI run' else escape(text)}"
        for name, text in found
    )
    return [" · ".join(said) + "  "]


def _totals(outcome: ApplyOutcome) -> Iterator[str]:
    for heading, counts in wording.count_all(outcome).items():
        if counts:
            yield f"**{heading}:** {wording.in_words(counts)}  "
    took = wording.duration(outcome.seconds)
    yield f"Apply {escape(outcome.apply_id)}, {took}, exit code {outcome.exit_code}"


def _quorum(quorum: QuorumOutcome) -> str:
    said = f"{quorum.passed} of {quorum.total} passed, {quorum.needed} needed"
    ended = wording.quorum_result(quorum)
    return f"**Quorum** of {escape(quorum.profile)}: {said}: {_RESULTS.get(ended, '❌')} {ended}\n"


def _failure(failure: wording.Failure) -> str:
    """A failure: where it occurred, then the error once."""
    shown = "\\\n".join(map(_place, failure.shown)) + "\n"
    if failure.more:
        shown += f"{failure.more}\n"
    error = failure.first.check.error
    return shown + (f"\n{code_block(error, 20)}\n" if error else "")


def _place(place: wording.Place) -> str:
    name = link(escape(place.check.name), place.link)
    ended = ", ".join(escape(part, _SENTENCE) for part in place.said)
    return f"{_SIGNS[place.label]} **{name}** in {escape(place.instance.name)}: {ended}"


def _row(instance: InstanceOutcome) -> str:
    verdict = instance.verdict.value
    if wording.is_forgiven(instance):
        verdict += " (does not count)"
    said = filter(None, (instance.reason, instance.hint))
    verdict = "<br>".join([verdict, *(escape(sentence, _SENTENCE) for sentence in said)])
    cells = [
        _SIGNS[instance.verdict.value],
        link(escape(instance.name), instance.link),
        verdict,
        wording.in_words(wording.count_labels(map(wording.label, instance.checks))),
        wording.duration(instance.seconds),
    ]
    return f"| {' | '.join(cells)} |"


def _left_out(count: int, what: str) -> str:
    return f"… and {count} more {what}, left out here.\n\n" if count else ""

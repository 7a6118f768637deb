"""One message per apply to a webhook: for Slack, Microsoft Teams, or as JSON."""

import html
from collections.abc import Collection, Sequence
from typing import Any, Final

from runner.models.events import ApplyFinished, Event, PlanMade
from runner.models.outcome import ApplyOutcome, Change, CheckOutcome
from runner.reports.apply import json_, wording
from runner.reports.progress.listeners import Listener, Send
from runner.reports.text.sanitize import one_line, safe_url

#: Goes up when a reader of the old form would break; new fields do not.
FORMAT_VERSION: Final = 1
_MOST: Final = 20


class WebhookReporter(Listener):
    """Notifies a webhook of the end of an apply, if one of its conditions holds.

    ``address`` is a secret; for ``on`` see :func:`reasons`, for ``form`` :func:`message`.
    """

    def __init__(self, address: str, on: Collection[str], form: str, send: Send) -> None:
        self._address = address
        self._on = on
        self._form = form
        self._send = send
        self._drifted: tuple[str, ...] = ()

    def handle(self, event: Event) -> None:
        """Send one message when the apply is over."""
        if isinstance(event, PlanMade):
            self._drifted = event.drifted
        if not isinstance(event, ApplyFinished):
            return
        told = reasons(event.outcome, self._drifted)
        if met := [reason for reason in told if reason in self._on]:
            body = message(self._form, event.outcome, met, self._drifted)
            status, _ = self._send("POST", self._address, headers={}, body=body)
            if not 200 <= status < 300:
                raise ConnectionError(f"the webhook answered {status}")


def reasons(outcome: ApplyOutcome, drifted: Collection[str]) -> list[str]:
    """The conditions that hold."""
    changes = {check.change for instance in outcome.instances for check in instance.checks}
    found = {
        "newly-failing": Change.NEWLY_FAILING in changes,
        "fixed": Change.FIXED in changes,
        "failed": outcome.exit_code != 0,
        "drift": bool(drifted),
    }
    return [reason for reason, is_met in found.items() if is_met]


def rows(outcome: ApplyOutcome, drifted: Collection[str]) -> list[str]:
    """The message as harmless lines: the result, what failed or was fixed, links."""
    found = [f"Checkly test sessions: {wording.result(outcome)}"]
    if counts := wording.in_words(wording.count_all(outcome)["Sessions"]):
        found.append(f"Sessions: {counts}")
    for instance in outcome.instances:
        checks = [
            _check(check)
            for check in instance.checks
            if wording.is_failing(check) or check.change is Change.FIXED
        ]
        if not checks and (instance.verdict.is_pass or not instance.counts):
            continue
        named = f"{one_line(instance.name, 150)}: {instance.verdict.value}"
        more = f", and {len(checks) - 5} more" if len(checks) > 5 else ""
        link = f" {safe_url(instance.link) or ''}".rstrip()
        found.append(named + (f": {', '.join(checks[:5])}{more}" if checks else "") + link)
    found += [f"{one_line(name, 150)} matches different checks than last time" for name in drifted]
    if len(found) > _MOST:
        found = [*found[:_MOST], f"and {len(found) - _MOST} more"]
    return found


def _check(check: CheckOutcome) -> str:
    said = ", ".join(wording.said(check, counts=True))
    return f"{one_line(check.name, 100)} ({one_line(said, 200)})"


def message(
    form: str, outcome: ApplyOutcome, met: Sequence[str], drifted: Collection[str]
) -> dict[str, Any]:
    """The body to send: for ``slack``, for ``teams``, or as ``json`` with everything."""
    if form == "json":
        return {
            "formatVersion": FORMAT_VERSION,
            "reasons": met,
            "drifted": list(drifted),
            "report": json_.document(outcome),
        }
    said = rows(outcome, drifted)
    if form == "teams":
        return _adaptive_card(said)
    # Once `mrkdwn` is off, Slack reads only links and mentions as markup, which these three begin.
    return {"text": html.escape("\n".join(said), quote=False), "mrkdwn": False}


def _adaptive_card(said: Sequence[str]) -> dict[str, Any]:
    # A run of text, unlike a block of it, is not read as Markdown.
    blocks = [
        {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": row}]} for row in said
    ]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks,
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "content": card}]}

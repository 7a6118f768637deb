"""The events of an apply as JSON lines, versioned, after ``schemas/events.schema.json``."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from runner.models import events
from runner.models.events import Event
from runner.models.outcome import CheckOutcome
from runner.models.verdict import Verdict
from runner.reports.apply import json_
from runner.reports.progress.listeners import Listener, Surroundings
from runner.reports.progress.state import Key, Progress, by_key
from runner.reports.text.json_ import dump_json_line, time_text

#: Goes up when a reader of the old form would break; new types and fields do not.
FORMAT_VERSION: Final = 1


class JsonLinesReporter(Listener):
    """Writes lines for each event at once; none if the event says nothing new."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._write = surroundings.write
        self._apply_id = ""
        self._number = 0
        self._progress = Progress()
        self._attempts = Counter[Key]()

    def handle(self, event: Event) -> None:
        """Write the lines of ``event``."""
        if isinstance(event, events.PlanMade | events.ApplyStarted):
            self._apply_id = event.apply_id
        for values in self._values(event):
            self._number += 1
            line = {
                "formatVersion": FORMAT_VERSION,
                "number": self._number,
                "at": time_text(event.at),
                "applyId": self._apply_id or None,
                **values,
            }
            self._write(dump_json_line(line))

    def _values(self, event: Event) -> Iterator[dict[str, Any]]:
        ended = self._progress.update(event)
        match event:
            case events.PlanMade():
                instances = [{"name": name, "action": action} for name, action in event.actions]
                yield {"type": "plan", "instances": instances}
            case events.ApplyStarted():
                yield {"type": "started", "instances": list(event.instances)}
            case events.SessionStarted():
                yield {
                    "type": "session",
                    "instance": event.instance,
                    "sessionId": event.session_id,
                    "link": event.link or None,
                    "adopted": event.adopted,
                }
            case events.SessionProgress():
                yield from self._checks(event.instance, event.checks, ended)
            case events.SessionCancelling():
                yield {"type": "cancelling", "instance": event.instance, "why": event.why}
            case events.InstanceFinished():
                yield from self._checks(event.outcome.name, event.outcome.checks, ended)
                told = json_.instance_document(event.outcome)
                del told["checks"]
                yield {"type": "verdict", "instance": told.pop("name"), **told}
            case events.Notice():
                yield {
                    "type": "notice",
                    "instance": event.instance,
                    "text": event.text,
                    "warning": event.is_warning,
                }
            case events.ApplyFinished():
                self._apply_id = event.outcome.apply_id
                told = json_.document(event.outcome)
                for key in ("formatVersion", "applyId", "instances"):
                    del told[key]
                yield {"type": "finished", **told}

    def _checks(
        self, instance: str, checks: tuple[CheckOutcome, ...], ended: tuple[CheckOutcome, ...]
    ) -> Iterator[dict[str, Any]]:
        """A line for each attempt and each check that has ended."""
        for key, check in by_key(checks).items():
            over = [each for each in check.attempts if each.verdict is not Verdict.RUNNING]
            told = self._attempts[instance, *key]
            self._attempts[instance, *key] = max(told, len(over))
            for number, attempt in enumerate(over[told:], told + 1):
                yield {
                    "type": "attempt",
                    "instance": instance,
                    "check": check.name,
                    "checkId": check.check_id,
                    "attempt": number,
                    **json_.attempt_document(attempt),
                }
        for check in ended:
            yield {"type": "result", "instance": instance, "check": json_.check_document(check)}

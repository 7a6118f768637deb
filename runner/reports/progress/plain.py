"""Progress as plain lines with a time, for logs: nothing moves, nothing is overwritten."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from runner.listing import counted
from runner.models import events
from runner.models.events import Event
from runner.models.outcome import CheckOutcome, seconds_between
from runner.reports.apply import text, wording
from runner.reports.progress.listeners import Listener
from runner.reports.progress.state import InstanceProgress, Progress
from runner.reports.text.sanitize import one_line
from runner.reports.text.style import Style

#: The longest silence; below the promised 30 s, so that a late tick still keeps it.
SILENCE: Final = timedelta(seconds=25)
_MOST_NAMED: Final = 5
_CANCELLING: Final = {
    "timeout": "took too long, is being cancelled",
    "interrupt": "is being cancelled, because the apply was interrupted",
}


class PlainReporter(Listener):
    """Writes a line for each event, and one if nothing happened for long.

    ``verbosity`` is below 0 for warnings and the summary alone, above 0 to see each request.
    """

    def __init__(self, write: Callable[[str], None], style: Style, verbosity: int = 0) -> None:
        self._write = write
        self._style = style
        self._verbosity = verbosity
        self._progress = Progress()
        self._last: datetime | None = None

    def handle(self, event: Event) -> None:
        """Write the lines of ``event``."""
        ended = self._progress.update(event)
        if isinstance(event, events.ApplyFinished):
            gap = "\n" if self._last else ""
            self._write(gap + text.render(event.outcome, self._style))
            return
        for line in event_lines(event, ended, self._style, self._verbosity):
            self._line(event.at, line)

    def tick(self, at: datetime) -> None:
        """Give a sign of life if there was none for a while."""
        if self._verbosity < 0:
            return
        self._last = self._last or at
        if at - self._last >= SILENCE:
            self._line(at, _sign_of_life(self._progress, at))

    def _line(self, at: datetime, line: str) -> None:
        self._last = at
        stamp = self._style.paint(f"{at.astimezone(UTC):%H:%M:%S}Z", "dim")
        self._write(f"{stamp} {self._style.plain(line)}\n")


def event_lines(
    event: Event, ended: tuple[CheckOutcome, ...], style: Style, verbosity: int
) -> list[str]:
    """The lines for any event but the end, without its time; ``ended`` are checks that it ended."""
    if isinstance(event, events.Notice):
        if verbosity < 0 and not event.is_warning:
            return []
        kind = f"{style.paint('warning:', 'yellow')} " if event.is_warning else ""
        return [_about(event.instance, kind + one_line(event.text))]
    if verbosity < 0:
        return []
    said: list[str] = []
    match event:
        case events.ApplyStarted():
            said = [f"Apply {one_line(event.apply_id)}: {counted(len(event.instances), 'session')}"]
        case events.SessionStarted():
            how = "found running" if event.adopted else "started"
            link = style.paint(one_line(event.link), "cyan")
            said = [_about(event.instance, f"{how} {link}")]
        case events.SessionProgress():
            said = [_about(event.instance, text.check_line(check, style)) for check in ended]
        case events.SessionCancelling():
            why = _CANCELLING.get(event.why) or f"is being cancelled: {one_line(event.why)}"
            said = [_about(event.instance, why)]
        case events.InstanceFinished():
            name = event.outcome.name
            said = [_about(name, text.check_line(check, style)) for check in ended]
            said.append(_about(name, text.instance_line(event.outcome, style)))
        case events.RequestMade() if verbosity > 0:
            said = [_request(event, style)]
        case _:
            pass
    return said


def _about(instance: str | None, said: str) -> str:
    return said if instance is None else f"{text.shown_name(instance)}: {said}"


def _request(event: events.RequestMade, style: Style) -> str:
    answer = str(event.status) if event.status is not None else "no answer"
    error = f": {one_line(event.error)}" if event.error else ""
    said = f"{one_line(event.method)} {one_line(event.path)} {answer}{error}"
    return style.paint(f"{said} ({wording.duration(event.seconds)})", "dim")


def _sign_of_life(progress: Progress, at: datetime) -> str:
    running, waiting = progress.running, progress.waiting
    if not running:
        sessions = counted(len(waiting), "session")
        return f"still waiting to start {sessions}" if waiting else "still busy"
    named = [_running(instance, at) for instance in running[:_MOST_NAMED]]
    if len(running) > _MOST_NAMED:
        named.append(f"{len(running) - _MOST_NAMED} more")
    if waiting:
        named.append(f"{len(waiting)} waiting")
    return f"still running: {', '.join(named)}"


def _running(instance: InstanceProgress, at: datetime) -> str:
    known = [wording.duration(seconds_between(instance.started_at, at))]
    if instance.checks:
        known.append(f"{instance.ended_checks} of {len(instance.checks)} checks ended")
    return f"{text.shown_name(instance.name)} ({', '.join(known)})"

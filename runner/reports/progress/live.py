"""Progress on a terminal: running sessions, redrawn in place below the lines of finished ones."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from runner.models import events
from runner.models.events import Event
from runner.models.verdict import Verdict
from runner.reports.apply import text, wording
from runner.reports.progress.listeners import Listener
from runner.reports.progress.plain import event_lines
from runner.reports.progress.state import InstanceProgress, Progress
from runner.reports.text.sanitize import fit, harmless, one_line
from runner.reports.text.style import Style

#: Seconds between two pictures; the terminal's loop should tick about as often.
INTERVAL: Final = 0.1
_FRAMES: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_ASCII_FRAMES: Final = "-\\|/"
_LEAST_HEIGHT: Final = 6


class LiveReporter(Listener):
    """Shows running sessions on a terminal, unless quiet, and writes the summary at the end.

    ``size`` gives columns and rows, if not the terminal's own.
    """

    interval = INTERVAL

    def __init__(
        self,
        stream: TextIO,
        style: Style,
        verbosity: int = 0,
        size: tuple[int, int] | None = None,
    ) -> None:
        self._console = Console(
            file=stream,
            force_terminal=True,
            color_system="standard" if style.color else None,
            no_color=not style.color,
            width=size[0] if size else None,
            height=size[1] if size else None,
        )
        self._style = style
        self._verbosity = verbosity
        self._progress = Progress()
        self._now: datetime | None = None
        self._drawn: datetime | None = None
        self._has_said = False
        self._live = Live(
            _Now(self._picture),
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def handle(self, event: Event) -> None:
        """Handle ``event``, and print for good what is final."""
        ended = self._progress.update(event)
        self._now = event.at
        if isinstance(event, events.ApplyStarted) and self._verbosity >= 0:
            self._live.start()
        if isinstance(event, events.ApplyFinished):
            self._live.stop()
            summary = text.render(event.outcome, self._at_width())
            gap = "\n" if self._has_said else ""
            self._console.print(Text.from_ansi(harmless(gap + summary)), soft_wrap=True, end="")
            return
        if isinstance(event, events.SessionProgress | events.InstanceFinished):
            ended = tuple(check for check in ended if check.verdict is not Verdict.PASSED)
        if isinstance(event, events.SessionStarted):
            return  # a running session is in the picture
        said = event_lines(event, ended, self._style, self._verbosity)
        if said:
            self._has_said = True
            self._console.print(Text.from_ansi(harmless("\n".join(said))))

    def tick(self, at: datetime) -> None:
        """Redraw the running sessions."""
        self._now = at
        is_due = self._drawn is None or at - self._drawn >= timedelta(seconds=INTERVAL * 0.8)
        if self._live.is_started and is_due:
            self._drawn = at
            self._live.refresh()

    def close(self) -> None:
        """Leave the terminal as it was found."""
        self._live.stop()

    def _at_width(self) -> Style:
        return self._style._replace(width=self._console.width, wraps=True)

    def _picture(self) -> Text:
        """The running sessions, in no more lines than the terminal has."""
        if self._now is None:
            return Text("")
        style = self._at_width()
        running = self._progress.running
        room = max(self._console.height - 3, _LEAST_HEIGHT)
        blocks = [_block(instance, self._now, style) for instance in running]
        # Checks are left out first, then links, then sessions.
        for most in (None, 2, 1):
            blocks = [block[:most] for block in blocks]
            if sum(map(len, blocks)) <= room:
                break
        rows = [row for block in blocks for row in block]
        if len(rows) > room:
            left_out = len(rows) - room + 1
            rows = [*rows[: room - 1], style.plain(f"… and {left_out} more running")]
        rows.append(style.paint(self._footer(), "dim"))
        return Text("\n").join(Text.from_ansi(row) for row in rows)

    def _footer(self) -> str:
        progress = self._progress
        ended = [item.outcome.verdict for item in progress.instances.values() if item.outcome]
        said = [f"{len(progress.running)} running"]
        if progress.waiting:
            said.append(f"{len(progress.waiting)} waiting")
        if ended:
            said.append(wording.in_words(wording.count_labels(verdict.value for verdict in ended)))
        if progress.started_at and self._now:
            said.append(_clock(self._now - progress.started_at))
        return fit(", ".join(said), self._console.width - 1)


class _Now:
    """Draws the current picture each time, so that no stale one follows a new line."""

    def __init__(self, picture: Callable[[], Text]) -> None:
        self._picture = picture

    def __rich__(self) -> Text:
        return self._picture()


def _block(instance: InstanceProgress, now: datetime, style: Style) -> list[str]:
    """The lines of one running instance: its progress, its link, and its running checks."""
    frames = _FRAMES if style.unicode else _ASCII_FRAMES
    frame = frames[int(now.timestamp() / INTERVAL) % len(frames)]
    known = [_clock(now - (instance.started_at or now))]
    if instance.checks:
        known.append(f"{instance.ended_checks}/{len(instance.checks)} checks")
    if instance.cancelling:
        known.append("cancelling")
    right = "  ".join(known)
    room = style.width - 1
    name = fit(style.plain(one_line(instance.name)), max(room - len(right) - 4, 8))
    title = style.link(style.paint(name, "bold"), instance.link)
    rows = [f"{style.paint(frame, 'cyan')} {title}  {right}"]
    if address := style.address(instance.link):
        link = fit(style.plain(one_line(address)), room - 2)
        rows.append(f"  {style.paint(link, 'cyan')}")
    for check in instance.checks:
        if check.verdict is Verdict.RUNNING:
            attempt = sum(known.verdict is not Verdict.RUNNING for known in check.attempts) + 1
            again = f", attempt {attempt}" if attempt > 1 else ""
            shown = fit(style.plain(text.shown_name(check.name)), room - 4 - len(again))
            rows.append(f"  {text.sign('running', style)} {shown}{again}")
    return rows


def _clock(elapsed: timedelta) -> str:
    """Elapsed time as on a stopwatch, with a constant width so that nothing jumps."""
    seconds = max(int(elapsed.total_seconds()), 0)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"

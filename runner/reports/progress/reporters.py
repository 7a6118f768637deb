"""The reporters of an apply: what ``--report`` and the environment ask for, opened as one."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from typing import Final, NamedTuple, Self, TextIO

from runner.environment import is_on
from runner.errors import CannotRun, Interrupted, UsageError, os_reason
from runner.listing import listed
from runner.models.events import ApplyFinished, ApplyInterrupted, Event
from runner.models.outcome import ApplyOutcome
from runner.reports.progress.listeners import (
    LISTENERS,
    OPEN_TELEMETRY,
    Act,
    Background,
    Listener,
    Send,
    Surroundings,
    open_listener,
    other_listeners,
    wants_open_telemetry,
)
from runner.reports.progress.masking import masked
from runner.reports.text.sanitize import one_line
from runner.reports.text.sinks import growing_file, to_stream, whole_file
from runner.reports.text.style import Style, style_for

#: Formats of reports, and the function that renders each; imported when one is used.
FORMATS: Final[Mapping[str, str]] = {
    "text": "runner.reports.apply.text:render",
    "json": "runner.reports.apply.json_:render",
    "junit": "runner.reports.apply.junit:render",
    "junit-surefire": "runner.reports.apply.junit:render_with_attempts",
    "markdown": "runner.reports.apply.markdown:render",
    "html": "runner.reports.apply.html_:render",
}
#: Variables that name the file of a format; the names are the Checkly CLI's.
PATH_VARIABLES: Final[Mapping[str, str]] = {
    "CHECKLY_REPORTER_GITHUB_OUTPUT": "markdown",
    "CHECKLY_REPORTER_JSON_OUTPUT": "json",
    "CHECKLY_REPORTER_JUNIT_OUTPUT": "junit",
}


class ReportSpec(NamedTuple):
    """One ``--report``: a format, and a file unless standard output is meant."""

    format: str
    path: Path | None = None

    @property
    def is_piped(self) -> bool:
        """Whether it uses standard output, so that text for people must go elsewhere."""
        return self.path is None and self.format in {*FORMATS, "jsonl"} - {"text"}


class AtEnd(Listener):
    """Calls ``act`` when the apply is over; if ``early``, also when it is interrupted."""

    def __init__(self, act: Callable[[ApplyOutcome], None], *, early: bool = False) -> None:
        self._act = act
        self._early = early

    def handle(self, event: Event) -> None:
        """Act on the outcome."""
        if isinstance(event, ApplyFinished) or (
            self._early and isinstance(event, ApplyInterrupted)
        ):
            self._act(event.outcome)


class Reporters:
    """All reporters of one apply as one.

    No failure of a reporter reaches the engine: it is left out, the apply goes on and writes its
    state. A listener is warned of; the first failure of any other is raised by :meth:`close`.

    Attributes:
        people: The stream of the text for people.
    """

    def __init__(
        self, people: TextIO, *, mask: Callable[[str], str], warn: Callable[[str], None]
    ) -> None:
        self.people = people
        self._mask = mask
        self._warn = warn
        self._reporters: list[tuple[Listener, str | None]] = []
        self._trouble: Exception | None = None
        self._is_interrupted = False

    @property
    def interval(self) -> float:
        """Seconds between two calls of :meth:`tick`."""
        return min((reporter.interval for reporter, _ in self._reporters), default=1.0)

    def add(self, reporter: Listener, listens_as: str | None = None) -> None:
        """Add a reporter; ``listens_as`` names one whose failure is only warned of."""
        self._reporters.append((reporter, listens_as))

    def listen(self, form: str, surroundings: Surroundings) -> None:
        """Open a listener and add it; warn if that fails."""
        name = form if form == OPEN_TELEMETRY else f"--report {form}"
        try:
            self.add(open_listener(form, surroundings), name)
        except Exception as error:  # noqa: BLE001 # whatever it is, the apply goes on
            self._complain(f"{name} did not start", error)

    def handle(self, event: Event) -> None:
        """Give ``event``, masked, to each reporter."""
        self._is_interrupted |= isinstance(event, ApplyInterrupted)
        event = masked(event, self._mask)
        self._have(lambda reporter: reporter.handle(event))

    def tick(self, at: datetime) -> None:
        """Give the time to each reporter."""
        self._have(lambda reporter: reporter.tick(at))

    def close(self) -> None:
        """Close each reporter.

        Raises:
            CannotRun: A report could not be written.
            Interrupted: The same, of an apply that was interrupted.
        """
        self._have(lambda reporter: reporter.finish())  # all at once, then each is waited for
        self._have(lambda reporter: reporter.close())
        self._reporters.clear()
        trouble, self._trouble = self._trouble, None
        if isinstance(trouble, CannotRun) and self._is_interrupted:
            raise Interrupted(trouble.message, hint=trouble.hint)
        if trouble is not None:
            raise trouble

    def hurry(self) -> None:
        """Let those close that a network waits for, since a signal asked to exit at once."""
        waiting = [each for each, _ in self._reporters if isinstance(each, Background)]
        for act in (Background.hurry, Background.close):
            for reporter in waiting:
                with suppress(Exception):
                    act(reporter)

    def _have(self, act: Act) -> None:
        for each in list(self._reporters):
            reporter, name = each
            try:
                act(reporter)
            except Exception as error:  # noqa: BLE001 # see the class
                self._reporters.remove(each)
                if name is None:
                    self._trouble = self._trouble or error
                else:
                    self._complain(f"{name} stopped", error)

    def _complain(self, what: str, error: Exception) -> None:
        is_of_system = isinstance(error, OSError) and error.strerror
        reason = os_reason(error) if is_of_system else str(error)
        with suppress(Exception):  # a warning never fails
            self._warn(f"{what}: {reason or type(error).__name__}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        try:
            self.close()
        except (CannotRun, Interrupted):
            if error is None:
                raise


def parse_reports(specs: Sequence[str], environ: Mapping[str, str]) -> list[ReportSpec]:
    """Parse what ``--report`` (``FORMAT[=PATH]``) and the environment ask for; open nothing.

    Raises:
        UsageError: A format or a path is wrong, or two reports would go to one place.
    """
    reports = [_parsed(spec) for spec in specs]
    for variable, form in PATH_VARIABLES.items():
        path = environ.get(variable)
        if path and not any(report.path for report in reports if report.format == form):
            others = [report for report in reports if report.format != form]
            reports = [*others, ReportSpec(form, Path(path))]
    reports = list(dict.fromkeys(reports))
    piped = [f"--report {report.format}" for report in reports if report.is_piped]
    if len(piped) > 1:
        raise UsageError(
            f"{listed(piped)} would {'both' if len(piped) == 2 else 'all'} go to standard output.",
            hint="Give them paths: --report FORMAT=PATH.",
        )
    _refuse_one_path_twice(reports)
    return reports


def _parsed(spec: str) -> ReportSpec:
    form, equals, path = spec.partition("=")
    known = [*FORMATS, *LISTENERS]
    if form not in known and form not in (others := other_listeners()):
        raise UsageError(
            f"There is no report format {form!r}.",
            hint=f"Formats are {listed(list(dict.fromkeys([*known, *others])))}.",
        )
    if equals and not path:
        raise UsageError(f"No path follows '=' in --report {spec!r}.")
    return ReportSpec(form, Path(path) if path else None)


def _refuse_one_path_twice(reports: Sequence[ReportSpec]) -> None:
    formats: dict[Path, str] = {}
    for report in reports:
        if report.path is not None:
            path = Path(os.path.realpath(report.path))
            if path in formats and (path.is_file() or not path.exists()):  # and no device
                raise UsageError(
                    f"--report {formats[path]} and --report {report.format} would both go to "
                    f"{str(report.path)!r}.",
                    hint="Give each its own path.",
                )
            formats[path] = report.format


def open_reporters(
    reports: Sequence[ReportSpec],
    *,
    mask: Callable[[str], str],
    environ: Mapping[str, str],
    stdout: TextIO,
    stderr: TextIO,
    send: Send,
    no_color: bool = False,
    verbosity: int = 0,
) -> Reporters:
    """Open ``reports``, what the environment asks for, and the text for people.

    The text is always there, on standard output, or on standard error when a report takes
    standard output. ``mask`` takes secrets out of a text.

    Raises:
        UsageError: A file can't be written.
    """
    people = stderr if any(report.is_piped for report in reports) else stdout

    def warn(text: str) -> None:
        to_stream(stderr)(f"Warning: {one_line(mask(text), 500)}\n")

    reporters = Reporters(people, mask=mask, warn=warn)
    style = style_for(people, environ, no_color=no_color)
    reporters.add(_text_reporter(people, style, verbosity, environ))
    for report in reports:
        if report.format not in FORMATS:
            write = growing_file(report.path) if report.path else to_stream(stdout)
            reporters.listen(report.format, Surroundings(write, environ, send))
        elif report != ReportSpec("text"):
            reporters.add(_report_writer(report, stdout))
    if wants_open_telemetry(environ):
        reporters.listen(OPEN_TELEMETRY, Surroundings(to_stream(stderr), environ, send))
    if environ.get("GITHUB_ACTIONS") == "true":
        from runner.reports.progress.github_actions import tell  # noqa: PLC0415 # only there

        write = to_stream(people, annotations=True)
        files = [report.path for report in reports if report.path is not None]
        reporters.add(AtEnd(partial(tell, write=write, environ=environ, reports=files)))
    return reporters


def _text_reporter(
    stream: TextIO, style: Style, verbosity: int, environ: Mapping[str, str]
) -> Listener:
    """The text for people: drawn on an interactive terminal, plain lines elsewhere."""
    if stream.isatty() and environ.get("TERM") != "dumb" and not is_on(environ, "CI"):
        from runner.reports.progress.live import LiveReporter  # noqa: PLC0415 # rich

        return LiveReporter(stream, style, verbosity)
    from runner.reports.progress.plain import PlainReporter  # noqa: PLC0415 # only an apply needs it

    return PlainReporter(to_stream(stream), style._replace(wraps=False), verbosity)


def _report_writer(report: ReportSpec, stdout: TextIO) -> Listener:
    """A report of the whole apply; a file is written early too, in case there is no end."""
    render: Callable[..., str] = resolve_name(FORMATS[report.format])
    write = whole_file(report.path) if report.path else to_stream(stdout)
    if report.format == "html" and report.path:
        render = partial(render, folder=report.path.parent)  # it links to downloaded files
    return AtEnd(lambda outcome: write(render(outcome)), early=report.path is not None)

"""The reporters of an apply: the table of formats, and opening ``--report FORMAT[=PATH]``."""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple, Self, TextIO

from runner.environment import is_on
from runner.errors import CannotRun, UsageError
from runner.listing import listed
from runner.models.events import ApplyFinished, ApplyInterrupted, Event
from runner.models.outcome import ApplyOutcome
from runner.reports.progress.listeners import (
    LISTENERS,
    OPEN_TELEMETRY,
    Act,
    Forwarder,
    Listener,
    Send,
    Surroundings,
    listener_names,
    open_listener,
    wants_open_telemetry,
)
from runner.reports.progress.masking import masked
from runner.reports.text.sanitize import one_line
from runner.reports.text.sinks import FileOutput, GrowingFile, StreamOutput
from runner.reports.text.style import Style, style_for

#: Formats of reports, and the module whose ``render`` makes each; imported when one is used.
FORMATS: Final[Mapping[str, str]] = {
    "text": "runner.reports.apply.text",
    "json": "runner.reports.apply.json_",
    "junit": "runner.reports.apply.junit",
    "junit-surefire": "runner.reports.apply.junit_surefire",
    "markdown": "runner.reports.apply.markdown",
    "html": "runner.reports.apply.html_",
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


class FileReporter(Listener):
    """Writes one report when the apply is over."""

    def __init__(
        self, render: Callable[[ApplyOutcome], str], output: FileOutput | StreamOutput
    ) -> None:
        self._render = render
        self._output = output

    def handle(self, event: Event) -> None:
        """Write the report when the apply ends; a file is also written if it is interrupted."""
        if isinstance(event, ApplyFinished) or (
            isinstance(event, ApplyInterrupted) and self._output.path is not None
        ):
            self._output.write(self._render(event.outcome))


class Reporters(Forwarder):
    """All reporters of one apply as one.

    No failure of a reporter reaches the engine: the apply goes on and writes its state.
    The first failure is raised by :meth:`close`.
    """

    def __init__(self, reporters: Sequence[Listener], mask: Callable[[str], str]) -> None:
        self._reporters = list(reporters)
        self._mask = mask
        self._trouble: Exception | None = None
        #: Seconds between two calls of :meth:`tick`.
        self.interval = min((reporter.interval for reporter in reporters), default=1.0)

    def listen(self, listener: Listener) -> None:
        """Add a reporter."""
        self._reporters.append(listener)

    def handle(self, event: Event) -> None:
        """Give ``event``, masked, to each reporter."""
        super().handle(masked(event, self._mask))

    def close(self) -> None:
        """Close each reporter.

        Raises:
            CannotRun: A report could not be written.
        """
        super().close()
        self._reporters.clear()
        trouble, self._trouble = self._trouble, None
        if trouble is not None:
            raise trouble

    def _forward(self, act: Act) -> None:
        for reporter in list(self._reporters):
            try:
                act(reporter)
            except Exception as error:  # noqa: BLE001 # raised by close, see the class
                self._trouble = self._trouble or error
                self._reporters.remove(reporter)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        try:
            self.close()
        except CannotRun:
            if error is None:
                raise


def parse_report(spec: str) -> ReportSpec:
    """Parse ``FORMAT[=PATH]``.

    Raises:
        UsageError: There is no such format, or the path is empty.
    """
    form, equals, path = spec.partition("=")
    if form not in {**FORMATS, **LISTENERS} and form not in (others := listener_names()):
        raise UsageError(
            f"There is no report format {form!r}.",
            hint=f"Formats are {listed([*FORMATS, *others])}.",
        )
    if equals and not path:
        raise UsageError(f"No path follows '=' in --report {spec!r}.")
    return ReportSpec(form, Path(path) if path else None)


def parse_reports(specs: Sequence[str], environ: Mapping[str, str]) -> list[ReportSpec]:
    """Parse what ``--report`` and the environment ask for; nothing is opened.

    Raises:
        UsageError: A format or a path is wrong, or two reports would go to one place.
    """
    reports = _all_reports([parse_report(spec) for spec in specs], environ)
    piped = [f"--report {report.format}" for report in reports if _is_piped(report)]
    if len(piped) > 1:
        raise UsageError(
            f"{listed(piped)} would {'both' if len(piped) == 2 else 'all'} go to standard output.",
            hint="Give them paths: --report FORMAT=PATH.",
        )
    _refuse_one_path_twice(reports)
    return reports


def _is_piped(report: ReportSpec) -> bool:
    """Whether it uses standard output, so that text for people must go elsewhere."""
    return report.path is None and report.format in {*FORMATS, "jsonl"} - {"text"}


def open_reporters(
    specs: Sequence[str],
    *,
    mask: Callable[[str], str],
    environ: Mapping[str, str],
    stdout: TextIO,
    stderr: TextIO,
    send: Send,
    no_color: bool = False,
    verbosity: int = 0,
) -> Reporters:
    """Open what ``--report`` and the environment ask for, and the text for people.

    The text is always there, on standard output, or on standard error when a report takes
    standard output. ``mask`` takes secrets out of a text.

    Raises:
        UsageError: A format or a path is wrong, or two reports would go to one place.
    """
    reports = parse_reports(specs, environ)
    stream = stderr if any(map(_is_piped, reports)) else stdout
    style = style_for(stream, environ, no_color=no_color)
    reporters = [_text_reporter(stream, style, verbosity, environ)]

    def warn(text: str) -> None:
        StreamOutput(stderr).write(f"Warning: {one_line(mask(text))}\n")

    def listen(name: str, write: Callable[[str], None]) -> None:
        if listener := open_listener(name, Surroundings(write, environ, send), warn):
            reporters.append(listener)

    for report in reports:
        if report.format not in FORMATS:
            growing = GrowingFile(report.path) if report.path else StreamOutput(stdout)
            listen(report.format, growing.write)
        elif report.path is not None or report.format != "text":
            output = FileOutput(report.path) if report.path else StreamOutput(stdout)
            reporters.append(FileReporter(_render(report), output))
    if wants_open_telemetry(environ):
        listen(OPEN_TELEMETRY, StreamOutput(stderr).write)
    if environ.get("GITHUB_ACTIONS") == "true":
        from runner.reports.progress.github_actions import (  # noqa: PLC0415 # only there
            GitHubActionsReporter,
        )

        files = [report.path for report in reports if report.path is not None]
        reporters.append(
            GitHubActionsReporter(
                partial(StreamOutput(stream).write, annotations=True), environ, files
            )
        )
    return Reporters(reporters, mask)


def _text_reporter(
    stream: TextIO, style: Style, verbosity: int, environ: Mapping[str, str]
) -> Listener:
    """The text for people: drawn on an interactive terminal, plain lines elsewhere."""
    if stream.isatty() and environ.get("TERM") != "dumb" and not is_on(environ, "CI"):
        from runner.reports.progress.live import LiveReporter  # noqa: PLC0415 # rich

        return LiveReporter(stream, style, verbosity)
    from runner.reports.progress.plain import PlainReporter  # noqa: PLC0415 # only an apply needs it

    return PlainReporter(StreamOutput(stream).write, style._replace(wraps=False), verbosity)


def _refuse_one_path_twice(reports: list[ReportSpec]) -> None:
    formats: dict[Path, str] = {}
    for report in reports:
        if report.path is not None:
            path = Path(os.path.realpath(report.path))
            if path in formats and (path.is_file() or not path.exists()):  # and no device
                raise UsageError(
                    f"--report {formats[path]} and --report {report.format} would both go to "
                    f"{str(report.path)!r}.",
                    hint="Give each a path of its own.",
                )
            formats[path] = report.format


def _all_reports(reports: list[ReportSpec], environ: Mapping[str, str]) -> list[ReportSpec]:
    """The reports, with the paths that the environment gives."""
    for variable, form in PATH_VARIABLES.items():
        path = environ.get(variable)
        if path and not any(report.path for report in reports if report.format == form):
            others = [report for report in reports if report.format != form]
            reports = [*others, ReportSpec(form, Path(path))]
    return list(dict.fromkeys(reports))


def _render(report: ReportSpec) -> Callable[[ApplyOutcome], str]:
    render: Callable[..., str] = import_module(FORMATS[report.format]).render
    if report.format == "html" and report.path:  # it links to downloaded files from its folder
        return partial(render, folder=report.path.parent)
    return render

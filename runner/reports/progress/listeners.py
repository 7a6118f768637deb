"""Listeners: reporters that receive every event and can never change the outcome of an apply.

A listener that fails is dropped with one warning. One that talks to a network runs
in its own thread, so that a slow server delays nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import import_module
from queue import SimpleQueue
from threading import Thread
from typing import Final, Protocol, TypeAlias

from runner.errors import os_reason
from runner.models.events import Event
from runner.reports.text.sanitize import one_line

#: Formats of listeners, and the module whose ``open_listener`` makes each.
LISTENERS: Final[Mapping[str, str]] = {
    "jsonl": "runner.reports.progress.jsonl",
    "github-check": "runner.reports.progress.github_check",
}
#: The listener that the standard variables of OpenTelemetry switch on.
OPEN_TELEMETRY: Final = "OpenTelemetry"
OPEN_TELEMETRY_VARIABLES: Final = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
)
#: Where other packages offer listeners: name of the format → ``open_listener``.
ENTRY_POINTS: Final = "checkly_sessions_runner.reporters"
#: Seconds that a listener is given to finish once the apply is over.
LAST_WORDS: Final = 20.0


class Listener:
    """Receives the events of an apply, with texts already masked.

    Subclasses override only the methods they need.

    Attributes:
        interval: Preferred seconds between two calls of :meth:`tick`.
    """

    interval: float = 1.0

    def handle(self, event: Event) -> None:
        """Handle ``event``."""

    def tick(self, at: datetime) -> None:
        """Handle the passing of time: it is now ``at``."""

    def close(self) -> None:
        """Release all resources."""


#: What a listener is to do.
Act: TypeAlias = Callable[[Listener], None]


class Send(Protocol):
    """Sends a request with a JSON body; raises if no answer comes."""

    def __call__(
        self, method: str, url: str, *, headers: Mapping[str, str], body: object
    ) -> tuple[int, str]:
        """Send ``body`` to ``url``; returns status and text of the answer."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The environment of a listener.

    Attributes:
        write: Writes to the file of ``--report FORMAT=PATH``, else to standard output.
        environ: The process environment.
        send: Sends an HTTP request.
    """

    write: Callable[[str], None]
    environ: Mapping[str, str]
    send: Send


class Forwarder(Listener):
    """Passes everything on to one or more other listeners."""

    def handle(self, event: Event) -> None:
        """Pass ``event`` on."""
        self._forward(lambda listener: listener.handle(event))

    def tick(self, at: datetime) -> None:
        """Pass the time on."""
        self._forward(lambda listener: listener.tick(at))

    def close(self) -> None:
        """Close what it passes everything on to."""
        self._forward(lambda listener: listener.close())

    def _forward(self, act: Act) -> None:
        raise NotImplementedError


class Guarded(Forwarder):
    """A listener whose failures become a warning."""

    def __init__(self, name: str, listener: Listener, warn: Callable[[str], None]) -> None:
        self._name = name
        self._listener: Listener | None = listener
        self._warn = warn
        self.interval = listener.interval

    def _forward(self, act: Act) -> None:
        if self._listener is None:
            return
        try:
            act(self._listener)
        except Exception as error:  # noqa: BLE001 # whatever it is, the apply goes on
            self._listener = None
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        """Warn, and never fail."""
        reason = os_reason(error) if isinstance(error, OSError) else str(error)
        said = one_line(reason or type(error).__name__, 500)
        with suppress(Exception):
            self._warn(f"{self._name} stopped: {said}")


class Background(Guarded):
    """A guarded listener in its own thread, for those that wait for a network."""

    def __init__(self, name: str, listener: Listener, warn: Callable[[str], None]) -> None:
        super().__init__(name, listener, warn)
        self._queue: SimpleQueue[Act | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def tick(self, at: datetime) -> None:
        """Pass the time on, unless events are waiting."""
        if self._queue.empty():
            super().tick(at)

    def close(self) -> None:
        """Wait a while for the listener to finish."""
        super().close()
        self._queue.put(None)
        self._thread.join(LAST_WORDS)
        if self._thread.is_alive():
            self._complain(TimeoutError(f"it did not finish within {LAST_WORDS:g} s"))

    def _forward(self, act: Act) -> None:
        self._queue.put(act)

    def _work(self) -> None:
        for act in iter(self._queue.get, None):
            super()._forward(act)


def listener_names() -> Iterable[str]:
    """The names that ``--report`` knows, including those from other packages."""
    return (*LISTENERS, *(name for name in _others() if name not in LISTENERS))


def open_listener(
    name: str, surroundings: Surroundings, warn: Callable[[str], None]
) -> Guarded | None:
    """Open a listener; ``None``, after a warning, if that fails."""
    told = name if name == OPEN_TELEMETRY else f"--report {name}"
    try:
        if name in LISTENERS:
            opened: Listener = import_module(LISTENERS[name]).open_listener(surroundings)
        elif name == OPEN_TELEMETRY:
            opened = _open_telemetry(surroundings)
        else:
            opened = _others()[name]()(surroundings)
    except Exception as error:  # noqa: BLE001 # whatever it is, the apply goes on
        with suppress(Exception):
            warn(f"{told} did not start: {one_line(str(error), 500)}")
        return None
    kind = Guarded if name == "jsonl" else Background  # lines are written as things happen
    return kind(told, opened, warn)


def wants_open_telemetry(environ: Mapping[str, str]) -> bool:
    """Whether the environment names a collector and does not disable the SDK."""
    is_off = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return not is_off and any(environ.get(name) for name in OPEN_TELEMETRY_VARIABLES)


def _open_telemetry(surroundings: Surroundings) -> Listener:
    try:
        module = import_module("runner.reports.progress.otel")
    except ImportError as error:
        raise ImportError(
            f"{error.name} is not installed; install the runner with `pip install '.[otel]'`"
        ) from error
    opened: Listener = module.open_listener(surroundings)
    return opened


@cache
def _others() -> Mapping[str, Callable[[], Callable[[Surroundings], Listener]]]:
    """The listeners of other packages, not loaded yet."""
    from importlib.metadata import entry_points  # noqa: PLC0415 # slow, and rarely asked for

    return {found.name: found.load for found in entry_points(group=ENTRY_POINTS)}

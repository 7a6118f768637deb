"""Listeners: reporters that receive every event and can never change the outcome of an apply."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pkgutil import resolve_name
from queue import SimpleQueue
from threading import Event as ThreadEvent
from threading import Thread
from time import monotonic
from typing import Final, Protocol, TypeAlias

from runner.models.events import Event

#: Formats of listeners, and the class of each, made with its surroundings; imported when used.
LISTENERS: Final[Mapping[str, str]] = {
    "jsonl": "runner.reports.progress.jsonl:JsonLinesReporter",
    "github-check": "runner.reports.progress.github_check:GitHubCheckReporter",
}
#: The listener that the standard variables of OpenTelemetry switch on.
OPEN_TELEMETRY: Final = "OpenTelemetry"
OPEN_TELEMETRY_VARIABLES: Final = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
)
#: Where other packages offer listeners: name of the format → what makes one of its surroundings.
ENTRY_POINTS: Final = "checkly_sessions_runner.reporters"
#: Seconds that a listener is given to finish once the apply is over.
LAST_WORDS: Final = 20.0
#: The same when a signal asks to leave at once.
HURRIED_WORDS: Final = 2.0


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

    def finish(self) -> None:
        """Begin to close, if that takes time."""

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


class Background(Listener):
    """A listener in its own thread, for those that wait for a network: it delays nothing.

    What it raises is raised by the next call, at the latest by :meth:`close`.
    """

    def __init__(self, listener: Listener) -> None:
        self.interval = listener.interval
        self._listener = listener
        self._queue: SimpleQueue[Act | None] = SimpleQueue()
        self._failure: Exception | None = None
        self._seconds = LAST_WORDS
        self._closing_since: float | None = None
        # A thread whose `join` was interrupted passes for one that has ended.
        self._closed = ThreadEvent()
        Thread(target=self._work, daemon=True).start()

    def handle(self, event: Event) -> None:
        """Pass ``event`` on."""
        self._put(lambda listener: listener.handle(event))

    def tick(self, at: datetime) -> None:
        """Pass the time on, unless events are waiting."""
        if self._queue.empty():
            self._put(lambda listener: listener.tick(at))

    def finish(self) -> None:
        """Let the listener close once it has handled everything."""
        if self._closing_since is None:
            self._closing_since = monotonic()
            self._put(lambda listener: listener.close())
            self._queue.put(None)

    def hurry(self) -> None:
        """Begin to close, and let that take a moment only."""
        self._seconds = HURRIED_WORDS
        self.finish()

    def close(self) -> None:
        """Wait a while until the listener is closed.

        Raises:
            TimeoutError: It took longer.
        """
        self.finish()
        try:
            self._closed.wait(max(0.0, (self._closing_since or 0.0) + self._seconds - monotonic()))
        except KeyboardInterrupt:
            self._closed.wait(HURRIED_WORDS)
            raise
        if not self._closed.is_set():
            raise TimeoutError(f"it did not finish within {self._seconds:g} s")
        self._raise()

    def _put(self, act: Act) -> None:
        self._raise()
        self._queue.put(act)

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        try:
            for act in iter(self._queue.get, None):
                act(self._listener)
        except Exception as error:  # noqa: BLE001 # raised in the other thread
            self._failure = error
        finally:
            self._closed.set()


def open_listener(name: str, surroundings: Surroundings) -> Listener:
    """Open a listener; whatever it raises, the apply goes on."""
    if name == OPEN_TELEMETRY:
        opening = _open_telemetry()
    elif name in LISTENERS:
        opening = resolve_name(LISTENERS[name])
    else:
        opening = other_listeners()[name]()
    listener = opening(surroundings)
    return listener if name == "jsonl" else Background(listener)  # lines are written at once


def wants_open_telemetry(environ: Mapping[str, str]) -> bool:
    """Whether the environment names a collector and does not disable the SDK."""
    is_off = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return not is_off and any(environ.get(name) for name in OPEN_TELEMETRY_VARIABLES)


def _open_telemetry() -> Callable[[Surroundings], Listener]:
    opening: Callable[[Surroundings], Listener]
    try:
        opening = resolve_name("runner.reports.progress.otel:OpenTelemetryReporter")
    except ImportError as error:
        raise ImportError(
            f"{error.name} is not installed; install the runner with `pip install '.[otel]'`"
        ) from error
    return opening


@cache
def other_listeners() -> Mapping[str, Callable[[], Callable[[Surroundings], Listener]]]:
    """The listeners of other packages, not loaded yet."""
    from importlib.metadata import entry_points  # noqa: PLC0415 # slow, and rarely asked for

    return {found.name: found.load for found in entry_points(group=ENTRY_POINTS)}

"""An emulator that listens: a real HTTP server on loopback, in a thread of this process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Self

import uvicorn

from runner.emulator.sessions.api import Account
from runner.emulator.sessions.ids import Ids
from runner.emulator.transport.app import Desk, build_app
from runner.emulator.transport.contract import load_contract
from runner.emulator.transport.control import control_routes, snapshot
from runner.emulator.transport.next_api import next_routes
from runner.emulator.transport.pages import page_routes
from runner.emulator.transport.recorder import Recorder
from runner.emulator.transport.wire import Connections
from runner.emulator.world.clock import Clock
from runner.emulator.world.faults import Fault, FaultPlan, parse_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from runner.emulator.transport.faulty import Exchange
    from runner.emulator.world.world import World

# Mistakes of a client are reported to the client, not in the output of the program.
logging.getLogger("uvicorn").addHandler(logging.NullHandler())

_BACKLOG = 2048
_START_SECONDS = 10.0


class EmulatorError(Exception):
    """The emulator can't serve: an address that is taken, or a record that can't be written."""


class Emulator:
    """A local Checkly API. As a context manager it serves while the block runs.

    Args:
        world: What is served.
        port: Port to listen on; 0 takes a free one.
        host: Address to listen on; loopback by default.
        faults: What goes wrong, beside the world's own faults: texts or values.
        seed: Decides which requests faults with a probability strike, and the ids of sessions and
            results; without one, ids are never repeated.
        record: File to which the traffic is written as JSON lines, masked.
        time_scale: Seconds of the emulator's time in one real second; 0 stops time.
        virtual_time: Jump over spans in which all clients only wait, so that long sessions end
            at once.
        watch: Is called with every exchange, from the server's thread.
    """

    def __init__(
        self,
        world: World,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        faults: Sequence[str | Fault] = (),
        seed: int | None = None,
        record: Path | None = None,
        time_scale: float = 1.0,
        virtual_time: bool = False,
        watch: Callable[[Exchange], None] | None = None,
    ) -> None:
        self.world = world
        self.host = host
        self.port = port
        self._faults = [*world.faults, *(_fault(fault) for fault in faults)]
        self._seed = seed
        self._record = record
        self._clock = Clock(scale=time_scale, jump=virtual_time)
        self._watch = watch
        self._recent: deque[dict[str, Any]] = deque(maxlen=10_000)
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._server: _Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._recorder: Recorder | None = None
        self._desk: Desk | None = None

    @property
    def url(self) -> str:
        """Address of the API, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def api_key(self) -> str:
        """A valid key."""
        return self.world.api_keys[0]

    @property
    def account_id(self) -> str:
        """Id of the served account."""
        return self.world.account_id

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point this program and the official CLI at the emulator."""
        return {
            "CHECKLY_ENV": "local",
            "CHECKLY_API_URL": self.url,
            "CHECKLY_ACCOUNT_ID": self.account_id,
            "CHECKLY_API_KEY": self.api_key,
        }

    @property
    def sessions(self) -> list[dict[str, Any]]:
        """The sessions started so far, oldest first: id, name, status and the exact body."""
        return list(self._call(snapshot))

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The latest requests, oldest first: when, endpoint, method, path, status and fault.

        The status is what the API itself answered: None if a fault kept it from working.
        """
        return list(self._recent)

    @property
    def counts(self) -> Mapping[str, int]:
        """The number of requests received, by the endpoint's short name."""
        return dict(self._call(lambda desk: desk.counts))

    def now(self) -> float:
        """Return the emulator's time, as Unix time in seconds."""
        return self._clock.now()

    def advance(self, seconds: float) -> None:
        """Move the emulator's time forward."""
        self._call(lambda _: self._clock.advance(seconds))

    def add_fault(self, fault: str | Fault) -> None:
        """Arm one more fault."""
        parsed = _fault(fault)
        self._call(lambda desk: desk.faults.add([parsed]))

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._call(lambda desk: desk.faults.clear())

    def start(self) -> Self:
        """Serve until `stop`.

        Raises:
            EmulatorError: The address can't be listened on, or the record can't be written.
        """
        _allow_many_connections()
        listener = self._listen()
        if self._record is not None:
            self._recorder = self._open_record(self._record, listener)
        self._thread = threading.Thread(
            target=self._serve, args=(listener,), name="checkly-emulator", daemon=True
        )
        self._thread.start()
        if not self._started.wait(_START_SECONDS) or self._failure is not None:
            raise EmulatorError("it is not listening") from self._failure
        return self

    def stop(self) -> None:
        """Stop serving; connections that are still open are reset."""
        if self._server is None or self._loop is None or self._thread is None:
            return
        with contextlib.suppress(RuntimeError):  # the loop has ended by itself
            self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join(_START_SECONDS)
        self._thread = None
        if self._recorder is not None:
            self._recorder.close()

    def wait(self) -> None:
        """Wait until the server has ended."""
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        # asyncio turns Nagle's algorithm off (40 ms an answer) only if the protocol is named.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self.host, self.port))
            listener.listen(_BACKLOG)
        except (OSError, OverflowError) as error:
            listener.close()
            raise EmulatorError(f"can't listen on {self.host}:{self.port}: {error}") from error
        self.port = listener.getsockname()[1]
        return listener

    def _open_record(self, path: Path, listener: socket.socket) -> Recorder:
        try:
            return Recorder(path, self._clock)
        except OSError as error:
            listener.close()
            raise EmulatorError(f"can't record to {path}: {error.strerror}") from error

    def _serve(self, listener: socket.socket) -> None:
        try:
            asyncio.run(self._main(listener))
        except BaseException as error:  # noqa: BLE001 -- handed to the thread that waits for it
            self._failure = error
        finally:
            listener.close()
            self._started.set()

    async def _main(self, listener: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        connections = Connections()
        desk = Desk(
            account=Account(
                self.world, self._clock, f"{self.url}/accounts/{self.account_id}", Ids(self._seed)
            ),
            contract=load_contract(),
            faults=FaultPlan(self._faults, self._seed or 0),
            connections=connections,
            watch=self._note,
        )
        self._desk = desk
        more_routes = [*next_routes(desk), *control_routes(desk), *page_routes(desk)]
        config = uvicorn.Config(
            build_app(desk, more_routes),
            http=connections.protocol(),
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            backlog=_BACKLOG,
        )
        self._server = _Server(config, self._started, connections)
        await self._server.serve(sockets=[listener])

    def _note(self, exchange: Exchange) -> None:
        self._recent.append(
            {
                "at": exchange.started,
                "endpoint": exchange.operation,
                "method": exchange.request.method,
                "path": exchange.request.url.path,
                "query": exchange.request.url.query,
                "status": None if exchange.answer is None else exchange.answer.status,
                "fault": None if exchange.fault is None else exchange.fault.kind,
            }
        )
        if self._recorder is not None:
            self._recorder.write(exchange)
        if self._watch is not None:
            self._watch(exchange)

    def _call(self, action: Callable[[Desk], Any]) -> Any:
        """Run something on the server's own thread, so that nothing changes underneath it."""
        desk, loop = self._desk, self._loop
        if desk is None or loop is None:
            raise EmulatorError("the emulator was not started")
        if not loop.is_running() or threading.current_thread() is self._thread:
            return action(desk)

        async def act() -> Any:
            return action(desk)

        return asyncio.run_coroutine_threadsafe(act(), loop).result(_START_SECONDS)


class _Server(uvicorn.Server):
    """uvicorn's server, telling when it listens, and stopping at once instead of gracefully."""

    def __init__(
        self, config: uvicorn.Config, listening: threading.Event, connections: Connections
    ) -> None:
        super().__init__(config)
        self._listening = listening
        self._connections = connections
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Ask the server to stop (from its own thread)."""
        self._stop.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening.set()

    async def main_loop(self) -> None:
        await self._stop.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        del sockets  # closed by whoever opened them
        for server in self.servers:
            server.close()
        self._connections.reset_all()


def _allow_many_connections() -> None:
    """Raise the process's limit of open files as far as it may, for thousands of long polls."""
    with contextlib.suppress(
        ImportError, ValueError, OSError
    ):  # not on Windows; no infinity on macOS
        import resource  # noqa: PLC0415 -- not on Windows

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _fault(fault: str | Fault) -> Fault:
    return parse_fault(fault) if isinstance(fault, str) else fault

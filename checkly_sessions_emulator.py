"""A local Checkly API for tests: ``pytest_plugins = ["checkly_sessions_emulator"]``.

It starts ``runner emulator`` as a separate program and talks to it over HTTP, so that it works
in a repository that has a package ``runner`` itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import TracebackType

# Our `runner` is the one beside this file, whatever else is called so.
_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from runner.cli import main; main()",
    str(Path(__file__).resolve().parent),
)


class EmulatorFailed(Exception):
    """The emulator did not start, or refused a request."""


class Emulator:
    """An emulator in its own process; a context manager.

    Args:
        world: A world file, its content as a mapping, or ``None`` for the default world.
        folder: Where a world given as a mapping is written.
        options: Further options of ``runner emulator``, such as ``--virtual-time``.

    Attributes:
        environment: The variables that point the runner and the official CLI at it.
    """

    def __init__(
        self,
        world: Path | str | Mapping[str, Any] | None = None,
        *,
        folder: Path | None = None,
        options: Sequence[str] = (),
    ) -> None:
        if isinstance(world, Mapping):
            given, world = world, (folder or Path.cwd()) / "world.json"
            world.write_text(json.dumps(given), encoding="utf-8")  # JSON is YAML, too
        self._options = [*options, *(("--world", str(world)) if world else ())]
        self.environment: dict[str, str] = {}
        self._process: subprocess.Popen[str] | None = None
        # What the environment says of proxies is not for this machine's own addresses.
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    @property
    def url(self) -> str:
        """Address of the API, without a slash at its end."""
        return self.environment["CHECKLY_API_URL"]

    @property
    def api_key(self) -> str:
        """A valid key."""
        return self.environment["CHECKLY_API_KEY"]

    @property
    def account_id(self) -> str:
        """Id of the served account."""
        return self.environment["CHECKLY_ACCOUNT_ID"]

    @property
    def sessions(self) -> list[dict[str, Any]]:
        """The sessions started so far, oldest first: id, name, status and the exact body."""
        return list(self._ask("sessions"))

    @property
    def counts(self) -> dict[str, int]:
        """The number of requests received, by the endpoint's short name."""
        return dict(self._ask("requests"))

    def now(self) -> float:
        """Return the emulator's time, as Unix time in seconds."""
        return float(self._ask("time")["now"])

    def advance(self, seconds: float) -> None:
        """Move the emulator's time forward."""
        self._ask("advance", {"seconds": seconds})

    def add_fault(self, fault: str) -> None:
        """Add one more fault, such as ``429:times=2``."""
        self._ask("faults", {"faults": [fault], "add": True})

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._ask("faults", {"faults": []})

    def reset(self) -> None:
        """Forget sessions, faults and counts."""
        self._ask("reset", {})

    def start(self) -> Emulator:
        """Serve until `stop`.

        Raises:
            EmulatorFailed: It did not start; the message holds what it printed.
        """
        environment = {**os.environ, "PYTHONUTF8": "1"}
        self._process = subprocess.Popen(  # noqa: S603 -- our own program
            [sys.executable, "-P", "-c", *_PROGRAM, "emulator", *self._options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            env=environment,
        )
        assert self._process.stdout is not None  # noqa: S101 -- it is a pipe
        printed = []
        for line in self._process.stdout:
            printed.append(line)
            name, _, value = line.removeprefix("export ").rstrip("\n").partition("=")
            if line.startswith("export "):
                self.environment[name] = value
            if name == "CHECKLY_API_KEY":
                return self
        self.stop()
        raise EmulatorFailed("".join(printed))

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.communicate(timeout=20)
            self._process = None

    def __enter__(self) -> Emulator:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _ask(self, route: str, body: Mapping[str, Any] | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 -- its own address
            f"{self.url}/__emulator__/{route}",
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.api_key}",
                "Content-Type": "application/json",
            },
        )
        try:
            with self._open(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise EmulatorFailed(error.read().decode("utf-8", "replace")) from None


@pytest.fixture
def checkly_world() -> Path | str | Mapping[str, Any] | None:
    """Return the world that `checkly_emulator` serves; override it to serve another."""
    return None


@pytest.fixture
def checkly_emulator(
    checkly_world: Path | str | Mapping[str, Any] | None, tmp_path: Path
) -> Iterator[Emulator]:
    """Serve a Checkly API while the test runs."""
    with Emulator(checkly_world, folder=tmp_path) as emulator:
        yield emulator

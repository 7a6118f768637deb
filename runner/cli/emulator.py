"""`runner emulator`: serve a local Checkly API until told to stop."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runner.cli.common import common_options
from runner.cli.console import Console
from runner.errors import CannotRun, UsageError

if TYPE_CHECKING:
    from runner.emulator.server import Emulator


@dataclass(frozen=True, slots=True)
class EmulatorOptions:
    """What the command was asked for."""

    port: int
    host: str
    world: Path | None
    faults: tuple[str, ...]
    seed: int | None
    record: Path | None
    speed: float
    virtual_time: bool


@click.command
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="PORT",
    help="Port to listen on; a free one if 0.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    metavar="ADDRESS",
    show_default=True,
    help="Address to listen on.",
)
@click.option(
    "--world", type=click.Path(path_type=Path), metavar="FILE", help="What to serve, as YAML."
)
@click.option(
    "--fault", "faults", multiple=True, metavar="SPEC", help="What goes wrong, such as 429:times=2."
)
@click.option(
    "--seed",
    type=int,
    metavar="N",
    help="Decides which requests faults strike, and the ids that are given out.",
)
@click.option(
    "--record",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Append the traffic to a file as JSON lines, masked.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0, 1000),
    default=1.0,
    metavar="SECONDS",
    show_default=True,
    help="Seconds that pass for a session in one real second.",
)
@click.option("--virtual-time", is_flag=True, help="Skip the time in which everybody only waits.")
@common_options
def command(**options: Any) -> None:
    """Serve a local Checkly API, and print the variables that point clients at it.

    The variables go to standard output, ready for `export`; all else to standard error.
    """
    serve(EmulatorOptions(**options), Console.of_process())


def serve(options: EmulatorOptions, console: Console) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        UsageError: The world or a fault has a mistake.
        CannotRun: The extra is not installed, or the address can't be listened on.
    """
    emulator = build(options)
    from runner.emulator.server import EmulatorError  # noqa: PLC0415 # after build found the extra

    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with emulator:
            checks = len(emulator.world.checks)
            console.problem(
                f"Serving {emulator.world.account_name} ({checks} checks) on {emulator.url}. "
                "Ctrl-C ends it."
            )
            for name, value in emulator.environment.items():
                console.write(f"export {name}={value}")
            console.out.flush()
            emulator.wait()
    except EmulatorError as error:
        raise CannotRun(f"The emulator did not start: {error}.") from error
    except KeyboardInterrupt:
        console.problem("The emulator has ended.")
    finally:
        signal.signal(signal.SIGTERM, previous)


def build(options: EmulatorOptions) -> Emulator:
    """Make the emulator that the options describe, not started yet.

    Raises:
        UsageError: The world, a fault or the file to record to has a mistake.
        CannotRun: The extra is not installed.
    """
    try:
        from runner.emulator.faults import FaultSyntaxError  # noqa: PLC0415 # it is an extra
        from runner.emulator.server import Emulator  # noqa: PLC0415
        from runner.emulator.world import (  # noqa: PLC0415
            WorldError,
            default_world,
            load_world,
        )
    except ImportError as error:
        raise CannotRun(
            f"The emulator needs {error.name}, which is not installed.",
            hint="Install it: `pip install 'checkly-sessions-runner[emulator]'`.",
        ) from error
    try:
        world = load_world(options.world) if options.world else default_world()
        return Emulator(
            world,
            port=options.port,
            host=options.host,
            faults=options.faults,
            seed=options.seed,
            record=options.record,
            time_scale=options.speed,
            virtual_time=options.virtual_time,
        )
    except WorldError as error:
        if not error.line:
            raise UsageError(
                f"The world {error.file} can't be read: {error.reason.lower()}.",
                hint="Name a file that is there. Without --world the emulator has its own.",
            ) from error
        raise UsageError(
            f"The world has a mistake: {error}.",
            hint="What a world may hold is in the documentation, under The emulator.",
        ) from error
    except FaultSyntaxError as error:
        raise UsageError(f"--fault: {error}.") from error

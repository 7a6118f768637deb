"""`runner emulator`: serve a local Checkly API until told to stop."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import click

from runner.cli.console import Console
from runner.cli.options.common import common_options
from runner.cli.services.emulator import build
from runner.errors import CannotRun


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
    "time_scale",
    type=click.FloatRange(0, 1000),
    default=1.0,
    metavar="SECONDS",
    show_default=True,
    help="Seconds that pass for a session in one real second.",
)
@click.option("--virtual-time", is_flag=True, help="Skip the time in which all clients only wait.")
@common_options
def command(**options: Any) -> None:
    """Serve a local Checkly API, and print the variables that point clients at it.

    The variables go to standard output, ready for `export`; all else to standard error.
    """
    emulator, console = build(**options), Console.of_process()
    from runner.emulator.server import EmulatorError  # noqa: PLC0415 # after build found the extra
    from runner.secrets import Redactor, credentials_in  # noqa: PLC0415 # when needed

    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with emulator:
            # Its keys are made up, and clients need them, also where they are set already.
            keys = emulator.world.api_keys
            known = [value for value in credentials_in(os.environ) if value not in keys]
            console.redactor = Redactor(known)
            checks = len(emulator.world.checks)
            console.problem(
                f"Serving {emulator.world.account_name} ({checks} checks) on {emulator.url}. "
                "Ctrl-C ends it."
            )
            for name, value in emulator.environment.items():
                console.say(f"export {name}={value}")
            console.out.flush()
            emulator.wait()
    except EmulatorError as error:
        raise CannotRun(f"The emulator did not start: {error}.") from error
    except KeyboardInterrupt:
        console.problem("The emulator has ended.")
    finally:
        signal.signal(signal.SIGTERM, previous)

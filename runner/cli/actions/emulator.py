"""``runner emulator``: serve a local Checkly API until it is stopped."""

import os
import signal
from typing import Any

from runner.cli.options.common import Common
from runner.cli.services.backend import build
from runner.errors import CannotRun
from runner.secrets import Redactor, credentials_in


def serve(common: Common, **options: Any) -> None:
    """Serve until a signal comes."""
    emulator, console = build(**options), common.console
    from runner.emulator.server import EmulatorError  # noqa: PLC0415 # after build found the extra

    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with emulator:
            # Its keys are made up, and clients need them, even if they are already set.
            keys = emulator.world.api_keys
            console.redactor = Redactor(
                value for value in credentials_in(os.environ) if value not in keys
            )
            checks = len(emulator.world.checks)
            console.problem(
                f"Serving {emulator.world.account_name} ({checks} checks) on {emulator.url}. "
                "Press Ctrl-C to stop it."
            )
            for name, value in emulator.environment.items():
                console.say(f"export {name}={value}")
            console.out.flush()
            emulator.wait()
    except EmulatorError as error:
        raise CannotRun(f"The emulator did not start: {error}.") from error
    except KeyboardInterrupt:
        console.problem("The emulator has stopped.")
    finally:
        signal.signal(signal.SIGTERM, previous)

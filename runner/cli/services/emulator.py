"""Make an emulator from options, whether it is served or runs inside the process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.errors import CannotRun, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from runner.emulator.server import Emulator


def build(world: Path | None = None, **options: Any) -> Emulator:
    """Make the emulator that the options describe, not started yet.

    Args:
        world: The file of its world; its own if there is none.
        options: Those of ``Emulator``.

    Raises:
        UsageError: The world, a fault or the file to record to has a mistake.
        CannotRun: The extra is not installed.
    """
    try:
        from runner.emulator.server import Emulator  # noqa: PLC0415
        from runner.emulator.world.faults import FaultSyntaxError  # noqa: PLC0415 # it is an extra
        from runner.emulator.world.world import (  # noqa: PLC0415
            WorldError,
            default_world,
            load_world,
        )
    except ImportError as error:
        raise CannotRun(
            f"The emulator needs {error.name}, which is not installed.",
            hint="Install the runner with its extra: `pip install '.[emulator]'`.",
        ) from error
    try:
        return Emulator(load_world(world) if world else default_world(), **options)
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

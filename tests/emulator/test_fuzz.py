"""The emulator fuzzed from its own OpenAPI document: no 5xx, and every answer valid."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.emulator.files.resources import schema_path

if TYPE_CHECKING:
    from .conftest import Start

ROOT = Path(__file__).parents[2]
#: Requests made up for each endpoint and phase; a night's run can afford more.
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "5")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_schemathesis_finds_nothing(serve: Start, tmp_path: Path) -> None:
    wire = serve(virtual_time=True)

    done = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            *("--config-file", ROOT / "schemathesis.toml"),
            *("run", schema_path("checkly-api.openapi.yaml"), "--url", wire.emulator.url),
            *("--header", f"Authorization: Bearer {wire.emulator.api_key}"),
            *("--max-examples", EXAMPLES, "--seed", "1", "--no-color"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert sum(wire.emulator.counts.values()) > 500
    assert len(wire.emulator.counts) == 10

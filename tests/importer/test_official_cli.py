"""The official CLI and what is imported of its command line ask for the same."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.emulator.server import Emulator
from runner.emulator.transport.faulty import Exchange
from runner.emulator.world.world import default_world
from runner.importer.find import import_command
from runner.importer.write import file_text
from tests.official_cli import installed_program

pytestmark = pytest.mark.timeout(300)

CHECK = "3f9c1a52-8c5e-4f0e-9a34-1d2b7c5e0a01"
ENVIRONMENT = {"TAGS": "production,smoke", "REGION": "us-east-1", "HOST": "h", "N": "2"}
#: What the CLI fills in where the runner leaves it to the API, which takes the same.
RETRY_DEFAULTS = {"sameRegion": True, "maxDurationSeconds": 600}

SPELLINGS = [
    "--tags production,smoke -l eu-west-1 --retries 2 -e A=1 -e 'B=x y' -n 'By tags'",
    '-t "$TAGS" -t \'!flaky\' staging --location="$REGION" --retries=$N -e URL=https://$HOST/#a',
    '--tags ${MORE:-production,smoke} --retries 7 --refresh-cache -e "A=\\"q\\" \\$x" B=2 -e C=',
    "-tproduction -leu-west-1 -n=Joined -e 'D=\"a\\nb\"' -e \"E='q # q'\" -e F=a#b -e export\\ G=1",
    f"--check-id {CHECK} --check-id={CHECK} --env A=1 --env A=2 -e 'H: colon' -e I=x'y'\"z\"",
    "-t a,b' c' -t 'd, e' --no-record --no-fail-on-no-matching --timeout 60 -e 'J=`k`'",
    "--retries 0 > log.txt --tags production 2>&1",
    f"-vt=a,b -e 'M=\"x' -e 'y\" # z' --check-id '\"{CHECK}\", {CHECK}' -n \"$TAGS $REGION\"",
    "-n \"  $HOST  \" -t 'a b' --no-verbose -e N=01 -e 'export  O = 2' --retries=01",
    "",
]


@pytest.fixture(scope="module")
def bodies() -> Iterator[tuple[Emulator, list[Any]]]:
    """An emulator, and what it is asked to start."""
    asked: list[Any] = []

    def watch(exchange: Exchange) -> None:
        if exchange.request.url.path.endswith("/test-sessions/trigger"):
            asked.append(exchange.body)

    with Emulator(default_world(), watch=watch, virtual_time=True) as emulator:
        yield emulator, asked


def of_cli(body: Any) -> Any:
    location = body["runLocation"]
    target = {"matchTags": body.get("targetTags"), "checkId": body.get("checkId")}
    return {
        "name": body["name"],
        "runLocation": location.get("slugName") or location["region"],
        "target": {key: value for key, value in target.items() if value},
        "environmentVariables": [v for v in body["environmentVariables"] if v["value"]],
        "retryStrategy": body["testRetryStrategy"],
        "refreshCache": body["refreshCache"],
    }


def of_runner(body: Any) -> Any:
    variables = body.get("environmentVariables", [])
    retry = body["retryStrategy"]
    return {
        "name": body["name"],
        "runLocation": body["runLocation"],
        "target": body.get("target", {}),
        "environmentVariables": [{"key": v["key"], "value": v["value"]} for v in variables],
        "retryStrategy": retry and RETRY_DEFAULTS | retry,
        "refreshCache": body.get("refreshCache", False),
    }


@pytest.mark.parametrize(
    "flags",
    [SPELLINGS[0], SPELLINGS[1], *(pytest.param(s, marks=pytest.mark.slow) for s in SPELLINGS[2:])],
)
def test_both_send_the_same_body(
    flags: str, bodies: tuple[Emulator, list[Any]], tmp_path: Path
) -> None:
    emulator, asked = bodies
    program = installed_program()
    environment = os.environ | emulator.environment | ENVIRONMENT | {"CI": "1"}
    environment["PATH"] = f"{program.parent}{os.pathsep}{environment['PATH']}"
    text = f"checkly trigger --detach {flags}"
    (profile,) = import_command(text).profiles
    (tmp_path / "checkly-sessions.yaml").write_text(file_text([profile]), encoding="utf-8")

    asked.clear()
    for command in (
        ["bash", "-c", text],
        [sys.executable, "-m", "runner", "apply", profile.name, "--detach"],
    ):
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert asked, done.stdout + done.stderr
    theirs, ours = of_cli(asked[0]), of_runner(asked[1])

    if theirs["name"] == "Triggered Session":  # the CLI's own default
        theirs["name"] = profile.name
    assert ours == theirs

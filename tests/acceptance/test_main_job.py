"""The main job, end to end: validate, show, plan, apply, and the exit code that gates."""

import json
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from runner.emulator.server import Emulator

from .conftest import SECRET, Project

ROOT = Path(__file__).parents[2]
SAMPLE = (ROOT / "checkly-sessions.yaml").read_text(encoding="utf-8")
EXAMPLES = sorted(
    path.parent
    for path in (ROOT / "examples").glob("*/checkly-sessions.yaml")
    if path.parent.name != "tour"  # whose gate is red, in a world of its own
)

ONE = """\
version: 1
profiles:
  smoke:
    runLocation: eu-west-1
    target: {matchTags: [[production, smoke]]}
    environmentVariables:
      API_TOKEN: {value: $<env.SHOP_API_TOKEN>, secret: true}
"""


def test_the_sample_shows_a_request_that_fits_the_contract(project: Project) -> None:
    project.write(SAMPLE)
    shown = project.run("show", "smoke-prod", "--format", "json")
    assert shown.returncode == 0, shown.stderr
    contract = YAML(typ="safe").load(ROOT / "schemas" / "checkly-api.openapi.yaml")
    schema = {**contract["components"]["schemas"]["TriggerTestSessionRequest"], **contract}
    jsonschema.validate(json.loads(shown.stdout), schema)
    assert SECRET not in shown.stdout


def test_the_api_receives_exactly_what_was_shown(online: Project, emulator: Emulator) -> None:
    online.write(SAMPLE)
    shown = json.loads(online.run("show", "smoke-prod", "--format", "json").stdout)
    done = online.run("apply", "smoke-prod")
    assert done.returncode == 0, done.stdout + done.stderr
    (session,) = emulator.sessions
    (masked,) = [one for one in shown["environmentVariables"] if one["key"] == "API_TOKEN"]
    masked["value"] = SECRET
    apply_id = session["body"]["name"].rpartition(" ")[2]
    shown["name"] = shown["name"].replace("(known after apply)", apply_id)
    assert session["body"] == shown
    assert f"Apply {apply_id} passed" in done.stdout
    assert SECRET not in done.stdout + done.stderr


def test_plan_says_create_then_rerun_then_update(online: Project) -> None:
    online.write(ONE)
    assert "1 to create" in online.run("plan").stdout
    assert online.run("apply", "smoke").returncode == 0
    assert "1 to rerun" in online.run("plan").stdout
    online.write(ONE.replace("eu-west-1", "us-east-1"))
    plan = online.run("plan").stdout
    assert "1 to update" in plan
    assert "eu-west-1" in plan
    assert "us-east-1" in plan


def test_a_failing_check_ends_with_1(online: Project) -> None:
    online.write(ONE.replace("[production, smoke]", "[staging, regression]"))
    done = online.run("apply", "smoke")
    assert done.returncode == 1
    assert "Newsletter sign-up" in done.stdout


def test_a_typo_ends_with_2_and_points_at_the_line(online: Project, emulator: Emulator) -> None:
    online.write(ONE.replace("runLocation", "runLocaton"))
    done = online.run("apply", "smoke")
    assert done.returncode == 2
    assert "checkly-sessions.yaml:4:5: error[unknown-key]" in done.stderr
    assert "Did you mean 'runLocation'?" in done.stderr
    assert emulator.sessions == []


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_an_example_runs(folder: Path, online: Project) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix in {".yaml", ".env"}:
            online.write(path.read_text(encoding="utf-8"), str(path.relative_to(folder)))
    options = ["--env-file", "demo.env"] if (folder / "demo.env").exists() else []
    assert (folder / "README.md").exists()
    validated = online.run("validate", *options)
    assert (validated.returncode, validated.stderr) == (0, "")
    applied = online.run("apply", "--yes", *options)
    assert applied.returncode == 0, applied.stdout + applied.stderr
    planned = online.run("plan", *options)
    assert " 0 to create, 0 to update" in planned.stdout


def test_the_tour_shows_a_red_gate_and_what_failed(project: Project) -> None:
    for path in (ROOT / "examples/tour").glob("*.yaml"):
        project.write(path.read_text(encoding="utf-8"), path.name)
    done = project.run(
        *("apply", "--emulator", "--world", "world.yaml", "--yes", "--artifacts", "out")
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.count("Timed out 5000ms waiting") == 1  # told once for both regions
    kept = {path.name for path in (project.folder / "out").rglob("*") if path.is_file()}
    assert kept == {"trace.zip", "video.webm", "report.json", "screenshot.png", "log.txt"}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("401", "CHECKLY_API_KEY"),
        ("402", "plan"),
        ("403", "account"),
    ],
)
def test_a_refusal_is_explained_in_words(
    fault: str, words: str, online: Project, emulator: Emulator
) -> None:
    emulator.add_fault(f"status:status={fault},on=trigger")
    online.write(ONE)
    done = online.run("apply", "smoke")
    assert done.returncode == 3, done.stdout + done.stderr
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_key_is_refused_before_anything_starts(online: Project, emulator: Emulator) -> None:
    online.write(ONE)
    done = online.run("apply", "smoke", env={"CHECKLY_API_KEY": "cu_0123456789"})
    assert done.returncode == 3
    assert "CHECKLY_API_KEY" in done.stderr
    assert "cu_0123456789" not in done.stdout + done.stderr
    assert emulator.sessions == []


def test_no_credentials_names_the_variables(project: Project) -> None:
    project.write(ONE)
    done = project.run("apply", "smoke")
    assert done.returncode == 2
    assert "CHECKLY_API_KEY" in done.stderr
    assert "CHECKLY_ACCOUNT_ID" in done.stderr


def test_an_unset_secret_stops_an_apply_before_anything_is_sent(
    online: Project, emulator: Emulator
) -> None:
    online.write(ONE)
    done = online.run("apply", "smoke", env={"SHOP_API_TOKEN": ""})
    assert done.returncode == 2
    assert "`env.SHOP_API_TOKEN` is not set" in done.stderr
    assert emulator.sessions == []


def test_an_unknown_profile_names_the_nearest(online: Project) -> None:
    online.write(ONE)
    done = online.run("apply", "smok")
    assert done.returncode == 2
    assert "Did you mean 'smoke'?" in done.stderr


def test_without_a_file_it_says_how_to_begin(project: Project) -> None:
    for command in ("validate", "plan", "apply"):
        done = project.run(command)
        assert done.returncode == 2
        assert "runner init" in done.stderr


def test_everything_needs_yes_where_nobody_can_be_asked(
    online: Project, emulator: Emulator
) -> None:
    online.write(ONE)
    done = online.run("apply")
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert emulator.sessions == []


def test_a_reader_that_leaves_is_no_failed_session(project: Project) -> None:
    project.write("version: 1\nprofiles: {smoke: {target: all, runLocation: eu-west-1}}\n")
    # How much a pipe takes before its reader is missed differs; this reader leaves at once.
    pipe = f"{shlex.quote(sys.executable)} -m runner plan --offline | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", pipe], cwd=project.folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 128 + signal.SIGPIPE
    assert done.stderr == ""


def test_the_emulator_inside_the_process_has_a_state_of_its_own(project: Project) -> None:
    project.write(ONE)
    assert project.run("apply", "smoke", "--emulator").returncode == 0
    assert "1 to rerun" in project.run("plan", "--emulator").stdout
    assert "1 to create" in project.run("plan", "--offline").stdout

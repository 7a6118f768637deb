"""The composite action and the examples for CI systems, run and read as those systems would."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples" / "ci").iterdir())
BASH = shutil.which("bash")


def loaded(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return document


ACTION = loaded(ROOT / "action.yml")
STEPS = ACTION["runs"]["steps"]


def test_no_input_reaches_a_script_as_text() -> None:
    for step in STEPS:
        assert "${{" not in step["run"]
        for name, value in step["env"].items():
            assert re.fullmatch(r"\$\{\{ (inputs\.[a-z-]+|github\.action_path) \}\}", value), name


def test_each_input_is_used_and_described() -> None:
    used = re.findall(r"inputs\.([a-z-]+)", (ROOT / "action.yml").read_text(encoding="utf-8"))
    assert set(used) == set(ACTION["inputs"])
    assert all(given["description"] for given in ACTION["inputs"].values())
    assert set(ACTION["outputs"]) == {"verdict", "session-ids", "session-urls", "report"}


def run_step(folder: Path, **inputs: str) -> "subprocess.CompletedProcess[str]":
    """Run the script of the step ``run`` as GitHub would."""
    assert BASH
    (folder / "checkly-sessions.yaml").write_text(
        "version: 1\nprofiles:\n  all-of-it:\n    target: all\n    runLocation: eu-west-1\n",
        encoding="utf-8",
    )
    (step,) = [step for step in STEPS if step.get("id") == "run"]
    given = {name: value["default"] for name, value in ACTION["inputs"].items()} | inputs
    environ = {
        name: given[re.findall(r"inputs\.([a-z-]+)", value)[0]]
        for name, value in step["env"].items()
    }
    return subprocess.run(
        [BASH, "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=folder,
        env={
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            **environ,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@pytest.mark.skipif(BASH is None, reason="there is no bash")
def test_apply_runs_and_sets_the_outputs(tmp_path: Path) -> None:
    done = run_step(
        tmp_path,
        profiles="all-of-it\n",
        options="--emulator\n--report=html=a report.html\n",
    )
    assert done.returncode in {0, 1}, done.stderr
    outputs = (tmp_path / "output").read_text(encoding="utf-8")
    assert re.search(r"^verdict<<(\S+)\n(passed|failed)\n\1\n", outputs)
    assert f"\n{tmp_path / 'a report.html'}\n" in outputs
    assert "Checkly test sessions" in (tmp_path / "summary").read_text(encoding="utf-8")
    assert (tmp_path / "a report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.skipif(BASH is None, reason="there is no bash")
def test_plan_goes_to_the_log_and_the_summary(tmp_path: Path) -> None:
    done = run_step(tmp_path, command="plan", options="--offline")
    assert done.returncode == 0, done.stderr
    assert "all-of-it" in done.stdout
    assert (tmp_path / "summary").read_text(encoding="utf-8") == done.stdout


@pytest.mark.skipif(BASH is None, reason="there is no bash")
@pytest.mark.parametrize(
    "inputs",
    [
        {"command": "apply; touch forged"},
        {"profiles": "$(touch forged)"},
        {"profiles": "--emulator"},
        {"options": "`touch forged`"},
    ],
)
def test_what_inputs_hold_is_never_run(tmp_path: Path, inputs: dict[str, str]) -> None:
    done = run_step(tmp_path, **inputs)
    assert done.returncode == 2
    assert not (tmp_path / "forged").exists()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_call_the_program_by_options_that_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert loaded(path)
    command = "plan" if "command: plan" in text else "apply"
    shown = subprocess.run(
        [sys.executable, "-m", "runner", command, "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    options = set(re.findall(r"(?<![\w-])(--(?:report|base|yes|changed))(?==|\s)", text))
    assert options
    assert all(option in shown for option in options)

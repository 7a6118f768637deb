"""The workflows to copy, read and run as GitHub would."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

FOLDER = Path(__file__).parents[2] / "examples" / "github-actions"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
BASH = shutil.which("bash")
FILE = "version: 1\nprofiles:\n  smoke: {target: all, runLocation: eu-west-1}\n"

#: Answers as GitHub's own command would, from a file, and notes what it is asked.
GH = """#!/usr/bin/env python3
import json, os, sys
from pathlib import Path
arguments = sys.argv[1:]
with open("asked", "a") as asked:
    print(json.dumps(arguments), file=asked)
if "PATCH" in arguments or "POST" in arguments:
    Path("commented").write_text(Path(arguments[-1].partition("@")[2]).read_text())
elif any("/comments" in each for each in arguments):
    print(os.environ.get("COMMENTS", ""))
else:
    print(os.environ.get("PULLS", ""))
"""


def loaded(name: str) -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load((FOLDER / name).read_text(encoding="utf-8"))
    return document


PLAN, COMMENT = loaded("checkly-plan.yml"), loaded("checkly-plan-comment.yml")


def script(workflow: dict[str, Any], name: str) -> str:
    (job,) = workflow["jobs"].values()
    (found,) = [step["run"] for step in job["steps"] if step.get("name") == name]
    return str(found)


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Kim", "-c", "user.email=kim@example.com"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def run(folder: Path, text: str, **environment: str) -> subprocess.CompletedProcess[str]:
    assert BASH
    path = [str(folder.parent / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    return subprocess.run(
        [BASH, "--noprofile", "--norc", "-e", "-c", text],
        cwd=folder,
        env={"PATH": os.pathsep.join(path), "HOME": str(folder.parent), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of a repository with a pull request that adds a profile."""
    origin = tmp_path / "origin"
    origin.mkdir()
    git(origin, "init", "--quiet", "--initial-branch=main")
    (origin / "checkly-sessions.yaml").write_text(FILE)
    git(origin, "add", "-A")
    git(origin, "commit", "--quiet", "-m", "base")
    git(origin, "switch", "--quiet", "-c", "topic")
    (origin / "checkly-sessions.yaml").write_text(
        FILE + "  'new-one': {target: all, runLocation: x}\n"
    )
    (origin / "conftest.py").write_text("raise SystemExit('code of the pull request ran')\n")
    git(origin, "add", "-A")
    git(origin, "commit", "--quiet", "-m", "topic")
    git(origin, "update-ref", "refs/pull/7/head", "HEAD")
    git(origin, "switch", "--quiet", "main")
    git(origin, "branch", "--quiet", "-D", "topic")
    git(tmp_path, "clone", "--quiet", str(origin), "clone")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/gh").write_text(GH)
    (tmp_path / "bin/gh").chmod(0o755)
    return tmp_path / "clone"


def comment_environment(clone: Path, **more: str) -> dict[str, str]:
    head = git(clone, "ls-remote", "origin", "refs/pull/7/head").split()[0]
    return {
        "GH_TOKEN": "t",
        "REPOSITORY": "acme/shop",
        "HEAD_OWNER": "forker",
        "HEAD_BRANCH": "topic",
        "HEAD_SHA": head,
        "FILE": "checkly-sessions.yaml",
        "PULLS": f"7 {git(clone, 'rev-parse', 'HEAD')}",
        **more,
    }


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_nothing_from_outside_is_part_of_a_script(path: Path) -> None:
    workflow = loaded(path.name)
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")


def test_what_runs_for_a_fork_has_no_rights_and_no_secrets() -> None:
    assert PLAN["permissions"] == {"contents": "read"}
    assert "secrets." not in json.dumps(PLAN)
    assert PLAN["on"].keys() == {"pull_request"}


def test_what_may_write_takes_nothing_from_the_pull_request() -> None:
    assert COMMENT["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert COMMENT["on"]["workflow_run"]["workflows"] == [PLAN["name"]]
    text = json.dumps(COMMENT)
    assert "secrets." not in text
    assert "download-artifact" not in text
    checkouts = [
        step
        for step in COMMENT["jobs"]["comment"]["steps"]
        if "actions/checkout" in step.get("uses", "")
    ]
    assert [step["with"] for step in checkouts] == [{"fetch-depth": 0}]
    assert not re.search(r"git (checkout|switch|merge|pull)", text)


def test_the_plan_of_a_pull_request_is_in_its_summary(clone: Path, tmp_path: Path) -> None:
    git(clone, "fetch", "--quiet", "origin", "refs/pull/7/head")
    git(clone, "switch", "--quiet", "--detach", "FETCH_HEAD")
    summary = tmp_path / "summary"
    done = run(clone, script(PLAN, "Plan"), BASE="main", GITHUB_STEP_SUMMARY=str(summary))
    assert done.returncode == 0, done.stderr
    assert "Changes: 1 added, 0 changed, 0 removed" in summary.read_text()


@pytest.mark.parametrize(("there", "method"), [("", "POST"), ("4711", "PATCH")])
def test_the_comment_is_made_or_updated_in_place(clone: Path, there: str, method: str) -> None:
    environment = comment_environment(clone, COMMENTS=there)
    done = run(clone, script(COMMENT, "Plan"), **environment)
    assert done.returncode == 0, done.stderr
    assert not (clone / "conftest.py").exists(), "the pull request is not checked out"
    done = run(clone, script(COMMENT, "Comment"), **environment)
    assert done.returncode == 0, done.stderr
    commented = (clone / "commented").read_text()
    assert commented.startswith("<!-- checkly-sessions-plan -->\n")
    assert "| + | <code>new-one</code> | create |" in commented
    last = json.loads((clone / "asked").read_text().splitlines()[-1])
    assert method in last
    wanted = "comments/4711" if there else "issues/7/comments"
    assert any(each.endswith(wanted) for each in last)


def test_a_pull_request_that_moved_on_gets_no_comment(clone: Path) -> None:
    environment = comment_environment(clone, PULLS="")
    assert run(clone, script(COMMENT, "Plan"), **environment).returncode == 0
    assert run(clone, script(COMMENT, "Comment"), **environment).returncode == 0
    assert not (clone / "commented").exists()


def test_a_file_with_errors_is_told(clone: Path) -> None:
    environment = comment_environment(clone, FILE="nothing.yaml")
    assert run(clone, script(COMMENT, "Plan"), **environment).returncode == 0
    assert run(clone, script(COMMENT, "Comment"), **environment).returncode == 0
    assert "There is no plan" in (clone / "commented").read_text()

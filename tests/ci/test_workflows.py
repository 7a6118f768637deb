"""The project's own workflows, image and templates, held against their published schemas."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
SCHEMAS = {
    **dict.fromkeys(sorted((GITHUB / "workflows").glob("*.yml")), "github-workflows"),
    **dict.fromkeys(sorted((ROOT / "examples/github-actions").glob("*.yml")), "github-workflows"),
    **dict.fromkeys(sorted(GITHUB.glob("ISSUE_TEMPLATE/[bf]*.yml")), "github-issue-forms"),
    GITHUB / "ISSUE_TEMPLATE/config.yml": "github-issue-config",
    GITHUB / "dependabot.yml": "dependabot",
    ROOT / "action.yml": "github-actions",
    ROOT / "examples/ci/gitlab-ci.yml": "gitlab-ci",
    ROOT / "examples/ci/circleci.yml": "circle-ci",
    ROOT / "examples/ci/circleci-orb.yml": "circle-ci",
    ROOT / "examples/ci/buildkite.yml": "buildkite",
}


def loaded(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return document


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: str(path.relative_to(ROOT)))
def test_it_fits_the_schema_of_its_system(path: Path) -> None:
    schema = ["--builtin-schema", f"vendor.{SCHEMAS[path]}"]
    command = [sys.executable, "-m", "check_jsonschema", *schema, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(not shutil.which("hadolint", path=Path(sys.executable).parent), reason="none")
def test_the_image_is_built_by_the_book() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    command = [str(hadolint), str(ROOT / "Dockerfile")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_image_takes_what_it_copies() -> None:
    """Only what `.dockerignore` lets through can be copied."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        for source in sources.split():
            assert (ROOT / source).exists()
            assert f"!{source}\n" in ignored


def test_the_image_can_import_command_lines() -> None:
    locked = (ROOT / ".ci/requirements.txt").read_text(encoding="utf-8")
    assert {"tree-sitter-bash", "starlette"} <= set(
        re.findall(r"^([\w-]+)==", locked, re.MULTILINE)
    )


@pytest.mark.parametrize("path", sorted((GITHUB / "workflows").glob("*.yml")), ids=lambda p: p.name)
def test_a_workflow_gives_no_more_rights_than_it_needs(path: Path) -> None:
    workflow = loaded(path)
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 60
        for step in job["steps"]:
            # Expressions reach a script through its environment only.
            assert "${{" not in step.get("run", "")


def test_the_versions_that_are_promised_are_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    promised = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert project["requires-python"] == f">={promised[0]}"
    ci, release = (loaded(GITHUB / "workflows" / name) for name in ("ci.yml", "release.yml"))
    for job in (ci["jobs"]["tests"], release["jobs"]["install"]):
        assert job["strategy"]["matrix"]["python"] == promised
        assert len(job["strategy"]["matrix"]["os"]) == 3


def test_the_lock_holds_all_that_the_package_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["emulator"],
        *project["build-system"]["requires"],
    ]
    lock = (ROOT / ".ci/requirements.txt").read_text(encoding="utf-8")
    pinned = re.findall(r"^([\w.-]+)==\S+(?: ;.*)? \\\n    --hash=sha256:", lock, re.MULTILINE)
    names = {re.match(r"[\w.-]+", one) for one in needed}
    assert {name[0].replace(".", "-").lower() for name in names if name} <= {
        name.replace(".", "-") for name in pinned
    }


def test_the_gitlab_component_takes_the_inputs_that_it_declares(tmp_path: Path) -> None:
    path = ROOT / "examples/ci/gitlab-component.yml"
    text = path.read_text(encoding="utf-8")
    spec, jobs = YAML(typ="safe").load_all(text)
    assert set(re.findall(r"\$\[\[ inputs\.(\w+) \]\]", text)) == set(spec["spec"]["inputs"])
    piece = tmp_path / "jobs.yml"
    YAML(typ="safe").dump(jobs, piece)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    done = subprocess.run([*command, str(piece)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_analysis_of_argo_runs_the_image_without_rights() -> None:
    """No index has its schema; this is the part of it that the `job` provider needs."""
    template = loaded(ROOT / "examples/ci/argo-analysis-template.yml")
    assert (template["apiVersion"], template["kind"]) == (
        "argoproj.io/v1alpha1",
        "AnalysisTemplate",
    )
    (metric,) = template["spec"]["metrics"]
    pod = metric["provider"]["job"]["spec"]["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    (container,) = pod["containers"]
    assert container["args"][0] == "apply"
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}
    used = set(re.findall(r"\{\{args\.(\w+)\}\}", " ".join(container["args"])))
    assert used == {argument["name"] for argument in template["spec"]["args"]}

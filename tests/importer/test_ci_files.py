"""What CI systems know and the scripts in their files do not: shells, machines, variables."""

import json
from typing import Any

import pytest

from runner.errors import UsageError
from runner.importer.find import Imported, import_file

NAMES = {
    "GitHub": "smoke.yml",
    "GitLab": ".gitlab-ci.yml",
    "CircleCI": "config.yml",
    "Bitbucket": "bitbucket-pipelines.yml",
    "Azure": "azure-pipelines.yml",
    "Kubernetes": "job.yaml",
}
COMMAND = "npx checkly trigger --tags a"


def read(system: str, file: Any) -> Imported:
    """What is imported from a file of ``system``, given as YAML or as its data."""
    return import_file(NAMES[system], file if isinstance(file, str) else json.dumps(file))


def github(*steps: Any, on: Any = "ubuntu-24.04", **job: Any) -> dict[str, Any]:
    return {"on": "push", "jobs": {"a": {"runs-on": on, **job, "steps": steps}}}


def container(**keys: Any) -> dict[str, Any]:
    pod = {"containers": [{"name": "smoke", **keys}]}
    return {"apiVersion": "v1", "kind": "Pod", "spec": pod}


WINDOWS: list[tuple[str, Any]] = [
    ("GitHub", github({"run": COMMAND}, on="windows-latest")),
    ("GitHub", github({"run": COMMAND}, on=["self-hosted", "Windows"])),
    ("GitHub", github({"run": COMMAND}, on="${{ matrix.os }}",
                      strategy={"matrix": {"os": ["windows-2022", "windows-2025"]}})),
    ("Azure", {"pool": {"vmImage": "windows-latest"}, "steps": [{"script": COMMAND}]}),
    ("CircleCI", {"jobs": {"a": {"executor": "win/default", "steps": [{"run": COMMAND}]}}}),
    ("CircleCI", {"jobs": {"a": {"machine": True, "resource_class": "windows.medium",
                                 "steps": [{"run": COMMAND}]}}}),
    ("CircleCI", {"jobs": {"a": {"executor": "win/default", "resource_class": "large",
                                 "steps": [{"run": COMMAND}]}}}),
    ("GitLab", {"a": {"tags": ["saas-windows-medium-amd64"], "script": COMMAND}}),
    ("GitHub", github({"run": COMMAND, "shell": "fish"})),
    ("GitHub", github({"run": COMMAND, "shell": "nu {0}"})),
    ("GitHub", github({"run": COMMAND, "shell": "${{ inputs.shell }}"})),
]  # fmt: skip


@pytest.mark.parametrize(("system", "file"), WINDOWS)
def test_a_shell_that_can_not_be_read_is_named(system: str, file: Any) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        read(system, file)


@pytest.mark.parametrize(
    ("system", "file"),
    [
        ("GitHub", github({"run": COMMAND, "shell": "bash"}, on="windows-latest")),
        ("GitHub", github({"run": COMMAND, "shell": "bash -l {0}"}, on="windows-latest")),
        ("GitHub", github({"run": COMMAND}, on="windows-latest",
                          defaults={"run": {"shell": "bash"}})),
        ("GitHub", {**github({"run": COMMAND}, on="windows-latest"),
                    "defaults": {"run": {"shell": "bash"}}}),
        ("GitHub", github({"run": COMMAND}, on="${{ matrix.os }}",
                          strategy={"matrix": {"os": ["ubuntu-24.04", "windows-2025"]}})),
        ("Azure", {"pool": {"vmImage": "windows-latest"}, "steps": [{"bash": COMMAND}]}),
        ("Azure", {"pool": {"vmImage": "windows-latest"},
                   "jobs": [{"pool": {"vmImage": "ubuntu-latest"},
                             "steps": [{"script": COMMAND}]}]}),
        ("CircleCI", {"jobs": {"a": {"executor": "win/default", "steps": [
            {"run": {"command": COMMAND, "shell": "bash.exe"}}]}}}),
    ],
)  # fmt: skip
def test_a_shell_that_can_be_read_is_read_on_any_machine(system: str, file: Any) -> None:
    (profile,) = read(system, file).profiles
    assert profile.values["target"] == {"matchTags": [["a"]]}


ELSEWHERE: list[tuple[str, Any]] = [
    ("GitHub", github({"run": COMMAND}, {"uses": "nick-fields/retry@v3",
                                         "with": {"command": "npx checkly trigger --tags b"}})),
    ("GitLab", {"a": {"script": COMMAND}, "b": {"run": [{"script": "npx checkly trigger"}]}}),
    ("CircleCI", {"jobs": {"a": {"steps": [{"run": COMMAND}, {"retry/run": {
        "cmd": "npx checkly trigger -t b"}}]}}}),
    ("Bitbucket", {"pipelines": {"default": [{"step": {"script": [
        COMMAND, {"pipe": "a/b:1", "variables": {"COMMAND": "npx checkly trigger"}}]}}]}}),
    ("Azure", {"steps": [{"bash": COMMAND}, {"pwsh": "npx checkly trigger"}]}),
    ("Azure", {"steps": [{"bash": COMMAND}, {"task": "AzureCLI@2", "inputs": {
        "inlineScript": "npx checkly trigger"}}]}),
    ("Kubernetes", container(command=COMMAND.split(), x="npx checkly trigger")),
]  # fmt: skip


@pytest.mark.parametrize(("system", "file"), ELSEWHERE)
def test_a_command_where_none_is_read_is_named_beside_those_that_are(
    system: str, file: Any
) -> None:
    found = read(system, file)
    (profile,), (note,) = found
    assert profile.values["target"] == {"matchTags": [["a"]]}
    assert "was not imported" in note


def test_what_is_under_a_condition_of_azure_is_read() -> None:
    file = {"steps": [{"${{ if eq(1, 1) }}": [{"bash": COMMAND}]}]}
    (profile,) = read("Azure", file).profiles
    assert profile.values["target"] == {"matchTags": [["a"]]}


def test_an_alias_is_read_with_the_variables_of_each_place() -> None:
    text = (
        "jobs:\n- job: a\n  variables: {X: a}\n  steps: &steps\n"
        "  - bash: npx checkly trigger --tags x -e A=$X\n"
        "- job: b\n  variables: {Y: b}\n  steps: *steps\n"
    )
    found = [profile.values["environmentVariables"] for profile in read("Azure", text).profiles]
    assert found == [{"A": "a"}, {"A": "$<env.X>"}]


def test_variables_of_kubernetes() -> None:
    variables = [
        {"name": "API", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"name": "MAP", "valueFrom": {"configMapKeyRef": {"name": "s", "key": "k"}}},
        {"name": "HOST", "value": "example.com"},
    ]
    words = ["-e", "A=$(API)", "-e", "B=$(MAP)", "-e", "C=$(HOST)", "-e", "D=$$(HOST)"]
    wanted = {
        "A": {"value": "$<env.API>", "secret": True},
        "B": "$<env.MAP>",
        "C": "example.com",
        "D": "$(HOST)",
    }
    file = container(command=COMMAND.split(), args=words, env=variables)
    (profile,) = read("Kubernetes", file).profiles
    assert profile.values["environmentVariables"] == wanted

    script = f"{COMMAND} -e A=$API -e B=$MAP -e C=$HOST -e 'D=$(HOST)'".replace("'D=$", "'D=$$")
    file = container(command=["sh", "-c", script], env=variables)
    (profile,) = read("Kubernetes", file).profiles
    assert profile.values["environmentVariables"] == wanted


def test_a_hook_of_a_container_is_read_too() -> None:
    hook = {"postStart": {"exec": {"command": ["npx", "checkly", "trigger", "--tags", "b"]}}}
    found = read("Kubernetes", container(command=COMMAND.split(), lifecycle=hook)).profiles
    assert [profile.values["target"] for profile in found] == [
        {"matchTags": [["a"]]},
        {"matchTags": [["b"]]},
    ]


LATER = "npx checkly trigger --tags $TAGS"


@pytest.mark.parametrize(
    ("system", "file"),
    [
        *(("GitLab", {"variables": {"TAGS": "a"}, "b": {"script": [line, LATER]}}) for line in (
            "read -r TAGS < tags", 'eval "$(cat env)"', "mapfile -t TAGS < tags",
            "printf -v TAGS %s x", "for TAGS in x y; do :; done", "unset TAGS",
        )),
        *(("GitHub", github({"run": line}, {"run": LATER}, env={"TAGS": "a"})) for line in (
            "cat tags >> $GITHUB_ENV", 'echo "$LINE" >> "$GITHUB_ENV"', "tee -a $GITHUB_ENV < x",
        )),
        ("CircleCI", {"jobs": {"a": {"environment": {"TAGS": "a"}, "steps": [
            {"run": "cat tags >> $BASH_ENV"}, {"run": LATER}]}}}),
        ("Azure", {"variables": [{"name": "TAGS", "value": "a"}, {"group": "g"}],
                   "steps": [{"bash": LATER}]}),
        ("Azure", {"variables": {"TAGS": "a"}, "jobs": [
            {"variables": [{"group": "g"}], "steps": [{"bash": LATER}]}]}),
        ("Azure", {"variables": {"TAGS": "a"}, "jobs": [
            {"strategy": {"matrix": {"x": {"TAGS": "b"}}}, "steps": [{"bash": LATER}]}]}),
        ("GitHub", github({"run": LATER.replace("$TAGS", "$name")}, environment={"name": "a"})),
        *(("GitHub", f"on: push\njobs: {{a: {{env: {{TAGS: {number}}}, steps: [run: {LATER}]}}}}")
          for number in ("1.10", "2.0", "010", "1e3")),
    ],
)  # fmt: skip
def test_a_variable_that_may_have_another_value_is_not_followed(system: str, file: Any) -> None:
    (profile,) = read(system, file).profiles
    name = "name" if "$name" in json.dumps(file) else "TAGS"
    assert profile.values["target"] == {"matchTags": [f"$<env.{name}.split(',')>"]}


def test_numbers_of_a_matrix_are_followed_as_the_ci_system_writes_them() -> None:
    for numbers, wanted in (("[18, 20]", "$<matrix.n>"), ("[1.10, 2.20]", "$<env.N.split(',')>")):
        text = f"on: push\njobs: {{a: {{strategy: {{matrix: {{n: {numbers}}}}}, steps: "
        text += "[run: 'npx checkly trigger --tags ${{ matrix.n }}']}}"
        (profile,) = read("GitHub", text).profiles
        assert wanted in str(profile.values["target"])


@pytest.mark.parametrize(
    ("value", "is_allowed", "is_noted"),
    [
        (True, True, False),
        ("true", True, False),
        (False, False, False),
        ("${{ matrix.x }}", False, True),
        ({"exit_codes": 1}, False, True),
    ],
)
def test_a_failure_that_is_ignored_only_at_times(
    value: object, is_allowed: bool, is_noted: bool
) -> None:
    for key in ("continue-on-error", "allow_failure"):
        (profile,) = read("GitHub", github({"run": COMMAND, key: value})).profiles
        assert profile.values.get("allowFailure", False) is is_allowed
        assert (key in "\n".join(profile.notes)) is is_noted


def test_a_file_with_too_many_aliases_is_refused() -> None:
    many = "[" + ", ".join(["*a"] * 500) + "]"
    text = f"on: push\nx: &a [{', '.join('1' * 400)}]\njobs: {{a: {{runs-on: x, y: {many}}}}}"
    with pytest.raises(UsageError, match="more than 100000 values"):
        read("GitHub", text)

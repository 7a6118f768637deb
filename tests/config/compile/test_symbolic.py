"""A configuration compiled by itself: every name of the environment stands for itself."""

from pathlib import Path

import pytest

from runner.config.compile.configuration import compile_alone
from runner.config.files.files import FolderFiles
from runner.diagnostics import Diagnostics
from runner.errors import ConfigurationError
from runner.models.instance import Instance
from runner.models.marked import Marked
from runner.secrets import Redactor


def compiled(folder: Path, text: str, **variables: str) -> dict[str, Instance]:
    (folder / "checkly-sessions.yaml").write_text(f"version: 1\n{text}")
    files, path = FolderFiles.around(folder / "checkly-sessions.yaml", folder)
    found = compile_alone(path, files, variables, Redactor(), Diagnostics()).instances
    return {instance.name: instance for instance in found}


def test_names_of_the_environment_stand_for_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST", "canary")
    monkeypatch.setenv("CHECKLY_SESSIONS_VAR_ZONE", "canary")
    monkeypatch.setenv("CHECKLY_REPO_SHA", "canary")
    monkeypatch.setenv("CHECKLY_TEST_ENVIRONMENT", "canary")
    text = """
variables: {zone: eu}
profiles:
  a:
    target: all
    runLocation: $<env.REGION | default('eu-west-1')>
    name: $<var.zone> $<git.sha> $<ci.runId> $<run.id>
    environmentVariables: {HOST: "https://$<env.HOST>/"}
"""
    (instance,) = compiled(tmp_path, text).values()
    assert instance.body == {
        "name": Marked(
            "eu $<git.sha> $<ci.runId> $<run.id>",
            template="$<var.zone> $<git.sha> $<ci.runId> $<run.id>",
            inputs=(("var.zone", "eu"),),
        ),
        "runLocation": "$<env.REGION | default('eu-west-1')>",
        "environmentVariables": [{"key": "HOST", "value": "https://$<env.HOST>/"}],
    }


def test_fields_that_are_no_text_may_hang_on_the_environment(tmp_path: Path) -> None:
    text = """
profiles:
  a:
    target: {matchTags: "$<env.TAGS.split(',')>", checkId: $<env.CHECK>}
    runLocation: x
    timeoutSeconds: $<env.SECONDS>
    refreshCache: $<env.FRESH>
    retryStrategy: {type: $<env.TYPE>, maxRetries: $<env.RETRIES>}
    environmentVariables: {A: {value: a, locked: $<env.LOCKED>}}
  b: {target: $<env.TARGET>, runLocation: x, metadata: {environment: $<env.STAGE>}}
  c: {target: all, matrix: {runLocation: "$<env.REGIONS.split(',')>"}}
"""
    instances = compiled(tmp_path, text)
    assert list(instances) == ["a", "b", "c[$<env.REGIONS.split(',')>]"]
    assert instances["a"].body["retryStrategy"] == {
        "type": "$<env.TYPE>",
        "maxRetries": "$<env.RETRIES>",
    }
    assert instances["a"].body["target"]["matchTags"] == "$<env.TAGS.split(',')>"
    assert instances["b"].body["target"] == "$<env.TARGET>"


def test_limits_are_still_judged(tmp_path: Path) -> None:
    text = "profiles: {a: {target: all, runLocation: x, retryStrategy: {type: NEVER}}}"
    with pytest.raises(ConfigurationError):
        compiled(tmp_path, text)


def test_a_secret_is_marked_and_its_names_are_not_hidden(tmp_path: Path) -> None:
    text = """
profiles:
  a:
    target: all
    runLocation: x
    environmentVariables: {T: {value: "Bearer $<env.TOKEN>", secret: true}}
"""
    (instance,) = compiled(tmp_path, text).values()
    value = instance.body["environmentVariables"][0]["value"]
    assert value.secret
    assert value.value == "Bearer $<env.TOKEN>"


def test_variables_of_the_command_line_count_where_they_are_declared(tmp_path: Path) -> None:
    text = "variables: {zone: eu}\nprofiles: {a: {target: all, runLocation: $<var.zone>}}"
    (instance,) = compiled(tmp_path, text, zone="us", other="x").values()
    assert instance.body["runLocation"] == "us"

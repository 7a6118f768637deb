"""``runner show``: the request of a profile, or a saved plan."""

import json

import pytest
import yaml  # type: ignore[import-untyped] # it has no stubs of its own

from tests.cli.conftest import Shell

FILE = """\
version: 1
profiles:
  all: {target: all, runLocation: eu-west-1, name: "%s"}
  some: {target: {matchTags: [[smoke]]}, runLocation: eu-west-1}
  off: {target: {all: true, allowDeactivated: true}, runLocation: eu-west-1}
  secret:
    target: all
    runLocation: eu-west-1
    environmentVariables: {API_TOKEN: {value: $<env.SHOP_TOKEN>, secret: true}}
"""
NOTE = "target: ALL checks of the account"


@pytest.fixture
def file(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("SHOP_TOKEN", "canary-of-the-shop")
    (shell.folder / "checkly-sessions.yaml").write_text(FILE % "x")
    return shell


@pytest.mark.parametrize("form", ["yaml", "curl", "json"])
@pytest.mark.parametrize(("profile", "noted"), [("all", 1), ("off", 1), ("some", 0)])
def test_a_target_without_a_filter_is_a_line_of_its_own(
    profile: str, noted: int, form: str, file: Shell
) -> None:
    code, out, err = file("show", profile, "--format", form)
    assert code == 0
    assert (err if form == "json" else out).count(NOTE) == noted
    if form == "json":
        assert "runLocation" in json.loads(out)


TEXTS = ["yes", "off", "No", "y", "12:30", "190:20:30", "0o17", "017", "0x1F", "1e3", "1_000",
         "2026-01-01", "~", "null", "true", "=", "<<", ".inf", "0b1", "+1"]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_other_readers_of_yaml_get_the_same_text(text: str, file: Shell) -> None:
    quoted = json.dumps([{"key": "A", "value": text}])
    (file.folder / "checkly-sessions.yaml").write_text(
        (FILE % "x").replace('name: "x"', f"environmentVariables: {quoted}")
    )
    code, out, _ = file("show", "all")
    assert code == 0
    assert yaml.safe_load(out)["environmentVariables"] == [{"key": "A", "value": text}]


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_saved_plan_can_be_looked_at(
    form: str, file: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHECKLY_SESSIONS_FINGERPRINT_KEY", "a key of sixteen or so")
    assert file("plan", "secret", "--offline", "--out", "plan.json")[0] == 0
    code, out, _ = file("show", "--plan", "plan.json", "--format", form)
    assert code == 0
    document = yaml.safe_load(out)
    (instance,) = document["instances"]
    assert (instance["name"], instance["action"]) == ("secret", "create")
    assert instance["request"]["environmentVariables"]["API_TOKEN"]["value"] == "(secret #1)"
    assert document["selection"]["names"] == ["secret"]
    assert "fingerprint" not in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Name either a profile or --plan FILE."),
        (["all", "--plan", "p"], "Name either a profile or --plan FILE."),
        (["--plan", "missing.json"], "The plan missing.json can't be read"),
        (["nothing"], "'nothing' matches no profile of the file."),
    ],
)
def test_what_can_not_be_shown(arguments: list[str], said: str, file: Shell) -> None:
    code, _, err = file("show", *arguments)
    assert code == 2
    assert said in err

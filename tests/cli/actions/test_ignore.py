"""``ignore``: warnings that the file silences by their code."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from runner.config.document.keys import WARNINGS
from tests.cli.conftest import Shell
from tests.config.test_diagnostics_page import PAGE

FILE = """\
version: 1
ignore: [{codes}]
profiles:
  smoke:
    target: {{matchTags: [["production "]]}}
    runLocation: eu-west-1
    matrix: {{axis: [a, b]}}
    environmentVariables:
      API_TOKEN: $<env.SHOP_TOKEN>
"""
ALL = "looks-secret, odd-tag, unread-axis, unset"


@pytest.fixture(autouse=True)
def _a_token(_own_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "shop-token-of-the-environment")


def write(shell: Shell, codes: str) -> Path:
    path = shell.folder / "checkly-sessions.yaml"
    path.write_text(FILE.format(codes=codes))
    return path


@pytest.mark.parametrize("form", ["text", "concise", "json", "github"])
def test_an_ignored_warning_is_told_by_no_format(form: str, shell: Shell) -> None:
    write(shell, "")
    told = shell("validate", "--format", form)[1]
    each = 1 if form == "concise" else 2  # the code and its address
    assert told.count("looks-secret") == told.count("unread-axis") == each
    write(shell, "looks-secret")
    told = shell("validate", "--format", form)[1]
    assert told.count("looks-secret") == 0
    assert told.count("unread-axis") == each
    write(shell, ALL)
    last = shell("validate", "--format", form)[1]
    assert not any(code in last for code in ALL.split(", "))


def test_no_command_tells_it(shell: Shell) -> None:
    write(shell, ALL)
    for command in (["plan"], ["show", "smoke"], ["list"], ["apply", "smoke", "--emulator", "-q"]):
        _, out, err = shell(*command)
        assert "warning" not in (out + err).lower().replace("planned offline", ""), command
    summary = json.loads(shell("plan", "--format", "json")[1])
    assert summary["warnings"] == []
    assert summary["summary"]["warnings"] == 0


def test_what_looks_secret_stays_masked(shell: Shell) -> None:
    write(shell, ALL)
    assert "shop-token" not in shell("show", "smoke")[1]


def test_an_error_stays_one(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    write(shell, ALL)
    monkeypatch.delenv("SHOP_TOKEN")
    assert shell("validate")[0] == 0
    code, out, _ = shell("validate", "--strict")
    assert code == 2
    assert "error[unset]" in out


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        ("looks-secrets", "2:10: error[bad-value]: `looks-secrets` is not the code of a warning"),
        ("looks-secrets", "Did you mean 'looks-secret'?"),
        (
            "unset, unknown-key",
            "2:17: error[bad-value]: `unknown-key` is not the code of a warning",
        ),
        ("unknown-key", "Errors can't be ignored."),
        ("1", "2:10: error[bad-value]: `1` is not"),
        ("[unset]", "2:10: error[wrong-type]: `ignore` must hold names"),
        ("{a: 1}", "error[wrong-type]"),
    ],
)
def test_only_codes_of_warnings_may_be_named(codes: str, told: str, shell: Shell) -> None:
    write(shell, codes)
    code, out, _ = shell("validate")
    assert code == 2
    assert told in out


def test_a_code_alone_is_not_a_list(shell: Shell) -> None:
    path = write(shell, "")
    path.write_text(path.read_text().replace("ignore: []", "ignore: unset"))
    assert "`ignore` must be a list of names" in shell("validate")[1]


def test_it_counts_for_included_files_and_stands_in_the_main_one_alone(shell: Shell) -> None:
    path = write(shell, ALL)
    profiles = path.read_text().partition("profiles:")[2].replace("smoke", "theirs")
    path.write_text(path.read_text().replace("profiles:", "include: [team.yaml]\nprofiles:"))
    (shell.folder / "team.yaml").write_text(f"profiles:{profiles}")
    code, out, _ = shell("validate")
    assert (code, "warning" in out) == (0, False), out
    (shell.folder / "team.yaml").write_text(f"ignore: [unset]\nprofiles:{profiles}")
    assert "can't have the key `ignore`" in shell("validate")[1]


def test_a_plan_of_commits_honours_it(shell: Shell) -> None:
    (shell.folder / ".git").rmdir()
    write(shell, ALL)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *arguments], cwd=shell.folder, check=True)
    code, out, err = shell("plan", "--base", "HEAD")
    assert (code, "warning" in out + err) == (0, False), err


def test_the_codes_are_those_that_the_documentation_calls_warnings() -> None:
    sections = PAGE.read_text(encoding="utf-8").split("\n### `")[1:]
    called = {
        section.partition("`")[0]
        for section in sections
        if re.search(r"\b[aA]\s+warning\b", section.partition("Bad:")[0])
    }
    assert called == set(WARNINGS)

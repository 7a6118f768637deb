"""``runner validate``: where it prints, and which files it takes."""

import json

import pytest

from tests.cli.conftest import Shell

GOOD = "version: 1\nprofiles:\n  smoke: {target: all, runLocation: eu-west-1}\n"
BAD = GOOD.replace("runLocation", "runLocaton")
PART = "profiles:\n  other: {target: all, runLocation: eu-west-1}\n"


def write(shell: Shell, **files: str) -> None:
    for name, text in files.items():
        path = shell.folder / name.replace("__", "/").replace("_", "-")
        path = path.with_suffix(".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize("form", ["text", "concise", "json", "github"])
def test_what_is_found_goes_to_standard_output(form: str, shell: Shell) -> None:
    write(shell, checkly_sessions=BAD)
    code, out, err = shell("validate", "--format", form)
    assert (code, err) == (2, "")
    assert "unknown-key" in out


def test_in_short_each_problem_takes_one_line(shell: Shell) -> None:
    write(shell, checkly_sessions=BAD)
    lines = shell("validate", "--format", "concise")[1].splitlines()
    assert all(line.startswith("checkly-sessions.yaml:3:") for line in lines)
    assert "error[unknown-key]" in lines[-1] or "error[unknown-key]" in lines[0]


def test_a_file_that_can_not_be_parsed_keeps_the_format(shell: Shell) -> None:
    write(shell, checkly_sessions="version: [1\n")
    code, out, err = shell("validate", "--format", "json")
    assert (code, err) == (2, "")
    assert json.loads(out)["summary"]["errors"] >= 1


def test_files_of_a_monorepo_are_found_as_hooks_pass_them(shell: Shell) -> None:
    write(shell, checkly_sessions=GOOD, web__checkly_sessions=BAD)
    assert shell("validate")[0] == 0
    code, out, _ = shell("validate", "--files", "web/checkly-sessions.yaml")
    assert code == 2
    assert "web/checkly-sessions.yaml:3:" in out
    assert shell("validate", "--files", "checkly-sessions.yaml")[0] == 0
    code, out, _ = shell(
        "validate", "--files", "checkly-sessions.yaml", "web/checkly-sessions.yaml"
    )
    assert code == 2
    assert "checkly-sessions.yaml is valid: 1 instance." in out


@pytest.mark.parametrize(
    ("part", "code"),
    [
        (PART, 0),
        (PART.replace("runLocation", "runLocaton"), 2),
        ("profiles: [\n", 2),
        (PART.replace("other", "smoke"), 2),
    ],
)
def test_an_included_file_checks_the_file_that_includes_it(
    part: str, code: int, shell: Shell
) -> None:
    write(shell, checkly_sessions="include: [parts/*.yaml]\n" + GOOD, parts__a=part, other=BAD)
    assert shell("validate", "--files", "parts/a.yaml")[0] == code


def test_an_included_file_is_not_taken_for_a_configuration_of_its_own(shell: Shell) -> None:
    write(
        shell,
        checkly_sessions="include: [web/checkly-sessions.yaml]\n" + GOOD,
        web__checkly_sessions=PART,
    )
    code, out, _ = shell("validate", "--files", "web/checkly-sessions.yaml")
    assert (code, out) == (0, "checkly-sessions.yaml is valid: 2 instances.\n")


def test_files_that_belong_to_no_configuration_are_passed_over(shell: Shell) -> None:
    write(shell, checkly_sessions=GOOD, docker_compose="services: {}\n")
    assert shell("validate", "--files", "docker-compose.yaml") == (0, "", "")
    assert shell("validate", "--files") == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--files", "missing.yaml"], "missing.yaml can't be read"),
        (["--files", "checkly-sessions.yaml", "-l", "a=b"], "--files checks whole files"),
        (["--files", "checkly-sessions.yaml", "-f", "x.yaml"], "--files checks whole files"),
    ],
)
def test_what_does_not_go_with_files(arguments: list[str], said: str, shell: Shell) -> None:
    write(shell, checkly_sessions=GOOD)
    code, _, err = shell("validate", *arguments)
    assert code == 2
    assert said in err

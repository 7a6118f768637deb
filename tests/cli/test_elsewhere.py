"""Commands and options of other tools are told by what they are called here."""

import pytest

from runner.cli import elsewhere
from runner.cli.app import COMMANDS, runner
from schemas.generate.json_schema import file_schema
from tests.cli.conftest import Shell


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("trigger", "No such command 'trigger'. Did you mean 'apply'?"),
        ("help", "No such command 'help'. Did you mean '--help'?"),
        ("plna", "No such command 'plna'. Did you mean 'plan'?"),
        ("xyzzy", "No such command 'xyzzy'."),
    ],
)
def test_an_unknown_command_is_told_with_the_one_meant(name: str, said: str, shell: Shell) -> None:
    code, out, err = shell(name, "--tags=production")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == f"Error: {said}"


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--tags=a", "No such option '--tags'. Set `target.matchTags` in a profile instead; "),
        ("-ta", "No such option '-t'. Set `target.matchTags` in a profile instead; "),
        ("--reporter=ci", "No such option '--reporter'. Did you mean '--report'?"),
        ("--auto-approve", "No such option '--auto-approve'. Did you mean '--yes'?"),
        ("--detahc", "No such option '--detahc'. Did you mean '--detach'?"),
    ],
)
def test_an_unknown_option_is_told_with_what_says_it_here(
    option: str, said: str, shell: Shell
) -> None:
    code, out, err = shell("apply", "smoke", option)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith(f"Error: {said}")


def test_an_option_that_the_command_does_not_have_is_not_suggested(shell: Shell) -> None:
    for option in ("-r", "--auto-approve", "--parallelism"):
        assert f"Error: No such option '{option}'.\n" in shell("plan", option)[2]


def test_what_is_named_exists() -> None:
    profile = file_schema()["definitions"]["profile"]["properties"]
    keys = {key.partition(".")[0] for key in elsewhere._KEYS.values()}
    assert keys <= profile.keys()
    commands = {name for name in elsewhere._COMMANDS.values() if name.isalpha()}
    assert commands <= COMMANDS.keys()
    apply = runner.get_command(runner.make_context("runner", ["apply"]), "apply")
    assert apply is not None
    options = {name for param in apply.params for name in param.opts}
    assert {*elsewhere._OPTIONS.values()} <= options
    assert not options & {*elsewhere._OPTIONS, *elsewhere._KEYS}


def test_a_number_that_is_none_is_told_in_plain_words(shell: Shell) -> None:
    _, _, err = shell("apply", "--lock-timeout", "5m")
    assert "Invalid value for '--lock-timeout': '5m' is not a valid number." in err

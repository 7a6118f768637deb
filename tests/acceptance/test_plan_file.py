"""``plan --out`` and ``apply --plan``: applied once, exactly as reviewed, or not at all."""

import asyncio
import json
import re

import pytest

from runner.emulator.server import Emulator
from runner.models.record import Initiator
from runner.state.state import State
from runner.state.store.address import open_store
from tests.acceptance.conftest import SECRET, Project

FILE = """\
version: 1
variables: {place: eu-west-1}
profiles:
  smoke:
    target: {matchTags: [[production, smoke]]}
    runLocation: $<var.place>
    name: Smoke $<run.id>
    environmentVariables:
      SHOP_API_TOKEN: {value: $<env.SHOP_API_TOKEN>, secret: true}
  other: {target: all, runLocation: us-east-1}
"""


@pytest.fixture
def saved(online: Project) -> Project:
    """A project with a plan of one profile in the file ``p``."""
    online.write(FILE)
    done = online.run("plan", "smoke", "--out", "p", "--var", "place=us-east-1")
    assert done.returncode == 0, done.stderr
    assert "Saved. Apply it with: runner apply --plan p" in done.stderr
    return online


def refusal(project: Project, **environment: str) -> str:
    done = project.run("apply", "--plan", "p", env=environment)
    assert done.returncode == 3, done.stdout
    return " ".join(done.stderr.split())


def test_it_is_applied_once_as_planned(saved: Project, emulator: Emulator) -> None:
    done = saved.run("apply", "--plan", "p")
    assert done.returncode == 0, done.stderr
    (session,) = emulator.sessions
    assert re.fullmatch(r"Smoke [0-9A-Z]{26}", session["name"])
    assert "us-east-1" in json.dumps(session)
    assert "already applied" in refusal(saved)
    assert len(emulator.sessions) == 1


def test_a_plan_is_not_used_up_by_an_apply_that_could_not_begin(
    saved: Project, emulator: Emulator
) -> None:
    async def locked() -> str:
        host = emulator.url.removeprefix("http://")
        store = open_store(None, folder=saved.folder)
        state = State(store, host=host, account=emulator.account_id, scope="default")
        async with state.lock(["smoke"], Initiator(), "other", timeout=0):
            return await asyncio.to_thread(refusal, saved)

    assert "smoke is locked" in asyncio.run(locked())
    assert saved.run("apply", "--plan", "p").returncode == 0
    assert len(emulator.sessions) == 1


@pytest.mark.parametrize("more", [(), ("--offline",)])
def test_a_plan_of_what_was_applied_before_is_applied(
    online: Project, emulator: Emulator, more: tuple[str, ...]
) -> None:
    online.write(FILE)
    for _ in range(2):
        assert online.run("plan", "smoke", "--out", "p", *more).returncode == 0
        done = online.run("apply", "--plan", "p")
        assert done.returncode == 0, done.stderr
    assert len(emulator.sessions) == 2


def test_another_checkout_with_a_folder_of_its_own_is_refused(
    saved: Project, tmp_path_factory: pytest.TempPathFactory, emulator: Emulator
) -> None:
    other = Project(tmp_path_factory.mktemp("other"), saved.environment)
    for name in ("checkly-sessions.yaml", "p"):
        other.write((saved.folder / name).read_text(), name)
    assert saved.run("apply", "--plan", "p").returncode == 0
    assert "The plan was made for the state" in refusal(other)
    assert len(emulator.sessions) == 1


def test_it_is_written_through_a_link_and_into_a_pipe(online: Project) -> None:
    online.write(FILE)
    (online.folder / "link").symlink_to("real")
    assert online.run("plan", "smoke", "--out", "link").returncode == 0
    assert (online.folder / "link").is_symlink()
    assert json.loads((online.folder / "real").read_text())["format"] == "checkly-sessions-plan"
    done = online.run("plan", "smoke", "-q", "--out", "/dev/stderr")
    assert '"format": "checkly-sessions-plan"' in done.stderr


def test_nothing_secret_is_in_it(saved: Project) -> None:
    text = (saved.folder / "p").read_text()
    assert SECRET not in text
    assert '"fingerprint"' in text


@pytest.mark.parametrize(
    ("text", "environment", "said"),
    [
        (FILE.replace("us-east-1", "us-west-1"), {}, "The configuration changed since"),
        (FILE.replace("place: eu", "location: eu"), {}, "The configuration changed since"),
        ("version: [", {}, "The configuration changed since"),
        (FILE, {"SHOP_API_TOKEN": "another-token"}, "SHOP_API_TOKEN.value"),
        (FILE, {"CHECKLY_SESSIONS_SCOPE": "pr-1"}, "made for the scope default, not pr-1"),
        (
            FILE,
            {"CHECKLY_ACCOUNT_ID": "00000000-0000-4000-8000-000000000000"},
            "made for the account",
        ),
    ],
)
def test_after_any_edit_it_is_refused(
    saved: Project, emulator: Emulator, text: str, environment: dict[str, str], said: str
) -> None:
    saved.write(text)
    assert said in refusal(saved, **environment)
    assert list(emulator.sessions) == []


def test_comments_are_no_edit(saved: Project) -> None:
    saved.write(f"# Reviewed.\n{FILE}")
    assert saved.run("apply", "--plan", "p").returncode == 0


def test_a_record_that_moved_on_is_refused(saved: Project) -> None:
    assert saved.run("apply", "smoke").returncode == 0
    assert "The record of smoke changed" in refusal(saved)


def test_a_plan_that_was_touched_is_refused(saved: Project) -> None:
    file = saved.folder / "p"
    whole = file.read_text()
    file.write_text(whole.replace("us-east-1", "eu-west-1"))
    assert "p was edited" in refusal(saved)
    file.write_text(whole[:-20])
    assert "p is cut off or damaged" in refusal(saved)


@pytest.mark.parametrize(
    "beside", [["smoke"], ["--label", "a=b"], ["--var", "place=x"], ["--changed"], ["--no-needs"]]
)
def test_nothing_else_may_be_asked_for(saved: Project, beside: list[str]) -> None:
    done = saved.run("apply", "--plan", "p", *beside)
    assert done.returncode == 2
    assert "--plan applies exactly what was planned" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["smoke"], {"SHOP_API_TOKEN": ""}, "`env.SHOP_API_TOKEN` is not set"),
        (["smoke", "--offline"], {"CHECKLY_API_KEY": "", "CHECKLY_ACCOUNT_ID": ""}, "its changes"),
        (["--base", "main"], {}, "nothing to save"),
    ],
)
def test_what_can_not_be_saved(
    online: Project, arguments: list[str], environment: dict[str, str], said: str
) -> None:
    online.write(FILE)
    done = online.run("plan", *arguments, "--out", "p", env=environment)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (online.folder / "p").exists()


@pytest.mark.parametrize(
    "variable",
    [
        "{value: $<var.token>$<env.SHOP_API_TOKEN>, secret: true}",
        "$<var.token>",  # it looks like a secret by its name
        "Bearer $<var.wrapped>",
    ],
)
def test_a_variable_that_feeds_a_secret_can_not_be_saved(online: Project, variable: str) -> None:
    online.write(
        FILE.replace("{value: $<env.SHOP_API_TOKEN>, secret: true}", variable).replace(
            "variables: {", "variables: {token: '', wrapped: '<$<var.token>>', "
        )
    )
    done = online.run("plan", "smoke", "--out", "p", "--var", "token=hunter2-canary")
    assert done.returncode == 2
    assert "The variable token feeds a secret" in done.stderr
    assert "canary" not in done.stderr + done.stdout
    assert not (online.folder / "p").exists()


def test_files_that_can_not_be_read_or_written(online: Project) -> None:
    online.write(FILE)
    done = online.run("apply", "--plan", "nothing")
    assert done.returncode == 2
    assert "The plan nothing can't be read" in done.stderr
    done = online.run("plan", "smoke", "--out", "no/folder/p")
    assert done.returncode == 3
    assert "can't be written to no/folder/p" in done.stderr

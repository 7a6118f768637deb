"""`status`, `history` and `state`: what they print of a state, and how they end."""

import asyncio
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from runner.cli.app import runner
from runner.cli.console import Console
from runner.cli.error_handler import run
from runner.cli.services.state import age, moment
from runner.errors import UsageError
from runner.models.apply_id import new_apply_id
from runner.models.verdict import Verdict
from runner.state.state import State
from runner.state.store.address import open_store
from tests.state.conftest import (
    ALICE,
    NOON,
    a_record,
    an_attempt,
    damage_record,
    damage_table,
    finish,
    leave,
)

FILE = """\
version: 1
profiles:
  smoke:
    runLocation: eu-west-1
    target: {matchTags: [[production]]}
  other:
    runLocation: eu-west-1
    target: all
"""
IDS = [new_apply_id(NOON + timedelta(hours=number), Random(number)) for number in range(4)]


@dataclass
class Ended:
    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in a folder with a file, within this process."""
    (tmp_path / "checkly-sessions.yaml").write_text(FILE)
    monkeypatch.chdir(tmp_path)

    def run_(*arguments: str, given: str = "") -> Ended:
        out, err = io.StringIO(), io.StringIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            patch.setattr(sys, "stdin", io.StringIO(given))
            patch.setattr(Console, "_process", None)
            code = run(runner, arguments)
        return Ended(code, out.getvalue(), err.getvalue())

    return run_


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(
        open_store(None, folder=tmp_path), host="api.checklyhq.com", account="acc", scope="default"
    )


def fill(state: State) -> None:
    """Three applies of smoke, the second of which failed, and one of a profile that is gone."""

    async def go() -> None:
        for number, verdict in enumerate([Verdict.PASSED, Verdict.FAILED, Verdict.PASSED]):
            start = NOON + timedelta(hours=number)
            about: dict[str, Any] = {
                "apply_id": IDS[number],
                "verdict": verdict,
                "by": ALICE,
                "commit": "1a2b3c4d5e",
                "branch": "main",
                "link": f"https://app.checklyhq.com/{number}",
                "stopped_at": start + timedelta(minutes=number + 1),
            }
            attempt = an_attempt(
                "smoke",
                intent_at=start,
                started_at=start,
                request={"name": "smoke", "runLocation": "us-east-1"},
                settings={"labels": {"team": "web"}},
                **about,
            )
            await finish(state, attempt)
        await state.put_records([a_record("gone[x]", verdict=Verdict.PASSED, link=None)])

    asyncio.run(go())


def test_status_shows_every_instance_and_what_changed(run_: Run, state: State) -> None:
    fill(state)
    ended = run_("status")
    assert ended.code == 0
    first, link, other, gone, _, summary = ended.out.splitlines()
    assert first.startswith("✓ smoke  passed, 2026-08-01 14:03 UTC, ")
    assert first.endswith("by alice on ci-7, at 1a2b3c4 (main), changed since")
    assert link.strip() == "https://app.checklyhq.com/2"
    assert other == "+ other  never applied"
    assert gone.startswith("✓ gone[x]  passed")
    assert gone.endswith("no longer in the file")
    assert summary == "Status: 2 passed, 1 never applied; 1 changed since."


def test_status_of_one_profile_as_json(run_: Run, state: State) -> None:
    fill(state)
    known = json.loads(run_("status", "smoke", "--format", "json").out)
    (instance,) = known["instances"]
    assert (instance["instance"], instance["changed"]) == ("smoke", True)
    assert instance["last"]["verdict"] == "passed"


def test_status_needs_neither_a_state_nor_a_whole_file(run_: Run, tmp_path: Path) -> None:
    (tmp_path / "checkly-sessions.yaml").write_text(FILE.replace("eu-west-1", "nowhere", 1))
    ended = run_("status")
    assert ended.code == 0
    assert "other  never applied" in ended.out
    assert not (tmp_path / ".runner").exists()


def test_status_tells_of_a_broken_record_and_shows_the_others(
    run_: Run, state: State, tmp_path: Path
) -> None:
    fill(state)
    damage_record(tmp_path, "smoke")
    ended = run_("status")
    assert ended.code == 0
    assert ".json (smoke) is not a state document of this runner (appliedAt: " in ended.err
    assert "gone[x]  passed" in ended.out
    table = damage_table(tmp_path, "records")
    ended = run_("status")
    assert ended.code == 3
    assert f"The state document {table} is cut off or damaged." in ended.err


def test_history_with_filters(run_: Run, state: State) -> None:
    fill(state)
    everything = run_("history").out
    assert everything.startswith("✓ 2026-08-01 14:00:00 UTC")
    assert "pass rate  █▁█  67% (2 of 3)" in everything
    assert "median 2 min 00 s" in everything

    def ids(*arguments: str) -> list[str]:
        known = json.loads(run_("history", "--format", "json", *arguments).out)
        return [each["applyId"] for each in known["applies"]]

    assert ids() == [IDS[2], IDS[1], IDS[0]]
    assert ids("smoke") == ids("smo*") == ids("-l", "team=web") == ids()
    assert ids("other") == []
    assert ids("--verdict", "failed") == [IDS[1]]
    assert ids("--since", "2026-08-01T13:00Z") == [IDS[2], IDS[1]]
    assert ids("--until", "2026-08-01T13:00") == [IDS[0]]
    assert ids("-n", "1") == [IDS[2]]


@pytest.mark.parametrize("command", ["status", "history", "checks", "dashboard"])
def test_what_matches_nothing_is_an_error(run_: Run, state: State, command: str) -> None:
    fill(state)
    ended = run_(command, "smoek")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "Error: 'smoek' matches no profile of the file.\n  Did you mean 'smoke'?\n"
    )
    ended = run_(command, "gnoe")
    assert ended.err.endswith("  Did you mean 'gone'?\n")  # which only the state knows
    ended = run_(command, "-l", "team=shop")
    assert (ended.code, ended.out) == (2, "")
    assert "No instance has the label 'team=shop'." in ended.err


def test_history_and_status_know_profiles_that_left_the_file(
    run_: Run, state: State, tmp_path: Path
) -> None:
    fill(state)
    file = tmp_path / "checkly-sessions.yaml"
    file.write_text(FILE.replace("  smoke:", "  other-smoke:"))
    assert run_("history", "smoke", "-l", "team=web").out == run_("history").out
    assert run_("history", "smoke", "--since", "1m").out == "No past applies.\n"
    ended = run_("status", "gone")
    assert ended.code == 0
    assert ended.out.startswith("✓ gone[x]  passed")
    assert "smoke" not in ended.out
    assert run_("status", "gone", "smoek").code == 2


def test_history_of_nothing(run_: Run) -> None:
    assert run_("history").out == "No past applies.\n"
    assert run_("history", "--since", "soon").code == 2


def test_prune_asks_and_deletes(run_: Run, state: State) -> None:
    fill(state)
    assert run_("state", "prune").code == 2
    unasked = run_("state", "prune", "--keep", "1")
    assert unasked.code == 2
    assert "--yes" in unasked.err
    assert run_("state", "prune", "--keep", "1", "--yes").out == "Deleted 2 applies; 1 left.\n"
    assert run_("state", "prune", "--older-than", "1w", "--yes").out.startswith("Deleted 0")
    assert run_("state", "prune", "--older-than", "long", "--yes").code == 2


def test_prune_says_what_is_unfinished(run_: Run, state: State) -> None:
    asyncio.run(leave(state, an_attempt("smoke", IDS[0])))
    ended = run_("state", "prune", "--keep", "0", "-y")
    assert "Kept 1 old apply: unfinished, or named by a record." in ended.out


def test_export_and_import(run_: Run, state: State, tmp_path: Path) -> None:
    fill(state)
    unknown = run_("state", "export", "state.jsonl")
    assert (unknown.code, "The apply a1, which the record of gone[x]" in unknown.err) == (3, True)
    run_("state", "forget", "gone", "--yes")
    assert run_("state", "export", "state.jsonl").code == 0
    exported = (tmp_path / "state.jsonl").read_text()
    assert run_("state", "export").out.splitlines()[1:] == exported.splitlines()[1:]

    nowhere = run_("state", "import", "state.jsonl", "--state", "file://new")
    assert nowhere.code == 3
    assert "CHECKLY_ACCOUNT_ID" in nowhere.err
    again = run_("state", "import", "state.jsonl", "--scope", "copy")
    assert again.out == "Imported 1 record and 3 applies; 0 were there already.\n"
    assert "smoke  passed" in run_("status", "--scope", "copy").out
    piped = run_("state", "import", "-", "--scope", "copy")
    assert piped.code == 2
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    assert run_("state", "import", "binary").code == 2


def test_export_ends_with_3_when_something_is_left_out(
    run_: Run, state: State, tmp_path: Path
) -> None:
    fill(state)
    broken = tmp_path / f".runner/api.checklyhq.com/acc/default/default/applies/{IDS[1]}.json"
    broken.write_text("{")
    ended = run_("state", "export", "out")
    assert ended.code == 3
    assert f"applies/{IDS[1]}.json is cut off" in ended.err


def test_export_to_a_full_disk(run_: Run, state: State) -> None:
    fill(state)
    ended = run_("state", "export", "/dev/full")
    assert ended.code == 2
    assert "/dev/full can't be written: no space left on device." in ended.err


def test_forget(run_: Run, state: State, tmp_path: Path) -> None:
    fill(state)
    typo = run_("state", "forget", "smokee", "-y")
    assert (typo.code, "Did you mean 'smoke'?" in typo.err) == (2, True)
    both = run_("state", "forget", "smokee", "smoke", "gnoe[x]", "-y").err
    assert "No instance 'smokee' has a record. No instance 'gnoe[x]' has a record." in both
    assert run_("state", "forget", "gone", "-y").out == "Forgot gone[x].\n"
    damage_record(tmp_path, "smoke")
    assert run_("state", "forget", "smoke", "-y").out == "Forgot smoke.\n"
    assert asyncio.run(state.records()) == {}


def test_mv_moves_a_record_to_a_name_that_a_profile_can_have(run_: Run, state: State) -> None:
    fill(state)
    for old, new, said in [
        ("smoke", "", "can't be the name of a profile"),
        ("smoke", "a b", "can't be the name of a profile"),
        ("smoke", "new[a", "can't be the name of a profile"),
        ("smoke", "smoke", "already has this name"),
        ("sm*", "new", "is a pattern"),
        ("smke", "new", "Did you mean 'smoke'?"),
        ("smoke", "gone[x]", "already has a record"),
    ]:
        ended = run_("state", "mv", old, new)
        assert (ended.code, ended.out) == (2, "")
        assert said in ended.err
    assert run_("state", "mv", "gone", "new").out == "gone[x] is now new[x].\n"
    assert run_("state", "mv", "smoke", "new[a]").out == "smoke is now new[a].\n"
    assert run_("state", "list").out.count("new[") == 2


def test_unlock_says_who_held_it(run_: Run, state: State) -> None:
    fill(state)
    assert run_("state", "unlock").out == "Nothing is locked.\n"

    async def go() -> None:
        async with state.lock(["smoke", "other"], ALICE, IDS[3], timeout=0):
            unasked = await asyncio.to_thread(run_, "state", "unlock", "smoke")
            assert unasked.code == 2
            assert "smoke: held by alice on ci-7 (process 42, https://ci" in unasked.out
            ended = await asyncio.to_thread(run_, "state", "unlock", "smoke", "--yes")
            assert ended.out.endswith("Released 1 lock.\n")
            assert (await asyncio.to_thread(run_, "state", "unlock", "smoke", "-y")).code == 2

    asyncio.run(go())


def test_the_emulators_state_is_another(run_: Run, state: State) -> None:
    fill(state)
    assert run_("history", "--emulator").out == "No past applies.\n"


def test_a_state_with_nothing_points_at_the_emulators(run_: Run, tmp_path: Path) -> None:
    hint = "The emulator has a state of its own: look at it with --emulator.\n"
    assert run_("status").err == run_("history").err == ""
    fill(State(open_store(None, folder=tmp_path), host="emulator", account="acc", scope="default"))
    assert run_("status").err == run_("history").err == hint
    assert run_("status", "other").err == hint
    assert run_("status", "-q").err == run_("history", "-q").err == ""
    assert run_("history", "other", "--emulator").err == ""
    other = f"file://{tmp_path}/elsewhere"
    assert run_("status", "--state", other).err == ""


def test_a_state_that_is_used_points_nowhere(run_: Run, state: State, tmp_path: Path) -> None:
    fill(state)
    fill(State(open_store(None, folder=tmp_path), host="emulator", account="acc", scope="default"))
    assert run_("status").err == run_("history").err == ""


@pytest.mark.parametrize("lease", ["0", "soon", "99999"])
def test_a_lease_has_to_make_sense(run_: Run, monkeypatch: pytest.MonkeyPatch, lease: str) -> None:
    monkeypatch.setenv("CHECKLY_SESSIONS_LEASE_SECONDS", lease)
    ended = run_("status")
    assert ended.code == 2
    assert "from 1 to 3600" in ended.err


def test_lengths_of_time_and_moments() -> None:
    assert age("90m", "x") == timedelta(minutes=90)
    assert age("2w", "x") == timedelta(days=14)
    assert moment("7d", "x", NOON) == NOON - timedelta(days=7)
    assert moment("2026-08-01", "x", NOON) == datetime(2026, 8, 1, tzinfo=UTC)
    with pytest.raises(UsageError, match="--older-than '7' is not a length of time"):
        age("7", "--older-than")

"""How many requests an apply makes."""

from runner.emulator.server import Emulator
from tests.acceptance.conftest import Project

SESSIONS = 200
FILE = "version: 1\ndefaults: {runLocation: eu-west-1, target: all}\nprofiles:\n" + "".join(
    f"  session-{number}: {{}}\n" for number in range(SESSIONS)
)


def test_two_hundred_sessions_need_two_requests_each_and_one_a_poll(
    online: Project, emulator: Emulator
) -> None:
    online.write(FILE)
    done = online.run("apply", "--yes", "--concurrency", str(SESSIONS))
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    counts = emulator.counts
    assert counts["trigger"] == len(emulator.sessions) == SESSIONS
    assert counts["completion"] == SESSIONS, "no poll was answered before its session was over"
    # What failed is asked for once more, for its error.
    assert counts.get("result", 0) <= SESSIONS
    # Locations, private ones, checks and the account are asked for once, before the question.
    known = counts["trigger"] + counts["completion"] + counts.get("result", 0)
    assert len(emulator.requests) == 4 + known

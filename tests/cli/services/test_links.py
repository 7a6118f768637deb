"""Links of an emulator inside the process: they end with it, so that reports do not show them."""

import json

from tests.cli.conftest import Shell

FILE = "version: 1\nprofiles: {smoke: {target: all, runLocation: eu-west-1}}\n"


def test_a_link_is_told_while_it_leads_somewhere_and_not_afterwards(shell: Shell) -> None:
    (shell.folder / "checkly-sessions.yaml").write_text(FILE)
    reports = [f"--report={form}=out.{form}" for form in ("text", "json", "junit", "html")]
    _, out, err = shell("apply", "smoke", "--emulator", "--report=jsonl", *reports)
    assert "/accounts/" in err  # as it started
    for form in ("text", "json", "junit", "html"):
        text = (shell.folder / f"out.{form}").read_text()
        assert "smoke" in text
        assert "/accounts/" not in text, form
    events = [json.loads(line) for line in out.splitlines()]
    linked = {event["type"] for event in events if "/accounts/" in json.dumps(event)}
    assert len(linked) == 1, linked
    for command in (["status"], ["history"], ["plan", "--format", "json"], ["history", "smoke"]):
        out = shell(*command, "--emulator")[1]
        assert "smoke" in out
        assert "/accounts/" not in out, command

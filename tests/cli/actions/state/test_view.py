"""``runner state show``: one record as YAML for people, and as JSON."""

import json

from ruamel.yaml import YAML

from tests.cli.conftest import Shell

FILE = """\
version: 1
profiles:
  smoke:
    runLocation: eu-west-1
    target: {matchTags: [[smoke]]}
    environmentVariables: {NOTE: "::add-mask::1\\u202e"}
"""


def test_the_text_is_the_record_as_yaml_that_can_not_forge_anything(shell: Shell) -> None:
    (shell.folder / "checkly-sessions.yaml").write_text(FILE)
    shell("apply", "smoke", "--yes", "--emulator")
    code, text, _ = shell("state", "show", "smoke", "--emulator")
    record = json.loads(shell("state", "show", "smoke", "--emulator", "--format", "json")[1])
    summary, _, shown = text.partition("\n")
    assert code == 0
    assert summary.startswith("smoke  passed")
    assert YAML(typ="safe", pure=True).load(shown) == record["record"]
    assert "::" not in text
    assert "\u202e" not in text

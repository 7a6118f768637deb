"""``runner init``, ``fmt`` and ``import``, as a user calls them."""

import io
import json
import os
import re
import sys
from pathlib import Path

import pytest

from runner.cli.app import runner
from tests.cli.conftest import Shell

MESSY = "version:   1\nprofiles:\n    smoke: {target: all,   runLocation: eu-west-1} # why\n"
TIDY = "version: 1\nprofiles:\n  smoke: {target: all, runLocation: eu-west-1} # why\n"
NAME = "checkly-sessions.yaml"
SCHEMA = "checkly-sessions.schema.json"


def read(shell: Shell, name: str) -> str:
    return (shell.folder / name).read_text(encoding="utf-8")


def test_init_writes_a_file_that_is_valid_and_formatted(shell: Shell) -> None:
    assert shell("init") == (
        0,
        f"Wrote {NAME} and {SCHEMA}. Next: `runner validate`, then `runner plan`.\n",
        "",
    )
    (named,) = re.findall(
        r"^# yaml-language-server: \$schema=(.+)$", read(shell, NAME), re.MULTILINE
    )
    assert json.loads(read(shell, named))["$id"]
    assert shell("validate") == (0, f"{NAME} is valid: 1 instance.\n", "")
    assert shell("fmt", "--check")[0] == 0


def test_what_init_wrote_reads_well_before_it_is_applied(shell: Shell) -> None:
    shell("init")
    assert "name: Smoke www.example.com (known after apply)\n" in shell("show", "smoke")[1]


def test_what_init_leaves_as_a_comment_is_valid_too(shell: Shell) -> None:
    shell("init")
    path = shell.folder / NAME
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(
        "".join(
            line.replace("# ", "", 1)
            if line.lstrip().startswith(("# smoke-abroad:", "#   ", "# API_TOKEN"))
            else line
            for line in lines
        )
    )
    code, out, err = shell("validate")
    assert (code, err) == (0, "")
    assert out.endswith(f"{NAME} is valid: 3 instances.\n")
    assert "error" not in out
    assert shell("fmt", "--check")[0] == 0


@pytest.mark.parametrize("existing", [NAME, "checkly-sessions.yml"])
def test_init_overwrites_nothing(shell: Shell, existing: str) -> None:
    (shell.folder / existing).write_text("mine")
    code, out, err = shell("init")
    assert (code, out) == (2, "")
    assert "already exists" in err
    assert (shell.folder / existing).read_text() == "mine"


def test_init_leaves_a_schema_that_is_there(shell: Shell) -> None:
    (shell.folder / SCHEMA).write_text("{}")
    assert shell("init")[1].startswith(f"Wrote {NAME}. Next")
    assert read(shell, SCHEMA) == "{}"


def test_init_does_not_write_through_a_link(shell: Shell) -> None:
    (shell.folder / NAME).symlink_to("elsewhere")
    assert shell("init")[0] == 2
    assert not (shell.folder / "elsewhere").exists()


def test_init_takes_a_name(shell: Shell) -> None:
    assert shell("init", "-q", "-f", "other.yaml") == (0, "", "")
    assert shell("validate", "-f", "other.yaml")[0] == 0
    code, _, err = shell("init", "-f", "missing/other.yaml")
    assert code == 2
    assert "can't be written: there is no such file or folder" in err
    assert shell("init", "-f", "a\0b")[0] == 2


def test_fmt_formats_the_file_and_its_includes(shell: Shell) -> None:
    (shell.folder / NAME).write_text("include: [p/*.yaml]\n" + MESSY)
    (shell.folder / "p").mkdir()
    (shell.folder / "p/a.yaml").write_text("profiles:\n    other:  {target: all}\n")
    (shell.folder / "p/a.yaml").chmod(0o640)
    assert shell("fmt", "--check") == (
        1,
        f"{NAME} is not formatted.\np/a.yaml is not formatted.\n",
        "",
    )
    assert shell("fmt") == (0, f"{NAME} formatted.\np/a.yaml formatted.\n", "")
    assert (shell.folder / NAME).read_text() == "include: [p/*.yaml]\n" + TIDY
    assert (shell.folder / "p/a.yaml").read_text() == "profiles:\n  other: {target: all}\n"
    assert (shell.folder / "p/a.yaml").stat().st_mode & 0o777 == 0o640
    assert shell("fmt") == (0, "Everything is formatted.\n", "")
    assert shell("fmt", "-q") == (0, "", "")
    assert sorted(path.name for path in shell.folder.iterdir()) == [".git", NAME, "p"]


def test_fmt_can_just_look(shell: Shell) -> None:
    (shell.folder / NAME).write_text(MESSY)
    code, out, _ = shell("fmt", "--diff")
    assert code == 0
    assert "-version:   1\n+version: 1\n" in out
    assert shell("fmt", "--check", "--diff")[0] == 1
    assert (shell.folder / NAME).read_text() == MESSY


def test_fmt_takes_several_files(shell: Shell) -> None:
    for folder in ("web", "shop"):
        (shell.folder / folder).mkdir()
        (shell.folder / folder / NAME).write_text(MESSY)
    names = [f"web/{NAME}", f"shop/{NAME}", f"web/{NAME}"]
    told = "".join(f"{name} is not formatted.\n" for name in names[:2])
    assert shell("fmt", "--check", *names) == (1, told, "")
    assert shell("fmt", *names)[0] == 0
    assert {read(shell, name) for name in names} == {TIDY}
    assert shell("fmt", "-f", names[0], names[1])[0] == 2
    (shell.folder / names[0]).write_text("a: [")
    code, _, err = shell("fmt", *names)
    assert code == 2
    assert err.count("error[yaml-syntax]") == 1


def test_fmt_leaves_a_file_with_errors_alone(shell: Shell) -> None:
    (shell.folder / NAME).write_text("a:   1\na: 2\n")
    code, out, err = shell("fmt")
    assert (code, out) == (2, "")
    assert err.count("error[duplicate-key]") == 1
    assert (shell.folder / NAME).read_text() == "a:   1\na: 2\n"
    (shell.folder / NAME).write_text("a: [")
    assert shell("fmt")[0] == 2
    (shell.folder / NAME).unlink()
    assert shell("fmt")[0] == 2


def test_fmt_says_when_it_can_not_write(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    (shell.folder / NAME).write_text(MESSY)

    def refuse(*_arguments: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    code, _, err = shell("fmt")
    assert code == 2
    assert f"{NAME} can't be written: permission denied" in err
    assert (shell.folder / NAME).read_text() == MESSY
    assert sorted(os.listdir(shell.folder)) == [".git", NAME]  # noqa: PTH208 # hidden ones too


def test_import_prints_a_file_that_is_valid_and_says_what_is_lost(shell: Shell) -> None:
    line = "npx checkly trigger --tags production,smoke -e API_TOKEN=swordfish --verbose"
    code, out, err = shell("import", line)
    assert code == 0
    assert "swordfish" not in out + err
    assert "production-smoke: --verbose has no counterpart" in err
    (shell.folder / NAME).write_text(out)
    checked, said, _ = shell("validate")
    assert (checked, said.splitlines()[-1]) == (0, f"{NAME} is valid: 1 instance.")
    assert shell("fmt", "--check")[0] == 0
    assert shell("import", *line.split()) == (code, out, err)


def test_import_reads_a_workflow(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"\xef\xbb\xbfjobs:\r\n  eu:\r\n    steps:\r\n      - run: npx checkly trigger -d\r\n"
    (shell.folder / "ci.yml").write_bytes(content)
    code, out, err = shell("import", "ci.yml")
    assert code == 0
    assert "  # From line 4 of ci.yml.\n" in out
    assert "eu: --detach goes on the command line" in err
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert shell("import", "-")[1] == out.replace("ci.yml", "standard input")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nofile.yml", "There is no file 'nofile.yml'."),
        ("x" * 5000, f"There is no file '{'x' * 79}…'."),
        (".git", "'.git' is a folder, not a file."),
        ("", "There is nothing to import."),
        ("  ", "There is nothing to import."),
        ("git status", "There is no `checkly trigger` command in the command line."),
    ],
)
def test_import_says_what_is_missing(shell: Shell, given: str, said: str) -> None:
    code, out, err = shell("import", given)
    assert (code, out) == (2, "")
    assert err.startswith(f"Error: {said}\n  ")
    assert 'runner import "npx checkly trigger' in err


def test_import_says_what_it_can_not_read(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shell("import", "a\0b")[0] == 2
    assert shell("import")[0] == 2
    (shell.folder / "big.sh").write_bytes(b"checkly trigger\n" * 100_000)
    assert "larger than 1 MiB" in shell("import", "big.sh")[2]

    def refuse(*_arguments: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "big.sh can't be read: permission denied" in shell("import", "big.sh")[2]


def test_hooks_for_pre_commit_name_commands_that_exist() -> None:
    root = Path(__file__).parents[2]
    text = (root / ".pre-commit-hooks.yaml").read_text()
    entries = [line.split()[2] for line in text.splitlines() if "entry: runner" in line]
    assert entries == ["validate", "fmt"]
    assert all(runner.get_command(None, entry) for entry in entries)  # type: ignore[arg-type] # unused

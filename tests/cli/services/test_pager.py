"""A long plan opens in a pager on a terminal, and nowhere else."""

import io
from pathlib import Path

import pytest

from runner.cli.console import Console
from runner.cli.services.pager import page


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def console(out: io.StringIO) -> Console:
    return Console(out, io.StringIO())


def test_the_pager_gets_the_masked_text_and_its_settings(tmp_path: Path) -> None:
    made = console(Terminal())
    made.redactor.learn("hunter22-canary")
    command = f'(echo "$LESS $LV"; cat) > {tmp_path}/paged'
    assert page("the secret hunter22-canary", made, {"PAGER": command})
    shown = (tmp_path / "paged").read_text()
    assert shown.startswith("FRX -c\nthe secret (secret")
    assert "hunter22" not in shown


def test_settings_of_the_user_stay(tmp_path: Path) -> None:
    command = f'(echo "$LESS"; cat) > {tmp_path}/paged'
    assert page("x", console(Terminal()), {"PAGER": command, "LESS": "S"})
    assert (tmp_path / "paged").read_text() == "S\nx\n"


@pytest.mark.parametrize(
    "environ", [{"PAGER": ""}, {"PAGER": "cat"}, {"PAGER": "less", "TERM": "dumb"}]
)
def test_where_no_pager_is_wanted_there_is_none(environ: dict[str, str]) -> None:
    assert not page("x", console(Terminal()), environ)


def test_in_a_pipe_there_is_none() -> None:
    assert not page("x", console(io.StringIO()), {"PAGER": "false"})


def test_a_pager_that_is_not_there_is_none() -> None:
    assert not page("x", console(Terminal()), {"PAGER": "no-such-pager-1 2>/dev/null"})


def test_without_less_there_is_none_and_nothing_is_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not page("x", console(Terminal()), {})
    assert capfd.readouterr() == ("", "")


def test_a_pager_that_is_left_early_is_fine() -> None:
    assert page("x\n" * 100_000, console(Terminal()), {"PAGER": "true"})

import io
from pathlib import Path

import click
import pytest

from runner.cli.console import Console
from runner.diagnostics import Diagnostic
from runner.source import Source, Span


def test_annotations_name_files_from_the_repository(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path / "shop")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    console = Console(io.StringIO(), io.StringIO())
    span = Span(Source("checkly-sessions.yaml", "a: 1\n"), 0, 1)
    console.diagnostics([Diagnostic("x", "y", span)], form="github", stream=console.out)
    assert isinstance(console.out, io.StringIO)
    assert console.out.getvalue().startswith("::error file=shop/checkly-sessions.yaml,line=1,")


def test_all_that_is_printed_is_masked() -> None:
    out, err = io.StringIO(), io.StringIO()
    console = Console(out, err)
    console.redactor.learn("hunter22")
    console.write("it is hunter22")
    console.problem("not hunter22", hint="but hunter22")
    console.diagnostics([Diagnostic("x", "hunter22 again")], form="concise")
    assert out.getvalue() == "it is (secret #1)\n"
    assert err.getvalue() == "not (secret #1)\n  but (secret #1)\nerror[x]: (secret #1) again\n"


def test_on_a_terminal_words_stay_whole_and_secrets_masked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    err = Terminal()
    console = Console(io.StringIO(), err)
    secret = "correct horse battery staple"
    console.redactor.learn(secret)
    console.problem("so many words " * 5 + secret, hint="and as many again " * 5)
    lines = err.getvalue().splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert "(secret #1)" in " ".join(err.getvalue().split())
    assert "horse" not in err.getvalue()
    assert lines[3].startswith("    ")


def test_ctrl_c_at_a_question_is_answered_on_a_line_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(*_: object, **__: object) -> bool:
        raise click.Abort

    monkeypatch.setattr(click, "confirm", interrupted)
    console = Console(io.StringIO(), io.StringIO())
    with pytest.raises(click.Abort):
        console.ask("Start 1 session?")
    assert isinstance(console.err, io.StringIO)
    assert console.err.getvalue() == "\n"

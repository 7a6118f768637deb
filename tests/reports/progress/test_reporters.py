import io
import json
import os
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from types import MappingProxyType

import pytest

from runner.errors import CannotRun, Interrupted, UsageError
from runner.models import events
from runner.models.events import Event
from runner.reports.progress.listeners import Listener
from runner.reports.progress.masking import masked
from runner.reports.progress.reporters import Reporters, open_reporters, parse_reports
from runner.source import Span
from tests.reports.outcomes import at, instance, mixed, offline, story

NOTHING = MappingProxyType[str, str]({})


def run(
    *specs: str,
    environ: MappingProxyType[str, str] = NOTHING,
    secret: str = "no secret",
) -> tuple[str, str]:
    """What a whole apply puts on standard output and standard error."""
    out, err = io.StringIO(), io.StringIO()
    with open_reporters(
        parse_reports(specs, environ),
        mask=lambda text: text.replace(secret, "(secret #1)"),
        environ=environ,
        stdout=out,
        stderr=err,
        send=offline,
    ) as reporters:
        for event in story(mixed()):
            reporters.handle(event)
            reporters.tick(event.at)
    return out.getvalue(), err.getvalue()


def test_text_for_people_goes_to_standard_output() -> None:
    out, err = run()
    assert out.startswith("08:00:00Z Apply")
    assert out.endswith("(exit code 4)\n")
    assert err == ""
    assert run("text") == (out, err)


def test_a_text_report_can_go_to_a_file(tmp_path: Path) -> None:
    out, _ = run(f"text={tmp_path / 'a=b.txt'}")
    text = (tmp_path / "a=b.txt").read_text()
    assert text.startswith("Account: ")
    assert out.endswith(text)


@pytest.mark.parametrize("spec", ["", "xml", "TEXT", "=x", "text=", "text =x"])
def test_a_wrong_report_is_an_error_of_usage(spec: str) -> None:
    with pytest.raises(UsageError):
        parse_reports([spec], {})


def test_a_report_takes_standard_output_and_the_text_moves_to_standard_error() -> None:
    text, _ = run()
    out, err = run("json")
    assert json.loads(out)["exitCode"] == 4
    assert err == text
    with pytest.raises(UsageError, match="--report json and --report junit would both go"):
        run("json", "junit")


@pytest.mark.parametrize(
    ("variable", "form", "start"),
    [
        ("CHECKLY_REPORTER_GITHUB_OUTPUT", "markdown", "## "),
        ("CHECKLY_REPORTER_JSON_OUTPUT", "json", "{"),
        ("CHECKLY_REPORTER_JUNIT_OUTPUT", "junit", "<?xml"),
    ],
)
def test_a_path_can_come_from_the_environment(
    variable: str, form: str, start: str, tmp_path: Path
) -> None:
    path, other = tmp_path / "report", tmp_path / "other"
    environ = MappingProxyType({variable: str(path)})
    out, err = run(environ=environ)
    assert path.read_text().startswith(start)
    assert (out, err) == run(form, environ=environ)
    path.unlink()
    run(f"{form}={other}", environ=environ)
    assert other.read_text().startswith(start)
    assert not path.exists()


def test_two_reports_cannot_share_a_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "report")
    with pytest.raises(UsageError, match="--report json and --report html would both go to"):
        run(f"json={tmp_path / 'report'}", f"html={tmp_path / 'link'}")
    run(f"json={os.devnull}", f"html={os.devnull}")


def test_a_path_that_cannot_be_written_is_said_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be written"):
        run(f"text={tmp_path}")


def test_secrets_are_taken_out_of_what_is_shown() -> None:
    out, _ = run(secret="expected 200, got 500")
    assert "expected 200" not in out
    assert "(secret #1)" in out


def texts(value: object) -> list[str]:
    """Every text from outside in ``value``."""
    if isinstance(value, (Enum, Span)):
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [text for item in value for text in texts(item)]
    if is_dataclass(value):
        return [text for field in fields(value) for text in texts(getattr(value, field.name))]
    return []


@pytest.mark.parametrize(
    "event",
    [
        *story(mixed()),
        events.Notice(at(0), "a", "b"),
        events.RequestMade(at(0), "GET", "/x", None, 1.0, "e"),
        events.SessionCancelling(at(0), "a", "b"),
    ],
)
def test_each_text_of_an_event_is_masked(event: Event) -> None:
    assert texts(event)
    assert set(texts(masked(event, lambda _: "***"))) == {"***"}


class Broken(Listener):
    def handle(self, event: Event) -> None:
        raise CannotRun(f"no room for {type(event).__name__}")

    def tick(self, at: datetime) -> None:
        raise AssertionError(f"it was not left out at {at}")

    def close(self) -> None:
        raise AssertionError("it was not left out")


def reporters_of(*each: Listener) -> Reporters:
    reporters = Reporters(io.StringIO(), mask=str, warn=pytest.fail)
    for reporter in each:
        reporters.add(reporter)
    return reporters


def test_one_reporters_trouble_is_told_at_the_end_and_stops_nothing() -> None:
    out = io.StringIO()
    both = open_reporters([], mask=str, environ={}, stdout=out, stderr=out, send=offline)
    both.add(Broken())
    for event in story(mixed()):
        both.handle(event)
        both.tick(event.at)
    assert out.getvalue().endswith("(exit code 4)\n")
    with pytest.raises(CannotRun, match="no room for ApplyStarted"):
        both.close()
    both.close()


def test_the_first_trouble_is_the_one_that_is_told() -> None:
    class AlsoBroken(Broken):
        def handle(self, event: Event) -> None:
            raise CannotRun(f"no ink for {type(event).__name__}")

    both = reporters_of(Broken(), AlsoBroken())
    both.handle(events.Notice(at(0), "a"))
    with pytest.raises(CannotRun, match="no room for Notice"):
        both.close()


def test_trouble_of_an_interrupted_apply_ends_as_the_interruption() -> None:
    broken = reporters_of(Broken())
    broken.handle(events.ApplyInterrupted(at(0), mixed()))
    with pytest.raises(Interrupted, match="no room for ApplyInterrupted") as caught:
        broken.close()
    assert caught.value.exit_code == 130


def broken_apply(error: Exception | None) -> None:
    with reporters_of(Broken()) as reporters:
        reporters.handle(events.InstanceFinished(at(0), instance()))
        if error:
            raise error


def test_an_error_of_the_apply_is_not_hidden_by_one_of_a_report() -> None:
    with pytest.raises(KeyError):
        broken_apply(KeyError())
    with pytest.raises(CannotRun):
        broken_apply(None)

"""Each hostile text in each place of each format: it is shown, and does nothing."""

import io
import json
import re
import unicodedata
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from lxml import etree
from markdown_it import MarkdownIt

from runner.diagnostics import Diagnostic, Related
from runner.models import events
from runner.models.outcome import ApplyOutcome, QuorumOutcome, Subject
from runner.models.verdict import Verdict
from runner.reports.apply import html_, json_, junit, markdown
from runner.reports.apply import text as text_report
from runner.reports.diagnostics.render import render_diagnostics
from runner.reports.progress import github_actions
from runner.reports.progress.github_check import GitHubCheckReporter
from runner.reports.progress.jsonl import JsonLinesReporter
from runner.reports.progress.listeners import Surroundings
from runner.reports.progress.live import LiveReporter
from runner.reports.progress.plain import PlainReporter
from runner.reports.text import sanitize
from runner.reports.text.style import Style
from runner.source import Source, Span
from tests.reports.outcomes import apply, at, check, instance, offline

TEXTS = {
    "ansi": "a\x1b[2J\x1b[31mred\x1b]8;;https://evil\x07link\x1b]8;;\x07b",
    "c1": "a\x9b31mb\x85c",
    "newlines": "a\nb\r\nc\rd\u2028e\u2029f\vg\fh",
    "set-output": "::set-output name=x::y",
    "stop-commands": "\n::stop-commands::token",
    "hash-command": "x ##[error]forged ##vso[task.complete]",
    "add-mask": "  ::add-mask::e",
    "pipe": "a | b || c |",
    "backticks": "```\n# forged\n``` `x` ````` ",
    "mention": "@team @org/team",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><b>",
    "template": "{{ 7*7 }} {% raw %} ${x}",
    "cdata": "]]><forged/><![CDATA[ <!-- --> &amp; &#x41; </testcase>",
    "control": "".join(map(chr, range(32))) + "\x7f",
    "right-to-left": "a\u202egnp.exe\u2066b\u2069\u200f\u061c",
    "invisible": "a\u200bb\ufeffc\u00add\U000e0041",
    "surrogates": "a\ud83db\udc00",
    "nonchars": "a\ufffeb\uffffc\U0001fffe",
    "markdown": "[x](https://evil) ![i](https://evil) **b** <https://evil> # h\n- l\n| t |\n|---|",
    "address": "https://evil.example www.evil.example mailto:x@y.zz",
    "long": "x" * 10_000,
    "long-words": "word " * 2_000,
    "wide": "日本語" * 3_000,
    "stacked": "e" + "\u0301" * 9_999,
    "empty": "",
    "spaces": "   ",
    "percent": "%0A::error::forged %s {0} %",
    "delimiter": "x\nend-of-output\nverdict=passed",
}
PLAIN = "plain"


def forbidden(text: str) -> set[str]:
    """What no format may let through: it moves the cursor, ends lines or turns the direction."""
    return {
        char
        for char in set(text) - set("\n\u200c\u200d")
        if unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"}
    }


def outcome(text: str) -> ApplyOutcome:
    """An apply in which ``text`` stands wherever a text from outside can stand."""
    broken = check(
        text,
        Verdict.FAILED,
        check_id=text,
        check_type=text,
        run_location=text,
        link=f"https://app.example/{text}",
        error=text,
        quarantine=text,
    )
    fine = check(text, link=text)
    bad = instance(
        text,
        Verdict.FAILED,
        profile=text,
        session_id=text,
        link=f"https://app.example/{text}",
        reason=text,
        hint=text,
        run_location=text,
        checks=(broken, fine),
    )
    odd = instance(text, Verdict.UNKNOWN, link=text)
    return apply(
        bad,
        odd,
        exit_code=1,
        apply_id=text,
        quorums=(QuorumOutcome(text, 1, 0, 2),),
        tested=Subject(
            account=text, project=text, scope=text, commit=text, branch=text, author=text
        ),
    )


def story(text: str) -> list[events.Event]:
    """Events in which ``text`` stands wherever a text from outside can stand."""
    whole = outcome(text)
    bad = whole.instances[0]
    running = check(text, Verdict.RUNNING)
    return [
        events.ApplyStarted(at(0), text, (text, PLAIN)),
        events.SessionStarted(at(1), text, text, text),
        events.SessionProgress(at(2), text, (running, check(text))),
        events.Notice(at(3), text, text),
        events.Notice(at(3), text, is_warning=True),
        events.RequestMade(at(4), text, text, None, 1.0, text),
        events.SessionCancelling(at(5), text, text),
        events.InstanceFinished(at(6), bad),
        events.ApplyFinished(at(7), whole),
    ]


def harmless(text: str) -> None:
    """``text`` can be put on any terminal and into any log of a CI system."""
    assert not forbidden(text)
    text.encode()
    for line in text.split("\n"):
        assert not line.lstrip().startswith("::"), line
        assert not re.search(r"##\w*\[", line), line


def lines_alike(render: Callable[[str], str], text: str) -> None:
    """``text`` makes no more lines than a plain text does, but for those of errors."""
    rendered = render(text)
    harmless(rendered)
    errors = text.count("\n") + text.count("\r") + 1 if text.strip() else 1
    assert rendered.count("\n") <= render(PLAIN).count("\n") + 2 * errors


def check_text(text: str) -> None:
    lines_alike(lambda name: text_report.render(outcome(name)), text)


def check_linked(text: str) -> None:
    rendered = text_report.render(outcome(text), Style(links=True, width=40, wraps=True))
    assert sanitize.harmless(rendered) == rendered
    harmless(re.sub(sanitize.LINK, "", rendered))
    assert rendered.count("\x1b") % 4 == 0  # each link ends


def check_plain(text: str) -> None:
    written: list[str] = []
    reporter = PlainReporter(written.append, Style(), 1)
    for event in story(text)[:-1]:
        reporter.handle(event)
        reporter.tick(at(400))
    harmless("".join(written))
    assert all(re.fullmatch(r"\d\d:\d\d:\d\dZ .*\n", line) for line in written)


def check_live(text: str) -> None:
    stream = io.StringIO()
    reporter = LiveReporter(stream, Style(), 1, (80, 24))
    for event in story(text):
        reporter.handle(event)
        reporter.tick(at(400))
    reporter.close()
    # What rich itself writes to draw over what it drew: hide and show the cursor, up, erase.
    harmless(re.sub(r"\x1b\[(\?25[lh]|\d*[AK])|\r", "", stream.getvalue()))


def check_json(text: str) -> None:
    rendered = json_.render(outcome(text))
    harmless(rendered)
    assert rendered.isascii()
    found = json.loads(rendered)["instances"][0]
    assert found["name"] == text
    assert found["checks"][0]["error"] == text


def check_junit(text: str) -> None:
    rendered = junit.render(outcome(text))
    harmless(rendered)

    def shape(xml: str) -> list[str]:
        tags = (element.tag for element in etree.fromstring(xml.encode()).iter())
        return [str(tag) for tag in tags if tag != "property"]  # empty ones are left out

    assert shape(rendered) == shape(junit.render(outcome(PLAIN)))


def tags(html: str) -> list[tuple[str, list[str]]]:
    """The tags of a page with the names of their attributes, links left out."""
    found: list[tuple[str, list[str]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
            if tag != "a":
                found.append((tag, [name for name, _ in attrs]))

    reader = Reader()
    reader.feed(html)
    reader.close()
    return found


def check_markdown(text: str) -> None:
    rendered = markdown.render(outcome(text))
    harmless(rendered)
    outside = re.sub(r"\]\([^)]*\)|(`{3,})text\n.*?\n\1\n", "", rendered, flags=re.DOTALL)
    assert not re.search(r"[@#]\w", outside.replace("&#8203;", " ")), outside
    read = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render
    plain = markdown.render(outcome(PLAIN))
    if text:
        assert tags(read(rendered)) == tags(read(plain))
    links = re.findall(r'(?:href|src)="([^"]*)"', read(rendered))
    assert all(link.startswith(("https://", "http://")) for link in links)


def check_html(text: str) -> None:
    rendered = html_.render(outcome(text))
    harmless(rendered)
    if text:
        assert tags(rendered) == tags(html_.render(outcome(PLAIN)))
    assert not re.search(r'href="(?!https?://)', rendered)


def check_annotations(text: str) -> None:
    rendered = github_actions.annotations(outcome(text))
    assert not forbidden(rendered)
    lines = rendered.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert re.match(r"::(error|warning)( [^:]*)?::", line)
        assert not re.search(r"##\w*\[", line)


def check_outputs(text: str) -> None:
    rendered = github_actions.outputs(outcome(text))
    assert not forbidden(rendered)
    heads = re.findall(r"^([a-z-]+)<<(\S+)$", rendered, re.MULTILINE)
    names = ["verdict", "counts", "session-ids", "session-urls", "report"]
    assert [name for name, _ in heads] == names
    for name, end in heads:
        assert f"\n{end}\n" in rendered.split(f"{name}<<{end}\n")[1]
    assert "\nverdict=" not in rendered


def check_diagnostics(text: str) -> None:
    source = Source(text, f"key: {text}\n")
    span = Span(source, 0, 3)
    found = [Diagnostic(PLAIN, text, span, hint=text, related=(Related(span, text),))]
    for unicode in (True, False):
        shown = render_diagnostics(found, "text", Style(width=60, unicode=unicode))
        harmless(shown)
        assert shown.count("\n") == 8 if text else 7
    assert json.loads(render_diagnostics(found, "json"))["diagnostics"][0]["message"] == text
    harmless(render_diagnostics(found, "json"))
    said = render_diagnostics(found, "github")
    assert said.count("\n") == 1
    assert not forbidden(said)


def check_jsonl(text: str) -> None:
    written: list[str] = []
    reporter = JsonLinesReporter(Surroundings(written.append, {}, offline))
    for event in story(text):
        reporter.handle(event)
    harmless("".join(written))
    assert all(line.isascii() and line.count("\n") == 1 for line in written)
    assert json.loads(written[0])["applyId"] == (text or None)


def check_github_check(text: str) -> None:
    sent: list[Any] = []

    def send(*_: object, body: object, **__: object) -> tuple[int, str]:
        sent.append(body)
        return 200, '{"id": 1}'

    environ = {"GITHUB_TOKEN": "t", "GITHUB_REPOSITORY": "a/b", "GITHUB_SHA": "c"}
    reporter = GitHubCheckReporter(Surroundings(print, environ, send))
    for event in story(text):
        reporter.handle(event)
        reporter.tick(event.at)
    last = sent[-1]["output"]
    assert last["summary"] == markdown.render(outcome(text), 60_000)
    for annotation in last["annotations"]:
        harmless("\n".join(str(value) for value in annotation.values()))


FORMATS = {
    "jsonl": check_jsonl,
    "github-check": check_github_check,
    "text": check_text,
    "linked": check_linked,
    "plain": check_plain,
    "live": check_live,
    "json": check_json,
    "junit": check_junit,
    "markdown": check_markdown,
    "html": check_html,
    "annotations": check_annotations,
    "outputs": check_outputs,
    "diagnostics": check_diagnostics,
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", TEXTS)
def test_a_hostile_text_is_harmless(kind: str, form: str) -> None:
    FORMATS[form](TEXTS[kind])

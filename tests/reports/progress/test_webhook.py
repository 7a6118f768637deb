"""Messages to webhooks: one an apply, only for what was asked for, harmless in each format."""

from typing import Any

import pytest

from runner.models.events import ApplyFinished, ApplyStarted, PlanMade
from runner.models.outcome import ApplyOutcome, Change
from runner.models.verdict import Verdict
from runner.reports.progress.webhook import WebhookReporter, message, reasons, rows
from tests.reports.outcomes import apply, at, check, instance
from tests.reports.test_hostile import TEXTS, harmless
from tests.reports.test_hostile import outcome as hostile_outcome

FAILED = apply(
    instance(
        "smoke",
        Verdict.FAILED,
        checks=(check("Login", Verdict.FAILED, change=Change.NEWLY_FAILING), check("Search")),
    ),
    exit_code=1,
)
FIXED = apply(instance("smoke", checks=(check("Login", change=Change.FIXED),)))


class Sent:
    """Takes requests, and answers each with one status."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.bodies: list[Any] = []

    def __call__(self, method: str, url: str, *, headers: object, body: object) -> tuple[int, str]:
        assert (method, url, headers) == ("POST", "https://hooks.example/x", {})
        self.bodies.append(body)
        return self.status, ""


def tell(on: list[str], outcome: ApplyOutcome, form: str = "json", drifted: str = "") -> list[Any]:
    sent = Sent()
    reporter = WebhookReporter("https://hooks.example/x", on, form, sent)
    planned = PlanMade(at(0), "an-apply", (), tuple(drifted.split()))
    for event in (planned, ApplyStarted(at(0), "an-apply", ()), ApplyFinished(at(9), outcome)):
        reporter.handle(event)
        reporter.tick(event.at)
    reporter.close()
    return sent.bodies


@pytest.mark.parametrize(
    ("outcome", "drifted", "expected"),
    [
        (FAILED, "", ["newly-failing", "failed"]),
        (FIXED, "", ["fixed"]),
        (apply(instance()), "smoke", ["drift"]),
        (apply(instance()), "", []),
        (apply(instance(), exit_code=4), "", ["failed"]),
    ],
)
def test_there_is_one_message_where_something_is_to_be_told(
    outcome: ApplyOutcome, drifted: str, expected: list[str]
) -> None:
    assert reasons(outcome, drifted.split()) == expected
    every = ["newly-failing", "fixed", "failed", "drift"]
    bodies = tell(every, outcome, drifted=drifted)
    assert [body["reasons"] for body in bodies] == ([expected] if expected else [])
    assert tell([each for each in every if each not in expected], outcome, drifted=drifted) == []


def test_a_message_names_what_failed_and_links_to_it() -> None:
    (slack,) = tell(["failed"], FAILED, "slack")
    link = FAILED.instances[0].link
    assert slack["text"].splitlines() == [
        "Checkly test sessions: failed",
        "Sessions: 1 failed",
        f"smoke: failed: Login (failed, newly failing) {link}",
    ]
    (teams,) = tell(["failed"], FAILED, "teams")
    (attachment,) = teams["attachments"]
    told = [block["inlines"][0]["text"] for block in attachment["content"]["body"]]
    assert told == slack["text"].splitlines()


def test_a_long_message_is_cut_and_says_so() -> None:
    many = [instance(f"smoke-{number}", Verdict.FAILED) for number in range(500)]
    told = rows(apply(*many, exit_code=1), ())
    assert len(told) == 21
    assert told[-1] == "and 482 more"


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_webhook_that_refuses_is_trouble(status: int) -> None:
    reporter = WebhookReporter("https://hooks.example/x", ["failed"], "slack", Sent(status))
    with pytest.raises(ConnectionError, match=f"the webhook answered {status}"):
        reporter.handle(ApplyFinished(at(9), FAILED))


@pytest.mark.parametrize("kind", TEXTS)
def test_a_hostile_text_is_harmless(kind: str) -> None:
    outcome = hostile_outcome(TEXTS[kind])
    text = message("slack", outcome, ["failed"], [TEXTS[kind]])["text"]
    harmless(text)
    assert not set(text) & set("<>")
    plain = hostile_outcome("plain")
    assert len(text.splitlines()) == len(rows(plain, ["plain"]))
    card = message("teams", outcome, ["failed"], [TEXTS[kind]])
    for block in card["attachments"][0]["content"]["body"]:
        harmless(block["inlines"][0]["text"])

"""Thousands of hostile answers: each comes to a value or to an error in words."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from runner.checkly.client import Checkly
from runner.checkly.exchange import ClientOptions, Shared
from runner.engine.results.verdicts import check_outcomes, is_over, judge
from runner.errors import RunnerError
from runner.models.clock import Clock
from runner.models.contract.settings import Settings
from runner.models.response import Session
from tests.checkly.scripted import scripted
from tests.checkly.test_client import ID, REQUEST, client
from tests.engine.clocks import START

STATUSES = (200, 201, 204, 206, 301, 302, 304, 307, 400, 401, 402, 403, 404, 407, 408, 409, 410)
MORE_STATUSES = (418, 422, 429, 451, 500, 502, 503, 599, 999)
DATES = (
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Mon, 01 Jan 0001 00:00:00 GMT",
    "Sat, 01 Aug 2026 12:00:00 +9999",
    "never",
    "Sat, 01 Aug 2026 12:00:00 GMT",
)
HEADERS = {
    "Location": ("https://xn--www.xn--", "http://[", "\xe9", "//", "http://a:99999", "/next"),
    "Set-Cookie": ("sid=\xe9", "=;", "a=b; expires=" + DATES[0], "a" * 9000, "a=b; domain=."),
    "Date": DATES,
    "Retry-After": (*DATES, "0", "-1", "1e9", "9" * 50, "٣"),
    "Content-Type": ("\xff", "text/html", "application/json; charset=\xfe", "a/b; boundary="),
    "Content-Encoding": ("gzip", "identity", "\xe9", "br, gzip"),
    "ETag": ("\x7f",),
}
WORDS = ("PASSED", "FAILED", "RUNNING", "", "passed", "\ud800", "\x00", "9999-12-31T23:59:59+00:00")
KEYS = (
    *("testSessionId", "status", "results", "name", "startedAt", "stoppedAt", "entries", "nextId"),
    *("id", "checkId", "resultType", "hasErrors", "responseTime", "message", "error", "statusCode"),
    *("errorCode", "errors", "region", "created_at", "tags", "apiCheckResult", "script"),
)


def value(rng: random.Random, depth: int = 4) -> Any:
    """Something in JSON that looks a little like the API."""
    plain = (
        lambda: rng.choice(WORDS),
        lambda: rng.choice([0, -1, 404, 10**400, 1e308, float("nan"), float("inf")]),
        lambda: rng.choice([True, False, None, ID]),
        lambda: rng.choice(DATES),
        lambda: "".join(chr(rng.randrange(1, 0x11_0000)) for _ in range(rng.randrange(9))),
    )
    nested = (
        lambda: [value(rng, depth - 1) for _ in range(rng.randrange(5))],
        lambda: {key: value(rng, depth - 1) for key in rng.sample(KEYS, rng.randrange(1, 9))},
    )
    return rng.choice((*plain, *nested * 2) if depth else plain)()


def body(rng: random.Random) -> bytes:
    text = json.dumps(value(rng), ensure_ascii=rng.random() < 0.7)
    data = text.encode("utf-8", "surrogatepass")
    match rng.randrange(8):
        case 0:
            return data[: rng.randrange(len(data) + 1)]
        case 1:
            place = rng.randrange(len(data) + 1)
            return data[:place] + rng.randbytes(rng.randrange(4)) + data[place:]
        case 2:
            return rng.choice([b"", b"<html><title>\xff</title>", b"[" * 5000, b"\xef\xbb\xbf{}"])
        case _:
            return data


def reply(rng: random.Random) -> bytes:
    content = body(rng)
    status = rng.choice((*STATUSES, *MORE_STATUSES)) if rng.random() < 0.6 else 200
    names = rng.sample(list(HEADERS), rng.randrange(4))
    lines = [f"{name}: {rng.choice(HEADERS[name])}" for name in names]
    length = len(content) + (rng.choice([0] * 40 + [-1, 7]) if content else 0)
    head = "\r\n".join([f"HTTP/1.1 {status} X", f"Content-Length: {length}", *lines])
    return head.encode("utf-8" if rng.random() < 0.5 else "latin-1", "replace") + (
        b"\r\nConnection: close\r\n\r\n" + content
    )


async def sessions(checkly: Checkly) -> None:
    async for _ in checkly.sessions():
        break


async def checks(checkly: Checkly) -> None:
    async for _ in checkly.checks():
        break


QUESTIONS: tuple[Callable[[Checkly], Awaitable[Any]], ...] = (
    lambda c: c.trigger(REQUEST),
    lambda c: c.completion(ID, 1),
    lambda c: c.session(ID),
    lambda c: c.cancel(ID),
    lambda c: c.result(ID, ID),
    lambda c: c.account(),
    lambda c: c.locations(),
    lambda c: c.private_locations(),
    sessions,
    checks,
)


def judged(answer: Session) -> None:
    found = check_outcomes(
        answer,
        over=is_over(answer),
        before=[],
        quarantine=[],
        today=START.date(),
        commit=None,
        redact=lambda text: text,
    )
    judge(answer, found, Settings())


@pytest.mark.parametrize(
    "count", [300, pytest.param(5000, marks=[pytest.mark.slow, pytest.mark.timeout(900)])]
)
def test_no_answer_makes_it_fall_over(count: int) -> None:
    seed = random.randrange(10**9)
    rng = random.Random(seed)
    options = ClientOptions(answer_seconds=0.2, patience_seconds=0.0)
    shared = Shared(Clock(), 1_000_000)

    async def main() -> None:
        async with (
            scripted(lambda _: reply(rng)) as server,
            client(server.url, options=options, shared=shared) as checkly,
        ):
            for number in range(count):
                with suppress(RunnerError):
                    found = await QUESTIONS[number % len(QUESTIONS)](checkly)
                    if isinstance(found, Session):
                        judged(found)
                checkly.server_now()

    try:
        asyncio.run(main())
    except BaseException as error:
        error.add_note(f"seed {seed}")
        raise

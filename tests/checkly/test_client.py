"""The client over a real socket: what is sent, what is read, and what goes wrong in words."""

import asyncio
import inspect
import json
import random
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest

from runner.checkly.account import Credentials
from runner.checkly.client import PAGE, Checkly
from runner.checkly.exchange import ClientOptions, Flight, Shared
from runner.checkly.retry import Backoff
from runner.checkly.wire import Question
from runner.errors import ApiError, CannotRun, RunnerError, Unauthorized, Unreachable, UsageError
from runner.models.clock import Clock
from runner.models.contract.request import TriggerTestSessionRequest
from runner.models.events import Event, Notice, RequestMade
from tests.checkly.scripted import SILENCE, Drip, Script, answer, scripted
from tests.engine.clocks import FakeClock

KEY = "cu_very_secret_key"
ID = "11111111-2222-4333-8444-555555555555"
REQUEST = TriggerTestSessionRequest(name="Smoke", run_location="eu-west-1")
QUICK = ClientOptions(
    answer_seconds=1.0, patience_seconds=0.4, backoff=Backoff(base=0.01, most=0.05)
)

Ask = Callable[[Checkly], Awaitable[Any]]


def client(url: str, events: list[Event] | None = None, **options: Any) -> Checkly:
    return Checkly(
        Credentials(KEY, "acc", url),
        rng=random.Random(1),
        emit=(lambda _: None) if events is None else events.append,
        **{"clock": Clock(), "options": QUICK, **options},
    )


def ask(
    script: Script,
    what: Ask,
    events: list[Event] | None = None,
    **options: Any,
) -> tuple[Any, list[str]]:
    """What the client says to a server that answers by ``script``, and the requests it got."""

    async def main() -> tuple[Any, list[str]]:
        async with scripted(script) as server, client(server.url, events, **options) as checkly:
            return await what(checkly), server.requests

    return asyncio.run(main())


def in_turn(*answers: bytes | None) -> Script:
    """Answers one after the other; the last one stays."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


SESSION = {"testSessionId": ID, "testSessionLink": "https://app/x", "status": "RUNNING"}


def test_a_trigger_sends_what_was_asked_for_and_who_asks() -> None:
    session, (request,) = ask(lambda _: answer(SESSION, 201), lambda c: c.trigger(REQUEST))
    assert (session.id, session.link) == (ID, "https://app/x")
    head, _, body = request.partition("\r\n\r\n")
    assert head.startswith("POST /v1/test-sessions/trigger HTTP/1.1")
    assert f"authorization: Bearer {KEY}" in head
    assert "x-checkly-account: acc" in head
    assert json.loads(body) == {"name": "Smoke", "runLocation": "eu-west-1"}


def test_a_long_poll_says_how_long_and_408_means_not_yet() -> None:
    done, (request,) = ask(lambda _: answer({}, 408), lambda c: c.completion(ID, 99))
    assert done is None
    assert f"GET /v1/test-sessions/{ID}/completion?maxWaitSeconds=30 " in request


def test_a_cancellation_has_a_body() -> None:
    _, (request,) = ask(lambda _: answer(b"", 204), lambda c: c.cancel(ID))
    assert request.startswith(f"POST /v1/test-sessions/{ID}/cancel ")
    assert request.endswith("\r\n\r\n{}")


def test_all_pages_of_sessions_are_read() -> None:
    pages = [
        {"length": 1, "entries": [{"id": str(n), "name": ""}], "nextId": n < 2 and f"c{n}"}
        for n in range(3)
    ]

    async def every(checkly: Checkly) -> list[str]:
        return [e.id async for page in checkly.sessions(**{"from": 5}) for e in page if e]

    ids, requests = ask(in_turn(*map(answer, pages)), every)
    assert ids == ["0", "1", "2"]
    paths = [request.split()[1] for request in requests]
    assert paths[0] == "/v1/test-sessions?limit=100&from=5"
    assert [path.partition("nextId=")[2] for path in paths] == ["", "c0", "c1"]


def test_all_pages_of_checks_are_read() -> None:
    full: list[Any] = [{"id": str(n), "name": f"check {n}"} for n in range(PAGE)]
    full[4] = None  # a page with an entry that can't be read is as long as it was

    async def every(checkly: Checkly) -> int:
        return sum([len(page) async for page in checkly.checks()])

    count, requests = ask(in_turn(answer(full), answer(full[:3])), every)
    assert count == PAGE + 3
    assert ["page=1" in requests[0], "page=2" in requests[1]] == [True, True]


@pytest.mark.parametrize("kind", ["sessions", "checks"])
@pytest.mark.parametrize("is_new", [True, False])
def test_a_list_that_does_not_end_is_an_error(
    monkeypatch: pytest.MonkeyPatch, kind: str, is_new: bool
) -> None:
    """One that says the same again is not asked a thousand times."""
    monkeypatch.setattr("runner.checkly.client.MAX_PAGES", 5)
    asked: list[str] = []

    def page(request: str) -> bytes:
        asked.append(request)
        mark = f"{len(asked) if is_new else 0}"
        checks = [{"id": f"{mark}-{number}"} for number in range(PAGE)]
        return answer(checks if kind == "checks" else {"entries": [], "nextId": mark})

    async def every(checkly: Checkly) -> None:
        async for _ in getattr(checkly, kind)():
            pass

    with pytest.raises(ApiError, match="does not end"):
        ask(page, every)
    assert len(asked) == (5 if is_new else 2)


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (400, ApiError, "found the request invalid"),
        (401, Unauthorized, "API key is not valid"),
        (402, Unauthorized, "plan does not include"),
        (403, Unauthorized, "no permission to do this"),
        (404, ApiError, "did not find it"),
        (409, ApiError, "conflicts with"),
        (410, ApiError, "no longer exists"),
        (413, ApiError, "too large"),
        (422, ApiError, "can't process"),
        (418, ApiError, "refused"),
        (301, ApiError, "redirect"),
        (429, ApiError, "request limit"),
        (500, ApiError, "internal error"),
        (503, ApiError, "internal error"),
    ],
)
def test_each_status_is_explained(status: int, kind: type[ApiError], said: str) -> None:
    body = {"statusCode": status, "error": "Error", "message": "so it \x1b[2Jis\nthen"}
    with pytest.raises(kind, match=said) as raised:
        ask(lambda _: answer(body, status, Location="/elsewhere"), lambda c: c.account())
    error = raised.value
    assert (error.status, error.method, error.path) == (status, "GET", "/v1/accounts/me")
    assert "saying: so it [2Jis then)" in error.message
    assert error.message.startswith("GET /v1/accounts/me: ")
    assert KEY not in f"{error.message}{error.hint}"
    assert error.hint or status == 418


HTML = b"<!doctype html><html><head><title>Access denied</title></head><body>no</body></html>"


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (409, {"title": "Conflict", "detail": "it runs"}, "(409, saying: Conflict: it runs)"),
        (422, {"errors": [{"message": "a"}, {"message": "b"}]}, "(422, saying: a; b)"),
        (410, b"the session was deleted", "(410, saying: the session was deleted)"),
        (400, "just text", "(400, saying: just text)"),
        (422, {"errors": {"name": ["too long"], "x": "bad"}}, "saying: name: too long; x: bad)"),
        (
            422,
            {"detail": [{"loc": ["body"], "msg": "missing"}]},
            "saying: loc: body; msg: missing)",
        ),
        (409, {"code": "CONFLICT", "reason": "busy"}, "saying: code: CONFLICT; reason: busy)"),
        (404, {"errorCode": "ERR_NO_MATCHING_CHECKS"}, "no checks match the target (404)"),
        (400, {"error": {"message": "deep"}}, "(400, saying: deep)"),
        (400, {"message": "cut \ud83d"}, "(400, saying: cut \ufffd)"),
        (500, b"\x00\x01\xff", "(500)"),
        (502, HTML, "(502, saying: Access denied)"),
        (500, {"message": [[[[[[["far too deep"]]]]]]]}, "(500)"),
    ],
)
def test_the_words_of_the_server_are_quoted(status: int, body: Any, said: str) -> None:
    with pytest.raises(ApiError) as raised:
        ask(lambda _: answer(body, status), lambda c: c.trigger(REQUEST))
    assert said in raised.value.message


@pytest.mark.parametrize("status", [401, 402, 403, 404, 407])
def test_a_page_that_is_not_the_apis_is_not_taken_for_its_answer(status: int) -> None:
    with pytest.raises(ApiError, match="something between here and Checkly") as raised:
        ask(lambda _: answer(HTML, status), lambda c: c.trigger(REQUEST))
    assert not isinstance(raised.value, Unauthorized)
    assert raised.value.error_code is None


@pytest.mark.parametrize(
    ("body", "is_no_match"),
    [
        ({"statusCode": 404, "error": "Not Found", "message": "No checks."}, True),
        ({"statusCode": 404, "error": "Not Found"}, True),
        ({"statusCode": 404, "message": "Private location not found"}, False),
        ({"message": "no such route"}, False),
        ({"statusCode": 500, "message": "odd"}, False),
        (b"not found", False),
        (b"<html>", False),
    ],
)
def test_only_the_apis_own_404_says_that_no_checks_match(body: Any, is_no_match: bool) -> None:
    with pytest.raises(ApiError) as raised:
        ask(lambda _: answer(body, 404), lambda c: c.trigger(REQUEST))
    assert (raised.value.error_code == "ERR_NO_MATCHING_CHECKS") is is_no_match


def test_a_404_to_another_question_says_nothing_of_checks() -> None:
    body = {"statusCode": 404, "error": "Not Found", "message": "Not Found"}
    with pytest.raises(ApiError) as raised:
        ask(lambda _: answer(body, 404), lambda c: c.session(ID))
    assert raised.value.error_code is None


@pytest.mark.parametrize(("seconds", "said"), [("90", "90 s"), ("3600", "60 minutes")])
def test_the_hint_says_how_long_the_api_asks_to_wait(seconds: str, said: str) -> None:
    with pytest.raises(ApiError) as raised:
        ask(lambda _: answer({}, 429, Retry_After=seconds), lambda c: c.account())
    assert f"asks you to wait {said};" in (raised.value.hint or "")


def test_an_answer_on_another_session_is_refused() -> None:
    other = {**SESSION, "testSessionId": "99999999-2222-4333-8444-555555555555"}
    for what in (lambda c: c.session(ID), lambda c: c.completion(ID, 1)):
        with pytest.raises(ApiError, match="not about the session that was asked for"):
            ask(lambda _: answer(other), what)
    same = {**SESSION, "testSessionId": ID.upper()}
    assert ask(lambda _: answer(same), lambda c: c.session(ID))[0].status == "RUNNING"


def test_an_entry_that_can_not_be_read_costs_itself_and_is_named_once() -> None:
    events: list[Event] = []
    one, three = ({"id": an_id, "name": ""} for an_id in "13")
    page = answer({"entries": [one, None, three], "nextId": None})

    async def twice(checkly: Checkly) -> list[str | None]:
        pages = [page for _ in (1, 2) async for page in checkly.sessions()]
        return [e.id if e else None for page in pages for e in page]

    found, _ = ask(lambda _: page, twice, events)
    assert found == ["1", None, "3"] * 2
    assert told(events) == ["GET /v1/test-sessions: entry 2 can't be read and was skipped."]
    checks, _ = ask(lambda _: answer([{"id": "1"}, 7]), lambda c: anext(c.checks()))
    assert [check and check.id for check in checks] == ["1", None]


def told(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Notice)]


def test_entries_of_several_pages_are_counted_through() -> None:
    events: list[Event] = []
    full: list[Any] = [{"id": str(n), "name": f"check {n}"} for n in range(PAGE)]
    full[4] = None
    more = [*full[:-1], {"id": "another"}]

    async def checks(checkly: Checkly) -> int:
        return len([page async for page in checkly.checks()])

    assert ask(in_turn(answer(full), answer(more), answer(full[:5])), checks, events)[0] == 3
    assert [text.split()[3] for text in told(events)] == ["5", "105", "205"]

    async def sessions(checkly: Checkly) -> int:
        return len([page async for page in checkly.sessions()])

    pages = [{"entries": [7, {"id": "1", "name": "a"}], "nextId": cursor} for cursor in ("c", None)]
    events.clear()
    assert ask(in_turn(*map(answer, pages)), sessions, events)[0] == 2
    assert [text.split()[3] for text in told(events)] == ["1", "3"]


@pytest.mark.parametrize(
    "entry",
    [
        None,
        "x",
        [],
        {},
        {"name": "a"},
        {"id": 5, "name": "a"},
        {"id": "", "name": "a"},
        {"id": "1"},
        {"id": "1", "name": None},
        {"id": "1", "name": ["a"]},
    ],
)
def test_a_session_without_id_or_name_can_not_be_read(entry: Any) -> None:
    page = answer({"entries": [{"id": "0", "name": "a"}, entry]})
    entries, _ = ask(lambda _: page, lambda c: anext(c.sessions()))
    assert [each and each.id for each in entries] == ["0", None]


def test_a_result_that_can_not_be_read_is_not_taken_for_a_pass() -> None:
    body = {**SESSION, "status": "PASSED", "results": [{"name": "a", "status": "PASSED"}, None]}
    session, _ = ask(lambda _: answer(body), lambda c: c.session(ID))
    assert [result.name for result in session.results] == ["a", ""]


@pytest.mark.parametrize(
    "headers",
    [
        {"Location": "https://xn--www.xn--"},
        {"Location": "http://[::1"},
        {"Location": "\xe9"},
        {"Set_Cookie": "sid=\xe9"},
        {"Set_Cookie": "=;;=;expires=x;domain=.;path"},
        {"Date": "Fri, 31 Dec 9999 23:59:59 GMT"},
        {"Date": "Mon, 01 Jan 0001 00:00:00 +2359"},
        {"Date": "\xe9"},
        {"Retry_After": "Fri, 31 Dec 9999 23:59:59 GMT"},
        {"Content_Type": "\xff/\xff; charset=\xfe"},
    ],
    ids=str,
)
@pytest.mark.parametrize("status", [200, 302, 429, 503])
def test_no_header_makes_it_fall_over(headers: dict[str, str], status: int) -> None:
    async def several(checkly: Checkly) -> None:
        for _ in range(2):
            with suppress(ApiError):
                await checkly.completion(ID, 1)
            checkly.server_now()

    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} X\r\nContent-Length: 2\r\n{lines}\r\n{{}}".encode("latin-1")
    _, requests = ask(lambda _: head, several)
    assert all("cookie" not in request.lower() for request in requests)


def test_no_matching_checks_bear_their_code() -> None:
    body = {"statusCode": 403, "message": "none", "errorCode": "ERR_NO_MATCHING_CHECKS"}
    with pytest.raises(ApiError) as raised:
        ask(lambda _: answer(body, 403), lambda c: c.trigger(REQUEST))
    assert raised.value.error_code == "ERR_NO_MATCHING_CHECKS"


def test_what_the_server_says_is_masked_and_cut() -> None:
    body = {"message": "hunter2hunter2 " + "x" * 5000}
    with pytest.raises(ApiError) as raised:
        ask(
            lambda _: answer(body, 400),
            lambda c: c.trigger(REQUEST),
            redact=lambda text: text.replace("hunter2hunter2", "(secret #1)"),
        )
    assert "(secret #1)" in raised.value.message
    assert "hunter2" not in raised.value.message
    assert len(raised.value.message) < 500


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{", b"null", b"[]", b"[" * 100_000, b"\xff", b"12"]
)
def test_a_body_that_makes_no_sense_is_asked_for_again_and_then_an_error(body: bytes) -> None:
    found, requests = ask(in_turn(answer(body), answer({"name": "acc"})), lambda c: c.account())
    assert (found.name, len(requests)) == ("acc", 2)
    with pytest.raises(ApiError, match="is not the JSON that the contract promises"):
        ask(lambda _: answer(body), lambda c: c.account())


def test_a_list_that_is_none_is_an_error() -> None:
    with pytest.raises(ApiError, match="is not the JSON"):
        ask(lambda _: answer({}), lambda c: c.locations())


@pytest.mark.parametrize("an_id", ["", "../../x", "a/b", None, 5, "x" * 65])
def test_a_trigger_without_a_usable_id_has_lost_its_answer(an_id: object) -> None:
    with pytest.raises(ApiError, match="session with an id") as raised:
        ask(
            lambda _: answer({**SESSION, "testSessionId": an_id}, 201), lambda c: c.trigger(REQUEST)
        )
    assert raised.value.status == 201


def test_an_id_can_not_lead_elsewhere() -> None:
    with pytest.raises(CannotRun, match="invalid ID"):
        ask(lambda _: None, lambda c: c.session("../accounts/me"))


@pytest.mark.parametrize("status", [400, 401, 404, 408, 500, 502, 503])
def test_a_trigger_is_not_sent_again_after_any_answer_but_429(status: int) -> None:
    seen: list[str] = []

    def script(request: str) -> bytes:
        seen.append(request)
        return answer({}, status)

    with pytest.raises(ApiError):
        ask(script, lambda c: c.trigger(REQUEST))
    assert len(seen) == 1


def test_a_trigger_is_sent_again_after_429() -> None:
    turns = in_turn(answer({}, 429), answer({}, 429, Retry_After="0"), answer(SESSION, 201))
    session, requests = ask(turns, lambda c: c.trigger(REQUEST))
    assert (session.id, len(requests)) == (ID, 3)


def test_a_trigger_whose_connection_broke_is_not_sent_again() -> None:
    seen: list[str] = []

    def script(request: str) -> None:
        seen.append(request)

    with pytest.raises(Unreachable) as raised:
        ask(script, lambda c: c.trigger(REQUEST))
    assert (raised.value.sent, len(seen)) == (True, 1)


def test_reads_are_asked_again_while_there_is_patience() -> None:
    last = answer({"name": "a"})
    turns = in_turn(None, answer({}, 500), answer(b"<", 502), answer({}, 429), last)
    found, requests = ask(turns, lambda c: c.account())
    assert (found.name, len(requests)) == ("a", 5)


def test_a_wait_for_the_own_limit_takes_nothing_from_the_patience() -> None:
    clock = FakeClock()
    shared = Shared(clock)
    shared.limiter.hold(60.0)
    options = ClientOptions(patience_seconds=10.0)
    turns = in_turn(None, answer({"name": "a"}))
    found, requests = ask(turns, lambda c: c.account(), clock=clock, options=options, shared=shared)
    assert (found.name, len(requests)) == ("a", 2)


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_longer_than_the_patience_is_not_begun(status: int) -> None:
    seen: list[str] = []

    def script(request: str) -> bytes:
        seen.append(request)
        return answer({}, status, Retry_After="3600")

    with pytest.raises(ApiError) as raised:
        ask(script, lambda c: c.account())
    assert (raised.value.retry_after, len(seen)) == (3600, 1)


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_asks_for_a_pause_makes_every_request_wait(status: int) -> None:
    clock = FakeClock()
    turns = in_turn(answer({}, status, Retry_After="5"), answer({"id": "a"}))
    stop = asyncio.Event()

    def script(request: str) -> bytes | None:
        stop.set()
        answered = turns(request)
        assert isinstance(answered, bytes)
        return answered

    async def both(checkly: Checkly) -> tuple[float, float]:
        with pytest.raises(ApiError):
            await checkly.trigger(REQUEST, Flight(stop=stop))
        refused_at = clock.time
        await checkly.account()
        return refused_at, clock.time

    options = ClientOptions(patience_seconds=60.0)
    (refused_at, answered_at), requests = ask(script, both, clock=clock, options=options)
    assert len(requests) == 2
    assert refused_at == 1000.0
    assert answered_at - refused_at >= 5.0


def test_a_redirect_is_not_followed() -> None:
    seen: list[str] = []

    def script(request: str) -> bytes:
        seen.append(request)
        return answer({}, 307, Location="/v2/elsewhere")

    with pytest.raises(ApiError):
        ask(script, lambda c: c.account())
    assert len(seen) == 1


def test_a_huge_answer_is_refused_before_it_fills_the_memory() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"
    huge = Drip([head, *[b"x" * 1_000_000] * 100])

    async def main() -> int:
        options = ClientOptions(answer_seconds=20.0, patience_seconds=0.0)
        async with scripted(lambda _: huge) as server, client(server.url, options=options) as c:
            with pytest.raises(ApiError, match="larger than 16 MiB"):
                await c.account()
            return server.sent

    assert asyncio.run(main()) < 60_000_000


def test_a_packed_answer_is_refused() -> None:
    assert ask(lambda _: answer({"id": "a"}, Content_Encoding="Identity"), lambda c: c.account())
    packed = answer(b"\x1f\x8b", Content_Encoding="gzip")
    with pytest.raises(ApiError, match="is compressed"):
        ask(lambda _: packed, lambda c: c.account())


def test_a_server_that_never_answers_is_left_after_a_time() -> None:
    with pytest.raises(Unreachable, match="did not answer within 1 s") as raised:
        ask(lambda _: SILENCE, lambda c: c.trigger(REQUEST))
    assert raised.value.sent


def test_a_drip_of_bytes_does_not_outlive_the_deadline() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    drip = Drip([head, *[b"x"] * 100], seconds=0.1)
    with pytest.raises(Unreachable, match="did not answer within 1 s"):
        ask(lambda _: drip, lambda c: asyncio.wait_for(c.account(), 8))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_refused_connection_was_surely_not_sent() -> None:
    async def main() -> Unreachable:
        async with client(f"http://127.0.0.1:{free_port()}") as checkly:
            with pytest.raises(Unreachable, match="not accepted") as raised:
                await checkly.trigger(REQUEST)
            return raised.value

    error = asyncio.run(main())
    assert not error.sent
    assert error.hint


def trouble(error: httpx.HTTPError, cause: Exception | None) -> Unreachable:
    """How an error of the library below comes out of the edge."""

    async def main() -> Unreachable:
        error.__cause__ = cause
        async with client("http://127.0.0.1:9") as checkly:
            checkly._client._transport = httpx.MockTransport(raises)
            with pytest.raises(Unreachable) as raised:
                await checkly.send(Question("GET", "/x"), 1)
            return raised.value

    def raises(_: httpx.Request) -> httpx.Response:
        raise error

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("error", "cause", "said", "sent"),
    [
        (httpx.ConnectError("x"), socket.gaierror(-2, "x"), "name was not found", False),
        (httpx.ConnectError("x"), ssl.SSLCertVerificationError("x"), "not trusted", False),
        (httpx.ConnectError("x"), ssl.SSLError("x"), "no encrypted connection", False),
        (httpx.ConnectError("x"), None, "not accepted", False),
        (httpx.ProxyError("407"), None, "the proxy refused", False),
        (httpx.ConnectTimeout("x"), None, "no connection to", False),
        (httpx.PoolTimeout("x"), None, "no connection to", False),
        (httpx.ReadTimeout("x"), None, "did not answer", True),
        (httpx.ReadError("x"), None, "broke before", True),
        (httpx.RemoteProtocolError("x"), None, "broke before", True),
    ],
)
def test_each_kind_of_trouble_is_explained(
    error: httpx.HTTPError, cause: Exception | None, said: str, sent: bool
) -> None:
    found = trouble(error, cause)
    assert said in found.message
    assert found.sent is sent
    assert found.hint


def kinds() -> list[type[httpx.HTTPError]]:
    return [
        kind
        for _, kind in inspect.getmembers(httpx, inspect.isclass)
        if issubclass(kind, httpx.RequestError)
    ]


@pytest.mark.parametrize("kind", kinds())
def test_no_error_of_the_library_below_leaks(kind: type[httpx.HTTPError]) -> None:
    assert isinstance(trouble(kind("boom"), None), RunnerError)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "ftp://127.0.0.1"])
def test_a_proxy_that_can_not_be_used_is_said_to_be_so(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(UsageError, match="proxy's address"):
        client("https://api.example.com")


def test_certificates_that_can_not_be_read_are_said_to_be_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/at/all.pem")
    with pytest.raises(UsageError, match="SSL_CERT_FILE"):
        client("https://api.example.com")


def test_loopback_heeds_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    found, _ = ask(lambda _: answer({"name": "a"}), lambda c: c.account())
    assert found.name == "a"


def test_requests_are_told_without_headers_or_values() -> None:
    events: list[Event] = []
    ask(in_turn(answer({}, 500), answer({"id": "a"})), lambda c: c.account(), events)
    assert [(e.method, e.path, e.status) for e in events if isinstance(e, RequestMade)] == [
        ("GET", "/v1/accounts/me", 500),
        ("GET", "/v1/accounts/me", 200),
    ]
    assert KEY not in repr(events)


def test_the_servers_clock_goes_on_from_its_date() -> None:
    async def main() -> None:
        reply = answer({"id": "a"})
        async with scripted(lambda _: reply) as server, client(server.url) as checkly:
            assert checkly.server_now() is None
            await checkly.account()
            now = checkly.server_now()
            assert now is not None
            assert 0 <= (now.timestamp() - 1785585600) < 5

    asyncio.run(main())


@pytest.mark.parametrize("date", ["", "yesterday", "Sat, 99 Aug 2026 99:00:00 GMT", "0"])
def test_a_date_that_is_none_is_no_trouble(date: str) -> None:
    reply = answer({"id": "a"}).replace(b"Sat, 01 Aug 2026 12:00:00 GMT", date.encode())

    async def main(checkly: Checkly) -> object:
        await checkly.account()
        return checkly.server_now()

    found, _ = ask(lambda _: reply, main)
    assert found is None


ODD: list[Any] = [None, True, 3, -1.5, "x\x1b[31m\r\n\u202e", [], {}, [[{}]], {"a": 1}, 1e308]
RESULT_FIELDS = (
    "testSessionResultId",
    "checkId",
    "name",
    "status",
    "startedAt",
    "responseTime",
    "isDegraded",
)
SESSION_FIELDS = (
    "testSessionId",
    "testSessionLink",
    "name",
    "status",
    "startedAt",
    "stoppedAt",
    "metadata",
)


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_no_field_of_a_wrong_type_is_an_error(odd: Any) -> None:
    result = dict.fromkeys(RESULT_FIELDS, odd)
    body = {**dict.fromkeys(SESSION_FIELDS, odd), "results": [result, odd]}
    session, _ = ask(lambda _: answer(body), lambda c: c.session(ID))
    assert isinstance(session.name, str)
    assert session.started_at is None or session.started_at.tzinfo is not None

"""A small model of the API behind the client: sessions in a list, and faults that are drawn.

Times are seconds of the model; what the server says of them may be off by ``skew``.
"""

import asyncio
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from types import MappingProxyType
from typing import Any

import httpx

from runner.models.verdict import Verdict
from tests.engine.virtual import START

#: What may happen to a request: it is done or not, and the answer comes, is wrong, or is lost.
FAULTS = (
    *("fine",) * 9,
    "fine",
    "fine",
    "fine",
    "refused",
    "reset before",
    "reset after",
    "429",
    "429 for 35 s",
    "500 before",
    "500 after",
    "garbage",
    "no id",
    "time-out before",
    "time-out after",
    "slow",
    "crash before",
    "crash after",
    "surrogate",
    "latin-1",
    "raw tab",
    "other id",
    "404 page",
    "404 location",
    "404 no match",
    "410",
    "signal",
)
_DONE = {
    *("fine", "reset after", "500 after", "garbage", "no id", "time-out after", "crash after"),
    *("surrogate", "latin-1", "raw tab", "other id", "signal"),
}
#: A trigger that is slow is accepted so many seconds after it came, its answer lost.
_SLOW = 8.0
_REFUSALS: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "429": (429, b'{"message": "slow down"}', {}),
    "429 for 35 s": (429, b'{"message": "slow down"}', {"Retry-After": "35"}),
    "500": (500, b'{"message": "oops"}', {}),
    "500 before": (500, b"", {}),
    "500 after": (500, b'"oops"', {}),
    "garbage": (200, b"<html>", {}),
    "404 page": (404, b"<html>none</html>", {"Content-Type": "text/html"}),
    "404 location": (404, b'{"statusCode": 404, "message": "No such location."}', {}),
    "404 no match": (404, b'{"statusCode": 404, "message": "No checks match."}', {}),
    "410": (410, b'["gone"]', {}),
}
_ODD = {"surrogate": b"cut \\ud83d", "latin-1": b"caf\xe9", "raw tab": b"a\tb"}

#: How sessions end, and what is true of each.
ENDINGS = {
    "PASSED": Verdict.PASSED,
    "FAILED": Verdict.FAILED,
    "CANCELLED": Verdict.CANCELLED,
    "degraded": Verdict.DEGRADED,
    "flaky": Verdict.FLAKY,
    "passed with failures": Verdict.FAILED,
    "passed and aborted": Verdict.FAILED,
    "two results": Verdict.FAILED,
    "failed without a failure": Verdict.FAILED,
    "word nobody knows": Verdict.PASSED,
    "no word": Verdict.PASSED,
    "no results": Verdict.NO_MATCH,
    "neither": Verdict.UNKNOWN,
    "late failure": Verdict.FAILED,
    "ended trigger": Verdict.FAILED,
    "never": Verdict.TIMED_OUT,
}
NEVER = 1e9
#: So long a result may come after the end of its session.
_LATE = 12.0
_WORDS = {
    "word nobody knows": "TIMED_OUT",
    "no word": None,
    "neither": "WHAT",
    "FAILED": "FAILED",
    "failed without a failure": "FAILED",
    "ended trigger": "FAILED",
    "CANCELLED": "CANCELLED",
}
_FINAL = {
    "testSessionResultId": "r",
    "checkId": "c",
    "name": "home",
    "resultType": "FINAL",
    "status": "PASSED",
}
_FAILED = {"status": "FAILED", "hasFailures": True}
_RESULTS: dict[str, list[dict[str, Any]]] = {
    "FAILED": [_FAILED],
    "CANCELLED": [{"status": "CANCELLED"}],
    "degraded": [{"isDegraded": True}],
    "flaky": [{**_FAILED, "resultType": "ATTEMPT"}, {}],
    "passed with failures": [{"hasFailures": True}],
    "passed and aborted": [{"aborted": True}],
    "two results": [_FAILED, {}],
    "no results": [],
    "neither": [],
    "late failure": [_FAILED],
    "ended trigger": [_FAILED],
}


class Crash(BaseException):
    """The process dies; nothing may catch it."""


@dataclass
class ModelSession:
    """A session as the server has it.

    Attributes:
        by: The apply that made it; empty if it was somebody who has no part in the state.
        made: When it was made.
        ending: One of ``ENDINGS``.
        seconds: How long it runs.
        lag: How long it takes to appear in the list.
        skew: How far its times are ahead.
    """

    id: str
    by: str
    body: dict[str, Any]
    made: float
    ending: str = "PASSED"
    seconds: float = 1.0
    lag: float = 0.0
    skew: float = 0.0

    @property
    def ends(self) -> float:
        return self.made + (NEVER if self.ending == "never" else self.seconds)

    @property
    def owner(self) -> str:
        """The instance that it was started for."""
        return str(self.body["environmentVariables"][0]["value"])

    def shown(self, moment: float) -> str:
        """A moment as the server's clock had it."""
        return (START + timedelta(seconds=moment + self.skew)).isoformat()


@dataclass
class ModelServer:
    """The network's far side.

    Attributes:
        endings: Ending, seconds and lag of the next sessions, in order.
        said_no_match: Instances of which it said that no checks match.
        skew: How far its sessions' times are ahead.
        date: How far its ``Date`` is ahead; ``None`` where it sends none.
        broken: What answers each completion, for good; empty if it works.
    """

    sessions: list[ModelSession] = field(default_factory=list)
    endings: list[tuple[str, float, float]] = field(default_factory=list)
    said_no_match: set[str] = field(default_factory=set)
    skew: float = 0.0
    date: float | None = 0.0
    broken: str = ""
    _accepted: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list)

    def do(self, request: httpx.Request, by: str) -> tuple[int, Any]:
        """Do the work; returns the status and the body of the answer."""
        now = _now()
        for due, whose, body in self._accepted:
            if due <= now:
                self.make(whose, body, due)
        self._accepted = [each for each in self._accepted if each[0] > now]
        parts = request.url.path.strip("/").split("/")
        if parts[-1] == "trigger":
            assert by, "only an apply starts sessions"
            session = self.make(by, json.loads(request.content), now)
            answer = self._view(session, now)
            return 201, answer | {"results": []} if session.ending == "ended trigger" else answer
        if parts[-1] == "test-sessions":
            return 200, {"length": 0, "entries": self._list(request, now), "nextId": None}
        if parts[-1] == "me":
            return 200, {"id": "acc"}
        session = next(each for each in self.sessions if each.id == parts[2])
        if parts[-1] == "cancel":
            return 204, ""
        if parts[-1] == "completion" and now < session.ends:
            return 408, {"message": "not yet"}
        return 200, self._view(session, now) if len(parts) < 5 else {}

    def accept(self, request: httpx.Request, by: str) -> None:
        """Take in a trigger that is worked on later."""
        self._accepted.append((_now() + _SLOW, by, json.loads(request.content)))

    def make(self, by: str, body: dict[str, Any], made: float) -> ModelSession:
        """Make a session."""
        ending = self.endings.pop(0) if self.endings else ("PASSED", 1.0, 0.0)
        session = ModelSession(
            str(uuid.UUID(int=len(self.sessions))), by, body, made, *ending, self.skew
        )
        self.sessions.append(session)
        return session

    def headers(self) -> dict[str, str]:
        """The headers of an answer."""
        if self.date is None:
            return {}
        moment = START + timedelta(seconds=int(_now() + self.date))
        return {"Date": format_datetime(moment, usegmt=True)}

    def _list(self, request: httpx.Request, now: float) -> list[dict[str, Any]]:
        since = float(request.url.params.get("from", 0))
        text = request.url.params.get("textSearch", "")
        return [
            {
                "id": session.id,
                "name": session.body["name"],
                "region": session.body["runLocation"],
                "created_at": session.shown(session.made),
                "startedAt": session.shown(session.made),
            }
            for session in self.sessions
            if session.made + session.lag <= now
            and START.timestamp() + session.made + session.skew >= since
            and text in session.body["name"]
        ]

    def _view(self, session: ModelSession, now: float) -> dict[str, Any]:
        is_over = now >= session.ends or session.ending == "ended trigger"
        status = _WORDS.get(session.ending, "PASSED") if is_over else "RUNNING"
        return {
            "testSessionId": session.id,
            "testSessionLink": f"https://app.example.com/{session.id}",
            "status": status,
            "startedAt": session.shown(session.made),
            "stoppedAt": session.shown(session.ends) if is_over else None,
            "results": _results(session, now, is_over=is_over),
        }


def _results(session: ModelSession, now: float, *, is_over: bool) -> list[dict[str, Any]]:
    is_late = session.ending == "late failure" and now < session.ends + _LATE
    if not is_over or is_late:
        return [{**_FINAL, "resultType": "PENDING", "status": "RUNNING"}]
    changes = _RESULTS.get(session.ending, [{}])
    return [_FINAL | change for change in changes]


@dataclass
class Line(httpx.AsyncBaseTransport):
    """The connection of one process, and what happens on it.

    Attributes:
        by: The apply that is at work; empty for a command that must start nothing.
        faults: What happens to the next requests, in order; all is fine after that.
        signal: Sends the process a signal.
        is_dead: Whether the process has crashed.
    """

    server: ModelServer
    by: str
    faults: list[str]
    signal: Callable[[], None] = lambda: None
    is_dead: bool = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Do the work, or not, and answer, or not."""
        if self.is_dead:
            raise Crash
        path, server = request.url.path, self.server
        fault = self._fault(path)
        if fault == "slow":
            server.accept(request, self.by)
        done = server.do(request, self.by) if fault in _DONE else None
        if fault == "fine" and done and done[0] == 408:  # a long poll
            until = _now() + float(request.url.params["maxWaitSeconds"])
            while done[0] == 408 and _now() < until:
                await asyncio.sleep(0.5)
                done = server.do(request, self.by)
        if fault == "404 no match" and path.endswith("/trigger"):
            body = json.loads(request.content)
            server.said_no_match.add(body["environmentVariables"][0]["value"])
        answer = self._refusal(fault)
        if answer is None and fault.startswith(("time-out", "slow")):
            await asyncio.sleep(1e6)
        if answer is None:
            assert done is not None
            answer = self._answer(fault, *done)
        return answer

    def _fault(self, path: str) -> str:
        """The next fault, or what is nearest to it at this endpoint."""
        is_trigger = path.endswith("/trigger")
        fault = self.faults.pop(0) if self.faults else "fine"
        if path.endswith("/completion") and self.server.broken:
            return self.server.broken
        if fault == "other id" and is_trigger:
            return "no id"  # nothing tells that it is another's
        return "time-out before" if fault == "slow" and not is_trigger else fault

    def _refusal(self, fault: str) -> httpx.Response | None:
        """What comes instead of an answer, if so; raises where nothing comes."""
        if fault == "refused":
            raise httpx.ConnectError("refused")
        if fault.startswith("reset"):
            raise httpx.ReadError("reset")
        if fault.startswith("crash"):
            self.is_dead = True
            raise Crash
        if fault not in _REFUSALS:
            return None
        status, body, headers = _REFUSALS[fault]
        return self._response(status, body, headers)

    def _answer(self, fault: str, status: int, body: Any) -> httpx.Response:
        if fault == "signal":
            self.signal()
        if fault == "no id" and isinstance(body, dict):
            body = {key: value for key, value in body.items() if key != "testSessionId"}
        if fault == "other id" and isinstance(body, dict) and "testSessionId" in body:
            others = [s.id for s in self.server.sessions if s.id != body["testSessionId"]]
            body = body | {"testSessionId": (others or [str(uuid.UUID(int=1 << 64))])[-1]}
        content = json.dumps(body)
        if fault in _ODD and isinstance(body, dict):
            return self._response(status, b'{"odd": "%s", ' % _ODD[fault] + content[1:].encode())
        return self._response(status, content.encode())

    def _response(
        self, status: int, content: bytes, headers: Mapping[str, str] = MappingProxyType({})
    ) -> httpx.Response:
        stream = httpx.ByteStream(content)  # one that was not read yet
        return httpx.Response(status, stream=stream, headers=self.server.headers() | {**headers})


def _now() -> float:
    return asyncio.get_running_loop().time()

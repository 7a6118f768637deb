"""A small model of the API behind the client: sessions in a list, and faults that are drawn."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import httpx

#: What may happen to a request: it is done or not, and the answer comes, is wrong, or is lost.
FAULTS = (
    "fine",
    "fine",
    "fine",
    "refused",
    "reset before",
    "reset after",
    "429",
    "500 before",
    "500 after",
    "garbage",
    "no id",
    "time-out before",
    "time-out after",
    "crash before",
    "crash after",
)
_DONE = {"fine", "reset after", "500 after", "garbage", "no id", "time-out after", "crash after"}


class Crash(BaseException):
    """The process dies; nothing may catch it."""


@dataclass
class ModelSession:
    """A session as the server has it.

    Attributes:
        by: The apply that was at work when it was made.
        polls: How many more polls find it running.
        looks: How many more looks do not list it yet.
    """

    id: str
    by: str
    body: dict[str, Any]
    made: datetime
    status: str
    polls: int
    looks: int

    @property
    def is_over(self) -> bool:
        return self.polls <= 0


@dataclass
class ModelServer(httpx.AsyncBaseTransport):
    """The network's far side.

    Attributes:
        faults: What happens to the next requests, in order; all is fine after that.
        endings: Status, polls and looks of the next sessions, in order.
    """

    sessions: list[ModelSession] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    endings: list[tuple[str, int, int]] = field(default_factory=list)
    current: str = ""

    def prepare(
        self, by: str, faults: Sequence[str], endings: Sequence[tuple[str, int, int]] = ()
    ) -> None:
        """Say what is to happen while the apply ``by`` is at work."""
        self.current, self.faults, self.endings = by, list(faults), list(endings)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Do the work, or not, and answer, or not."""
        fault = self.faults.pop(0) if self.faults else "fine"
        done = self._do(request) if fault in _DONE else None
        match fault.split()[0]:
            case "refused":
                raise httpx.ConnectError("refused")
            case "reset":
                raise httpx.ReadError("reset")
            case "time-out":
                raise httpx.ReadTimeout("time-out")
            case "crash":
                raise Crash
            case "429":
                return _answer(429, {"message": "slow down"})
            case "500":
                return _answer(500, {"message": "oops"})
            case "garbage":
                return httpx.Response(200, content=b"<html>", headers=_date())
        assert done is not None
        status, body = done
        if fault == "no id" and isinstance(body, dict):
            body = {key: value for key, value in body.items() if key != "testSessionId"}
        return _answer(status, body)

    def _do(self, request: httpx.Request) -> tuple[int, Any]:
        parts = request.url.path.strip("/").split("/")
        if parts[-1] == "trigger":
            return 201, self._view(self._make(json.loads(request.content)))
        if parts[-1] == "test-sessions":
            return 200, {"length": 0, "entries": self._list(request), "nextId": None}
        if parts[-1] == "me":
            return 200, {"id": "acc"}
        session = next(each for each in self.sessions if each.id == parts[2])
        if parts[-1] == "cancel":
            return 204, ""
        if parts[-1] == "completion":
            session.polls -= 1
            if not session.is_over:
                return 408, {"message": "not yet"}
        return 200, self._view(session)

    def _make(self, body: dict[str, Any]) -> ModelSession:
        status, polls, looks = self.endings.pop(0) if self.endings else ("PASSED", 1, 0)
        now = datetime.now(UTC)
        made = ModelSession(str(uuid.uuid4()), self.current, body, now, status, polls, looks)
        self.sessions.append(made)
        return made

    def _list(self, request: httpx.Request) -> list[dict[str, Any]]:
        since = float(request.url.params.get("from", 0))
        entries = []
        for session in self.sessions:
            session.looks -= 1
            if session.looks < 0 and session.made.timestamp() >= since:
                entries.append(
                    {
                        "id": session.id,
                        "name": session.body["name"],
                        "region": session.body["runLocation"],
                        "created_at": session.made.isoformat(),
                        "startedAt": session.made.isoformat(),
                    }
                )
        return entries

    def _view(self, session: ModelSession) -> dict[str, Any]:
        status = session.status if session.is_over else "RUNNING"
        result = {
            "testSessionResultId": "r",
            "checkId": "c",
            "name": "home",
            "resultType": "FINAL" if session.is_over else "PENDING",
            "status": status,
        }
        return {
            "testSessionId": session.id,
            "testSessionLink": f"https://app.example.com/{session.id}",
            "status": status,
            "startedAt": session.made.isoformat(),
            "stoppedAt": session.made.isoformat() if session.is_over else None,
            "results": [result],
        }


def _date() -> dict[str, str]:
    return {"Date": format_datetime(datetime.now(UTC), usegmt=True)}


def _answer(status: int, body: Any) -> httpx.Response:
    return httpx.Response(status, json=body, headers=_date())

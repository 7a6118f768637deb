"""The sessions of an emulator: started, looked up, listed, cancelled."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.emulator.sessions.timeline import FAILING, Attempt, Run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAMESPACE = uuid.UUID("0b7f5c1e-8b1b-4f3b-9d77-2f6f7f2f8a55")


def status_of(attempt: Attempt, now: float) -> str:
    """Return an attempt's status as the API spells it."""
    if attempt.ends > now:
        return "RUNNING"
    if attempt.outcome in FAILING:
        return "FAILED"
    return "CANCELLED" if attempt.outcome == "cancelled" else "PASSED"


def error_group(run: Run) -> str:
    """Return the id of the group of a run's failures: the same check with the same error."""
    return str(uuid.uuid5(_NAMESPACE, f"{run.check.id}\n{error_message(run)}"))


def error_message(run: Run) -> str:
    """Return the message of a run's failures."""
    return run.check.error or "the check failed"


def error_groups(run: Run, now: float) -> list[str]:
    """Return the error groups seen in a run so far."""
    if any(a.outcome in FAILING and a.ends <= now for a in run.attempts):
        return [error_group(run)]
    return []


@dataclass(slots=True, kw_only=True)
class Session:
    """A test session.

    Attributes:
        number: Its place in the order of creation, from 0.
        body: The body of the request that started it, exactly as it was received.
        metadata: Where it comes from, in the contract's words.
        started: Unix seconds.
    """

    id: str
    number: int
    name: str
    location: str
    private_location_id: str | None
    started: float
    runs: tuple[Run, ...]
    metadata: Mapping[str, Any]
    provider: str
    body: Mapping[str, Any]

    @property
    def ends(self) -> float:
        """When the last run ends, in Unix seconds; infinity when it never does."""
        return max(run.ends for run in self.runs)

    def status(self, now: float) -> str:
        """Return the session's status at `now`."""
        if self.ends > now:
            return "RUNNING"
        last = {status_of(run.attempts[-1], now) for run in self.runs}
        for status in ("FAILED", "CANCELLED"):
            if status in last:
                return status
        return "PASSED"

    def error_groups(self, now: float) -> list[str]:
        """Return the error groups seen so far, each once."""
        return list(dict.fromkeys(group for run in self.runs for group in error_groups(run, now)))

    def cancel(self, now: float, sequence_ids: Sequence[str] | None) -> None:
        """Stop the Playwright runs in progress; all others go on (contract, cancel)."""
        wanted = None if sequence_ids is None else {s.lower() for s in sequence_ids}
        self.runs = tuple(
            run.cancelled(now)
            if run.check.type == "PLAYWRIGHT" and (wanted is None or run.sequence_id in wanted)
            else run
            for run in self.runs
        )


class CursorError(ValueError):
    """A cursor that this API did not give out."""


class SessionStore:
    """All sessions, in the order of their creation."""

    def __init__(self) -> None:
        self._by_id: dict[str, Session] = {}
        self._order: list[Session] = []

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Any:
        return iter(self._order)

    def add(self, session: Session) -> None:
        """Keep a new session."""
        self._by_id[session.id] = session
        self._order.append(session)

    def get(self, session_id: str) -> Session | None:
        """Return a session by id, in either case of letters."""
        return self._by_id.get(session_id.lower())

    def clear(self) -> None:
        """Forget all sessions."""
        self._by_id.clear()
        self._order.clear()

    def page(self, query: Mapping[str, Any], now: float) -> tuple[list[Session], str | None]:
        """Return a page of sessions, newest first, and the cursor of the next one.

        Args:
            query: The parameters of the list endpoint, read and checked.
            now: The emulator's time.

        Raises:
            CursorError: `nextId` is not one of ours.
        """
        limit = max(0, 20 if query["limit"] is None else query["limit"])
        before = _read_cursor(query["nextId"]) if query["nextId"] else len(self._order)
        found: list[Session] = []
        for session in reversed(self._order[:before]):
            if _wanted(session, query, now):
                if len(found) == limit:
                    last = found[-1].number if found else session.number + 1
                    return found, _cursor(last)
                found.append(session)
        return found, None


def _wanted(session: Session, query: Mapping[str, Any], now: float) -> bool:
    metadata = session.metadata
    owner = metadata.get("commitOwner")
    checks = (
        query["from"] is None or session.started >= query["from"],
        query["to"] is None or session.started < query["to"],
        not query["statuses"] or session.status(now) in query["statuses"],
        not query["branches"] or metadata.get("branchName") in query["branches"],
        not query["providers"] or session.provider in query["providers"],
        not query["users"] or (owner in query["users"] if owner else query["noUsers"]),
        not query["textSearch"] or _mentions(session, query["textSearch"].casefold()),
        not query["errorGroupId"] or query["errorGroupId"] in session.error_groups(now),
    )
    return all(checks)


def _mentions(session: Session, text: str) -> bool:
    fields = ("environment", "repoUrl", "commitId", "commitOwner", "commitMessage", "branchName")
    texts = [session.name, *(session.metadata.get(field) or "" for field in fields)]
    return any(text in candidate.casefold() for candidate in texts)


def _cursor(number: int) -> str:
    return base64.urlsafe_b64encode(f"session:{number}".encode()).decode().rstrip("=")


def _read_cursor(text: str) -> int:
    try:
        plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        number = int(plain.removeprefix("session:"))
    except ValueError:
        number = -1
    if number < 0 or _cursor(number) != text:
        raise CursorError('"nextId" is not a cursor of this API')
    return number

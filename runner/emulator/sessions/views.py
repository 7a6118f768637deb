"""The API's answers about sessions, results, checks and locations, as JSON values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from runner.emulator.sessions.details import details_view
from runner.emulator.sessions.sessions import error_group, status_of
from runner.emulator.sessions.timeline import FAILING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.emulator.sessions.sessions import Session
    from runner.emulator.sessions.timeline import Attempt, Run
    from runner.emulator.world.world import Check, PrivateLocation, World

_EPOCH = "2026-01-01T00:00:00.000Z"


def timestamp(moment: float) -> str:
    """Spell a moment (Unix seconds) the way the API does."""
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _day(moment: str) -> str:
    return moment.partition("T")[0]


def _moment(moment: float, now: float) -> str | None:
    return timestamp(moment) if moment <= now else None


def session_link(app: str, session: Session) -> str:
    """Return the page of a session."""
    return f"{app}/test-sessions/{session.id}"


def result_link(app: str, session: Session, attempt: Attempt) -> str:
    """Return the page of a result."""
    return f"{session_link(app, session)}/results/{attempt.id}"


def session_view(session: Session, now: float, app: str) -> dict[str, Any]:
    """Return a session as the get, trigger and completion endpoints show it."""
    ended = session.ends <= now
    view: dict[str, Any] = {
        "testSessionId": session.id,
        "testSessionLink": session_link(app, session),
        "name": session.name,
        "status": session.status(now),
        "errorGroupIds": session.error_groups(now),
        "startedAt": timestamp(session.started),
        "stoppedAt": timestamp(session.ends) if ended else None,
        "timeElapsed": round((min(session.ends, now) - session.started) * 1000),
        "results": [
            result_view(session, run, attempt, now, app)
            for run in session.runs
            for attempt in run.visible(now)
        ],
    }
    if session.metadata:
        view["metadata"] = dict(session.metadata)
    return view


def result_view(
    session: Session, run: Run, attempt: Attempt, now: float, app: str
) -> dict[str, Any]:
    """Return a result as a session lists it."""
    ended = attempt.ends <= now
    failed = ended and attempt.outcome in FAILING
    return {
        "testSessionResultId": attempt.id,
        "testSessionResultLink": result_link(app, session, attempt),
        "checkId": run.check.id,
        "checkType": run.check.type,
        "name": run.check.name,
        "runLocation": attempt.location,
        "errorGroupIds": [error_group(run)] if failed else [],
        "resultType": _result_type(run, attempt, now),
        "status": status_of(attempt, now),
        "hasErrors": failed and attempt.outcome == "aborted",
        "hasFailures": failed,
        "isDegraded": ended and attempt.outcome == "degraded",
        "aborted": failed and attempt.outcome == "aborted",
        "responseTime": _response_time(run.check, attempt) if ended else None,
        "startedAt": _moment(attempt.starts, now),
        "stoppedAt": _moment(attempt.ends, now),
    }


def _result_type(run: Run, attempt: Attempt, now: float) -> str:
    if attempt.ends > now:
        return "PENDING"
    return "FINAL" if attempt is run.attempts[-1] else "ATTEMPT"


def _response_time(check: Check, attempt: Attempt) -> float:
    if check.response_time is not None and attempt.outcome not in {"cancelled", "aborted"}:
        return check.response_time
    return round((attempt.ends - attempt.starts) * 1000)


def result_detail_view(
    session: Session, run: Run, attempt: Attempt, now: float, app: str
) -> dict[str, Any]:
    """Return a result with everything that is known about it."""
    ended = attempt.ends <= now
    view = result_view(session, run, attempt, now, app) | {
        "id": attempt.id,
        "privateLocationId": session.private_location_id,
        "filePath": None,
        "isCancelled": ended and attempt.outcome == "cancelled",
        "overMaxResponseTime": False,
        "attempts": run.attempts.index(attempt) + 1,
        "sequenceId": run.sequence_id,
        "scheduleError": None,
        "traceId": None,
        "created_at": timestamp(attempt.created),
        "updated_at": _moment(attempt.ends, now),
    }
    if ended:
        view |= details_view(run, attempt, now, app)
    return view


def entry_view(session: Session, now: float, account_id: str) -> dict[str, Any]:
    """Return a session as the list endpoint shows it."""
    groups: dict[str, list[str]] = {"RUNNING": [], "PASSED": [], "FAILED": [], "CANCELLED": []}
    for run in session.runs:
        groups[status_of(run.attempts[-1], now)].append(run.sequence_id)
    metadata = session.metadata
    return {
        "id": session.id,
        "accountId": account_id,
        "projectId": None,
        "name": session.name,
        "provider": session.provider,
        "errorGroupIds": session.error_groups(now),
        "running": groups["RUNNING"],
        "passed": groups["PASSED"],
        "failed": groups["FAILED"],
        "cancelled": groups["CANCELLED"],
        "status": session.status(now),
        "region": session.location,
        "privateLocationId": session.private_location_id,
        "invoker": None,
        "repoUrl": metadata.get("repoUrl"),
        "commitId": metadata.get("commitId"),
        "commitOwner": metadata.get("commitOwner"),
        "commitMessage": metadata.get("commitMessage"),
        "branchName": metadata.get("branchName"),
        "environment": metadata.get("environment"),
        "startedAt": timestamp(session.started),
        "stoppedAt": timestamp(session.ends) if session.ends <= now else None,
        "created_at": timestamp(session.started),
        "updated_at": timestamp(min(session.ends, now)),
    }


def check_view(check: Check, *, apply_group: bool) -> dict[str, Any]:
    """Return a check as the checks endpoint shows it."""
    tags = list(dict.fromkeys([*check.tags, *(check.group_tags if apply_group else ())]))
    view: dict[str, Any] = {
        "id": check.id,
        "name": check.name,
        "checkType": check.type,
        "description": check.description,
        "activated": check.activated,
        "muted": check.muted,
        "tags": tags,
        "locations": ["eu-west-1", "us-east-1"],
        "privateLocations": [],
        "groupId": check.group_id,
        "frequency": 10,
        "runtimeId": None,
        "created_at": _EPOCH,
        "updated_at": None,
        "environmentVariables": [
            {"key": key, "value": value, "locked": False, "secret": False}
            for key, value in check.variables.items()
        ],
    }
    if check.script is not None:
        view["script"] = check.script
    if check.url is not None:
        view["request"] = {"method": "GET", "url": check.url}
    return view


def private_location_view(
    location: PrivateLocation, *, now: float, versions: bool
) -> dict[str, Any]:
    """Return a private location; its agents' versions only when asked for."""
    view: dict[str, Any] = {
        "id": location.id,
        "name": location.name,
        "slugName": location.slug,
        "icon": "location",
        "created_at": _day(_EPOCH),
        "updated_at": None,
        "keys": [],
        "proxyUrl": None,
        "lastSeen": _day(timestamp(now)) if location.agents else None,
        "agentCount": location.agents,
    }
    if versions:
        agents = [
            {"id": f"{location.slug}-{n}", "lastSeenAt": timestamp(now)}
            for n in range(1, location.agents + 1)
        ]
        view["minAgentVersion"] = location.agent_version if agents else None
        view["runningAgents"] = (
            [
                {
                    "version": location.agent_version,
                    "isOutdated": False,
                    "count": len(agents),
                    "agents": agents,
                }
            ]
            if agents
            else []
        )
    return view


def account_view(world: World) -> dict[str, Any]:
    """Return the account."""
    return {
        "id": world.account_id,
        "name": world.account_name,
        "runtimeId": "2026.04",
        "plan": world.plan,
        "planDisplayName": world.plan.title(),
        "addons": {},
        "settings": {},
        "alertSettings": {},
        "features": [],
    }


def location_views(world: World) -> list[Mapping[str, str]]:
    """Return the public locations."""
    return [{"region": loc.region, "name": loc.name} for loc in world.locations]

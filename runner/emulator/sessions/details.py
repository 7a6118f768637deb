"""The fields of a result that differ from one type of check to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from runner.emulator.sessions.assets import addresses
from runner.emulator.sessions.sessions import error_message
from runner.emulator.sessions.timeline import FAILING

if TYPE_CHECKING:
    from runner.emulator.sessions.timeline import Attempt, Run

_FIELDS = {
    "API": "apiCheckResult",
    "BROWSER": "browserCheckResult",
    "MULTI_STEP": "multiStepCheckResult",
    "PLAYWRIGHT": "playwrightCheckResult",
    "AGENTIC": "agenticCheckResult",
}


def details_view(run: Run, attempt: Attempt, now: float, app: str) -> dict[str, Any]:
    """Return the details of an attempt that has ended; empty for types without any."""
    check = run.check
    field = _FIELDS.get(check.type)
    if field is None:
        return {}
    message = error_message(run) if attempt.outcome in FAILING else None
    details = _api(run, message) if check.type == "API" else _script(run, attempt, message)
    origin = urlsplit(app)
    files = addresses(f"{origin.scheme}://{origin.netloc}", run, attempt, now)
    return {field: details | {"jobLog": _log(run, attempt, message)} | files}


def _api(run: Run, message: str | None) -> dict[str, Any]:
    check = run.check
    status = 200 if message is None else 500
    assertion = {"source": "STATUS_CODE", "property": "", "comparison": "EQUALS", "target": "200"}
    failed = message is not None and not check.network_error
    return {
        "assertions": [assertion | {"actual": status, "error": message if failed else None}],
        "request": {"method": "GET", "url": check.url or "https://www.example.com/"},
        "response": {"status": status, "headers": {}, "body": ""},
        "requestError": message if check.network_error else None,
    }


def _script(run: Run, attempt: Attempt, message: str | None) -> dict[str, Any]:
    kind = run.check.type
    details: dict[str, Any] = {"errors": [] if message is None else [_error(run, message)]}
    if kind in {"BROWSER", "MULTI_STEP"}:
        details |= {
            "startTime": round(attempt.starts * 1000),
            "endTime": round(attempt.ends * 1000),
            "runtimeVersion": "2026.04",
        }
    if kind == "AGENTIC":
        steps = [{"title": "Open the page", "status": "passed"}]
        if message is not None:
            steps.append({"title": "Reach the goal", "status": "failed", "error": message})
        details |= {"summary": message or "The goal was reached.", "steps": steps}
    return details


def _error(run: Run, message: str) -> dict[str, Any]:
    spec = run.check.name.lower().replace(" ", "-")
    stack = f"Error: {message}\n    at {spec}.spec.ts:12:14"
    return {"message": message, "stack": stack, "location": {"line": 12, "column": 14}}


def _log(run: Run, attempt: Attempt, message: str | None) -> list[dict[str, Any]]:
    starts, ends = round(attempt.starts * 1000), round(attempt.ends * 1000)
    end = "Run finished" if message is None else f"Run failed: {message}"
    return [
        {"time": starts, "level": "INFO", "msg": f"Starting {run.check.name}"},
        {"time": ends, "level": "INFO" if message is None else "ERROR", "msg": end},
    ]

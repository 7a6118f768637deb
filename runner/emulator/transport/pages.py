"""The pages that the links of sessions and results lead to: plain HTML without a script."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse
from starlette.routing import Route

from runner.emulator.sessions.assets import asset_routes
from runner.emulator.sessions.sessions import error_message
from runner.emulator.sessions.views import result_view, session_view

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

    from runner.emulator.sessions.sessions import Session
    from runner.emulator.transport.app import Desk

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_STYLE = """\
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0 }
tr { border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent) }
pre { white-space: pre-wrap; margin: 0 }
"""


def page_routes(desk: Desk) -> list[Route]:
    """Return the routes of pages and files, which ask for no key: a browser has none."""

    async def serve(request: Request) -> HTMLResponse:
        account, names = desk.account, request.path_params
        session = account.store.get(names["session"])
        wanted = names.get("result", "").lower()
        now = account.clock.now()
        if session is None or names["account"].lower() != account.world.account_id:
            return _page("Not found", "<p>The emulator has no such session.</p>", 404)
        rows = list(_rows(session, wanted, now, account.app))
        if not rows:
            return _page("Not found", "<p>The session has no such result.</p>", 404)
        view = session_view(session, now, account.app)
        body = (
            f"{_facts(view)}<table><tr><th>Check<th>Result<th>Seconds</tr>{''.join(rows)}</table>"
        )
        if wanted:
            body += f"<p><a href='{escape(view['testSessionLink'])}'>All results</a></p>"
        return _page(session.name, body, refresh=session.ends > now)

    address = "/accounts/{account}/test-sessions/{session}"
    pages = [Route(address, serve), Route(f"{address}/results/{{result}}", serve)]
    return pages + asset_routes(desk.account.clock)


def _facts(view: dict[str, Any]) -> str:
    seconds = f"{view['timeElapsed'] / 1000:.1f} s"
    metadata = view.get("metadata", {})
    facts = {"Status": view["status"], "Started": view["startedAt"], "Took": seconds} | {
        name: metadata[key]
        for name, key in (("Environment", "environment"), ("Commit", "commitId"))
        if metadata.get(key)
    }
    return f"<p>{'<br>'.join(f'{name}: {escape(str(text))}' for name, text in facts.items())}</p>"


def _rows(session: Session, wanted: str, now: float, app: str) -> Iterator[str]:
    """A row for each attempt of each check, or for the one that is wanted."""
    for run in session.runs:
        for attempt in run.visible(now):
            view = result_view(session, run, attempt, now, app)
            if wanted not in {"", attempt.id}:
                continue
            again = " (tried again)" if view["resultType"] == "ATTEMPT" else ""
            error = f"<pre>{escape(error_message(run))}</pre>" if view["hasFailures"] else ""
            took = "" if attempt.ends > now else f"{attempt.ends - attempt.starts:.1f}"
            yield (
                f"<tr><td><a href='{escape(view['testSessionResultLink'])}'>"
                f"{escape(run.check.name)}</a><br>{escape(attempt.location)}"
                f"<td>{escape(view['status'])}{again}{error}<td>{took}</tr>"
            )


def _page(title: str, body: str, status: int = 200, *, refresh: bool = False) -> HTMLResponse:
    again = "<meta http-equiv='refresh' content='2'>" if refresh else ""
    return HTMLResponse(
        f"<!doctype html><html lang='en'><meta charset='utf-8'>{again}"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
        f"<h1>{escape(title)}</h1>{body}"
        "<p>This page is available only while the emulator runs.</p></html>",
        status,
        _HEADERS,
    )

"""Files of a check's run, served at signed addresses that expire as those of a real store do."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import zipfile
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

    from runner.emulator.sessions.timeline import Attempt, Run
    from runner.emulator.world.clock import Clock

LIFETIME_SECONDS = 900
_SECRET = b"the emulator signs nothing that matters"
_DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_VIDEO = bytes.fromhex("1a45dfa3") + b"\x00" * 60

#: Folders of files by the field of the details that lists them, for each type of check.
FILES = {
    "BROWSER": {"jobAssets": ["screenshot.png"], "playwrightTestTraces": ["trace.zip"]},
    "MULTI_STEP": {"playwrightTestTraces": ["trace.zip"]},
    "PLAYWRIGHT": {
        "jobAssets": ["screenshot.png"],
        "playwrightTestVideos": ["video.webm"],
        "playwrightTestTraces": ["trace.zip"],
        "playwrightTestJsonReportFile": ["report.json"],
    },
}


def addresses(origin: str, run: Run, attempt: Attempt, now: float) -> dict[str, list[str] | str]:
    """Return the signed addresses of an attempt's files, by the field that lists them."""
    expires = int(now) + LIFETIME_SECONDS
    found: dict[str, list[str] | str] = {}
    for field, names in FILES.get(run.check.type, {}).items():
        signed = [
            f"{origin}/__assets__/{attempt.id}/{name}"
            f"?expires={expires}&signature={_signature(attempt.id, name, expires)}"
            for name in names
        ]
        found[field] = signed[0] if field == "playwrightTestJsonReportFile" else signed
    return found


def asset_routes(clock: Clock) -> list[Route]:
    """Return the route of the files. It asks for no key: the signature is the key."""

    async def serve(request: Request) -> Response:
        name, run = request.path_params["name"], request.path_params["run"]
        expires = request.query_params.get("expires", "")
        signature = request.query_params.get("signature", "")
        if not expires.isdecimal() or not hmac.compare_digest(
            signature.encode(), _signature(run, name, int(expires)).encode()
        ):
            return Response("<Error><Code>SignatureDoesNotMatch</Code></Error>", 403)
        if int(expires) < clock.now():
            return Response("<Error><Code>AccessDenied</Code>Request has expired</Error>", 403)
        return _ranged(request, dict(_contents(run))[name])

    return [Route("/__assets__/{run}/{name}", serve)]


def _ranged(request: Request, content: bytes) -> Response:
    """Answer with the whole content, or what a resumed download still lacks of it."""
    wanted = request.headers.get("range", "")
    start = wanted.removeprefix("bytes=").removesuffix("-")
    if not start.isdecimal() or not 0 < int(start) < len(content):
        return Response(content, media_type="application/octet-stream")
    headers = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
    return Response(content[int(start) :], 206, headers, "application/octet-stream")


def _signature(run: str, name: str, expires: int) -> str:
    text = f"{run}/{name}?{expires}".encode()
    return hmac.new(_SECRET, text, hashlib.sha256).hexdigest()


def _contents(run: str) -> Iterator[tuple[str, bytes]]:
    yield "screenshot.png", _DOT
    yield "video.webm", _VIDEO
    yield "report.json", json.dumps({"suites": [], "run": run}).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as trace:
        event = {"type": "context-options", "browserName": "chromium"}
        trace.writestr(zipfile.ZipInfo("trace.trace"), json.dumps(event) + "\n")
    yield "trace.zip", packed.getvalue()

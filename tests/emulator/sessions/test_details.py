"""What the emulator tells of a result beyond the common fields, and the files behind it."""

import io
import zipfile
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from .test_api import check, world_of

if TYPE_CHECKING:
    from tests.emulator.conftest import Start, Wire


def detail_of(wire: "Wire") -> Any:
    session = wire.start(runLocation="office-berlin")
    [result] = wire.finish(session)["results"]
    path = f"/v1/test-sessions/{session}/results/{result['testSessionResultId']}"
    return wire.http.get(path).json()


def fetch(address: str, **headers: str) -> httpx.Response:
    with httpx.Client(verify=False) as client:
        return client.get(address, headers=headers)


def test_a_failed_api_check_names_the_assertion_that_failed(serve: "Start") -> None:
    wire = serve(world_of(check("A", "API", "failed", error="boom")), virtual_time=True)
    [assertion] = detail_of(wire)["apiCheckResult"]["assertions"]
    assert (assertion["target"], assertion["actual"], assertion["error"]) == ("200", 500, "boom")


@pytest.mark.parametrize("kind", ["API", "BROWSER", "MULTI_STEP", "PLAYWRIGHT", "AGENTIC"])
def test_the_log_tells_how_the_run_ended(serve: "Start", kind: str) -> None:
    wire = serve(world_of(check("A", kind, "failed", error="boom")), virtual_time=True)
    detail = detail_of(wire)
    [own] = [value for key, value in detail.items() if key.endswith("CheckResult")]
    assert "boom" in own["jobLog"][-1]["msg"]


def test_an_agentic_check_tells_its_steps(serve: "Start") -> None:
    wire = serve(world_of(check("A", "AGENTIC", "failed", error="boom")), virtual_time=True)
    own = detail_of(wire)["agenticCheckResult"]
    assert [step["status"] for step in own["steps"]] == ["passed", "failed"]


def test_files_are_served_at_signed_addresses_without_a_key(serve: "Start") -> None:
    wire = serve(world_of(check("A", "PLAYWRIGHT", "failed")), virtual_time=True)
    own = detail_of(wire)["playwrightCheckResult"]
    [trace] = own["playwrightTestTraces"]

    packed = fetch(trace)
    rest = fetch(trace, Range="bytes=10-")

    assert zipfile.ZipFile(io.BytesIO(packed.content)).namelist() == ["trace.trace"]
    assert (rest.status_code, rest.content) == (206, packed.content[10:])
    assert fetch(own["jobAssets"][0]).content.startswith(b"\x89PNG")
    assert fetch(own["playwrightTestVideos"][0]).status_code == 200
    assert fetch(own["playwrightTestJsonReportFile"]).json()["suites"] == []


def test_a_changed_or_expired_address_is_refused(serve: "Start") -> None:
    wire = serve(world_of(check("A", "BROWSER", "failed")), time_scale=0)
    session = wire.start()
    wire.http.post("/__emulator__/advance", json={"seconds": 60})
    [result] = wire.get(session)["results"]
    path = f"/v1/test-sessions/{session}/results/{result['testSessionResultId']}"
    [address] = wire.http.get(path).json()["browserCheckResult"]["jobAssets"]

    assert fetch(address).status_code == 200
    assert fetch(address.replace("screenshot.png", "trace.zip")).status_code == 403
    assert fetch(address.partition("?")[0]).status_code == 403
    wire.http.post("/__emulator__/advance", json={"seconds": 901})
    expired = fetch(address)
    assert (expired.status_code, "expired" in expired.text) == (403, True)

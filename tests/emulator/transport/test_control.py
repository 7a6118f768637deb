"""The control routes, for tests that run the emulator as a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.emulator.conftest import Start, Wire


def control(wire: Wire, name: str, body: Any) -> Any:
    answer = wire.http.post(f"/__emulator__/{name}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_sessions_and_requests_can_be_looked_at(wire: Wire) -> None:
    wire.trigger(name="Looked at", refreshCache=True)

    [session] = wire.http.get("/__emulator__/sessions").json()
    counts = wire.http.get("/__emulator__/requests").json()

    assert session["body"] == {
        "name": "Looked at",
        "runLocation": "eu-west-1",
        "refreshCache": True,
    }
    assert session["checks"]
    assert counts == {"trigger": 1}


def test_time_can_be_moved(serve: Start) -> None:
    wire = serve(time_scale=0)
    session = wire.start()
    before = wire.http.get("/__emulator__/time").json()["now"]

    after = control(wire, "advance", {"seconds": 3600})["now"]

    assert after == pytest.approx(before + 3600)
    assert wire.get(session)["status"] != "RUNNING"


def test_faults_can_be_set_and_everything_reset(wire: Wire) -> None:
    wire.start()
    control(wire, "faults", {"faults": ["500:on=account", "429:on=list"]})
    struck = wire.http.get("/v1/accounts/me").status_code
    control(wire, "reset", {})

    assert struck == 500
    assert wire.http.get("/v1/accounts/me").status_code == 200
    assert wire.http.get("/__emulator__/sessions").json() == []
    assert wire.http.get("/__emulator__/requests").json() == {"account": 1}


@pytest.mark.parametrize(
    ("route", "body", "field"),
    [
        ("advance", {}, "seconds"),
        ("advance", {"seconds": True}, "seconds"),
        ("advance", {"seconds": -1}, "seconds"),
        ("advance", {"seconds": 1e12}, "seconds"),
        ("advance", [], "seconds"),
        ("faults", {"faults": "429"}, "faults"),
        ("faults", {"faults": [1]}, "faults"),
        ("faults", [], "faults"),
        ("faults", {"faults": ["nope"]}, "unknown fault 'nope'"),
    ],
)
def test_mistakes_are_told(wire: Wire, route: str, body: Any, field: str) -> None:
    answer = wire.http.post(f"/__emulator__/{route}", json=body)

    assert answer.status_code == 400
    assert field in answer.json()["message"]

"""The pages that links lead to while an emulator runs."""

from dataclasses import replace

import httpx

from runner.emulator.world.world import Ending, default_world
from tests.emulator.conftest import Start, Wire

HOSTILE = "<script>alert('x')</script> & \"quotes\" ' \u202e"


def page(link: str) -> httpx.Response:
    with httpx.Client(trust_env=False) as browser:  # which has no key
        return browser.get(link)


def test_the_link_of_a_session_leads_to_its_page(wire: Wire) -> None:
    session = wire.start(name="Smoke tests", metadata={"environment": "staging"})
    link = wire.get(session)["testSessionLink"]
    running = page(link)
    assert running.status_code == 200
    assert "http-equiv='refresh'" in running.text
    assert "Status: RUNNING" in running.text
    view = wire.finish(session)
    ended = page(link)
    assert ended.headers["content-type"] == "text/html; charset=utf-8"
    assert "refresh" not in ended.text
    for text in ("<h1>Smoke tests</h1>", f"Status: {view['status']}", "Environment: staging"):
        assert text in ended.text
    for result in view["results"]:
        assert result["name"] in ended.text
        alone = page(result["testSessionResultLink"])
        assert alone.status_code == 200
        assert alone.text.count("<td><a") == 1
        assert f">{result['name']}</a>" in alone.text


def test_errors_are_shown_and_nothing_breaks_out(serve: Start) -> None:
    world = default_world()
    failing = Ending(outcomes=("failed",))
    check = replace(world.checks[0], name=HOSTILE, error=HOSTILE, ending=failing)
    wire = serve(replace(world, checks=(check,)), virtual_time=True)
    secret = {"key": "API_TOKEN", "value": "hunter22", "secret": True}
    session = wire.start(name=HOSTILE, environmentVariables=[secret])
    text = page(wire.finish(session)["testSessionLink"]).text
    assert "<script" not in text
    assert text.count("&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; &amp; &quot;quotes") == 4
    assert "FAILED" in text
    assert "hunter22" not in text


def test_a_page_runs_no_script_and_may_not_be_framed(wire: Wire) -> None:
    answer = page(wire.get(wire.start())["testSessionLink"])
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_is_not_there_is_said(wire: Wire) -> None:
    link = wire.get(wire.start())["testSessionLink"]
    for missing in (f"{link}0", link.replace("/accounts/", "/accounts/0"), f"{link}/results/0"):
        answer = page(missing)
        assert answer.status_code == 404
        assert "has no such" in answer.text

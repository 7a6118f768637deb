"""Which variables the checks mention."""

from typing import Any

import pytest

from runner.models.response import Check, CheckVariable, Dependency
from runner.plan.variable_usage import undefined, unmentioned


def browser(script: str | None, **more: Any) -> Check:
    return Check(name="Login", check_type="BROWSER", script=script, **more)


def api(request: Any, **more: Any) -> Check:
    return Check(name="Orders", check_type="API", request=request, **more)


READS_A = "await page.goto(process.env.A_URL)"


@pytest.mark.parametrize(
    "checks",
    [
        [browser(READS_A)],
        [browser("x"), api({"url": "https://{{A_URL}}/", "headers": []})],
        [api({"url": "x", "headers": [{"key": "k", "value": "{{ A_URL }}"}]})],
        [api({"url": "x"}, local_setup_script="request.url = process.env['A_URL']")],
        [browser("import x from './x'", dependencies=[Dependency(content=READS_A)])],
    ],
)
def test_a_variable_that_is_read_somewhere_is_mentioned(checks: list[Check]) -> None:
    assert unmentioned(["A_URL"], checks) == []
    assert unmentioned(["B_URL", "A"], checks) == ["B_URL", "A"]


@pytest.mark.parametrize(
    "unknown",
    [
        browser(None),
        browser("x", setup_snippet_id=1.0),
        browser("import { x } from './x'"),
        browser("const x = require('../x')"),
        api(None),
        api({"url": "x"}, tear_down_snippet_id=1.0),
        Check(name="Suite", check_type="PLAYWRIGHT"),
        Check(name="New", check_type="SOMETHING_NEW", script="x"),
    ],
)
def test_where_a_check_may_read_more_than_is_told_nothing_is_said(unknown: Check) -> None:
    assert unmentioned(["B"], [browser("x"), unknown]) == []


def test_a_monitor_reads_what_it_asks_and_no_more() -> None:
    assert unmentioned(["A"], [Check(name="Ping", check_type="ICMP")]) == ["A"]


def test_without_checks_nothing_is_said() -> None:
    assert unmentioned(["A"], []) == []


def test_handlebars_that_nothing_sets() -> None:
    request = {
        "url": "https://{{HOST}}/{{{PATH}}}?{{$UUID}}&{{CHECK_NAME}}",
        "body": '{"a": "{{OWN}} {{SET}} {{#if X}}{{else}}{{/if}} {{moment \'2020\'}}"}',
    }
    check = api(request, environment_variables=[CheckVariable(key="OWN")])
    other = api({"url": "{{HOST}}"}).model_copy(update={"name": "Carts"})
    assert undefined(["SET"], [check, other]) == {"HOST": ["Orders", "Carts"], "PATH": ["Orders"]}


def test_handlebars_in_a_browser_script_are_its_own() -> None:
    assert undefined([], [browser("'{{HOST}}'")]) == {}


def test_the_texts_of_all_checks_count() -> None:
    checks = [browser(READS_A), browser("process.env.B_URL"), browser("x")]
    assert unmentioned(["A_URL", "B_URL", "C"], checks) == ["C"]
    assert unmentioned(["A"], [browser("A")]) == []

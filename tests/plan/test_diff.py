"""What is called a change, and how it is told."""

from typing import Any

import pytest

from runner.models.plan import FieldChange, Op
from runner.plan.diff import additions, diff, not_compared, path_text
from runner.plan.normalize import normal_form


def normal(**fields: Any) -> dict[str, Any]:
    body = {"name": "smoke", "runLocation": "eu-west-1", **fields}
    return normal_form(body, lambda secret: {"fingerprint": secret, "keyId": "k1"})


def with_variables(**values: Any) -> dict[str, Any]:
    return normal(
        environmentVariables=[{"key": key, "value": value} for key, value in values.items()]
    )


def with_secret(mark: Any) -> dict[str, Any]:
    held = normal(environmentVariables=[{"key": "T", "value": "x", "secret": True}])
    held["environmentVariables"]["T"]["value"] = mark
    return held


def test_a_field_that_differs_is_told_with_both_values() -> None:
    assert diff(normal(), normal(runLocation="us-east-1")) == (
        FieldChange("runLocation", Op.REPLACE, "eu-west-1", "us-east-1"),
    )


def test_tags_change_as_a_whole() -> None:
    assert diff(normal(), normal(target={"matchTags": [["b", "a"]]})) == (
        FieldChange("target.matchTags", Op.REPLACE, [], [["a", "b"]]),
    )


def test_a_variable_that_comes_or_goes_is_one_change() -> None:
    whole = {"value": "2", "secret": False, "locked": False}
    assert diff(with_variables(A="1"), with_variables(A="1", B="2")) == (
        FieldChange("environmentVariables.B", Op.ADD, None, whole),
    )
    assert diff(with_variables(A="1", B="2"), with_variables(A="1")) == (
        FieldChange("environmentVariables.B", Op.REMOVE, whole, None),
    )


def test_within_a_variable_the_field_is_told() -> None:
    assert diff(with_variables(A="1"), with_variables(A=None)) == (
        FieldChange("environmentVariables.A.value", Op.REPLACE, "1", None),
    )


def test_no_retries_is_a_change_from_those_of_the_checks() -> None:
    (change,) = diff(normal(), normal(retryStrategy=None))
    assert (change.path, change.op) == ("retryStrategy", Op.ADD)


def test_another_type_of_retries_is_told_field_by_field() -> None:
    one = normal(retryStrategy={"type": "FIXED", "baseBackoffSeconds": 5})
    other = normal(retryStrategy={"type": "SINGLE_RETRY", "baseBackoffSeconds": 5})
    assert [(change.path, change.op) for change in diff(one, other)] == [
        ("retryStrategy.type", Op.REPLACE),
        ("retryStrategy.maxRetries", Op.REMOVE),
        ("retryStrategy.maxDurationSeconds", Op.REMOVE),
    ]


def test_true_is_not_one() -> None:
    assert diff({"a": True}, {"a": 1})


@pytest.mark.parametrize("before", ["old", None, [], {"unset": ["env.Y"]}, {"secret": None}])
def test_an_unresolved_value_is_never_a_change(before: Any) -> None:
    now = {"unset": ["env.X"]}
    assert diff({"name": before}, {"name": now}) == ()
    assert diff({"name": now}, {"name": before}) == ()
    assert diff({"tags": [["a"]]}, {"tags": [["a", now]]}) == ()
    assert diff({}, {"name": now}) == ()


def test_a_new_variable_is_a_change_even_while_its_value_is_unresolved() -> None:
    now = with_variables(A="x")
    now["environmentVariables"]["A"]["value"] = {"unset": ["env.X"]}
    assert [change.path for change in diff(normal(), now)] == ["environmentVariables.A"]


def test_a_secret_changes_with_its_fingerprint() -> None:
    one = with_secret({"secret": {"fingerprint": "1", "keyId": "k"}})
    other = with_secret({"secret": {"fingerprint": "2", "keyId": "k"}})
    assert diff(one, one) == ()
    (change,) = diff(one, other)
    assert change.sensitive
    assert change.path == "environmentVariables.T.value"
    assert not_compared(one, other) == ()


@pytest.mark.parametrize("now", [None, {"fingerprint": "2", "keyId": "rotated"}])
def test_a_secret_under_another_key_is_not_compared(now: Any) -> None:
    one = with_secret({"secret": {"fingerprint": "1", "keyId": "k"}})
    other = with_secret({"secret": now})
    for before, after in ((one, other), (other, one)):
        assert diff(before, after) == ()
        assert not_compared(before, after) == ("environmentVariables.T.value",)


def test_a_value_that_becomes_secret_is_a_sensitive_change() -> None:
    clear = with_secret("was public")
    hidden = with_secret({"secret": None})
    for before, after in ((clear, hidden), (hidden, clear)):
        (change,) = diff(before, after)
        assert change.sensitive
        assert not_compared(before, after) == ()


def test_a_volatile_value_changes_with_its_template_or_inputs() -> None:
    def held(template: str, **inputs: str) -> dict[str, Any]:
        return {"name": {"volatile": {"template": template, "inputs": inputs}}}

    assert diff(held("$<git.sha>"), held("$<git.sha>")) == ()
    assert diff(held("$<git.sha>"), held("$<git.branch>"))
    assert diff(held("$<var.a> $<git.sha>", a="1"), held("$<var.a> $<git.sha>", a="2"))
    assert diff({"name": "$<git.sha>"}, held("$<git.sha>"))
    # One reads a name more: on either side that is a change, whatever the names that both read.
    one, more = held("$<var.a> $<git.sha>", a="1"), held("$<var.a> $<git.sha>", a="1", b="2")
    assert diff(one, more)
    assert diff(more, one)
    none = held("$<var.a> $<git.sha>")
    assert diff(none, one)
    assert diff(one, none)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("environmentVariables", "HOST", "value"), "environmentVariables.HOST.value"),
        (("environmentVariables", "A.value"), 'environmentVariables["A.value"]'),
        (("environmentVariables", "", "value"), 'environmentVariables[""].value'),
        (("environmentVariables", 'a"]\n'), 'environmentVariables["a\\"]\\n"]'),
        (("a b",), '["a b"]'),
    ],
)
def test_a_path_has_one_reading(path: tuple[str, ...], text: str) -> None:
    assert path_text(path) == text


UNKNOWN = {"unset": ["env.A"]}


@pytest.mark.parametrize(
    ("old", "new", "count"),
    [
        (UNKNOWN, UNKNOWN, 0),
        (UNKNOWN, "x", 0),
        ("x", UNKNOWN, 0),
        ({"a": {"b": [UNKNOWN]}}, {"a": {"b": ["x"]}}, 0),
        ([{"a": UNKNOWN}], [{"a": "x"}], 0),
        (["x"], "x", 1),
        ("x", ["x"], 1),
        (["x"], {"x": "x"}, 1),
        ({"x": [1]}, {"x": [True]}, 1),
        ({"x": [1]}, {"x": [1]}, 0),
    ],
)
def test_only_values_that_are_known_and_differ_are_a_change(old: Any, new: Any, count: int) -> None:
    assert len(diff({"x": old}, {"x": new})) == count


def test_a_field_that_comes_or_goes_unset_is_no_change() -> None:
    assert diff({}, {"x": UNKNOWN}) == diff({"x": UNKNOWN}, {}) == ()
    assert [change.op for change in (*diff({}, {"x": 1}), *diff({"x": 1}, {}))] == [
        Op.ADD,
        Op.REMOVE,
    ]


def test_all_that_a_request_adds_is_told_unresolved_or_not() -> None:
    plain = {"a": 1, "b": {"c": True, "gone": 1}, "same": [1]}
    request = {"a": True, "b": {"c": True, "d.e": "new"}, "same": [1], "x": UNKNOWN}
    assert list(additions(plain, request)) == [
        ("a", True),
        ('b["d.e"]', "new"),
        ("x", UNKNOWN),
    ]

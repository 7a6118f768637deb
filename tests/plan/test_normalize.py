"""The normal form: what makes no difference, what does, and what is never in it."""

import json
from typing import Any

import pytest

from runner.models.marked import Marked
from runner.plan.normalize import mark_of, normal_form

MINIMAL = {"name": "smoke", "runLocation": "eu-west-1"}


def fingerprint(secret: str) -> dict[str, str]:
    return {"fingerprint": f"hmac-{len(secret)}-{secret[:1]}", "keyId": "k1"}


def normal(**fields: Any) -> dict[str, Any]:
    return normal_form({**MINIMAL, **fields}, fingerprint)


def variable(value: Any, **more: Any) -> dict[str, Any]:
    return normal(environmentVariables=[{"key": "A", "value": value, **more}])


def test_defaults_are_filled_in() -> None:
    assert normal() == {
        "name": "smoke",
        "runLocation": "eu-west-1",
        "target": {"matchTags": [], "checkId": [], "allowDeactivated": False},
        "environmentVariables": {},
        "refreshCache": False,
        "metadata": {
            key: {"volatile": {"template": f"$<{name}>", "inputs": {}}}
            for key, name in {
                "environment": "env.CHECKLY_TEST_ENVIRONMENT",
                "repoUrl": "git.repoUrl",
                "commitId": "git.sha",
                "commitOwner": "git.author",
                "commitMessage": "git.message",
                "branchName": "git.branch",
            }.items()
        },
    }
    assert normal(retryStrategy={"type": "FIXED"})["retryStrategy"] == {
        "type": "FIXED",
        "baseBackoffSeconds": 60,
        "sameRegion": True,
        "onlyOn": [],
        "maxRetries": 2,
        "maxDurationSeconds": 600,
    }
    assert normal(retryStrategy={"type": "SINGLE_RETRY"})["retryStrategy"] == {
        "type": "SINGLE_RETRY",
        "baseBackoffSeconds": 60,
        "sameRegion": True,
        "onlyOn": [],
    }


@pytest.mark.parametrize(
    "written_out",
    [
        {"target": {}},
        {"target": {"allowDeactivated": False}},
        {"target": {"matchTags": []}},
        {"refreshCache": False},
        {"environmentVariables": []},
        {"metadata": {}},
        {"metadata": {"commitId": Marked("abc", template="$<git.sha>")}},
    ],
)
def test_writing_a_default_out_makes_no_difference(written_out: dict[str, Any]) -> None:
    assert normal(**written_out) == normal()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            {"target": {"matchTags": [["a", "b"], ["c"]]}},
            {"target": {"matchTags": [["c", "c"], ["b", "a"], ["c"]]}},
        ),
        (
            {"target": {"checkId": ["B7E0FDC2-0000-4000-8000-00000000000A", "b"]}},
            {"target": {"checkId": ["b", "b7e0fdc2-0000-4000-8000-00000000000a", "b"]}},
        ),
        (
            {"environmentVariables": [{"key": "A", "value": "1"}, {"key": "B", "value": "2"}]},
            {
                "environmentVariables": [
                    {"value": "2", "locked": False, "key": "B", "secret": False},
                    {"key": "A", "value": "1"},
                ]
            },
        ),
        (
            {"retryStrategy": {"type": "LINEAR", "maxRetries": 3}},
            {"retryStrategy": {"maxRetries": 3.0, "type": "LINEAR", "sameRegion": True}},
        ),
    ],
)
def test_order_and_spelling_make_no_difference(one: Any, other: Any) -> None:
    assert json.dumps(normal(**one)["target"]) == json.dumps(normal(**other)["target"])
    assert normal(**one) == normal(**other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"retryStrategy": None}),
        ({}, {"metadata": {"commitId": None}}),
        ({}, {"target": {"allowDeactivated": True}}),
        ({"target": {"matchTags": [["a", "b"]]}}, {"target": {"matchTags": [["a"], ["b"]]}}),
        ({}, {"retryStrategy": {"type": "FIXED"}}),
        ({"retryStrategy": None}, {"retryStrategy": {"type": "FIXED"}}),
    ],
)
def test_what_the_api_treats_differently_differs(one: Any, other: Any) -> None:
    assert normal(**one) != normal(**other)


def test_a_secret_is_its_fingerprint() -> None:
    held = variable(Marked("hunter2", secret=True), secret=True)
    assert held["environmentVariables"]["A"] == {
        "value": {"secret": {"fingerprint": "hmac-7-h", "keyId": "k1"}},
        "secret": True,
        "locked": False,
    }
    assert "hunter2" not in json.dumps(held)


def test_without_a_key_a_secret_is_just_secret() -> None:
    body = {**MINIMAL, "environmentVariables": [{"key": "A", "value": "x", "secret": True}]}
    held = normal_form(body, lambda _: None)["environmentVariables"]["A"]["value"]
    assert held == {"secret": None}
    assert mark_of(held) == "secret"


def test_a_secret_variable_is_masked_even_without_a_mark() -> None:
    assert "hunter2" not in json.dumps(variable("hunter2", secret=True))


def test_a_secret_that_sends_null_hides_nothing() -> None:
    value = variable(Marked(None, secret=True), secret=True)["environmentVariables"]["A"]["value"]
    assert value is None


def test_a_volatile_leaf_is_its_template_and_inputs() -> None:
    one, other = (
        variable(Marked(f"x {sha}", template="$<var.x> $<git.sha>", inputs=(("var.x", "x"),)))
        for sha in ("abc", "def")
    )
    assert one == other
    assert one["environmentVariables"]["A"]["value"] == {
        "volatile": {"template": "$<var.x> $<git.sha>", "inputs": {"var.x": "x"}}
    }


def test_a_volatile_secret_is_fingerprinted_by_what_feeds_it() -> None:
    def held(token: str, sha: str) -> Any:
        value = Marked(
            f"{token}-{sha}",
            secret=True,
            template="$<env.TOKEN>-$<git.sha>",
            inputs=(("env.TOKEN", token),),
        )
        body = {**MINIMAL, "environmentVariables": [{"key": "A", "value": value, "secret": True}]}
        return normal_form(body, lambda text: {"fingerprint": str(hash(text)), "keyId": "k"})

    assert held("token-one", "abc") == held("token-one", "def")
    assert held("token-one", "abc") != held("token-two", "abc")
    assert "token-one" not in json.dumps(held("token-one", "abc"))


@pytest.mark.parametrize(
    "fields",
    [
        {"name": Marked(None, unset=("env.B", "env.A"))},
        {"target": Marked(None, unset=("env.B", "env.A"))},
        {"target": {"matchTags": Marked(None, unset=("env.B", "env.A"))}},
        {"target": {"checkId": Marked(None, unset=("env.B", "env.A"))}},
        {"metadata": Marked(None, unset=("env.B", "env.A"))},
        {"retryStrategy": Marked(None, unset=("env.B", "env.A"))},
        {"retryStrategy": {"type": Marked(None, unset=("env.B", "env.A"))}},
        {"refreshCache": Marked(None, unset=("env.B", "env.A"))},
    ],
)
def test_an_unresolved_value_names_what_is_missing(fields: dict[str, Any]) -> None:
    assert '{"unset": ["env.A", "env.B"]}' in json.dumps(normal(**fields))


def test_an_unresolved_secret_or_volatile_value_is_unresolved() -> None:
    held = variable(Marked(None, secret=True, unset=("env.A",), template="t"), secret=True)
    assert held["environmentVariables"]["A"]["value"] == {"unset": ["env.A"]}


def test_a_marked_value_without_a_mark_is_its_value() -> None:
    assert normal(name=Marked("smoke")) == normal()


@pytest.mark.parametrize("key", ["secret", "unset", "volatile", "value"])
def test_no_variables_name_passes_for_a_mark(key: str) -> None:
    held = normal(environmentVariables=[{"key": key, "value": "(unset: env.X)"}])
    assert mark_of(held["environmentVariables"]) is None
    assert mark_of(held["environmentVariables"][key]) is None
    assert mark_of(held["environmentVariables"][key]["value"]) is None


def test_it_is_json() -> None:
    held = normal(
        metadata={"commitId": Marked("a", template="$<git.sha>")},
        target={"matchTags": [[Marked(None, unset=("env.T",)), "a"]]},
    )
    assert json.loads(json.dumps(held)) == held


def test_equal_parts_of_many_requests_are_kept_once() -> None:
    shared: dict[str, Any] = {}
    one, other = (
        normal_form({"name": name, "target": {"matchTags": [["b", "a"]]}}, fingerprint, shared)
        for name in ("one", "other")
    )
    assert one["target"] is other["target"]
    assert one["name"] != other["name"]


@pytest.mark.parametrize(
    "values",
    [
        ("v", Marked("v", secret=True)),
        ("v", Marked("v", template="t")),
        (Marked("v", template="t"), Marked("v", template="u")),
        (Marked("v", template="t"), Marked("v", template="t", inputs=(("var.a", "1"),))),
        (Marked(None, unset=("env.A",)), Marked(None, unset=("env.B",))),
        (Marked("1", secret=True), Marked("2", secret=True)),
        ("1", 1, True, None),
    ],
)
def test_parts_that_differ_in_anything_are_not_shared(values: tuple[Any, ...]) -> None:
    shared: dict[str, Any] = {}
    for value in values:
        body = {"environmentVariables": [{"key": "A", "value": value}], "metadata": {"k": value}}
        made = normal_form(body, fingerprint, shared)
        assert json.dumps(made) == json.dumps(normal_form(body, fingerprint))


HIDDEN = Marked("hunter2", secret=True)
SHOWN = {"secret": {"fingerprint": "hmac-7-h", "keyId": "k1"}}


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": HIDDEN}, ["name"]),
        ({"runLocation": HIDDEN}, ["runLocation"]),
        ({"refreshCache": HIDDEN}, ["refreshCache"]),
        ({"target": HIDDEN}, ["target"]),
        ({"target": {"allowDeactivated": HIDDEN}}, ["target", "allowDeactivated"]),
        ({"target": {"matchTags": [[HIDDEN]]}}, ["target", "matchTags", 0, 0]),
        ({"retryStrategy": HIDDEN}, ["retryStrategy"]),
        (
            {"retryStrategy": {"type": "FIXED", "maxRetries": HIDDEN}},
            ["retryStrategy", "maxRetries"],
        ),
        ({"metadata": HIDDEN}, ["metadata"]),
        ({"metadata": {"commitId": HIDDEN}}, ["metadata", "commitId"]),
        (
            {"environmentVariables": [{"key": "A", "value": "x", "locked": HIDDEN}]},
            ["environmentVariables", "A", "locked"],
        ),
    ],
)
def test_a_secret_is_its_fingerprint_wherever_it_stands(fields: Any, path: list[Any]) -> None:
    held = normal(**fields)
    assert "hunter2" not in json.dumps(held)
    for part in path:
        held = held[part]
    assert held == SHOWN


def test_the_job_that_starts_a_session_is_not_compared() -> None:
    assert normal(metadata={"github": {"reporting": True}}) == normal()


def test_a_group_of_tags_that_is_not_known_stays_a_mark() -> None:
    groups = [Marked(None, unset=("env.TAGS",)), ["b", "a"]]
    assert normal(target={"matchTags": groups})["target"]["matchTags"] == [
        ["a", "b"],
        {"unset": ["env.TAGS"]},
    ]


def test_a_variables_name_is_its_text() -> None:
    named = normal(environmentVariables=[{"key": Marked("A", template="$<git.tag>"), "value": "x"}])
    assert list(named["environmentVariables"]) == ["A"]


@pytest.mark.parametrize(
    ("value", "mark"),
    [
        ({"volatile": {"template": "$<git.sha>", "inputs": {}}}, "volatile"),
        ({"volatile": {}}, None),
        ({"other": {"template": "$<git.sha>", "inputs": {}}}, None),
        ({"unset": ["env.A"]}, "unset"),
        ({"unset": "env.A"}, None),
        ({"secret": {"value": "x"}}, None),
    ],
)
def test_a_mark_is_known_by_its_form(value: Any, mark: str | None) -> None:
    assert mark_of(value) == mark

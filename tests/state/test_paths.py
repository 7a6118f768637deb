import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner.state.store.paths import escape, escape_id

NAMES = st.text(st.characters(codec=None), max_size=200) | st.text("aA.[]/,:-_\\", max_size=12)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("smoke-prod", "smoke-prod"),
        ("smoke-prod[us-east-1]", "smoke-prod(us-east-1)"),
        ("p[eu-west-1,3]", "p(eu-west-1,3)"),
        ("127.0.0.1:4010", "127.0.0.1=4010"),
        ("api.checklyhq.com", "api.checklyhq.com"),
    ],
)
def test_plain_names_stay_readable(name: str, expected: str) -> None:
    assert escape(name) == expected


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "a.", "Smoke", "p[x y]", "é", "x" * 81])
def test_other_names_end_in_a_digest(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{0,40}![0-9a-f]{16}", escape(name))


@given(NAMES)
@example("\ud800")
def test_every_name_is_safe_as_one_part_of_a_path(name: str) -> None:
    found = escape(name)
    assert re.fullmatch(r"[A-Za-z0-9._,()=!-]+|[A-Za-z0-9_-]*![0-9a-f]{16}", found) or "_" in found
    assert len(found) <= 80
    assert found not in {".", ".."}
    assert not found.endswith(".")
    assert "/" not in found
    assert found.isascii()


@given(NAMES, NAMES)
@example("Smoke", "smoke")
@example("a/b", "a_b")
@example("p[a]", "p(a)")
def test_names_never_meet_even_where_case_does_not_count(one: str, other: str) -> None:
    if one != other:
        assert escape(one).lower() != escape(other).lower()


def test_ids_of_applies_stay_as_they_are() -> None:
    assert escape_id("01J9ZQ3V8M0000000000000000") == "01J9ZQ3V8M0000000000000000"
    assert escape_id("../01J9ZQ3V8M0000000000000000").count("/") == 0

"""JSON that gives a key twice."""

import json

import pytest

from runner.json_keys import unique_keys


@pytest.mark.parametrize("text", ['{"a": 1, "a": 1}', '[{"b": {"a": 1, "\\u0061": 2}}]'])
def test_a_key_twice_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="twice"):
        json.loads(text, object_pairs_hook=unique_keys)


def test_equal_keys_of_different_objects_are_kept() -> None:
    text = '{"a": {"a": 1}, "b": {"a": [], "A": null}}'
    assert json.loads(text, object_pairs_hook=unique_keys) == json.loads(text)

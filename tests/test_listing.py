import pytest

from runner.listing import listed


@pytest.mark.parametrize(
    ("things", "text"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_listed(things: list[str], text: str) -> None:
    assert listed(things) == text

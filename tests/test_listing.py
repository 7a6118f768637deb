import pytest

from runner.listing import counted, first_of, listed


@pytest.mark.parametrize(
    ("things", "text"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_listed(things: list[str], text: str) -> None:
    assert listed(things) == text


@pytest.mark.parametrize(
    ("names", "text"), [([], ""), (["a", "b"], "a, b"), (["a", "b", "c", "d"], "a, b and 2 more")]
)
def test_first_of(names: list[str], text: str) -> None:
    assert first_of(names, 2) == text


@pytest.mark.parametrize(
    ("number", "words", "text"),
    [
        (0, ("check",), "0 checks"),
        (1, ("check",), "1 check"),
        (1, ("match", "matches"), "1 match"),
        (1_000, ("match", "matches"), "1,000 matches"),
    ],
)
def test_counted(number: int, words: tuple[str, ...], text: str) -> None:
    assert counted(number, *words) == text

"""Diagnostics as values: each once, in file order."""

from runner.diagnostics import FEW, MANY, Diagnostics, Severity
from runner.source import Source, Span

SOURCE = Source("a.yaml", "first\nsecond\n")


def test_each_is_kept_once_and_read_in_file_order() -> None:
    found = Diagnostics()
    found.warning("b", "Later", Span(SOURCE, 6, 8))
    found.error("a", "Sooner", Span(SOURCE, 0, 2))
    found.error("a", "Sooner", Span(SOURCE, 0, 2))
    found.error("c", "Nowhere")
    assert [one.code for one in found] == ["c", "a", "b"]
    assert [one.code for one in found.errors] == ["c", "a"]
    assert [one.severity for one in found.warnings] == [Severity.WARNING]


def test_those_of_another_are_taken_over_once() -> None:
    found, other = Diagnostics(), Diagnostics()
    for each in (found, other):
        each.error("a", "Same", Span(SOURCE, 0, 2))
    other.error("b", "New", Span(SOURCE, 6, 8))
    found.extend(other)
    assert [one.code for one in found] == ["a", "b"]


def test_after_many_no_hints_are_wanted() -> None:
    found = Diagnostics()
    for number in range(MANY):
        assert found.wants_hints
        found.error("a", f"Number {number}")
    assert not found.wants_hints


def test_the_same_warning_at_many_places_is_told_once() -> None:
    found = Diagnostics()
    for number in range(FEW):
        found.warning("a", "Few", Span(SOURCE, number, number + 1))
        found.warning("b", "Many", Span(SOURCE, number, number + 1))
        found.error("c", "Each", Span(SOURCE, number, number + 1))
    found.warning("b", "Many", Span(SOURCE, 9, 10))
    found.error("c", "Each", Span(SOURCE, 9, 10))
    told = [(one.code, one.message) for one in found]
    assert told.count(("a", "Few")) == FEW
    assert told.count(("c", "Each")) == FEW + 1
    assert [message for code, message in told if code == "b"] == [
        "Many (here and at 5 more places)"
    ]


def test_errors_that_concern_others_become_warnings() -> None:
    found = Diagnostics()
    found.error("a", "Mine", Span(SOURCE, 0, 1))
    found.error("b", "Theirs", Span(SOURCE, 6, 7))
    found.soften(lambda one: one.code == "b")
    assert found.has_errors
    assert [one.code for one in found.errors] == ["a"]
    assert [one.code for one in found.warnings] == ["b"]

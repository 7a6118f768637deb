"""Diagnostics as values: each once, in file order."""

from runner.diagnostics import MANY, Diagnostics, Severity
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

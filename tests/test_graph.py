"""Walking graphs of names."""

from runner.graph import depth_first


def test_each_name_comes_after_those_it_leads_to() -> None:
    graph = {"a": ["b", "c"], "b": ["c", "elsewhere"], "c": []}
    assert list(depth_first(graph)) == [("c", []), ("b", []), ("a", [])]


def test_each_way_that_closes_a_circle_is_told() -> None:
    graph = {"a": ["b"], "b": ["c", "b"], "c": ["a", "b"]}
    assert list(depth_first(graph)) == [
        ("a", ["a", "b", "c"]),
        ("b", ["b", "c"]),
        ("c", []),
        ("b", ["b"]),
        ("b", []),
        ("a", []),
    ]


def test_a_long_chain_needs_no_stack() -> None:
    graph = {str(number): [str(number + 1)] for number in range(50_000)}
    assert len(list(depth_first(graph))) == 50_000

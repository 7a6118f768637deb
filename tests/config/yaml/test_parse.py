import gc
import math
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.config.yaml import composer, events
from runner.config.yaml import parse as parse_module
from runner.config.yaml.anchors import MAX_PROBLEMS
from runner.config.yaml.core_schema import TYPED_STARTS
from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence
from runner.config.yaml.parse import parse
from runner.diagnostics import Diagnostics
from runner.source import Source, Span


def read(text: str) -> tuple[Mapping | None, Diagnostics]:
    diagnostics = Diagnostics()
    return parse(Source("file.yaml", text), diagnostics), diagnostics


def tree(text: str) -> Mapping:
    root, diagnostics = read(text)
    assert not list(diagnostics)
    assert root is not None
    return root


def plain(node: Node) -> object:
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    assert list(node.keys) == list(node.values)
    return {key: plain(value) for key, value in node.values.items()}


def said(text: str) -> list[str]:
    return [f"{found.span} {found.code}".removeprefix("file.yaml:") for found in read(text)[1]]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("tRUE", "tRUE"),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-12", -12),
        ("+1", 1),
        ("0123", 123),
        ("0o14", 12),
        ("0o9", "0o9"),
        ("0x1F", 31),
        ("0b1", "0b1"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2026-01-01", "2026-01-01"),
        ("1.10", 1.1),
        ("1.", 1.0),
        ("-.5", -0.5),
        ("1e3", 1000.0),
        (".", "."),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("1.2.3", "1.2.3"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("!!str 1", "1"),
        ("!!int '3'", 3),
        ("!!float 3", 3.0),
        ("!!null ''", None),
        ("!!bool true", True),
    ],
)
def test_scalars_have_their_yaml_1_2_meaning(text: str, value: object) -> None:
    scalar = tree(f"key: {text}\n").values["key"]
    assert isinstance(scalar, Scalar)
    assert scalar.value == value
    assert type(scalar.value) is type(value)


def test_nan_and_endless_integers() -> None:
    root = tree("a: .nan\nb: " + "9" * 5000 + "\n")
    assert math.isnan(plain(root)["a"])  # type: ignore[index] # it is a mapping
    assert plain(root)["b"] == "9" * 5000  # type: ignore[index] # it is a mapping


@pytest.mark.parametrize("text", ["1.10", "0123", "true", "2026-01-01", "1e3", "~", "0x1F"])
def test_a_plain_scalar_keeps_its_exact_text(text: str) -> None:
    scalar = tree(f"key: {text} # why\n").values["key"]
    assert isinstance(scalar, Scalar)
    assert scalar.text == text
    assert scalar.plain


def test_quoted_and_block_scalars_are_text() -> None:
    root = tree("a: '1'\nb: |\n  2\n  3\nc: >-\n  4\n  5\n")
    assert plain(root) == {"a": "1", "b": "2\n3\n", "c": "4 5"}
    assert [node.plain for node in root.values.values() if isinstance(node, Scalar)] == [False] * 3


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("first", ["a: 1", "é: 日", "😀: '😀'", "# ö"])
def test_positions_count_characters(first: str, line_end: str) -> None:
    text = line_end.join([first, "list:", "  - one", "  - {k: [x, y]}", "last: 'z'", ""])
    root = tree(text)

    def at(span: Span) -> tuple[int, int, str]:
        return span.line, span.column, text[span.start : span.end]

    items = root.values["list"]
    assert isinstance(items, Sequence)
    mapping = items.items[1]
    assert isinstance(mapping, Mapping)
    assert at(root.key_span("list")) == (2, 1, "list")
    assert at(items.span) == (3, 3, line_end.join(["- one", "  - {k: [x, y]}"]))
    assert at(items.items[0].span) == (3, 5, "one")
    assert at(mapping.span) == (4, 5, "{k: [x, y]}")
    assert at(mapping.key_span("k")) == (4, 6, "k")
    assert at(mapping.values["k"].span) == (4, 9, "[x, y]")
    assert at(root.values["last"].span) == (5, 7, "'z'")


def test_an_empty_value_stands_after_its_colon() -> None:
    node = tree("a:\nb: 1\n").values["a"]
    assert isinstance(node, Scalar)
    assert (node.start, node.end, node.text, node.value, node.plain) == (2, 2, "", None, True)


def test_a_key_is_its_text() -> None:
    root = tree("1: a\n~: b\ntrue: c\n'q': d\n: e\n0x10: f\n")
    assert plain(root) == {"1": "a", "~": "b", "true": "c", "q": "d", "": "e", "0x10": "f"}


def test_flow_scalars_that_the_c_parser_refuses() -> None:
    text = "a: [env:prod, a?b, 'x:y', \"p?q\", a::b, c?]\nb: {url: https://x/?y=1, k: v}\nc: x:y\n"
    assert plain(tree(text)) == {
        "a": ["env:prod", "a?b", "x:y", "p?q", "a::b", "c?"],
        "b": {"url": "https://x/?y=1", "k": "v"},
        "c": "x:y",
    }


def test_characters_used_for_hiding_are_left_alone() -> None:
    text = 'a: [x:y, "\ue000\ue001"]\nb: "\\ue000"\n'
    assert plain(tree(text)) == {"a": ["x:y", "\ue000\ue001"], "b": "\ue000"}
    assert plain(tree('a: [x:y, "\\uE001"]\n')) == {"a": ["x:y", "\ue001"]}


def test_a_large_file_with_colons_in_flow_is_read_by_the_c_parser(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(events, "PYTHON_PARSER_LIMIT", 0)
    assert plain(tree("a: [x:y]\n")) == {"a": ["x:y"]}


def test_without_the_c_parser_everything_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: &x {k: [env:prod, 1]}\nb:\n  <<: *x\n  c: |\n    t\n  d:\n  - 'q'\ne: 1\n"
    fast = tree(text)
    monkeypatch.setattr(events, "_C_PARSER", None)
    slow = tree(text)
    assert plain(fast) == plain(slow)
    for one, other in [(fast, slow), (fast.values["b"], slow.values["b"])]:
        assert isinstance(one, Mapping)
        assert isinstance(other, Mapping)
        for key, value in one.values.items():
            assert (value.start, value.end) == (other.values[key].start, other.values[key].end)


def test_the_c_parser_may_be_missing() -> None:
    program = (
        "import sys; sys.modules['_ruamel_yaml'] = None\n"
        "from tests.config.yaml.test_parse import plain, tree\n"
        "assert plain(tree('a: [x:y]')) == {'a': ['x:y']}\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_aliases_share_their_node_and_merge_keys_merge() -> None:
    root = tree(
        "x-a: &a {one: 1, two: 2}\nx-b: &b {two: 3, three: 3}\n"
        "single:\n  <<: *a\n  two: own\nboth:\n  <<: [*a, *b, {four: 4}]\nsame: *a\ntext: '<<'\n"
    )
    values = plain(root)
    assert values == {
        "x-a": {"one": 1, "two": 2},
        "x-b": {"two": 3, "three": 3},
        "single": {"one": 1, "two": "own"},
        "both": {"one": 1, "two": 2, "three": 3, "four": 4},
        "same": {"one": 1, "two": 2},
        "text": "<<",
    }
    assert root.values["same"] is root.values["x-a"]
    single = root.values["single"]
    assert isinstance(single, Mapping)
    assert str(single.key_span("one")) == "file.yaml:1:10"
    assert str(single.key_span("two")) == "file.yaml:5:3"


@pytest.mark.parametrize("start", ["", *sorted(TYPED_STARTS), "nightly-", "true-", "1."])
@pytest.mark.parametrize("quote", ["", "'"])
def test_a_template_is_found_whatever_its_text_begins_with(start: str, quote: str) -> None:
    text = f"{quote}{start}$<env.X>{quote}"
    root = tree(f"a: {{b: [[{text}]]}}\nc:\n  d: {text}\n  e: plain\nf: {{g: 1, h: [null]}}\n")
    assert {key: node.templated for key, node in root.values.items()} == {
        "a": True,
        "c": True,
        "f": False,
    }


def test_a_quoted_merge_key_is_a_key() -> None:
    assert plain(tree('a: {"<<": {b: 1}}\n')) == {"a": {"<<": {"b": 1}}}


def test_an_alias_has_the_type_of_its_anchor() -> None:
    text = "a: &a 5\nb: *a\nc: [*a]\nd: {e: *a}\n"
    assert plain(tree(text)) == {"a": 5, "b": 5, "c": [5], "d": {"e": 5}}


def test_an_alias_as_key_is_its_text() -> None:
    root = tree("a: &a name\n*a : 1\n")
    assert plain(root) == {"a": "name", "name": 1}
    assert str(root.key_span("name")) == "file.yaml:2:1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["1:1 empty-file"]),
        ("# only\n", ["1:1 empty-file"]),
        ("---\n", ["1:1 empty-file"]),
        ("- a\n", ["1:1 not-a-mapping"]),
        ("\ntext\n", ["2:1 not-a-mapping"]),
        ("a: 1\nb: 2\na: 3\n", ["3:1 duplicate-key"]),
        ("a: {b: 1, c: 2, 'b': 3}\n", ["1:17 duplicate-key"]),
        ("1: a\n'1': b\n", ["2:1 duplicate-key"]),
        ("a: &a x\n*a : 1\nx: 2\n", ["3:1 duplicate-key"]),
        ("a:\n  <<: {b: 1}\n  <<: {c: 1}\n", ["3:3 duplicate-key"]),
        ("a: {<<: 1}\n", ["1:9 bad-merge"]),
        ("a: {<<: [{b: 1}, c]}\n", ["1:18 bad-merge"]),
        ("? [a]\n: 1\n? {b: c}\n: 2\n", ["1:3 key-not-text", "3:3 key-not-text"]),
        ("a: !!python/object:os.system x\n", ["1:4 custom-tag"]),
        ("a: !mine [1]\nb: !mine {c: 1}\n", ["1:4 custom-tag", "2:4 custom-tag"]),
        ("a: !!set {b, c}\n", ["1:4 custom-tag"]),
        ("a: !!int x\n", ["1:4 wrong-tag"]),
        ("a: !!map [b]\n", ["1:4 custom-tag"]),
        ("a: 1\n---\nb: 2\n", ["2:1 several-documents"]),
        ("a: &a [*a]\n", ["1:8 recursive-alias"]),
        ("a: &a {b: {c: *a}}\n", ["1:15 recursive-alias"]),
        ("a: *b\n*c : 1\n", ["1:4 unknown-alias", "2:1 unknown-alias"]),
        ("%YAML 1.1\n---\na: yes\n", ["1:1 yaml-version"]),
        ("a:\n\t- b\n", ["2:1 tab"]),
        ("a: 'b\n", ["1:4 yaml-syntax"]),
        ("a: b: c\n", ["1:5 yaml-syntax"]),
        ("a: [1, 2\nb: 3\n", ["2:2 yaml-syntax"]),
        ("a: @x\n", ["1:4 yaml-syntax"]),
        ('a: "\\q"\n', ["1:6 yaml-syntax"]),
        ('a: "\\UFFFFFFFF"\n', ["1:7 yaml-syntax"]),
        ("a:\n  - 1\n b\n", ["3:2 yaml-syntax"]),
        ("a: x\x00\n", ["1:5 control-character"]),
        ("é: \x1b[31m\n", ["1:4 control-character"]),
        ("a: \ud800\n", ["1:4 control-character"]),
        ('a: "\\ud800"\n', ["1:4 half-character"]),
        ('a: [{"\\uD83D": &x "\\U0000dfff"}, *x]\n', ["1:6 half-character", "1:16 half-character"]),
        ("a: é\x85b: 1\n", ["1:5 line-separator"]),
        ("a: \u2028b\n", ["1:4 line-separator"]),
        ("a: \u2029b\n", ["1:4 line-separator"]),
        ("a: 1\rb: 2\n", ["1:5 line-separator"]),
        ("a: " + "[" * 65, ["1:67 too-deep"]),
    ],
)  # fmt: skip
def test_what_is_refused_and_where(text: str, expected: list[str]) -> None:
    assert said(text) == expected


def test_many_problems_are_cut_short() -> None:
    found = said("a: 1\n" * 100_000)
    assert len(found) == MAX_PROBLEMS + 1
    assert found[-1].endswith("too-many-problems")


def test_reading_goes_on_after_a_problem_that_allows_it() -> None:
    root, diagnostics = read("a: 1\na: 2\n? [b]\n: 3\nc: !x 4\nd: *e\nf: 5\n")
    assert root is not None
    assert plain(root) == {"a": 1, "c": "!x 4", "f": 5}
    assert [found.code for found in diagnostics] == [
        "duplicate-key",
        "key-not-text",
        "custom-tag",
        "unknown-alias",
    ]


def test_half_a_character_is_replaced_in_keys_and_values() -> None:
    root, _ = read('a: 1\n"\\ud800": ["\\ud800"]\nb: "\\\\ud800"\n')
    assert root is not None
    assert plain(root) == {"a": 1, "\ufffd": ["\ufffd"], "b": "\\ud800"}


def test_problems_before_a_syntax_error_are_told_too() -> None:
    assert said("a: 1\na: 2\nb: [\n") == [
        "2:1 duplicate-key",
        "4:1 yaml-syntax",
    ]


def test_a_duplicate_points_at_the_first() -> None:
    (found,) = read("a: 1\nb: 2\na: 3\n")[1]
    assert [str(related.span) for related in found.related] == ["file.yaml:1:1"]


def test_an_unknown_alias_names_the_nearest_anchor() -> None:
    (found,) = read("a: &prod 1\nb: *prdo\n")[1]
    assert found.hint == "Did you mean `*prod`?"


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 10) + "]" for i in range(1, levels)]
    return "\n".join(lines)


def merge_bomb() -> str:
    lines = ["a0: &a0 {" + ", ".join(f"k{key}: {{v: 1}}" for key in range(100)) + "}"]
    lines += [f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}" for i in range(1, 30)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: bomb(9), "too-many-aliases"),
        (merge_bomb, "too-many-aliases"),
        (lambda: "a: " + "[" * 10_000, "too-deep"),
        (lambda: "a: " + "{a: " * 10_000, "too-deep"),
        (lambda: "a:\n" + "".join(" " * depth + "- \n" for depth in range(1, 3000)), "too-deep"),
        (lambda: "a:\n  " + "- " * 10_000, "too-deep"),
        (lambda: "a: [" + "x:y, " * 60_000, "yaml-syntax"),
        (lambda: "key: value\n" * 100_000, "duplicate-key"),
    ],
)
def test_hostile_files_end_soon_with_a_diagnostic(make: Callable[[], str], code: str) -> None:
    text = make()
    started = time.process_time()
    codes = {found.code for found in read(text)[1]}
    assert code in codes
    assert time.process_time() - started < 2


@pytest.mark.parametrize("text", ["a: [1, 2, 3, 4]", "a: [[], [], [], []]", "a: {b: 1, c: 2}"])
def test_the_number_of_values_is_limited(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(composer, "MAX_NODES", 4)
    assert [found.code for found in read(text)[1]] == ["too-large"]


def test_a_file_may_use_aliases_freely_below_the_limit() -> None:
    tree("a: &a {b: 1, c: 2}\n" + "".join(f"k{i}: *a\n" for i in range(10_000)))


@pytest.mark.parametrize("enabled", [True, False])
def test_the_garbage_collector_is_left_as_it_was(enabled: bool) -> None:
    was = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        read("a: [")
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if was else gc.disable)()


def test_a_large_tree_is_set_aside_from_the_garbage_collector(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parse_module, "MANY_OBJECTS", 5_000)
    gc.unfreeze()  # what tests before this one set aside goes when it pleases
    try:
        tree("a: [" + "[], " * 10 + "]")
        assert gc.get_freeze_count() == 0
        tree("a: [" + "[], " * 5_000 + "]")
        assert gc.get_freeze_count() >= 5_000
    finally:
        gc.unfreeze()


@pytest.mark.parametrize("text", ["name: $<{'a': 1}.a>", "name: [$<x[0]>]"])
def test_a_cut_that_breaks_the_syntax_is_hinted_at(text: str) -> None:
    (found,) = read(text)[1]
    assert found.code == "yaml-syntax"
    assert "quotes" in (found.hint or "")


YAML_PIECES = st.sampled_from(
    [*"abk01:?-,[]{}&*!|>%@`\"'#\\~ \n\t$<=.", "\n  ", "\n- ", ": ", " #", "&a ", "*a ", "<<: ",
     "!!str ", "!x ", "---\n", "...\n", "\r\n", "\r", "\ufeff", "\x85", "\u2028", "\x00", "é", "😀",
     "\ue000", "\\x00", "\\uD800", "%YAML 1.2\n", "$<var.a>", "? ", "|2-\n", ">+\n"]
)  # fmt: skip


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(YAML_PIECES, max_size=40).map("".join)))
def test_no_text_makes_parse_raise(text: str) -> None:
    root, diagnostics = read(text)
    if root is not None:
        plain(root)
    else:
        assert diagnostics.errors
    for found in diagnostics:
        assert found.span is not None
        assert 0 <= found.span.start <= len(text)
        assert str(found.span)

"""Reading a user's YAML: plain values, lines, and words for what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.emulator.files.yamlfile import YamlFileError, load_document

if TYPE_CHECKING:
    from pathlib import Path


LAUGHS = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "world.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_values_are_those_of_yaml_1_2(tmp_path: Path) -> None:
    path = write(tmp_path, "a: [no, yes, true, False, 7, 1.5, ~, 2026-01-01, 0x1f]\n")

    assert load_document(path).value["a"] == [
        "no",
        "yes",
        True,
        False,
        7,
        1.5,
        None,
        "2026-01-01",
        31,
    ]


def test_every_part_knows_its_line(tmp_path: Path) -> None:
    document = load_document(write(tmp_path, "a:\n  - b: 1\n    c:\n      d\n"))

    assert document.line(("a",)) == 1
    assert document.line(("a", 0, "b")) == 2
    assert document.line(("a", 0, "c")) == 3
    assert document.line(("a", 0, "c", "unknown")) == 3
    assert document.line(("nothing",)) == 1


def test_a_byte_order_mark_is_fine(tmp_path: Path) -> None:
    assert load_document(write(tmp_path, b"\xef\xbb\xbfa: 1\n")).value == {"a": 1}


def test_flow_text_that_the_c_parser_refuses_is_read(tmp_path: Path) -> None:
    assert load_document(write(tmp_path, "a: [env:prod, x?]\n")).value == {"a": ["env:prod", "x?"]}


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "empty"),
        ("# nothing\n", 1, "empty"),
        ("a: 1\na: 2\n", 2, "'a' is given twice"),
        ("a: 1\nb: [\n", 3, ""),
        ("a: 1\n[x]: 2\n", 2, "plain text"),
        (b"a: 1\nb: \xff\n", 2, "not UTF-8"),
        ("a: 1\n---\nb: 2\n", 2, "document"),
        ("a: *x\n", 1, "undefined alias"),
        ("a: 'x\n", 2, ""),
        ("a: \x00", 1, "special characters"),
        ("[" * 40 + "]" * 40, 1, "deeper than"),
        ("a: &a [*a]\n", 1, "deeper than"),
        (LAUGHS, 1, "aliases expanded"),
        ('a: 1\nb: "\\ud800"\n', 2, "half a surrogate pair"),
    ],
)
def test_a_mistake_has_a_line_and_a_reason(
    tmp_path: Path, text: str | bytes, line: int, reason: str
) -> None:
    with pytest.raises(YamlFileError) as caught:
        load_document(write(tmp_path, text))

    assert caught.value.line == line
    assert reason in caught.value.reason


def test_numbers_that_are_none_stay_text(tmp_path: Path) -> None:
    value = load_document(write(tmp_path, "a: 0o17\nb: 09\nc: 1_000\nd: .inf\ne: 1e999\n")).value

    assert (value["a"], value["b"], value["c"]) == (15, 9, 1000)
    assert (value["d"], value["e"]) == (".inf", "1e999")

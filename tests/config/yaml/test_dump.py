"""Values written as YAML mean the same to every reader."""

import pytest
import yaml  # type: ignore[import-untyped]  # PyYAML, the reader of another tool
from ruamel.yaml import YAML

from runner.config.yaml.dump import yaml_text
from runner.reports.text.sanitize import harmless

TEXTS = [
    *("yes", "No", "on", "OFF", "y", "N", "true", "null", "~", "", "=", "<<", " a ", "a: b", "# a"),
    *("12:30", "1:30:00", "1_000", "0b1", "0o7", "010", "0x1F", "+1", ".5", "1e3", "1.10", "1."),
    *("2026-01-01", "2026-01-01 10:00:00", "1.2.3", "abc", "é", "a\nb", "-", "a\u202eb"),
    *("::error::x", "a ##[error]b ##", ":::", "###[x", '"q" ::', "a\\b ::", "'::' ##", "a:\n::b"),
    *(
        "a\u2028b",
        "a\x00b\x1b[2J",
        "\xa0",
        "\ufeffx",
        "tab\tx",
        "\x85",
        "\U000e0041",
        "\u200b \u2066",
    ),
    *("word " * 50 + "::x \u202e ##[y", "x" * 300 + "::", " ::" * 99),
]


@pytest.mark.parametrize("text", TEXTS)
def test_text_stays_text_for_every_reader(text: str) -> None:
    value = {"list": [text], "map": {text: text}, "others": [True, None, 1, 1.5]}
    written = yaml_text(value, "title")
    assert yaml.safe_load(written) == value
    assert YAML(typ="safe", pure=True).load(written) == value
    assert written.startswith("---  # title\n")
    assert harmless(written) == written  # so that it can be pasted from a terminal


def test_plain_text_stays_plain() -> None:
    assert yaml_text({"name": "Smoke eu-west-1"}, "t") == "---  # t\nname: Smoke eu-west-1\n"


def test_a_long_text_stays_on_its_line_where_a_secret_in_it_is_found() -> None:
    text = "word " * 50 + "end"
    assert yaml_text({"name": text}, "t") == f"---  # t\nname: {text}\n"

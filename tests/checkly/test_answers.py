"""Bodies with flaws, read as leniently as JSON allows."""

import pytest

from runner.checkly.answers import parsed


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": "cut \\ud83d"}', {"a": "cut \ufffd"}),
        (b'{"a": "\\ud83d\\ude00 whole"}', {"a": "\U0001f600 whole"}),
        (b'{"\\ud83d": [{"b": "\\udc00"}]}', {"\ufffd": [{"b": "\ufffd"}]}),
        (b'{"a": "\\\\ud83d is text"}', {"a": "\\ud83d is text"}),
        (b'{"a": "caf\xe9"}', {"a": "caf\u00e9"}),
        (b'{"a": "caf\xe9 and \xc3\xa9"}', {"a": "caf\u00e9 and \u00e9"}),
        (b'{"a": "\xed\xa0\xbd\xed\xb8\x80"}', {"a": "\U0001f600"}),
        (b'{"a": "\xed\xa0\xbd"}', {"a": "\ufffd"}),
        (b'{"a": "one\ttwo\nthree"}', {"a": "one\ttwo\nthree"}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": ' + b"9" * 5000 + b', "b": "\\ud83d"}', {"a": None, "b": "\ufffd"}),
        (b"[NaN, Infinity, 1e999]", None),
        (b" [1]\r\n", [1]),
    ],
    ids=lambda value: str(value)[:30],
)
def test_one_flaw_makes_nothing_else_unreadable(body: bytes, value: object) -> None:
    found = parsed(body)
    if value is not None:
        assert found == value
    str(found).encode()  # no surrogate is left


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{", b"[" * 100_000, b'{"a": "\\ud83d"', b"\xff", b'{"a":}']
)
def test_what_is_not_json_is_not_read(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parsed(body)

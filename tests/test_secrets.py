"""Secrets stay out of every text, however they are encoded there."""

import base64
import copy
import html
import json
import pickle
import re
import shlex
import time
import traceback
from collections.abc import Callable
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape as xml_escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.secrets import (
    Redactor,
    Secret,
    is_maskable,
    key_looks_secret,
)

CANARY = "c@n/a+r%y \"q&uo'te$<>`\\é🦊 end"


def redactor(*values: str) -> Redactor:
    made = Redactor()
    for value in values:
        made.add(value)
    return made


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda v: v,
    "url": lambda v: quote(v, safe=""),
    "url path": quote,
    "form": quote_plus,
    "url in lower case": lambda v: re.sub("%..", lambda found: found[0].lower(), quote(v)),
    "encodeURIComponent": lambda v: quote(v, safe="!'()*~"),
    "base64": lambda v: base64.b64encode(v.encode()).decode().rstrip("="),
    "base64, one before": lambda v: base64.b64encode(b":" + v.encode()).decode(),
    "base64, two before": lambda v: base64.b64encode(b"u:" + v.encode() + b"\n").decode(),
    "base64, many before": lambda v: base64.b64encode(b"user:" + v.encode() + b" x").decode(),
    "base64 for urls": lambda v: base64.urlsafe_b64encode(b"user:" + v.encode()).decode(),
    "base64 in a url": lambda v: quote(base64.b64encode(v.encode()).decode(), safe=""),
    "json": lambda v: json.dumps({"a": v}),
    "json in utf-8": lambda v: json.dumps({"a": v}, ensure_ascii=False),
    "json with escaped slashes": lambda v: json.dumps(v).replace("/", "\\/"),
    "json in json": lambda v: json.dumps({"a": json.dumps({"b": v})}),
    "html": html.escape,
    "html text": lambda v: html.escape(v, quote=False),
    "html as markupsafe writes it": lambda v: (
        html.escape(v, quote=False).replace('"', "&#34;").replace("'", "&#39;")
    ),
    "xml": xml_escape,
    "xml attribute": lambda v: xml_escape(v, {'"': "&quot;"}),
    "html in json": lambda v: json.dumps(html.escape(v)),
    "shell": shlex.quote,
    "shell, the other way": lambda v: "'" + v.replace("'", "'\\''") + "'",
    "shell in double quotes": lambda v: "".join(f"\\{c}" if c in '"$`\\' else c for c in v),
    "shell in json": lambda v: json.dumps(shlex.quote(v)),
    "repr": repr,
    "workflow command": lambda v: v.replace("%", "%25").replace("\n", "%0A"),
    "workflow property": lambda v: (
        v.replace("%", "%25").replace("\n", "%0A").replace(":", "%3A").replace(",", "%2C")
    ),
}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize(
    "value", [CANARY, "hunter2-hunter2", "pass phrase", "a:b,c%d e/f+g", "🦊" * 6]
)
def test_a_secret_is_masked_in_every_encoding(encode: Callable[[str], str], value: str) -> None:
    text = f"before {encode(value)} after"
    masked = redactor(value).mask(text)
    assert "(secret #1)" in masked
    assert encode(value).strip("'\"") not in masked
    assert masked.startswith("before")
    assert masked.endswith("after")


@settings(deadline=None)
@given(
    value=st.text(min_size=8, max_size=40),
    before=st.binary(max_size=7),
    after=st.binary(max_size=7),
    name=st.sampled_from(sorted(ENCODINGS)),
)
def test_no_value_survives_any_encoding(value: str, before: bytes, after: bytes, name: str) -> None:
    if len(value.strip()) < 8 or len(value.splitlines()) != 1:
        return
    made = redactor(value)
    assert "(secret #1)" in made.mask(ENCODINGS[name](value))
    wrapped = base64.b64encode(before + value.encode() + after).decode()
    assert "(secret #1)" in made.mask(wrapped)


def test_percent_encoding_is_seen_through_whatever_part_is_encoded() -> None:
    made = redactor("a b/é+c%d")
    for written in ("a%20b/%C3%A9%2bc%25d", "a+b%2Fé%2Bc%25d", "%61%20%62%2f%c3%a9%2B%63%25%64"):
        assert made.mask(f"%zz%e9{written}%C3!") == "%zz%e9(secret #1)%C3!"


def test_each_line_of_a_secret_is_masked() -> None:
    key = "-----BEGIN KEY-----\nabcdefgh\r\n  ijklmnop\n--\n"
    made = redactor(key)
    assert made.mask("x abcdefgh y") == "x (secret #1) y"
    assert made.mask("ijklmnop") == "(secret #1)"
    assert made.mask("--") == "--"
    assert "abcdefgh" not in made.mask(key.replace("\n", "\\n"))


def test_what_feeds_a_secret_is_masked_as_well() -> None:
    made = Redactor()
    assert made.add("Bearer abcdef123", feeds=["abcdef123"]) == "(secret #1)"
    assert made.mask("Bearer abcdef123") == "(secret #1)"
    assert made.mask("token abcdef123") == "token (secret #2)"


def test_equal_secrets_have_equal_marks() -> None:
    made = Redactor()
    marks = [made.add(value) for value in ("first-value", "second-value", "first-value")]
    assert marks == ["(secret #1)", "(secret #2)", "(secret #1)"]
    assert made.mask("second-value first-value second-value") == (
        "(secret #2) (secret #1) (secret #2)"
    )


def test_of_overlapping_secrets_nothing_is_left() -> None:
    assert redactor("abcdefgh", "efghijkl").mask("-abcdefghijkl-") == "-(secret #1)-"
    assert redactor("abcdefgh", "abcdefghijkl").mask("abcdefghijkl") == "(secret #2)"
    assert redactor("abcdefghijkl", "cdefgh").mask("-abcdefghijkl-") == "-(secret #1)-"
    assert redactor("abcabc").mask("xabcabcabcabcax") == "x(secret #1)ax"


def test_a_short_value_is_left_to_its_field() -> None:
    made = redactor("abcde", "")
    assert not is_maskable("abcde")
    assert is_maskable("abcdef")
    assert made.mask("abcde abcdef") == "abcde abcdef"
    assert made.mark("abcde") == "(secret #1)"


def test_masking_twice_changes_nothing() -> None:
    made = redactor("secret", "secret #1)")
    once = made.mask("my secret is here")
    assert once == "my (secret #1) is here"
    assert made.mask(once) == once


def test_data_is_masked_through_and_through() -> None:
    made = redactor("hunter22")
    data = {"a": ["hunter22", 1, None, {"xhunter22": True}], "b": ("hunter22",)}
    assert made.mask_data(data) == {
        "a": ["(secret #1)", 1, None, {"x(secret #1)": True}],
        "b": ["(secret #1)"],
    }


def test_a_secret_learned_later_is_masked_from_then_on() -> None:
    made = redactor("first-value")
    assert made.mask("later-value") == "later-value"
    made.add("later-value")
    assert made.mask("later-value") == "(secret #2)"


def test_a_large_text_with_many_secrets_is_masked_in_no_time() -> None:
    made = redactor(*(f"s3cr3t/{number}+value" for number in range(100)))
    text = "a line of some log, with s3cr3t/77+value in it\n" * 20_000
    start = time.process_time()
    masked = made.mask(text)
    assert time.process_time() - start < 10
    assert "s3cr3t" not in masked
    assert masked.count("(secret #78)") == 20_000


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.text("abcdefgh/+%", min_size=6, max_size=9), min_size=1, max_size=40),
    st.text("abcdefgh/+% ", max_size=60),
    st.integers(0, 39),
)
def test_many_secrets_are_found_as_few_are(values: list[str], text: str, which: int) -> None:
    value = values[which % len(values)]
    line = f"{text[:20]}{value}{text[20:]}"
    many, few = redactor(*values), redactor(*values)
    for number in range(40):
        many.add(f"another secret {number}")
    assert many.mask(line) == few.mask(line)
    assert value not in few.mask(line)


def test_a_secret_never_shows_itself() -> None:
    secret = Secret("hunter22")
    shown = [str(secret), repr(secret), f"{secret}", f"{secret:>20}", "%s %r" % (secret, secret)]  # noqa: UP031 - one more way to show it
    assert "hunter22" not in "".join(shown)
    assert secret.reveal() == "hunter22"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.deepcopy(secret)
    with pytest.raises(TypeError) as caught:
        json.dumps(secret)
    assert "hunter22" not in "".join(traceback.format_exception(caught.value))


def test_secrets_are_equal_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret(None)}) == 2


@pytest.mark.parametrize(
    "key",
    ["SHOP_TOKEN", "token", "dbPassword", "X_API_KEY", "apikey", "CLIENT_SECRET", "AWS_SECRET_KEY"],
)
def test_keys_that_look_secret(key: str) -> None:
    assert key_looks_secret(key)


@pytest.mark.parametrize("key", ["TOKEN_URL", "MAX_TOKENS", "KEY", "PASSWORD_PAGE", "HOST", ""])
def test_keys_that_do_not_look_secret(key: str) -> None:
    assert not key_looks_secret(key)


def test_a_redactor_does_not_show_what_it_knows() -> None:
    assert repr(redactor("hunter22")) == "Redactor(1 secrets)"
    assert redactor().mask("100% of %41") == "100% of %41"

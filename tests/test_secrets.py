"""Secrets stay out of every text, however they are encoded there."""

import base64
import json
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.secrets import (
    WITHHELD,
    Redactor,
    credentials_in,
    is_maskable,
    key_looks_secret,
    screened_json,
)
from tests.encodings import ALL, COMMON

CANARY = "c@n/a+r%y \"q&uo'te$<>`\\é🦊 end"


def redactor(*values: str) -> Redactor:
    made = Redactor()
    for value in values:
        made.mark(value)
    return made


@pytest.mark.parametrize("encode", COMMON.values(), ids=COMMON)
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
    name=st.sampled_from(sorted(COMMON)),
)
def test_no_value_survives_any_encoding(value: str, before: bytes, after: bytes, name: str) -> None:
    if len(value.strip()) < 8 or len(value.splitlines()) != 1:
        return
    made = redactor(value)
    assert "(secret #1)" in made.mask(COMMON[name](value))
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


def test_equal_secrets_have_equal_marks() -> None:
    made = Redactor()
    marks = [made.mark(value) for value in ("first-value", "second-value", "first-value")]
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


def test_a_secret_learned_later_is_masked_from_then_on() -> None:
    made = redactor("first-value")
    assert made.mask("later-value") == "later-value"
    made.mark("later-value")
    assert made.mask("later-value") == "(secret #2)"


PEM = "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA7\nq9Zx0Yt/+rUw\n-----END KEY-----\n"
VALUES = [CANARY, "hunter2-Hunter2", "Pass phrase", "a:b,c%d e/f+g", "s\u00e9cr\u00e9t&=Value", PEM]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("value", VALUES)
def test_of_a_text_from_outside_no_encoding_of_a_secret_is_shown(value: str, name: str) -> None:
    written = ALL[name](value)
    shown = redactor(value).screen(f"before {written} after")
    assert shown == WITHHELD or (shown.startswith("before") and "(secret #1)" in shown)
    if shown != WITHHELD:
        assert not any(len(line) > 2 and line in shown for line in written.splitlines())
    document = json.dumps({"error": {written: [f"x{written}"]}, "id": 7}).encode()
    screened = screened_json(document, redactor(value).screen)
    assert json.loads(screened)["id"] == 7
    assert redactor(value).screen(screened.decode()) == screened.decode()


SIGNATURE = "3f1c0b9d8e7a6f5e4d3c2b1a"
SIGNED = [
    f"https://bucket.s3.amazonaws.com/trace.zip?X-Amz-Expires=9&X-Amz-Signature={SIGNATURE}",
    f"https://storage.googleapis.com/b/x?X-Goog-Signature={SIGNATURE}&X-Goog-Expires=1",
    f"https://acc.blob.core.windows.net/c/x?sv=2026&sig={SIGNATURE}%3D",
    f"https://d1.cloudfront.net/x?Expires=1&Signature={SIGNATURE}&Key-Pair-Id=K",
    f"http://user.example/x?access_token={SIGNATURE}#part",
    f"//cdn.example/a?api_key={SIGNATURE}",
    f"https%3A%2F%2Fcdn.example%2Fa%3Ftoken%3D{SIGNATURE}",
    f"https://login.example/?to=https%3A%2F%2Fx%2Fy%3FX-Amz-Signature%3D{SIGNATURE}",
    f"https:\\/\\/cdn.example\\/a?e=1\\u0026signature={SIGNATURE}",
    f"https://cdn.example/a?e=1&amp;Signature={SIGNATURE}",
]


@pytest.mark.parametrize("address", SIGNED)
def test_a_signed_address_loses_its_query(address: str) -> None:
    made = redactor()
    shown = made.screen(f"GET <{address}> failed: 403")
    assert SIGNATURE not in shown
    assert shown.endswith("?(not shown)> failed: 403")
    assert made.screen(shown) == shown
    # Its signature is known from then on.
    assert SIGNATURE not in made.screen(f"SignatureDoesNotMatch: {SIGNATURE}")


@pytest.mark.parametrize("sign", ["&quest;", "\\u003f", "&#63;", "\\x3f"])
def test_a_signed_address_with_a_question_mark_in_disguise(sign: str) -> None:
    assert redactor().screen(f"x https://cdn/a{sign}Signature={SIGNATURE}") == WITHHELD


@pytest.mark.parametrize(
    "text",
    [
        "https://www.example.com/search?q=tokens&page=2",
        "Is the token=abc right?",
        "expected signature to be 3 (why?)",
        "https://www.example.com/?assign=1&design=2",
    ],
)
def test_other_addresses_stay_as_they_are(text: str) -> None:
    assert redactor().screen(text) == text


def test_an_answer_keeps_the_signed_addresses_that_are_followed() -> None:
    made = redactor()
    answer = {
        "browserCheckResult": {"jobAssets": [SIGNED[0]], "pcapDataUrl": SIGNED[3]},
        "name": SIGNED[1],
        "error": f"{SIGNED[2]} is gone",
    }
    screened = json.loads(screened_json(json.dumps(answer).encode(), made.screen))
    assert screened["browserCheckResult"] == answer["browserCheckResult"]
    assert SIGNATURE not in screened["name"] + screened["error"]
    # The same address is followed when it comes again, and shown nowhere.
    again = json.dumps({"jobAssets": [SIGNED[0]], "error": SIGNATURE}).encode()
    assert json.loads(screened_json(again, made.screen)) == {
        "jobAssets": [SIGNED[0]],
        "error": "(secret #1)",
    }


def test_a_signature_may_hold_anything() -> None:
    made = redactor()
    assert made.screen("x?token=\ud800" + "y" * 20 + " z") == "x?(not shown) z"
    assert made.screen("?sig=" + "\x00" * 20) == "?(not shown)"


def test_a_private_key_is_found_on_lines_of_another_length() -> None:
    body = "".join(PEM.splitlines()[1:-1])
    assert redactor(PEM).screen(f"-- {body[:11]}\n{body[11:]}") == WITHHELD


@pytest.mark.parametrize(
    "text",
    ["Checkout failed: 3 of 7 (HTTP 500)", "na\u00efve caf\u00e9 &amp; %41 \\u0041", "", "x" * 9],
)
def test_a_text_without_a_secret_is_shown_as_it_is(text: str) -> None:
    assert redactor("hunter22", CANARY).screen(text) == text
    assert redactor().screen(text) == text
    body = json.dumps({"a": text}).encode()
    assert screened_json(body, redactor("hunter22").screen) is body


def test_what_is_no_json_is_not_shown_where_it_holds_a_secret() -> None:
    assert json.loads(screened_json(b"<p>hunter22", redactor("hunter22").screen)) == WITHHELD
    deep = b"[" * 100_000 + b"hunter22"
    assert json.loads(screened_json(deep, redactor("hunter22").screen)) == WITHHELD


def test_a_secret_that_stands_in_a_mark_withholds_nothing() -> None:
    assert redactor("secret").screen("my secret") == "my (secret #1)"


def test_credentials_get_their_mark_where_they_first_show() -> None:
    made = Redactor(["api-key-1", "short", "api-key-2"])
    assert made.mark("hunter22") == "(secret #1)"
    assert made.mask("api-key-2 api-key-1 short hunter22") == (
        "(secret #2) (secret #3) short (secret #1)"
    )


def test_the_credentials_of_a_process() -> None:
    environ = {
        "CHECKLY_API_KEY": "1",
        "CHECKLY_ACCOUNT_ID": "-",
        "CHECKLY_SESSIONS_FINGERPRINT_KEY": "2",
        "CHECKLY_SESSIONS_VAR_TOKEN": "-",
        "CHECKLY_SESSIONS_WEBHOOK_URL": "3",
        "CHECKLY_SESSIONS_STATE": "s3://bucket/path@x",
        "GITHUB_TOKEN": "4",
        "GITHUB_SHA": "-",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "5",
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://x.example",
        "AWS_SECRET_ACCESS_KEY": "6",
        "AWS_REGION": "-",
        "AZURE_STORAGE_SAS": "7",
        "GOOGLE_SERVICE_ACCOUNT_KEY": "8",
        "GOOGLE_SERVICE_ACCOUNT_KEY_PATH": "-",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Basic%20x,api-key=y",
        "HTTPS_PROXY": "http://me:9@proxy.example:3128",
        "NO_PROXY": "x://[@",
        "SHOP_TOKEN": "-",
    }
    found = list(filter(None, credentials_in(environ)))
    assert found == [*"12345678", "Basic x", "x", "y", "api-key=y", "9"]


LARGE = {
    "words": "a line of some log, with s3cr3t/77+value in it\n" * 200_000,
    "one letter": "a" * 10_000_000,
    "percent": "%41" * 3_000_000,
    "backslashes": "\\" * 10_000_000,
    "ampersands": "&" * 10_000_000,
    "entities": "&#x41;" * 1_500_000,
    "marks": "(secret #1)" * 900_000,
    "spaces": " " * 10_000_000,
    "accents": "\u00e9 " * 5_000_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", LARGE)
def test_ten_megabytes_take_time_in_proportion(kind: str) -> None:
    made = redactor(
        "s3cr3t/77+value", "aaaaaa", "\\\\\\\\\\\\", *(f"another {n}" for n in range(20))
    )

    def seconds(text: str) -> float:
        start = time.process_time()
        assert "s3cr3t/77" not in made.screen(text)
        return time.process_time() - start

    text = LARGE[kind]
    assert seconds(text) < 30 * max(seconds(text[: len(text) // 10]), 0.05)


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
        many.mark(f"another secret {number}")
    assert many.mask(line) == few.mask(line)
    assert value not in few.mask(line)


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


def test_a_secret_in_a_long_log_costs_few_looks() -> None:
    made, looks = redactor("hunter22"), 0

    def screen(text: str) -> str:
        nonlocal looks
        looks += len(text)
        return made.screen(text)

    log = [{"message": f"line {number}"} for number in range(5_000)]
    log[3_333]["message"] = "the key is hunter22"
    body = json.dumps({"log": log}).encode()
    screened = json.loads(screened_json(body, screen))["log"]
    assert looks < 6 * len(body)
    assert screened[3_333] == {"message": "the key is (secret #1)"}
    assert screened[:3_333] + screened[3_334:] == log[:3_333] + log[3_334:]

"""Requests of listeners go the same way as those to the API."""

import asyncio

import pytest

from runner.checkly import send as send_module
from runner.checkly.send import send
from runner.errors import CannotRun
from tests.checkly.scripted import Drip, answer, scripted


def sent_to(url: str = "") -> tuple[int, str]:
    async def main() -> tuple[int, str]:
        async with scripted(lambda _: answer({"ok": True})) as server:
            address = url or f"{server.url}/hook"
            return await asyncio.to_thread(send, "POST", address, headers={}, body={})

    return asyncio.run(main())


def test_no_proxy_with_addresses_of_ipv6_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "fe80::/10, [::1]:80, 10.0.0.0/8")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert sent_to() == (200, '{"ok": true}')


def test_certificates_are_those_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", "/nowhere.pem")
    with pytest.raises(CannotRun, match="NODE_EXTRA_CA_CERTS"):
        sent_to("https://127.0.0.1:9/hook")


@pytest.mark.parametrize("url", ["http://example.com/x", "ftp://127.0.0.1/x", "http://[::1"])
def test_an_address_that_would_be_read_on_the_way_is_refused(url: str) -> None:
    with pytest.raises(CannotRun, match="Its address"):
        sent_to(url)


@pytest.mark.parametrize(
    ("drip", "most"),
    [(Drip([b"x" * 100_000] * 200), 2_000_000), (Drip([b"x"] * 200, 0.05), 20)],
    ids=["large", "slow"],
)
def test_an_answer_without_end_is_cut(
    monkeypatch: pytest.MonkeyPatch, drip: Drip, most: int
) -> None:
    monkeypatch.setattr(send_module, "_SECONDS", 0.5)
    head = b"HTTP/1.1 202 Accepted\r\nContent-Length: 99999999999\r\n\r\n"

    async def main() -> tuple[int, str]:
        async with scripted(lambda _: Drip([head, *drip.parts], drip.seconds)) as server:
            url = f"{server.url}/hook"
            return await asyncio.to_thread(send, "POST", url, headers={}, body={})

    status, text = asyncio.run(main())
    assert status == 202
    assert 0 < len(text) <= most

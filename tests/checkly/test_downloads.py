"""Downloads from a small server that breaks off, redirects and lies."""

import asyncio
import gzip
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from runner.checkly.account import Credentials
from runner.checkly.downloads import Downloads
from runner.errors import CannotRun
from tests.engine.clocks import FakeClock

CONTENT = bytes(range(256)) * 40


ELSEWHERE = {
    "/elsewhere": "/fine",
    "/round": "/round",
    "/to-a-file": "file:///etc/passwd",
    "/odd": "https://xn--www.xn--",
}


class Files(BaseHTTPRequestHandler):
    """Serves one file in many ways, a method each; ``asked`` has the requests."""

    asked: list[tuple[str, str | None, str | None]] = []  # noqa: RUF012 # of the whole server

    def do_GET(self) -> None:
        path, wanted = self.path.partition("?")[0], self.headers.get("range")
        self.asked.append((path, wanted, self.headers.get("authorization")))
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if path in ELSEWHERE:
            self.answer(302, b"", {"location": ELSEWHERE[path]})
        else:
            getattr(self, path.strip("/").replace("-", "_"))(start)

    def is_first(self) -> bool:
        return len(self.asked) == 1

    def fine(self, _: int) -> None:
        self.answer(200, CONTENT)

    def breaks(self, start: int) -> None:
        self.part(start, cut=not start)

    def always_breaks(self, _: int) -> None:
        self.answer(200, CONTENT, cut=True)

    def forgets_ranges(self, _: int) -> None:
        self.answer(200, CONTENT)

    def refuses_ranges(self, start: int) -> None:
        self.answer(416 if start else 200, b"" if start else CONTENT)

    def ill_once(self, _: int) -> None:
        self.answer(503 if self.is_first() else 200, b"" if self.is_first() else CONTENT)

    def starts_elsewhere(self, start: int) -> None:
        self.part(start + 7 if start else 0)

    def stops_early(self, start: int) -> None:
        self.part(start, stop=len(CONTENT) - 7 if start else None)

    def does_not_say_which(self, start: int) -> None:
        self.answer(206 if start else 200, CONTENT[start:])

    def part_unasked(self, _: int) -> None:
        self.part(7 if self.is_first() else 0)

    def packed(self, start: int) -> None:
        if start:
            self.part(start, more={"content-encoding": "gzip"})
        else:
            self.answer(200, gzip.compress(CONTENT), {"content-encoding": "gzip"})

    def packed_badly(self, _: int) -> None:
        self.answer(200, CONTENT, {"content-encoding": "gzip"})

    def drips(self, _: int) -> None:
        """Send one byte after the other, for ever."""
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):
            while True:
                self.wfile.write(b"x")
                time.sleep(0.02)

    def says_nothing(self, _: int) -> None:
        time.sleep(1)

    def gone(self, _: int) -> None:
        self.answer(404, b"")

    def expired(self, _: int) -> None:
        self.answer(403, b"<Error><Code>AccessDenied</Code></Error>")

    def odd_status(self, _: int) -> None:
        self.answer(418, b"")

    def part(
        self,
        start: int,
        *,
        stop: int | None = None,
        cut: bool = False,
        more: dict[str, str] | None = None,
    ) -> None:
        stop = stop or len(CONTENT)
        said = {"content-range": f"bytes {start}-{stop - 1}/{len(CONTENT)}", **(more or {})}
        self.answer(206 if start else 200, CONTENT[start:stop], said, cut=cut)

    def answer(
        self, status: int, body: bytes, more: dict[str, str] | None = None, *, cut: bool = False
    ) -> None:
        self.send_response(status)
        for name, value in {**(more or {}), "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[str]:
    Files.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def fetched(url: str, path: Path, most: int = 1_000_000, seconds: float = 60) -> None:
    async def run() -> None:
        credentials = Credentials("cu_key", "account", url.rpartition("/")[0])
        async with aclosing(Downloads(credentials, FakeClock())) as downloads:
            await downloads.fetch(url, path, lambda size: size <= most, seconds)

    asyncio.run(run())


WAYS = ["fine", "breaks", "forgets-ranges", "refuses-ranges", "elsewhere", "ill-once", "packed"]
LIES = ["starts-elsewhere", "stops-early", "does-not-say-which", "part-unasked"]


@pytest.mark.parametrize("way", WAYS + LIES)
@pytest.mark.parametrize("before", [b"", CONTENT[:11], CONTENT], ids=["new", "resumed", "whole"])
def test_a_file_arrives_whole_whatever_happens_on_the_way(
    tmp_path: Path, way: str, before: bytes
) -> None:
    path = tmp_path / "trace.zip"
    if before:
        path.with_name("trace.zip.part").write_bytes(before)
    with serving() as url:
        fetched(f"{url}/{way}?signature=x", path)
    assert path.read_bytes() == CONTENT
    assert [found.name for found in tmp_path.iterdir()] == ["trace.zip"]


def test_what_broke_off_is_resumed_and_no_key_is_sent(tmp_path: Path) -> None:
    with serving() as url:
        fetched(f"{url}/breaks", tmp_path / "trace.zip")
        half = len(CONTENT) // 2
        assert Files.asked == [("/breaks", None, None), ("/breaks", f"bytes={half}-", None)]


def test_what_an_earlier_call_left_is_resumed(tmp_path: Path) -> None:
    (tmp_path / "trace.zip.part").write_bytes(CONTENT[:100])
    with serving() as url:
        fetched(f"{url}/breaks", tmp_path / "trace.zip")
        assert Files.asked == [("/breaks", "bytes=100-", None)]
    assert (tmp_path / "trace.zip").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("way", "why"),
    [
        ("always-breaks", "The connection broke off"),
        ("packed-badly", "The connection broke off"),
        ("gone", "Its address has expired, or the file was removed"),
        ("expired", "Its address has expired, or the file was removed"),
        ("odd-status", "The server answered 418"),
        ("round", "redirected too many times"),
        ("to-a-file", "not https"),
        ("odd", "address can't be used"),
    ],
)
def test_what_can_not_be_had_is_said_without_the_address(
    tmp_path: Path, way: str, why: str
) -> None:
    path = tmp_path / "trace.zip"
    with serving() as url, pytest.raises(CannotRun, match=why) as caught:
        fetched(f"{url}/{way}?signature=x", path)
    assert "127.0.0.1" not in str(caught.value)
    assert not path.exists()


def test_a_file_over_the_limit_is_not_kept(tmp_path: Path) -> None:
    with serving() as url, pytest.raises(CannotRun, match="larger than"):
        fetched(f"{url}/fine", tmp_path / "trace.zip", most=len(CONTENT) - 1)
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_never_ends_is_given_up_and_can_be_resumed(tmp_path: Path) -> None:
    with serving() as url, pytest.raises(CannotRun, match="It took too long"):
        fetched(f"{url}/drips", tmp_path / "trace.zip", seconds=0.5)
    assert [found.name for found in tmp_path.iterdir()] == ["trace.zip.part"]
    with serving() as url, pytest.raises(CannotRun, match="larger than"):
        fetched(f"{url}/drips", tmp_path / "log", most=5)


def test_a_server_that_falls_silent_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.checkly.downloads._SILENCE_SECONDS", 0.1)
    with serving() as url, pytest.raises(CannotRun, match="The connection broke off"):
        fetched(f"{url}/says-nothing", tmp_path / "trace.zip")
    assert len(Files.asked) == 3
    with serving() as url, pytest.raises(CannotRun, match="It took too long"):
        fetched(f"{url}/drips", tmp_path / "trace.zip", seconds=0.5)  # slow, and not silent
    assert len(Files.asked) == 1


@pytest.mark.parametrize("address", ["http://192.0.2.1/x", "ftp://127.0.0.1/x", "", "https://["])
def test_addresses_that_are_not_of_the_web_are_refused(tmp_path: Path, address: str) -> None:
    async def run() -> None:
        credentials = Credentials("cu_key", "account", "https://api.example.com")
        async with aclosing(Downloads(credentials, FakeClock())) as downloads:
            await downloads.fetch(address, tmp_path / "x", lambda _: True, 10)

    with pytest.raises(CannotRun):
        asyncio.run(run())

"""Downloads from a small server that breaks off, redirects and lies."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
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
    """Serves one file in many ways; ``asked`` has the requests."""

    asked: list[tuple[str, str | None, str | None]] = []  # noqa: RUF012 # of the whole server

    def do_GET(self) -> None:
        path, wanted = self.path.partition("?")[0], self.headers.get("range")
        self.asked.append((path, wanted, self.headers.get("authorization")))
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        match path:
            case "/breaks":
                self.answer(206 if start else 200, CONTENT[start:], cut=not start)
            case "/always-breaks":
                self.answer(200, CONTENT, cut=True)
            case "/forgets-ranges":
                self.answer(200, CONTENT)
            case "/refuses-ranges":
                self.answer(416 if wanted else 200, b"" if wanted else CONTENT)
            case _ if path in ELSEWHERE:
                self.answer(302, b"", location=ELSEWHERE[path])
            case "/gone":
                self.answer(404, b"")
            case "/ill-once":
                ill = sum(asked == path for asked, *_ in self.asked) == 1
                self.answer(503 if ill else 200, b"" if ill else CONTENT)
            case _:
                self.answer(200, CONTENT)

    def answer(self, status: int, body: bytes, *, cut: bool = False, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
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


def fetched(url: str, path: Path, most: int = 1_000_000) -> int:
    async def run() -> int:
        credentials = Credentials("cu_key", "account", url.rpartition("/")[0])
        async with aclosing(Downloads(credentials, FakeClock())) as downloads:
            return await downloads.fetch(url, path, most)

    return asyncio.run(run())


@pytest.mark.parametrize(
    "way", ["fine", "breaks", "forgets-ranges", "refuses-ranges", "elsewhere", "ill-once"]
)
def test_a_file_arrives_whole_whatever_happens_on_the_way(tmp_path: Path, way: str) -> None:
    path = tmp_path / "trace.zip"
    if "ranges" in way:
        path.with_name("trace.zip.part").write_bytes(b"from before")
    with serving() as url:
        assert fetched(f"{url}/{way}?signature=x", path) == len(CONTENT)
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
        ("gone", "The server answered 404"),
        ("round", "redirects too often"),
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


@pytest.mark.parametrize("address", ["http://192.0.2.1/x", "ftp://127.0.0.1/x", "", "https://["])
def test_addresses_that_are_not_of_the_web_are_refused(tmp_path: Path, address: str) -> None:
    async def run() -> None:
        credentials = Credentials("cu_key", "account", "https://api.example.com")
        async with aclosing(Downloads(credentials, FakeClock())) as downloads:
            await downloads.fetch(address, tmp_path / "x", 10)

    with pytest.raises(CannotRun):
        asyncio.run(run())

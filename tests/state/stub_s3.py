"""An S3 server that misbehaves as it is told."""

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote

ERROR = '<?xml version="1.0"?><Error><Code>{}</Code><Message>{}</Message></Error>'


def tag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


class StubS3:
    """What the server holds and how it answers.

    Attributes:
        objects: By path, bucket included.
        answer: Looks at method and path before anything is done; returns status and body to
            answer with, or ``None`` to go on.
        ignores_conditions: Whether ``If-None-Match`` is not looked at.
        requests: Method and path of all requests so far.
        loses_answers: How many writes are carried out and answered with 500.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.requests: list[tuple[str, str]] = []
        self.answer: Callable[[str, str], tuple[int, str] | None] = lambda _method, _path: None
        self.ignores_conditions = False
        self.failing: tuple[int, str] | None = None
        self.loses_answers = 0
        self.url = ""

    def fail(self, number: int, how: str) -> None:
        """Let one request fail: its number, and a status or a reset, before or after the work."""
        self.failing = number, how

    def noted(self, method: str, path: str) -> str:
        """Note a request; says how it fails, if it does."""
        self.requests.append((method, path))
        number, how = self.failing or (0, "")
        return how if number == len(self.requests) else ""

    def put(self, path: str, data: bytes, *, only_new: bool) -> tuple[int, str]:
        if only_new and not self.ignores_conditions and path in self.objects:
            return 412, ERROR.format("PreconditionFailed", "It is there.")
        self.objects[path] = data
        if self.loses_answers:
            self.loses_answers -= 1
            return 500, ERROR.format("InternalError", "Try again.")
        return 200, ""

    def list(self, bucket: str, prefix: str) -> tuple[int, str]:
        contents = "".join(
            f"<Contents><Key>{path.removeprefix(bucket + '/')}</Key>"
            f"<LastModified>2026-08-01T12:00:00.000Z</LastModified><Size>{len(data)}</Size>"
            f"<ETag>{tag(data)}</ETag></Contents>"
            for path, data in sorted(self.objects.items())
            if path.startswith(f"{bucket}/{prefix}")
        )
        return (
            200,
            f"<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>",
        )


@contextmanager
def serving(stub: StubS3) -> Iterator[StubS3]:  # noqa: C901 # a switch
    """Serves ``stub`` on loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do(self) -> None:  # a switch
            path, _, query = self.path.partition("?")
            path = unquote(path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            how = stub.noted(self.command, path)
            status, text = 500, ERROR.format("InternalError", "Try again.")
            if not how or how.endswith("after"):
                status, text = stub.answer(self.command, path) or self.served(path, query, body)
            if how.startswith("reset"):
                self.close_connection = True
                return
            if how:
                code = "SlowDown" if how == "503" else "InternalError"
                status, text = int(how.partition(" ")[0]), ERROR.format(code, "Try again.")
            content = text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", tag(stub.objects.get(path, b"")))
            self.send_header("Last-Modified", "Sat, 01 Aug 2026 12:00:00 GMT")
            self.end_headers()
            if self.command != "HEAD":
                with suppress(BrokenPipeError, ConnectionResetError):  # it did not wait for us
                    self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do  # noqa: N815 # the base class's names

        def served(self, path: str, query: str, body: bytes) -> tuple[int, str]:
            if self.command == "PUT":
                return stub.put(path, body, only_new=self.headers.get("If-None-Match") == "*")
            if self.command == "POST":
                keys = re.findall(r"<Key>(.*?)</Key>", body.decode())
                for key in keys:
                    stub.objects.pop(f"{path}/{key}", None)
                deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
                return 200, f"<DeleteResult>{deleted}</DeleteResult>"
            if self.command == "DELETE":
                stub.objects.pop(path, None)
                return 204, ""
            if "list-type=2" in query:
                return stub.list(path, parse_qs(query).get("prefix", [""])[0])
            if path in stub.objects:
                return 200, stub.objects[path].decode()
            return 404, ERROR.format("NoSuchKey", "There is none.")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the base's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

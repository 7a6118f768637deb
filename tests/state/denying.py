"""A proxy on loopback that refuses some kinds of requests to a bucket, as missing rights do."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_REFUSAL = b'<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>No.</Message></Error>'
_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "DELETE": "delete", "POST": "delete"}
_OF_A_HOP = {"connection", "transfer-encoding", "keep-alive"}


class Denying:
    """The proxy.

    Attributes:
        url: Its address, with the path of what it stands before.
        denied: What is refused: ``list``, ``read``, ``write`` and ``delete``.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.denied: frozenset[str] = frozenset()

    def is_denied(self, method: str, path: str) -> bool:
        is_list = method == "GET" and ("list-type=2" in path or "comp=list" in path)
        return ("list" if is_list else _VERBS[method]) in self.denied


@contextmanager
def before(address: str) -> Iterator[Denying]:
    """Stand before a server."""
    upstream = urlsplit(address)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if found.is_denied(self.command, self.path):
                status, headers, content = 403, [("Content-Type", "application/xml")], _REFUSAL
            else:
                status, headers, content = self.forwarded(body)
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in {*_OF_A_HOP, "content-length", "date", "server"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = do  # noqa: N815 # the base class's names

        def forwarded(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
            connection = http.client.HTTPConnection(str(upstream.hostname), upstream.port)
            try:
                headers = {k: v for k, v in self.headers.items() if k.lower() not in _OF_A_HOP}
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                return answer.status, answer.getheaders(), answer.read()
            finally:
                connection.close()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the base's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Denying(upstream._replace(netloc=f"127.0.0.1:{server.server_port}").geturl())
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

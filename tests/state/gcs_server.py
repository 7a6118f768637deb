"""A strict Google Cloud Storage on loopback: its XML API, as far as objects need it.

It refuses what it does not know, so that nothing passes here that the real one would not take.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

_ERROR = '<?xml version="1.0"?><Error><Code>{}</Code><Message>{}</Message></Error>'
_PAGE = 1000


class Bucket:
    """Objects by key: content, time and generation."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, datetime, int]] = {}
        self.turn = threading.Lock()
        self.generation = 0

    def put(self, key: str, data: bytes, match: str | None) -> tuple[int, str]:
        with self.turn:
            if match not in {None, "0"}:
                return 400, _ERROR.format("InvalidArgument", "Only generation 0 is asked for.")
            if match == "0" and key in self.objects:
                return 412, _ERROR.format("PreconditionFailed", "It is there.")
            self.generation += 1
            self.objects[key] = data, datetime.now(UTC), self.generation
            return 200, ""

    def list(self, query: dict[str, list[str]]) -> tuple[int, str]:
        known = {"list-type", "prefix", "delimiter", "start-after", "continuation-token"}
        if query.get("list-type") != ["2"] or set(query) - known - {"max-keys"}:
            return 400, _ERROR.format("InvalidArgument", f"Unknown: {sorted(query)}")
        prefix, after = query.get("prefix", [""])[0], query.get("continuation-token", [""])[0]
        keys = [key for key in sorted(self.objects) if key.startswith(prefix) and key > after]
        folders: dict[str, None] = {}
        if "delimiter" in query:
            rest = {key: key.removeprefix(prefix) for key in keys}
            inside = [key for key in keys if "/" in rest[key]]
            folders = dict.fromkeys(prefix + rest[key].partition("/")[0] + "/" for key in inside)
            keys = [key for key in keys if "/" not in rest[key]]
        page, is_cut = keys[:_PAGE], len(keys) > _PAGE
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>"
            f"{self.objects[key][1]:%Y-%m-%dT%H:%M:%S.%f}Z</LastModified>"
            f'<ETag>"{self.objects[key][2]}"</ETag><Size>{len(self.objects[key][0])}</Size></Contents>'
            for key in page
        )
        common = "".join(
            f"<CommonPrefixes><Prefix>{escape(each)}</Prefix></CommonPrefixes>" for each in folders
        )
        token = f"<NextContinuationToken>{page[-1]}</NextContinuationToken>" if is_cut else ""
        truncated = str(is_cut).lower()
        return 200, (
            f"<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{token}{contents}{common}"
            "</ListBucketResult>"
        )


@contextmanager
def serving(name: str) -> Iterator[str]:  # noqa: C901 # a switch
    """Serve an empty bucket of that name; gives the address."""
    bucket = Bucket()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do(self) -> None:
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, content = self.answered(unquote(path), parse_qs(query), body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            found = bucket.objects.get(unquote(path).removeprefix(f"/{name}/"))
            if found:
                self.send_header("ETag", f'"{found[2]}"')
                self.send_header("x-goog-generation", str(found[2]))
                self.send_header("Last-Modified", format_datetime(found[1], usegmt=True))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = do  # noqa: N815 # the base class's names

        def answered(  # noqa: PLR0911 # a switch
            self, path: str, query: dict[str, list[str]], body: bytes
        ) -> tuple[int, bytes]:
            if path.strip("/").partition("/")[0] != name:
                return 404, _ERROR.format("NoSuchBucket", "The bucket does not exist.").encode()
            key = path.removeprefix(f"/{name}").removeprefix("/")
            if self.command == "GET" and not key:
                status, text = bucket.list(query)
                return status, text.encode()
            if self.command == "PUT" and key:
                match = self.headers.get("x-goog-if-generation-match")
                status, text = bucket.put(key, body, match)
                return status, text.encode()
            if key not in bucket.objects:
                return 404, _ERROR.format("NoSuchKey", "There is none.").encode()
            if self.command == "DELETE":
                with bucket.turn:
                    bucket.objects.pop(key, None)
                return 204, b""
            if self.command in {"GET", "HEAD"}:
                return 200, bucket.objects[key][0]
            return 405, _ERROR.format("MethodNotAllowed", "No.").encode()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the base's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

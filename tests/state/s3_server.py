"""moto's S3 server on a port of loopback, one request after another.

It looks at the conditions of a write and writes in two steps; S3 does it in one.
"""

import sys
import threading
from collections.abc import Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

app = DomainDispatcherApplication(create_backend_app)
turn = threading.Lock()


def one_by_one(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    with turn:
        return list(app(environ, start_response))


if __name__ == "__main__":
    run_simple("127.0.0.1", int(sys.argv[1]), one_by_one, threaded=True)

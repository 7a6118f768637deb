"""Azurite, Microsoft's emulator of Azure Blob Storage, from npm."""

import base64
import hashlib
import hmac
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path

from tests import npm

#: Azurite's own account, which is the same everywhere.
AZURITE = {
    "AZURE_STORAGE_ACCOUNT_NAME": "devstoreaccount1",
    "AZURE_STORAGE_ACCOUNT_KEY": "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/"
    "K1SZFPTOtr/KBHBeksoGMGw==",
}


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve an empty account; gives its address. Skips the test where npm is missing."""
    program = shutil.which("azurite-blob") or str(
        npm.packages("azurite@3") / "node_modules/.bin/azurite-blob"
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        program,
        "--silent",
        "--skipApiVersionCheck",
        "--disableTelemetry",
        "--blobPort",
        str(port),
    ]
    with subprocess.Popen([*command, "--location", str(folder)], env=dict(os.environ)) as server:
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    assert time.monotonic() < deadline, "Azurite did not come up"
                    time.sleep(0.1)
            yield f"http://127.0.0.1:{port}/{AZURITE['AZURE_STORAGE_ACCOUNT_NAME']}"
        finally:
            server.kill()


def make_container(url: str, name: str) -> None:
    """Ask Azurite for a container, signed by the library's own signature."""
    account, date = AZURITE["AZURE_STORAGE_ACCOUNT_NAME"], formatdate(usegmt=True)
    text = (
        f"PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{date}\nx-ms-version:2021-08-06\n"
        f"/{account}/{account}/{name}\nrestype:container"
    )
    key = base64.b64decode(AZURITE["AZURE_STORAGE_ACCOUNT_KEY"])
    signature = base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()
    headers = {
        "x-ms-date": date,
        "x-ms-version": "2021-08-06",
        "Authorization": f"SharedKey {account}:{signature}",
    }
    address = f"{url}/{name}?restype=container"
    request = urllib.request.Request(address, method="PUT", headers=headers, data=b"")
    request.add_unredirected_header("Content-Type", "")
    urllib.request.urlopen(request).close()

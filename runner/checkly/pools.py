"""Connection pools: several small ones, each opened when those before it are busy.

httpx looks through all connections of a pool at the beginning and at the end of each request,
so two hundred sessions that are followed at once would spend most of their time there.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from runner.checkly.http_ import httpx

#: Requests that one pool has under way at most, and connections that it keeps open between them.
SIZE = 8


class Pools:
    """Clients of one API, each with a pool of its own."""

    def __init__(self, make: Callable[[], httpx.AsyncClient]) -> None:
        self._make = make
        self._clients = [make()]
        self._busy = [0]

    @contextmanager
    def client(self) -> Iterator[httpx.AsyncClient]:
        """The first client that has room for a request."""
        number = next((n for n, busy in enumerate(self._busy) if busy < SIZE), len(self._busy))
        if number == len(self._busy):
            self._clients.append(self._make())
            self._busy.append(0)
        self._busy[number] += 1
        try:
            yield self._clients[number]
        finally:
            self._busy[number] -= 1

    async def aclose(self) -> None:
        """Close every connection."""
        for client in self._clients:
            await client.aclose()

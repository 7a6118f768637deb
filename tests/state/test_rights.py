"""Credentials that may not do everything: what still works, what is said, and nothing is lost."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.state.store.address import open_store
from tests.cli.conftest import Shell, shell
from tests.state import denying
from tests.state.denying import Denying

__all__ = ["shell"]

FILE = """\
version: 1
project: shop
profiles: {smoke: {runLocation: eu-west-1, target: {matchTags: [[production]]}}}
"""
WORLD = "checks: [{name: Home, type: API, tags: [production], duration: 0.1}]\n"
ENDPOINTS = {"s3": "AWS_ENDPOINT_URL", "gs": "GOOGLE_BASE_URL", "az": "AZURE_STORAGE_ENDPOINT"}
VARIABLES = {
    "s3": "AWS_ACCESS_KEY_ID",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_KEY",
}
NO_DELETE = "Everything works, but outdated documents pile up there. Allow deletes."


class Bucket:
    """A bucket in which something was applied before rights are taken away."""

    def __init__(self, place: str, kind: str, shell: Shell, proxy: Denying) -> None:
        self.place = place
        self.variables = VARIABLES[kind]
        self.proxy = proxy
        self._shell = shell
        (shell.folder / "checkly-sessions.yaml").write_text(FILE)
        (shell.folder / "world.yaml").write_text(WORLD)
        assert self.apply()[0] == 0

    def run(self, *arguments: str) -> tuple[int, str, str]:
        return self._shell(*arguments, "--state", self.place)

    def apply(self) -> tuple[int, str, str]:
        return self.run("apply", "smoke", "--yes", "--world", "world.yaml")

    def objects(self) -> dict[str, bytes | None]:
        """All that it holds, seen with the right to read; a late deletion must not pass here."""
        denied, self.proxy.denied = self.proxy.denied, frozenset({"write", "delete"})
        try:
            return asyncio.run(self._objects())
        finally:
            self.proxy.denied = denied

    async def _objects(self) -> dict[str, bytes | None]:
        store = open_store(self.place, folder=Path(), environment=os.environ)
        paths = [entry.path for entry in await store.entries("")]
        return dict(zip(paths, await asyncio.gather(*map(store.get, paths)), strict=True))


@pytest.fixture(params=["s3", "gs", "az"])
def bucket_of_kind(
    request: pytest.FixtureRequest, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bucket]:
    place = request.getfixturevalue(f"{request.param}_place")
    endpoint = ENDPOINTS[request.param]
    with denying.before(os.environ[endpoint]) as proxy:
        monkeypatch.setenv(endpoint, proxy.url)
        yield Bucket(place, request.param, shell, proxy)


@pytest.mark.parametrize(
    ("denied", "verb"),
    [
        ({"list"}, "list"),
        ({"read"}, "read"),
        ({"write"}, "write"),
        ({"write", "delete"}, "write"),
        ({"list", "read"}, "read"),
        ({"list", "read", "write", "delete"}, "read"),
    ],
    ids=lambda value: value if isinstance(value, str) else "+".join(sorted(value)),
)
def test_an_apply_without_rights_starts_nothing_and_says_which_are_missing(
    bucket_of_kind: Bucket, denied: set[str], verb: str
) -> None:
    before = bucket_of_kind.objects()
    bucket_of_kind.proxy.denied = frozenset(denied)
    code, out, err = bucket_of_kind.apply()
    assert code == 3
    assert f"Error: Can't {verb} the state at {bucket_of_kind.place}" in err
    assert "access is denied (AccessDenied: No)" in err
    assert bucket_of_kind.variables in err
    assert "and what they may do" in err
    assert "started" not in out + err
    assert bucket_of_kind.objects() == before
    bucket_of_kind.proxy.denied = frozenset()
    assert bucket_of_kind.apply()[0] == 0  # nobody is locked out


READERS = [
    ["plan", "--world", "world.yaml"],
    ["status", "--emulator"],
    ["history", "--emulator"],
    ["checks", "--emulator"],
    ["state", "list", "--emulator"],
    ["state", "show", "smoke", "--emulator"],
    ["state", "export", "--emulator"],
]


def test_what_reads_does_with_reading_and_listing(bucket_of_kind: Bucket) -> None:
    before = bucket_of_kind.objects()
    bucket_of_kind.proxy.denied = frozenset({"write", "delete"})
    for command in READERS:
        code, out, err = bucket_of_kind.run(*command)
        assert (code, "smoke" in out or "Home" in out, "Can't" in err) == (0, True, False), command
    assert bucket_of_kind.objects() == before


@pytest.mark.parametrize("denied", ["list", "read"])
def test_what_reads_says_what_it_may_not(bucket_of_kind: Bucket, denied: str) -> None:
    bucket_of_kind.proxy.denied = frozenset({denied})
    for command in READERS:
        code, _, err = bucket_of_kind.run(*command)
        assert (code, f"Can't {denied} the state at {bucket_of_kind.place}" in err) == (3, True)


def test_an_apply_that_may_not_delete_passes_and_warns_once(bucket_of_kind: Bucket) -> None:
    bucket_of_kind.proxy.denied = frozenset({"delete"})
    for _ in range(3):
        before = bucket_of_kind.objects()
        code, _, err = bucket_of_kind.apply()
        assert (code, err.count("Can't delete the state at"), err.count(NO_DELETE)) == (0, 1, 1)
        after = bucket_of_kind.objects()
        assert {path: after.get(path) for path in before} == before
    assert bucket_of_kind.run("status", "--emulator")[0] == 0
    assert bucket_of_kind.run("history", "--emulator")[1].count("1 passed") == 4


def test_a_prune_that_may_not_delete_says_so(bucket_of_kind: Bucket) -> None:
    bucket_of_kind.apply()
    before = bucket_of_kind.objects()
    bucket_of_kind.proxy.denied = frozenset({"delete"})
    code, _, err = bucket_of_kind.run("state", "prune", "--keep", "1", "--yes", "--emulator")
    assert (code, "Error: Can't delete the state at" in err) == (3, True)
    assert bucket_of_kind.objects() == before

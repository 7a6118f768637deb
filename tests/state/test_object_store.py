"""What stores do wrong, and what is said of it."""

import asyncio
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.exceptions import GenericError

from runner.errors import StateError, UsageError
from runner.state.project import Project
from runner.state.state import State
from runner.state.store.address import open_store
from runner.state.store.object_store import Entry, Store
from tests.state.conftest import (
    ALICE,
    OpenState,
    a_record,
    an_attempt,
    attempts_of,
    finish,
    leave,
    unfinished,
)
from tests.state.stub_s3 import ERROR, StubS3


@pytest.fixture(params=["folder"])
def place(tmp_path: Path) -> str:
    return f"file://{tmp_path}/state"


async def take(state: State) -> None:
    async with state.lock(["smoke"], ALICE, "a1", timeout=0):
        pass


# ---------------------------------------------------------------- buckets


def test_a_store_that_overwrites_is_refused(open_: OpenState, stub: StubS3) -> None:
    stub.ignores_conditions = True
    with pytest.raises(StateError, match="overwrites objects that exist although"):
        asyncio.run(take(open_(url="s3://bucket")))


def test_a_store_that_honours_conditions_is_asked_once(open_: OpenState, stub: StubS3) -> None:
    for _ in range(2):
        asyncio.run(take(open_(url="s3://bucket")))
    asked = [each for each in stub.requests if each[0] == "PUT" and "project.json" in each[1]]
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("number", "how"),
    [
        *((number, "reset after") for number in range(25)),
        *((number, "reset before") for number in range(0, 25, 3)),
        *((number, how) for number in (1, 5, 12) for how in ("500 after", "503", "429")),
    ],
)
def test_one_failure_at_any_request_of_an_apply_is_not_noticed(
    open_: OpenState, stub: StubS3, number: int, how: str
) -> None:
    asyncio.run(finish(open_(url="s3://bucket"), an_attempt("smoke", "a0")))
    stub.fail(len(stub.requests) + number, how)

    async def go() -> None:
        await finish(open_(url="s3://bucket"), an_attempt(), an_attempt("other"))
        state = open_(url="s3://bucket")
        async with state.lock(["smoke", "other"], ALICE, "a2", timeout=0) as locks:
            assert locks.inherited == {}
        assert {each.apply_id for each in (await state.records()).values()} == {"a1"}

    asyncio.run(go())


@pytest.mark.parametrize("status", [501, 403, 200])
def test_a_store_that_can_not_delete_many_is_asked_to_delete_one_by_one(
    open_: OpenState, stub: StubS3, status: int
) -> None:
    """200 stands for an answer that refuses each key by itself."""
    error = "<DeleteResult><Error><Key>k</Key><Code>AccessDenied</Code></Error></DeleteResult>"
    body = error if status == 200 else ERROR.format("NotImplemented", "No.")
    stub.answer = lambda method, _path: (status, body) if method == "POST" else None
    told: list[StateError] = []
    for number in range(6):
        state = open_(url="s3://bucket")
        state.store.warn = told.append
        asyncio.run(finish(state, an_attempt(apply_id=f"a{number}")))
    assert sum("/locks/" in path for path in stub.objects) <= 6
    assert told == []


def test_a_store_that_can_not_delete_at_all_still_works_and_is_told_of_once(
    open_: OpenState, stub: StubS3
) -> None:
    stub.answer = lambda method, _path: (
        (403, ERROR.format("AccessDenied", "No.")) if method in {"POST", "DELETE"} else None
    )
    told: list[StateError] = []
    state = open_(url="s3://bucket")
    state.store.warn = told.append

    async def go() -> None:
        for number in range(6):
            await finish(state, an_attempt(apply_id=f"a{number}"))

    asyncio.run(go())
    (warning,) = told
    assert warning.message.startswith("Can't delete the state at s3://bucket/")
    assert sum("/locks/" in path for path in stub.objects) == 12


def test_a_panic_of_the_library_is_an_error_like_others(
    open_: OpenState, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PanicException(BaseException):  # the library's name for it
        """As pyo3 raises it: it is not even an exception."""

    def panics(*_: object, **__: object) -> None:
        raise PanicException("not yet implemented: unknown key")

    monkeypatch.setattr("obstore.list", panics)
    (open_().store.folder or Path()).mkdir()
    with pytest.raises(StateError, match="not yet implemented: unknown key"):
        asyncio.run(open_().records())


def test_a_store_that_lists_late_is_refused(
    open_: OpenState, stub: StubS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(_prefix: str) -> list[Entry]:
        return []

    store = open_(url="s3://bucket").store
    monkeypatch.setattr(store, "entries", nothing)
    with pytest.raises(StateError, match=r"s3://bucket/x/.* was written, but is not listed\."):
        asyncio.run(store.time("x"))
    assert stub.objects == {}


def test_denied_access_says_which_variables_to_check(open_: OpenState, stub: StubS3) -> None:
    stub.answer = lambda _method, _path: (403, ERROR.format("AccessDenied", "No rights."))
    with pytest.raises(StateError) as caught:
        asyncio.run(open_(url="s3://bucket").records())
    assert caught.value.message == (
        "Can't read the state at s3://bucket/api.checklyhq.com/acc/shop/project.json: "
        "access is denied (AccessDenied: No rights)."
    )
    assert "AWS_ACCESS_KEY_ID" in str(caught.value.hint)
    assert "canary" not in f"{caught.value} {caught.value.hint}"


def test_a_missing_bucket_is_not_an_empty_state(open_: OpenState, stub: StubS3) -> None:
    stub.answer = lambda _method, _path: (404, ERROR.format("NoSuchBucket", "No bucket."))

    async def go() -> None:
        state = open_(url="s3://bucket")
        for what in (
            state.records(),
            state.records(["smoke"]),
            state.put_records([a_record()]),
            unfinished(state),
            attempts_of(state, "a1"),
            take(state),
        ):
            with pytest.raises(StateError, match="the bucket does not exist"):
                await what

    asyncio.run(go())


def test_a_server_that_knows_no_conditions_is_refused(open_: OpenState, stub: StubS3) -> None:
    stub.answer = lambda method, _path: (
        (501, ERROR.format("NotImplemented", "A header you sent is not supported."))
        if method == "PUT"
        else None
    )
    with pytest.raises(StateError, match="lacks the conditional writes"):
        asyncio.run(take(open_(url="s3://bucket")))


def test_another_refusal_is_told_as_the_server_says_it(open_: OpenState, stub: StubS3) -> None:
    stub.answer = lambda _method, _path: (400, ERROR.format("InvalidThing", "Not like this."))
    with pytest.raises(StateError, match=r"json: InvalidThing: Not like this\.$"):
        asyncio.run(open_(url="s3://bucket").records())


def test_a_server_that_is_not_there(open_: OpenState, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with pytest.raises(StateError, match="the store does not answer") as caught:
        asyncio.run(open_(url="s3://bucket").records())
    assert "AWS_ENDPOINT_URL" in str(caught.value.hint)


@pytest.mark.parametrize("url", ["s3://", "http://bucket", "bucket", "ftp://x/y", "s3:///"])
def test_an_address_that_is_none(open_: OpenState, url: str) -> None:
    with pytest.raises(UsageError, match="is not the address of a state") as caught:
        open_(url=url)
    assert "s3://bucket/prefix" in str(caught.value.hint)


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_the_usual_variables_lead_to_the_store(
    open_: OpenState, stub: StubS3, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv(variable, stub.url)
    asyncio.run(open_(url="s3://bucket/a/b/").put_records([a_record()]))
    assert list(stub.objects) == [
        "/bucket/a/b/api.checklyhq.com/acc/shop/default/records/0000000001.json"
    ]


def test_the_clouds_are_opened_by_their_variables(
    open_: OpenState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "a2V5")
    for url in ("az://container/prefix", "gs://bucket/prefix"):
        store = open_(url=url).store
        assert (store.where(), store.is_local) == (url, False)


def test_what_a_server_says_can_do_no_harm(open_: OpenState, stub: StubS3) -> None:
    stub.answer = lambda _method, _path: (400, ERROR.format("Bad", "x&#10;::error::\u202ey"))
    with pytest.raises(StateError) as caught:
        asyncio.run(open_(url="s3://bucket").records())
    assert caught.value.message.isprintable()
    assert "::error" not in caught.value.message


def test_a_setting_that_is_missing_is_told_when_the_store_is_opened(open_: OpenState) -> None:
    with pytest.raises(StateError, match="Account must be specified") as caught:
        open_(url="az://container")
    assert "AZURE_STORAGE_ACCOUNT_NAME" in str(caught.value.hint)


# ---------------------------------------------------------------- folders


def test_the_folder_is_for_its_owner_only_and_hidden_from_git(
    open_: OpenState, tmp_path: Path
) -> None:
    async def go() -> None:
        state = open_(url=None)
        await finish(state, an_attempt())
        await leave(state, an_attempt(apply_id="a2"))

    before = os.umask(0o022)
    try:
        asyncio.run(go())
    finally:
        os.umask(before)
    folder = tmp_path / ".runner"
    assert (folder / ".gitignore").read_text() == "*\n"
    for path in [folder, *folder.rglob("*")]:
        if path.name != ".gitignore":
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    kinds = {path.parent.relative_to(folder).as_posix() for path in folder.rglob("*.json")}
    base = "api.checklyhq.com/acc/shop"
    assert kinds == {
        base,
        *(f"{base}/default/{kind}" for kind in ("applies", "applies/a2", "locks", "records")),
    }


def test_a_folder_that_comes_and_goes_is_no_trouble(tmp_path: Path) -> None:
    """Each deletes what it wrote, and so the folder whenever that was the last file."""

    async def one(name: str) -> None:
        store = Store("state", folder=tmp_path)
        for number in range(150):
            path = f"a/b/{name}-{number}"
            assert await store.create(path, b"{}")
            assert await store.get(path) == b"{}"
            await store.delete([path])

    async def go() -> None:
        await asyncio.gather(*(one(str(number)) for number in range(8)))

    asyncio.run(go())


def test_a_folder_that_goes_while_the_library_makes_it_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, left = obstore.put, [1, 2]

    def unlucky(*arguments: Any, **options: Any) -> Any:
        if left:
            left.pop()
            raise GenericError("Unable to create dir /x/a: No such file or directory (os error 2)")
        return put(*arguments, **options)

    monkeypatch.setattr(obstore, "put", unlucky)
    assert asyncio.run(Store("state", folder=tmp_path).create("a/b", b"{}"))
    assert not left


def test_a_folder_that_was_there_gets_no_gitignore(open_: OpenState, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    asyncio.run(open_().put_records([a_record()]))
    assert not (tmp_path / "state" / ".gitignore").exists()


def test_a_relative_address_is_relative_to_the_file(open_: OpenState, tmp_path: Path) -> None:
    asyncio.run(open_(url="file://our%20state").put_records([a_record()]))
    assert (tmp_path / "our state").is_dir()


def test_a_file_where_the_folder_should_be(open_: OpenState, tmp_path: Path) -> None:
    (tmp_path / ".runner").touch()
    state = open_(url=None)
    assert asyncio.run(state.records()) == {}
    with pytest.raises(StateError, match="there is a file where a folder should be"):
        asyncio.run(state.put_records([a_record()]))


@pytest.mark.parametrize("is_there", [False, True])
def test_a_folder_whose_path_is_not_utf_8(tmp_path: Path, is_there: bool) -> None:
    parent = tmp_path / os.fsdecode(b"caf\xe9")
    try:
        parent.mkdir()
    except OSError:
        pytest.skip("this file system holds only names in UTF-8")
    if is_there:
        (parent / ".runner").mkdir()
    store = open_store(None, folder=parent)
    with pytest.raises(StateError, match="the path is not UTF-8") as caught:
        asyncio.run(store.create("locks/0000000001.json", b"{}"))
    assert "choose another place with --state" in str(caught.value.hint)
    assert [each.name for each in parent.iterdir()] == [".runner"] * is_there


def test_a_place_where_nothing_can_be_made(open_: OpenState) -> None:
    with pytest.raises(StateError, match=r"Can't write the state at /proc/.*\.json: "):
        asyncio.run(open_(url="file:///proc/nothing/here").put_records([a_record()]))


def test_a_read_only_folder(open_: OpenState, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    if os.geteuid() == 0:  # root writes wherever the file system lets it
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", str(state)],
            capture_output=True,
            check=False,
        )
        if mounted.returncode:
            pytest.skip("this machine does not let us mount anything")
    else:
        state.chmod(0o500)
    try:
        with pytest.raises(StateError, match=r"the file system is read-only|access is denied"):
            asyncio.run(open_().put_records([a_record()]))
    finally:
        if os.geteuid() == 0:
            subprocess.run(["umount", str(state)], check=True)
        else:
            state.chmod(0o700)


FULL = """
import asyncio, pathlib, resource, sys
sys.path.insert(0, sys.argv[2])
from runner.errors import StateError, UsageError
from tests.state.conftest import a_record
from runner.state.state import State
from runner.state.store.address import open_store

state = State(open_store(None, folder=pathlib.Path(sys.argv[1])), host="h", account="a", scope="s")
asyncio.run(state.put_records([a_record("before")]))
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    asyncio.run(state.put_records([a_record()]))
except StateError as error:
    print(error.message)
"""


def test_a_document_that_does_not_fit_leaves_nothing_behind(
    open_: OpenState, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path), str(Path(__file__).parents[2])],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
    )
    assert done.returncode == 0, done.stderr
    assert "2.json: this process may not write files of that size." in done.stdout
    state = open_(url=None, host="h", account="a", scope="s", project=Project())
    assert list(asyncio.run(state.records(brief=True))) == ["before"]


def test_a_full_disk(open_: OpenState, tmp_path: Path) -> None:
    disk = tmp_path / "state"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("this machine does not let us mount a small disk")
    try:
        asyncio.run(open_().put_records([a_record()]))
        (disk / "filler").write_bytes(bytes(65536 - 4096 * 1))
    except OSError:
        pass
    try:
        with pytest.raises(StateError, match="the disk is full"):
            asyncio.run(open_().put_records([a_record("other", reason="y" * 9000)]))
        assert list(asyncio.run(open_().records(brief=True))) == ["smoke"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (28, "the disk is full"),
        (122, "the disk quota is used up"),
        (30, "the file system is read-only"),
        (13, "access is denied"),
        (36, "the path is too long"),
    ],
)
def test_what_the_system_refuses_is_said_in_words_and_nothing_is_lost(
    open_: OpenState, monkeypatch: pytest.MonkeyPatch, number: int, why: str
) -> None:
    asyncio.run(open_().put_records([a_record()]))

    def refused(*_: object, **__: object) -> None:
        raise GenericError(f"Generic LocalFileSystem error: Unable to write (os error {number})")

    with monkeypatch.context() as patched:
        patched.setattr("obstore.put", refused)
        with pytest.raises(StateError, match=rf"Can't write the state at .*: {why}\.") as caught:
            asyncio.run(open_().put_records([a_record("other")]))
    assert "choose another place with --state" in str(caught.value.hint)
    assert list(asyncio.run(open_().records(brief=True))) == ["smoke"]


# ---------------------------------------------------------------- the process


def test_a_process_that_used_the_store_ends_as_it_should(tmp_path: Path) -> None:
    """The library's asynchronous calls made one process in five end with SIGABRT."""
    program = (
        "import asyncio, sys, pathlib\n"
        "sys.path.insert(0, sys.argv[2])\n"
        "from tests.state.conftest import a_record\n"
        "from runner.state.state import State\n"
        "from runner.state.store.address import open_store\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "state = State(open_store(None, folder=folder), host='h', account='a', scope='s')\n"
        "async def go():\n"
        "    await asyncio.gather(*(state.put_records([a_record(str(n))]) for n in range(9)))\n"
        "    await state.records(brief=True)\n"
        "asyncio.run(go())\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path), str(Path(__file__).parents[2])]
    for _ in range(3):
        assert subprocess.run(command, check=False).returncode == 0

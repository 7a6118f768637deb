"""Files of a commit, out of real repositories: plain, shallow, linked, hostile."""

import os
import re
import subprocess
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePosixPath

import pytest

from runner.config.document.load import load
from runner.config.files import git as git_module
from runner.config.files.files import MAX_BYTES
from runner.config.files.git_tree import CommitFiles, Repository
from runner.diagnostics import Diagnostics
from runner.errors import CannotRun, UsageError

FILE = PurePosixPath("checkly-sessions.yaml")


def git(folder: Path, *arguments: str) -> str:
    identity = {
        f"GIT_{who}_{what}": "Kim <kim@example.com>" if what == "NAME" else "kim@example.com"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    done = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *arguments],
        cwd=folder,
        env={**os.environ, **identity},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def commit(folder: Path, message: str = "change", **files: str) -> str:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "repository"
    made.mkdir()
    git(made, "init", "--quiet", "--initial-branch=main")
    return made


def files_at(folder: Path, ref: str = "HEAD") -> CommitFiles:
    repository = Repository(folder)
    return repository.files(repository.commit(ref))


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def test_a_file_is_read_as_of_its_commit(folder: Path) -> None:
    write(folder, str(FILE), "version: 1\n")
    first = commit(folder)
    write(folder, str(FILE), "version: 2\n")
    commit(folder)
    write(folder, str(FILE), "not committed\n")
    assert files_at(folder, first).read(FILE) == b"version: 1\n"
    assert files_at(folder, "main").read(FILE) == b"version: 2\n"
    assert files_at(folder, "HEAD~1").name(FILE) == f"{first[:12]}:checkly-sessions.yaml"


def test_bytes_come_as_they_are_without_filters(folder: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    write(folder, ".gitattributes", "*.yaml filter=evil diff=evil text eol=crlf\n")
    (folder / FILE).write_bytes(b"a: \xff\r\nb: 1\n")
    git(folder, "-c", "core.safecrlf=false", "add", "-A")
    git(folder, "commit", "--quiet", "-m", "x")
    for key in (
        "filter.evil.smudge",
        "filter.evil.clean",
        "diff.evil.textconv",
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "alias.cat-file",
    ):
        git(folder, "config", key, f"!touch {canary}" if "alias" in key else f"touch {canary};:")
    hooks = folder / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("post-checkout", "reference-transaction", "post-index-change"):
        (hooks / hook).write_text(f"#!/bin/sh\ntouch {canary}\n")
        (hooks / hook).chmod(0o755)
    files = files_at(folder, "main")
    assert files.read(FILE) == b"a: \xff\nb: 1\n"
    assert files.entries(PurePosixPath()).keys() == {".gitattributes", "checkly-sessions.yaml"}
    Repository(folder).merge_base(*[Repository(folder).commit("main")] * 2)
    assert not canary.exists()


def test_what_git_reads_of_the_environment_is_left_out(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, str(FILE), "version: 1\n")
    commit(folder)
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    canary = tmp_path / "canary"
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_TRACE", str(canary))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", f"touch {canary}")
    assert files_at(folder).read(FILE) == b"version: 1\n"
    assert not canary.exists()


def test_folders_are_listed_as_on_disk(folder: Path) -> None:
    for name in ("a/one.yaml", "a/b/two.yaml", "a/three.yaml"):
        write(folder, name, name)
    (folder / "a/link").symlink_to("b")
    commit(folder)
    files = files_at(folder)
    assert files.entries(PurePosixPath("a")) == {
        "b": True,
        "link": False,
        "one.yaml": False,
        "three.yaml": False,
    }
    assert files.entries(PurePosixPath("a/one.yaml")) == {}
    assert files.entries(PurePosixPath("nothing")) == {}
    assert files.entries(PurePosixPath("a/link")) == {"two.yaml": False}


def test_links_lead_inside_the_commit_only(folder: Path) -> None:
    write(folder, "inside/real.yaml", "version: 1\n")
    links = {
        "plain.yaml": "inside/real.yaml",
        "inside/up.yaml": "../inside/real.yaml",
        "folder": "inside",
        "twice.yaml": "plain.yaml",
        "out.yaml": "../../etc/passwd",
        "absolute.yaml": "/etc/passwd",
        "broken.yaml": "nowhere",
        "loop.yaml": "loop.yaml",
        "dotted.yaml": "./inside/real.yaml",
    }
    for name, target in links.items():
        (folder / name).symlink_to(target)
    commit(folder)
    files = files_at(folder)
    for name in ("plain.yaml", "inside/up.yaml", "folder/real.yaml", "twice.yaml"):
        assert files.read(PurePosixPath(name)) == b"version: 1\n"
        real = files.identity(PurePosixPath("inside/real.yaml"))
        assert files.identity(PurePosixPath(name)) == real
    for name in ("out.yaml", "absolute.yaml", "broken.yaml", "loop.yaml", "dotted.yaml"):
        assert files.identity(PurePosixPath(name)) == PurePosixPath(name)
        with pytest.raises(UsageError, match="a link that git can't follow"):
            files.read(PurePosixPath(name))
    for name in ("../x", "inside/real.yaml/x", "a\nb"):
        assert not files.exists(PurePosixPath(name))
        assert files.identity(PurePosixPath(name)) == PurePosixPath(name)
        with pytest.raises(UsageError, match="there is no such file"):
            files.read(PurePosixPath(name))


def test_a_folder_is_no_file(folder: Path) -> None:
    write(folder, "a/b", "x")
    commit(folder)
    with pytest.raises(UsageError, match="is a folder, not a file"):
        files_at(folder).read(PurePosixPath("a"))


def test_a_large_file_is_refused(folder: Path) -> None:
    (folder / FILE).write_bytes(b" " * (MAX_BYTES + 1))
    commit(folder)
    with pytest.raises(UsageError, match="is larger than 16 MiB"):
        files_at(folder).read(FILE)


def test_a_file_absent_at_the_base_is_told_from_one_that_is_there(folder: Path) -> None:
    first = commit(folder)
    write(folder, str(FILE), "version: 1\n")
    commit(folder)
    assert not files_at(folder, first).exists(FILE)
    assert files_at(folder).exists(FILE)


def test_a_configuration_and_its_includes_load_from_a_commit(folder: Path) -> None:
    write(folder, "web/checkly-sessions.yaml", "version: 1\ninclude: [more/*.yaml]\n")
    write(folder, "web/more/a.yaml", "variables: {a: 1}\n")
    commit(folder)
    (folder / "web/more/a.yaml").unlink()
    documents = load(
        PurePosixPath("web/checkly-sessions.yaml"), files_at(folder), diagnostics := Diagnostics()
    )
    assert list(diagnostics) == []
    assert documents is not None
    assert [str(document.path) for document in documents] == [
        "web/checkly-sessions.yaml",
        "web/more/a.yaml",
    ]


@pytest.mark.parametrize(
    "ref", ["--upload-pack=touch canary", "-h", "--all", "", "a\nb", "a\0b", "--"]
)
def test_a_ref_that_is_no_name_is_refused(folder: Path, ref: str) -> None:
    commit(folder)
    with pytest.raises(UsageError, match="is not a commit"):
        Repository(folder).commit(ref)


@pytest.mark.parametrize("ref", ["nothing", "main:checkly-sessions.yaml", "main^{tree}", "a..b"])
def test_a_ref_that_means_no_commit_is_refused(folder: Path, ref: str) -> None:
    commit(folder)
    with pytest.raises(UsageError, match="There is no commit") as caught:
        Repository(folder).commit(ref)
    assert caught.value.hint == "Check the spelling, or fetch it."


def test_the_merge_base_is_where_the_branches_part(folder: Path) -> None:
    base = commit(folder, "base")
    git(folder, "switch", "--quiet", "-c", "topic")
    topic = commit(folder, "topic")
    git(folder, "switch", "--quiet", "main")
    main = commit(folder, "main")
    assert Repository(folder).merge_base(main, topic) == base


def test_histories_with_nothing_in_common(folder: Path) -> None:
    one = commit(folder, "one")
    git(folder, "switch", "--quiet", "--orphan", "other")
    other = commit(folder, "other")
    with pytest.raises(UsageError, match="have no common history"):
        Repository(folder).merge_base(one, other)


def test_a_shallow_clone_says_what_to_fetch(folder: Path, tmp_path: Path) -> None:
    commit(folder, "base")
    git(folder, "switch", "--quiet", "-c", "topic")
    commit(folder, "topic one")
    commit(folder, "topic two")
    git(folder, "switch", "--quiet", "main")
    commit(folder, "main")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth=1", "--branch=topic", f"file://{folder}", "clone")
    repository = Repository(clone)
    assert repository.is_shallow()
    with pytest.raises(UsageError) as caught:
        repository.commit("main")
    for ref in ("main", "origin/main"):
        with pytest.raises(UsageError) as caught:
            repository.commit(ref)
        command = "git fetch --unshallow origin main:refs/remotes/origin/main"
        assert f"`{command}`" in str(caught.value.hint)
    git(clone, "fetch", "--quiet", "--depth=1", "origin", "main:refs/remotes/origin/main")
    with pytest.raises(UsageError) as caught:
        repository.commit("main")
    assert caught.value.hint == "Did you mean 'origin/main'?"
    with pytest.raises(UsageError, match="shallow clone does not reach") as caught:
        repository.merge_base(repository.commit("origin/main"), repository.commit("HEAD"))
    assert "fetch-depth: 0" in str(caught.value.hint)
    git(clone, *command.split()[1:], "--quiet")
    assert not repository.is_shallow()
    assert repository.merge_base(repository.commit("origin/main"), repository.commit("HEAD"))


def test_a_linked_worktree_and_a_branch_of_it(folder: Path, tmp_path: Path) -> None:
    write(folder, str(FILE), "version: 1\n")
    commit(folder)
    git(folder, "worktree", "add", "--quiet", str(tmp_path / "linked"), "-b", "topic")
    write(tmp_path / "linked", str(FILE), "version: 2\n")
    commit(tmp_path / "linked")
    assert files_at(tmp_path / "linked").read(FILE) == b"version: 2\n"
    assert files_at(tmp_path / "linked", "main").read(FILE) == b"version: 1\n"


@pytest.mark.parametrize("what_is_left_out", ["blob:none", "tree:0"])
def test_a_file_that_was_not_fetched_is_not_fetched_now(
    folder: Path, tmp_path: Path, what_is_left_out: str
) -> None:
    write(folder, str(FILE), "version: 1\n")
    write(folder, "a/file", "x")
    commit(folder)
    git(folder, "config", "uploadpack.allowFilter", "true")
    git(
        tmp_path,
        "clone",
        "--quiet",
        "--no-checkout",
        f"--filter={what_is_left_out}",
        f"file://{folder}",
        "clone",
    )
    canary = tmp_path / "canary"
    git(tmp_path / "clone", "config", "remote.origin.uploadpack", f"touch {canary};:")
    for what in (FILE, PurePosixPath("a/file")):
        with pytest.raises(CannotRun, match="partial clone lacks objects") as caught:
            files_at(tmp_path / "clone").read(what)
    assert not canary.exists()
    git(tmp_path / "clone", "config", "--unset", "remote.origin.uploadpack")
    (command,) = re.findall("`git (.*)`", str(caught.value.hint))
    git(tmp_path / "clone", *command.split())
    assert files_at(tmp_path / "clone").read(FILE) == b"version: 1\n"


def test_what_a_sparse_checkout_leaves_out(folder: Path) -> None:
    for name in ("web/checkly-sessions.yaml", "web/in/a.yaml", "web/out/b.yaml", "else/c.yaml"):
        write(folder, name, "x: 1\n")
    commit(folder)
    assert Repository(folder).not_checked_out(PurePosixPath("web")) == []
    git(folder, "sparse-checkout", "set", "web/in")
    left_out = Repository(folder).not_checked_out(PurePosixPath("web"))
    assert left_out == [PurePosixPath("web/out/b.yaml")]


def test_the_nearest_branch_is_named(folder: Path) -> None:
    commit(folder)
    git(folder, "branch", "release/2024")
    for ref, nearest in (("mian", "main"), ("release/2O24", "release/2024")):
        with pytest.raises(UsageError) as caught:
            Repository(folder).commit(ref)
        assert caught.value.hint == f"Did you mean '{nearest}'?"


@pytest.mark.parametrize("tree", [b"100644 x", b"\xff", b"100644 \0" + b"\1" * 20, b"9 x\0y"])
def test_a_broken_tree_is_told(folder: Path, tmp_path: Path, tree: bytes) -> None:
    (tmp_path / "tree").write_bytes(tree)
    oid = git(folder, "hash-object", "-t", "tree", "-w", "--literally", str(tmp_path / "tree"))
    files = Repository(folder).files(git(folder, "commit-tree", oid, "-m", "broken"))
    for path in (FILE, PurePosixPath("x")):
        with pytest.raises((UsageError, CannotRun), match=r"can't (be )?read"):
            files.read(path)
    with suppress(CannotRun):
        files.entries(PurePosixPath())


def test_long_links_take_neither_time_nor_memory(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    lines = []
    for number in range(38):
        target.write_bytes(b"./" * (1 << 20) + f"l{number + 1}".encode())
        lines.append(f"120000 blob {git(folder, 'hash-object', '-w', str(target))}\tl{number}")
    tree = subprocess.run(
        ["git", "mktree"],
        cwd=folder,
        input="\n".join(lines).encode(),
        capture_output=True,
        check=True,
    )
    made = git(folder, "commit-tree", tree.stdout.decode().strip(), "-m", "links")
    with pytest.raises(UsageError, match="a link that git can't follow"):
        Repository(folder).files(made).read(PurePosixPath("l0"))


def test_objects_named_by_sha256(tmp_path: Path) -> None:
    folder = tmp_path / "sha256"
    folder.mkdir()
    git(folder, "init", "--quiet", "--object-format=sha256")
    write(folder, "a/b.yaml", "x: 1\n")
    commit(folder)
    assert files_at(folder).read(PurePosixPath("a/b.yaml")) == b"x: 1\n"


def test_without_git(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(folder)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CannotRun, match="git is not installed"):
        Repository(folder).commit("HEAD")


def test_git_that_can_not_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_module, "ask", partial(git_module.ask, seconds=0.000_001))
    with pytest.raises(CannotRun, match="git can't be run here"):
        Repository(folder).commit("HEAD")


def test_a_folder_of_somebody_else(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(folder)
    fake = tmp_path / "bin/git"
    write(
        tmp_path, "bin/git", "#!/bin/sh\necho 'fatal: detected dubious ownership' >&2\nexit 128\n"
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent))
    with pytest.raises(CannotRun, match="does not trust") as caught:
        Repository(folder).commit("HEAD")
    assert "safe.directory" in str(caught.value.hint)

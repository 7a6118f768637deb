"""What git says of the commit that is checked out, and that a repository can't run anything."""

import os
import subprocess
from pathlib import Path

import pytest

from runner.config.templates import git_head
from runner.config.templates.git_head import Commit

IDENTITY = {
    "GIT_AUTHOR_NAME": "Mona Lisa",
    "GIT_AUTHOR_EMAIL": "mona@example.com",
    "GIT_COMMITTER_NAME": "Mona Lisa",
    "GIT_COMMITTER_EMAIL": "mona@example.com",
}
NAMES = ("sha", "branch", "tag", "author", "message", "repoUrl")


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **IDENTITY},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    run(tmp_path, "init", "--quiet", "--initial-branch=main")
    run(tmp_path, "commit", "--quiet", "--allow-empty", "-m", "Fix the cart\n\nIt was empty.")
    return tmp_path


def test_the_commit_is_told(repository: Path) -> None:
    run(repository, "remote", "add", "origin", "https://git_head.example/acme/shop")
    run(repository, "tag", "v1.9")
    run(repository, "tag", "-a", "v1.10", "-m", "release")
    (repository / "sub").mkdir()
    commit = Commit(repository / "sub")
    assert commit.value("sha") == run(repository, "rev-parse", "HEAD")
    assert commit.value("branch") == "main"
    assert commit.value("tag") == "v1.10"
    assert commit.value("author") == "Mona Lisa"
    assert commit.value("message") == "Fix the cart\n\nIt was empty."
    assert commit.value("repoUrl") == "https://git_head.example/acme/shop"


def test_author_and_message_of_another_commit(repository: Path) -> None:
    other = run(repository, "rev-parse", "HEAD")
    run(repository, "commit", "--quiet", "--allow-empty", "-m", "Merge")
    commit = Commit(repository)
    assert commit.value("message") == "Merge"
    assert commit.value("message", other) == "Fix the cart\n\nIt was empty."
    assert commit.value("author", other[:10]) == "Mona Lisa"
    for missing in ("0" * 40, "HEAD\nHEAD", "--all", "main"):
        assert commit.value("message", missing) is None


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "no-such-encoding"])
def test_a_message_in_another_encoding(repository: Path, encoding: str) -> None:
    message = repository / "message"
    message.write_bytes("Größe".encode("latin-1"))
    setting = f"i18n.commitEncoding={encoding}"
    run(repository, "-c", setting, "commit", "--quiet", "--allow-empty", "-F", str(message))
    found = Commit(repository).value("message")
    assert found == ("Größe" if encoding == "ISO-8859-1" else "Gr\ufffd\ufffde")


def test_a_folder_of_somebody_else_is_told(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    program = tmp_path_factory.mktemp("bin") / "git"
    program.write_text("#!/bin/sh\necho 'fatal: detected dubious ownership' >&2\nexit 128\n")
    program.chmod(0o755)
    environ = {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}
    commit = Commit(repository, environ)
    told = [commit.is_untrusted, commit.value("sha"), commit.is_untrusted]
    assert told == [False, None, True]
    assert not Commit(repository).is_untrusted


def test_what_is_not_there_is_not_known(repository: Path) -> None:
    run(repository, "checkout", "--quiet", "--detach")
    commit = Commit(repository)
    assert commit.value("branch") is None
    assert commit.value("tag") is None
    assert commit.value("repoUrl") is None
    assert commit.value("sha") is not None


def test_without_a_repository_or_git_nothing_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert [Commit(tmp_path).value(name) for name in NAMES] == [None] * 6
    assert [Commit(tmp_path / "missing").value(name) for name in NAMES] == [None] * 6
    without = Commit(tmp_path, {"PATH": str(tmp_path)})
    assert without.value("sha") is None


def test_each_thing_is_asked_once(repository: Path) -> None:
    commit = Commit(repository)
    before = commit.value("sha"), commit.value("message")
    run(repository, "commit", "--quiet", "--allow-empty", "-m", "Another")
    assert (commit.value("sha"), commit.value("message")) == before
    assert commit.value("author") == "Mona Lisa"


def test_a_git_that_hangs_is_given_up(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("bin")
    program = folder / "git"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setattr(git_head, "_SECONDS", 0.2)
    commit = Commit(repository, {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"})
    assert commit.value("sha") is None


def test_a_hostile_repository_can_not_run_anything(repository: Path) -> None:
    trap = repository / "trap.sh"
    sprung = repository / "sprung"
    trap.write_text(f"#!/bin/sh\necho $0 $@ >> {sprung}\ncat\n")
    trap.chmod(0o755)
    hooks = repository / "hooks"
    hooks.mkdir()
    for hook in ("post-checkout", "reference-transaction", "post-index-change", "pre-commit"):
        (hooks / hook).write_text(trap.read_text())
        (hooks / hook).chmod(0o755)
    settings = {
        "core.fsmonitor": str(trap),
        "core.hooksPath": str(hooks),
        "core.pager": str(trap),
        "pager.config": str(trap),
        "core.sshCommand": str(trap),
        "core.askPass": str(trap),
        "core.editor": str(trap),
        "core.alternateRefsCommand": str(trap),
        "core.gitProxy": str(trap),
        "credential.helper": f"!{trap}",
        "gpg.program": str(trap),
        "gpg.ssh.program": str(trap),
        "log.showSignature": "true",
        "diff.external": str(trap),
        "filter.evil.smudge": str(trap),
        "alias.rev-parse": f"!{trap}",
        "alias.cat-file": f"!{trap}",
        "uploadpack.packObjectsHook": str(trap),
        "remote.origin.url": f"ext::{trap} %S",
        "remote.origin.promisor": "true",
        "remote.origin.partialCloneFilter": "blob:none",
        "extensions.partialClone": "origin",
        "protocol.ext.allow": "always",
        "protocol.allow": "always",
        "core.repositoryFormatVersion": "1",
    }
    for key, value in settings.items():
        run(repository, "config", key, value)
    sprung.unlink(missing_ok=True)
    commit = Commit(repository)
    assert [name for name in NAMES if commit.value(name) is None] == ["tag"]
    # An object that is missing would have to be fetched, which runs the transport's program.
    (repository / ".git" / "HEAD").write_text("0123456789012345678901234567890123456789\n")
    missing = Commit(repository)
    assert [missing.value(name) for name in ("author", "tag", "sha")] == [None, None, None]
    assert not sprung.exists()

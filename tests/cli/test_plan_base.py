"""``runner plan --base``: the command in repositories, with and without a hostile environment."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

BASE = """\
version: 1
profiles:
  kept: {target: all, runLocation: eu-west-1}
  changed:
    target: {matchTags: [[production, smoke]]}
    runLocation: eu-west-1
    environmentVariables:
      URL: https://$<env.HOST>/
      TOKEN: {value: $<env.TOKEN>, secret: true}
  gone: {target: all, runLocation: us-east-1}
  old-name: {target: {matchTags: [[nightly]]}, runLocation: eu-west-1}
"""
HEAD = """\
version: 1
profiles:
  kept: {runLocation: eu-west-1, target: all, refreshCache: false}
  changed:
    target: {matchTags: [[production, smoke], [critical]]}
    runLocation: eu-west-1
    allowFailure: true
    environmentVariables:
      URL: https://$<env.HOST>/
      TOKEN: {value: $<env.OTHER_TOKEN>, secret: true}
  added: {target: all, runLocation: eu-central-1}
  new-name: {target: {matchTags: [[nightly]]}, runLocation: eu-west-1}
"""
EXPECTED = """\
~ changed  update
    ~ target.matchTags:
        - [["production", "smoke"]]
        + [["critical"], ["production", "smoke"]]
    ~ environmentVariables.TOKEN.value: (secret #1) → (secret #2)
    ~ allowFailure: false → true

+ added  create
    + target: ALL checks of the account
    + runLocation: "eu-central-1"

~ new-name  renamed from old-name
    ~ name: "old-name" → "new-name"

- gone  removed

Changes: 1 added, 2 changed, 1 removed.
"""


def git(folder: Path, *arguments: str) -> str:
    identity = {
        "GIT_AUTHOR_NAME": "Kim",
        "GIT_AUTHOR_EMAIL": "kim@example.com",
        "GIT_COMMITTER_NAME": "Kim",
        "GIT_COMMITTER_EMAIL": "kim@example.com",
    }
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **identity},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def commit(folder: Path, text: str | None, name: str = "checkly-sessions.yaml") -> str:
    if text is not None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "change")
    return git(folder, "rev-parse", "HEAD")


def runner(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runner", "plan", *arguments],
        cwd=folder,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """``main`` moved on after ``topic`` left it; ``topic`` is checked out."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, BASE)
    git(folder, "switch", "--quiet", "-c", "topic")
    commit(folder, HEAD)
    git(folder, "switch", "--quiet", "main")
    commit(folder, BASE.replace("us-east-1", "eu-north-1"))
    git(folder, "switch", "--quiet", "topic")
    return folder


def test_exactly_what_a_merge_changes(repository: Path) -> None:
    done = runner(repository, "--base", "main")
    base = git(repository, "merge-base", "main", "topic")[:12]
    assert done.stderr == ""
    assert done.stdout == f"Compared with main at {base}, the merge base.\n\n{EXPECTED}"
    assert done.returncode == 0


def test_a_sparse_checkout_that_leaves_an_include_out_is_refused(repository: Path) -> None:
    git(repository, "switch", "--quiet", "main")
    for name in ("in/a.yaml", "out/b.yaml"):
        profile = f"profiles: {{{name[:2]}: {{target: all, runLocation: eu-west-1}}}}\n"
        commit(repository, profile, f"more/{name}")
    commit(repository, BASE + "include: [more/*/*.yaml]\n")
    assert runner(repository, "--base", "main").returncode == 0
    git(repository, "sparse-checkout", "set", "more/in")
    done = runner(repository, "--base", "main")
    assert done.returncode == 3
    assert "leaves out more/out/b.yaml" in done.stderr
    assert runner(repository, "--base", "main", "--head", "HEAD").returncode == 0
    git(repository, "sparse-checkout", "disable")
    assert runner(repository, "--base", "main").returncode == 0


@pytest.mark.parametrize("left_out", ["blob:none", "tree:0"])
def test_a_partial_clone_is_no_empty_base(repository: Path, tmp_path: Path, left_out: str) -> None:
    git(repository, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--quiet", f"--filter={left_out}", f"file://{repository}", "clone")
    done = runner(tmp_path / "clone", "--base", "origin/main")
    assert done.returncode == 3
    assert "`git fetch --refetch --no-filter origin`" in done.stderr
    git(tmp_path / "clone", "fetch", "--quiet", "--refetch", "--no-filter", "origin")
    assert EXPECTED in runner(tmp_path / "clone", "--base", "origin/main").stdout


def test_as_markdown_only_what_changes_is_listed(repository: Path) -> None:
    done = runner(repository, "--base", "main", "--format", "markdown")
    assert done.returncode == 0
    rows = [line.split(" | ")[1] for line in done.stdout.splitlines() if "| <code>" in line]
    assert rows == [
        "<code>changed</code>",
        "<code>added</code>",
        "<code>new-name</code>",
        "<code>gone</code>",
    ]
    assert done.stdout.count("<details>") == 3
    assert "kept" not in done.stdout


def test_the_working_tree_counts_unless_a_head_is_given(repository: Path) -> None:
    (repository / "checkly-sessions.yaml").write_text(BASE)
    assert "No changes.\n" in runner(repository, "--base", "main").stdout
    assert EXPECTED in runner(repository, "--base", "main", "--head", "topic").stdout


FORMATS = ("text", "json", "markdown")


def test_it_is_pure(repository: Path, tmp_path: Path) -> None:
    """Canaries in the environment, an unreadable state and no network change no byte."""
    quiet = {form: runner(repository, "--base", "main", "--format", form) for form in FORMATS}
    state = repository / ".runner"
    state.write_text("not a folder")
    (tmp_path / "bin").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.01)
        port = server.getsockname()[1]
        canaries = {
            "HOST": "canary-host",
            "TOKEN": "canary-token",
            "OTHER_TOKEN": "canary-token",
            "CHECKLY_API_KEY": "canary-key",
            "CHECKLY_ACCOUNT_ID": "canary-account",
            "CHECKLY_API_URL": f"http://127.0.0.1:{port}",
            "CHECKLY_TEST_ENVIRONMENT": "canary-environment",
            "CHECKLY_REPO_SHA": "canary-sha",
            "CHECKLY_SESSIONS_STATE": "s3://canary-bucket",
            "CHECKLY_SESSIONS_ENV_ALLOW": "NOTHING",
            "CHECKLY_SESSIONS_FINGERPRINT_KEY": "canary-fingerprint",
            "CHECKLY_SESSIONS_VAR_HOST": "canary-variable",
            "GITHUB_ACTIONS": "true",
            "GITHUB_SHA": "canary-sha",
            "GITHUB_REF_NAME": "canary-branch",
            "HTTPS_PROXY": f"http://127.0.0.1:{port}",
            "GIT_DIR": "/canary",
            "GIT_TRACE": str(tmp_path / "trace"),
            "LANG": "C",
            "TZ": "Asia/Tokyo",
            "PYTHONHASHSEED": "7",
        }
        for form in FORMATS:
            loud = runner(repository, "--base", "main", "--format", form, **canaries)
            assert loud.stdout == quiet[form].stdout
            assert (loud.returncode, loud.stderr) == (0, "")
            assert "canary" not in loud.stdout
        with pytest.raises(TimeoutError):
            server.accept()
    assert not (tmp_path / "trace").exists()
    assert state.read_text() == "not a folder"


def test_from_a_subdirectory_and_a_linked_worktree(repository: Path, tmp_path: Path) -> None:
    (repository / "deep/down").mkdir(parents=True)
    assert EXPECTED in runner(repository / "deep/down", "--base", "main").stdout
    git(repository, "worktree", "add", "--quiet", str(tmp_path / "linked"), "topic~0")
    assert EXPECTED in runner(tmp_path / "linked", "--base", "main").stdout


def test_a_file_that_did_not_exist_at_the_base(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    base = commit(tmp_path, None)
    commit(tmp_path, HEAD)
    done = runner(tmp_path, "--base", base)
    assert "Changes: 4 added, 0 changed, 0 removed" in done.stdout
    assert "checkly-sessions.yaml does not exist: everything is new" in " ".join(
        done.stdout.split()
    )


def test_a_file_that_was_called_yml_at_the_base(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(tmp_path, BASE, "checkly-sessions.yml")
    git(tmp_path, "mv", "checkly-sessions.yml", "checkly-sessions.yaml")
    assert "No changes.\n" in runner(tmp_path, "--base", "main").stdout


@pytest.mark.parametrize("broken", ["version: 1\nprofiles: [", "version: 1\nnonsense: 1\n"])
def test_a_base_that_does_not_compile_is_a_warning(tmp_path: Path, broken: str) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    base = commit(tmp_path, broken)
    commit(tmp_path, HEAD)
    done = runner(tmp_path, "--base", base)
    assert done.returncode == 0
    assert "Changes: 4 added" in done.stdout
    said = " ".join(done.stdout.split())
    assert f"does not compile, so everything counts as new: {base[:12]}:checkly" in said


def test_a_head_that_does_not_compile_is_an_error_at_its_place(repository: Path) -> None:
    (repository / "checkly-sessions.yaml").write_text("version: 1\nnonsense: 1\n")
    done = runner(repository, "--base", "main")
    assert done.returncode == 2
    assert "checkly-sessions.yaml:2:1: error[unknown-key]" in done.stderr


def test_a_selection_narrows_it(repository: Path) -> None:
    done = runner(repository, "--base", "main", "gone", "add*")
    assert "Changes: 1 added, 0 changed, 1 removed" in done.stdout
    done = runner(repository, "--base", "main", "nothing")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'nothing' matches no profile" in done.stderr
    done = runner(repository, "--base", "main", "-l", "team=web")
    assert (done.returncode, done.stdout) == (2, "")
    assert "No instance has the label 'team=web'." in done.stderr


@pytest.mark.parametrize(
    ("arguments", "summary"),
    [
        (["old"], "Changes: 0 added, 1 changed, 0 removed."),
        (["old", "new"], "Changes: 0 added, 1 changed, 0 removed."),
        (["-l", "team=web"], "Changes: 0 added, 1 changed, 0 removed."),
        (["-l", "team=shop"], "Changes: 0 added, 1 changed, 0 removed."),
        (["-l", "team!=web", "--exclude", "old"], "Changes: 0 added, 2 changed, 0 removed."),
        (["--exclude", "new"], "Changes: 0 added, 1 changed, 0 removed."),
    ],
)
def test_a_selection_means_either_version(
    tmp_path: Path, arguments: list[str], summary: str
) -> None:
    file = "version: 1\ndefaults: {target: all, runLocation: eu-west-1}\nprofiles:\n"
    git(tmp_path, "init", "-q", "-b", "main", ".")
    commit(tmp_path, f"{file}  old: {{}}\n  moves: {{name: x, labels: {{team: web}}}}\n")
    text = f"{file}  new: {{}}\n  moves: {{name: x, labels: {{team: shop}}}}\n"
    (tmp_path / "checkly-sessions.yaml").write_text(text)
    done = runner(tmp_path, "--base", "main", "-q", *arguments)
    assert (done.stderr, done.stdout.strip()) == ("", summary)


def test_labels_that_stand_for_themselves_hide_no_others(tmp_path: Path) -> None:
    file = "version: 1\ndefaults: {target: all, runLocation: eu-west-1}\nprofiles:\n"
    git(tmp_path, "init", "-q", "-b", "main", ".")
    commit(tmp_path, file + "  a: {labels: {team: web, run: $<run.id>}, timeoutSeconds: 5}\n")
    text = f"{file}  a: {{labels: {{team: web, run: $<run.id>}}, timeoutSeconds: $<env.SECONDS>}}\n"
    text += "  b: {labels: $<env.LABELS>, quorum: $<env.QUORUM>}\n"
    (tmp_path / "checkly-sessions.yaml").write_text(text)
    for form in ("text", "markdown", "json"):
        done = runner(tmp_path, "--base", "main", "-l", "team=web", "--format", form)
        assert (done.returncode, "$<env.SECONDS>" in done.stdout, done.stderr) == (0, True, "")
    done = runner(tmp_path, "--base", "main", "b")
    assert '+ quorum: "$<env.QUORUM>"' in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--base", "--upload-pack=touch canary"], "is not a commit"),
        (["--base=--upload-pack=touch canary"], "is not a commit"),
        (["--base", "main", "--head", "-x"], "is not a commit"),
        (["--base", "nothing"], "There is no commit 'nothing' here."),
        (["--base", "main^{tree}"], "There is no commit"),
        (["--base", ""], "is not a commit"),
        (["--head", "main"], "--head needs --base"),
        (["--base", "main", "--emulator"], "does not use the API"),
    ],
)
def test_a_ref_that_is_no_commit_is_refused(
    repository: Path, arguments: list[str], said: str
) -> None:
    done = runner(repository, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert not (repository / "canary").exists()


def test_without_a_repository(tmp_path: Path) -> None:
    (tmp_path / "checkly-sessions.yaml").write_text(HEAD)
    done = runner(tmp_path, "--base", "main")
    assert done.returncode == 2
    assert "is not in a git repository" in done.stderr


def test_the_detailed_exit_code(repository: Path) -> None:
    assert runner(repository, "--base", "main", "--detailed-exitcode").returncode == 2
    assert runner(repository, "--base", "topic", "--detailed-exitcode").returncode == 0
    assert runner(repository, "--base", "nothing", "--detailed-exitcode").returncode == 1
    assert runner(repository, "--nonsense", "--detailed-exitcode").returncode == 1


def test_the_warnings_of_a_file_are_those_of_validate(repository: Path) -> None:
    text = HEAD + (
        "  odd:\n"
        '    target: {matchTags: [["<tag>", " b", "${{ inputs.tag }}"]]}\n'
        '    runLocation: "{{ var.region }}"\n'
        '    name: "x \u202e $<(1 if 2 > 1 else 3)> $<env.A > 2>"\n'
        "    environmentVariables: {API_TOKEN: $<env.TOKEN>, NOTHING: null}\n"
    ).replace("TOKEN, NOTHING", "T, NOTHING")
    (repository / "checkly-sessions.yaml").write_text(text)
    command = [sys.executable, "-m", "runner", "validate", "--format", "json"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["diagnostics"]
    warnings = {
        (one["code"], one["place"]["line"]) for one in found if one["severity"] == "warning"
    }
    done = runner(repository, "--base", "main")
    for code, line in warnings - {("unset", line) for _, line in warnings}:
        assert f"checkly-sessions.yaml:{line}:" in done.stderr
        assert f"warning[{code}]" in done.stderr
    assert {"foreign-template", "odd-tag", "idle-null", "looks-secret"} <= {c for c, _ in warnings}

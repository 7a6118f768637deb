"""What git.* and ci.* say, and who is asked first."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from runner.config.templates.context import Context, without_credentials
from runner.config.templates.git_head import Commit


class Answers(Commit):
    """A commit that is known without git, and counts what it is asked."""

    def __init__(self) -> None:
        super().__init__(Path("/nowhere"))
        self.asked: list[str] = []

    def value(self, name: str, _: str | None = None) -> str | None:
        self.asked.append(name)
        return f"git's {name}"


def context(environ: Mapping[str, str]) -> tuple[Context, Answers]:
    answers = Answers()
    return Context(environ, Path("/nowhere"), ask_git=lambda _: answers), answers


GIT = ("sha", "branch", "tag", "author", "message", "repoUrl")
CI = ("name", "runId", "runUrl", "pullRequest", "actor")

SYSTEMS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "github, push": (
        {
            "GITHUB_ACTIONS": "true",
            "GITHUB_SHA": "abc",
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_REF_NAME": "main",
            "GITHUB_REF_TYPE": "branch",
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_REPOSITORY": "acme/shop",
            "GITHUB_RUN_ID": "17",
            "GITHUB_ACTOR": "mona",
        },
        {
            "git.sha": "abc",
            "git.branch": "main",
            "git.repoUrl": "https://github.example/acme/shop",
            "ci.name": "GitHub Actions",
            "ci.runId": "17",
            "ci.runUrl": "https://github.example/acme/shop/actions/runs/17",
            "ci.actor": "mona",
        },
    ),
    "github, pull request": (
        {
            "GITHUB_ACTIONS": "true",
            "GITHUB_REF": "refs/pull/12/merge",
            "GITHUB_REF_NAME": "12/merge",
            "GITHUB_REF_TYPE": "branch",
            "GITHUB_HEAD_REF": "feature",
        },
        {"git.branch": "feature", "ci.name": "GitHub Actions", "ci.pullRequest": "12"},
    ),
    "github, tag": (
        {"GITHUB_ACTIONS": "true", "GITHUB_REF_NAME": "v1", "GITHUB_REF_TYPE": "tag"},
        {"git.tag": "v1", "ci.name": "GitHub Actions"},
    ),
    "gitlab": (
        {
            "GITLAB_CI": "true",
            "CI_COMMIT_SHA": "abc",
            "CI_COMMIT_BRANCH": "main",
            "CI_COMMIT_TAG": "v1",
            "CI_COMMIT_AUTHOR": "Mona Lisa <mona@example.com>",
            "CI_COMMIT_MESSAGE": "Fix it",
            "CI_PROJECT_URL": "https://gitlab.example/acme/shop",
            "CI_PIPELINE_ID": "17",
            "CI_PIPELINE_URL": "https://gitlab.example/acme/shop/-/pipelines/17",
            "CI_MERGE_REQUEST_IID": "12",
            "GITLAB_USER_LOGIN": "mona",
        },
        {
            "git.sha": "abc",
            "git.branch": "main",
            "git.tag": "v1",
            "git.author": "Mona Lisa",
            "git.message": "Fix it",
            "git.repoUrl": "https://gitlab.example/acme/shop",
            "ci.name": "GitLab CI",
            "ci.runId": "17",
            "ci.runUrl": "https://gitlab.example/acme/shop/-/pipelines/17",
            "ci.pullRequest": "12",
            "ci.actor": "mona",
        },
    ),
    "gitlab, merge request": (
        {"GITLAB_CI": "true", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "feature"},
        {"git.branch": "feature", "ci.name": "GitLab CI"},
    ),
    "circle": (
        {
            "CIRCLECI": "true",
            "CIRCLE_SHA1": "abc",
            "CIRCLE_BRANCH": "main",
            "CIRCLE_TAG": "v1",
            "CIRCLE_REPOSITORY_URL": "git@github.com:acme/shop.git",
            "CIRCLE_WORKFLOW_ID": "w-17",
            "CIRCLE_BUILD_NUM": "17",
            "CIRCLE_BUILD_URL": "https://circle.example/17",
            "CIRCLE_PULL_REQUEST": "https://github.com/acme/shop/pull/12",
            "CIRCLE_USERNAME": "mona",
        },
        {
            "git.sha": "abc",
            "git.branch": "main",
            "git.tag": "v1",
            "git.repoUrl": "git@github.com:acme/shop.git",
            "ci.name": "CircleCI",
            "ci.runId": "w-17",
            "ci.runUrl": "https://circle.example/17",
            "ci.pullRequest": "12",
            "ci.actor": "mona",
        },
    ),
    "jenkins": (
        {
            "JENKINS_URL": "https://jenkins.example/",
            "GIT_COMMIT": "abc",
            "GIT_BRANCH": "origin/main",
            "GIT_URL": "https://bot:token@git.example/acme/shop.git",
            "TAG_NAME": "v1",
            "BUILD_TAG": "jenkins-shop-17",
            "BUILD_URL": "https://jenkins.example/job/shop/17/",
            "CHANGE_ID": "12",
            "CHANGE_AUTHOR": "mona",
        },
        {
            "git.sha": "abc",
            "git.branch": "main",
            "git.tag": "v1",
            "git.repoUrl": "https://git.example/acme/shop.git",
            "ci.name": "Jenkins",
            "ci.runId": "jenkins-shop-17",
            "ci.runUrl": "https://jenkins.example/job/shop/17/",
            "ci.pullRequest": "12",
            "ci.actor": "mona",
        },
    ),
    "buildkite": (
        {
            "BUILDKITE": "true",
            "BUILDKITE_COMMIT": "HEAD",
            "BUILDKITE_BRANCH": "main",
            "BUILDKITE_TAG": "v1",
            "BUILDKITE_BUILD_AUTHOR": "Mona Lisa",
            "BUILDKITE_MESSAGE": "Fix it",
            "BUILDKITE_REPO": "https://git.example/acme/shop",
            "BUILDKITE_BUILD_ID": "b-17",
            "BUILDKITE_BUILD_URL": "https://buildkite.example/17",
            "BUILDKITE_PULL_REQUEST": "false",
            "BUILDKITE_BUILD_CREATOR": "mona",
        },
        {
            "git.branch": "main",
            "git.tag": "v1",
            "git.author": "Mona Lisa",
            "git.message": "Fix it",
            "git.repoUrl": "https://git.example/acme/shop",
            "ci.name": "Buildkite",
            "ci.runId": "b-17",
            "ci.runUrl": "https://buildkite.example/17",
            "ci.actor": "mona",
        },
    ),
    "azure": (
        {
            "TF_BUILD": "True",
            "BUILD_SOURCEVERSION": "abc",
            "BUILD_SOURCEBRANCH": "refs/heads/feature/x",
            "BUILD_SOURCEVERSIONAUTHOR": "Mona Lisa",
            "BUILD_SOURCEVERSIONMESSAGE": "Fix it",
            "BUILD_REPOSITORY_URI": "https://user@dev.azure.example/acme/shop",
            "BUILD_BUILDID": "17",
            "SYSTEM_COLLECTIONURI": "https://dev.azure.example/acme/",
            "SYSTEM_TEAMPROJECT": "shop",
            "SYSTEM_PULLREQUEST_PULLREQUESTID": "12",
            "BUILD_REQUESTEDFOR": "Mona Lisa",
        },
        {
            "git.sha": "abc",
            "git.branch": "feature/x",
            "git.author": "Mona Lisa",
            "git.message": "Fix it",
            "git.repoUrl": "https://dev.azure.example/acme/shop",
            "ci.name": "Azure Pipelines",
            "ci.runId": "17",
            "ci.runUrl": "https://dev.azure.example/acme/shop/_build/results?buildId=17",
            "ci.pullRequest": "12",
            "ci.actor": "Mona Lisa",
        },
    ),
    "azure, tag and pull request": (
        {
            "TF_BUILD": "True",
            "BUILD_SOURCEBRANCH": "refs/tags/v1",
            "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/feature",
        },
        {"git.tag": "v1", "git.branch": "feature", "ci.name": "Azure Pipelines"},
    ),
    "bitbucket": (
        {
            "BITBUCKET_BUILD_NUMBER": "17",
            "BITBUCKET_COMMIT": "abc",
            "BITBUCKET_BRANCH": "main",
            "BITBUCKET_TAG": "v1",
            "BITBUCKET_GIT_HTTP_ORIGIN": "https://bitbucket.example/acme/shop",
            "BITBUCKET_PR_ID": "12",
            "BITBUCKET_STEP_TRIGGERER_UUID": "{mona}",
        },
        {
            "git.sha": "abc",
            "git.branch": "main",
            "git.tag": "v1",
            "git.repoUrl": "https://bitbucket.example/acme/shop",
            "ci.name": "Bitbucket Pipelines",
            "ci.runId": "17",
            "ci.runUrl": "https://bitbucket.example/acme/shop/pipelines/results/17",
            "ci.pullRequest": "12",
            "ci.actor": "{mona}",
        },
    ),
}


@pytest.mark.parametrize(("environ", "expected"), SYSTEMS.values(), ids=SYSTEMS)
def test_each_ci_system_is_understood(environ: dict[str, str], expected: dict[str, str]) -> None:
    made, answers = context(environ)
    found = {f"ci.{name}": made.value(f"ci.{name}") for name in CI}
    found |= {f"git.{name}": made.value(f"git.{name}") for name in GIT}
    for name in GIT:
        expected = {f"git.{name}": f"git's {name}", **expected}
    assert {name: value for name, value in found.items() if value is not None} == expected
    # git is asked only for what the system does not say.
    assert all(expected[f"git.{name}"] == f"git's {name}" for name in answers.asked)


def test_the_official_clis_variables_come_first() -> None:
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_SHA": "github", "GITHUB_HEAD_REF": "github"}
    for prefix, names in (
        ("CHECKLY_TEST_REPO_", ("SHA", "URL", "BRANCH", "COMMIT_OWNER", "COMMIT_MESSAGE")),
        ("CHECKLY_REPO_", ("SHA", "URL")),
    ):
        environ |= {prefix + name: (prefix + name).lower() for name in names}
    environ["CHECKLY_REPO_BRANCH"] = ""
    made, answers = context(environ)
    assert made.value("git.sha") == "checkly_repo_sha"
    assert made.value("git.repoUrl") == "checkly_repo_url"
    assert made.value("git.branch") == "checkly_test_repo_branch"
    assert made.value("git.author") == "checkly_test_repo_commit_owner"
    assert made.value("git.message") == "checkly_test_repo_commit_message"
    assert answers.asked == []


def test_checkly_github_variables_come_before_those_of_the_ci_system() -> None:
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SHA": "github",
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_REPOSITORY": "acme/other",
        "CHECKLY_GITHUB_SHA": "checkly",
        "CHECKLY_GITHUB_REPOSITORY": "acme/shop",
    }
    assert context(environ)[0].value("git.sha") == "checkly"
    assert context(environ)[0].value("git.repoUrl") == "https://github.com/acme/shop"
    environ |= {"CHECKLY_GITHUB_SERVER_URL": "https://ghe.example"}
    assert context(environ)[0].value("git.repoUrl") == "https://ghe.example/acme/shop"
    environ |= {"CHECKLY_TEST_REPO_SHA": "test", "CHECKLY_TEST_REPO_URL": "https://test.example"}
    assert context(environ)[0].value("git.sha") == "test"
    assert context(environ)[0].value("git.repoUrl") == "https://test.example"


class Nothing(Commit):
    """A shallow checkout that holds only the merge that CI made up."""

    def value(self, name: str, sha: str | None = None) -> str | None:
        return None if sha else f"the merge's {name}"


PULL_REQUESTS: dict[str, dict[str, str]] = {
    "github": {"GITHUB_ACTIONS": "true", "GITHUB_SHA": "merge", "GITHUB_HEAD_REF": "feature"},
    "gitlab": {
        "GITLAB_CI": "true",
        "CI_COMMIT_SHA": "merge",
        "CI_COMMIT_MESSAGE": "Merge 1 into 2",
        "CI_COMMIT_AUTHOR": "GitLab <git@example.com>",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "head",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "feature",
        "CI_MERGE_REQUEST_TITLE": "Fix the cart",
        "CI_MERGE_REQUEST_IID": "12",
        "GITLAB_USER_NAME": "mona",
    },
    "azure": {
        "TF_BUILD": "True",
        "BUILD_SOURCEVERSION": "merge",
        "BUILD_SOURCEVERSIONMESSAGE": "Merge pull request 12",
        "BUILD_SOURCEVERSIONAUTHOR": "Azure",
        "BUILD_REQUESTEDFOR": "mona",
        "SYSTEM_PULLREQUEST_SOURCECOMMITID": "head",
        "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/feature",
        "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER": "12",
    },
    "jenkins": {
        "JENKINS_URL": "https://jenkins.example/",
        "GIT_COMMIT": "head",
        "CHANGE_BRANCH": "feature",
        "CHANGE_ID": "12",
        "CHANGE_TITLE": "Fix the cart",
        "CHANGE_AUTHOR": "mona",
    },
}


@pytest.mark.parametrize(("name", "environ"), PULL_REQUESTS.items(), ids=PULL_REQUESTS)
def test_on_a_pull_request_the_head_that_was_pushed_counts(
    name: str, environ: dict[str, str], tmp_path: Path
) -> None:
    event = tmp_path / "event.json"
    pull = {"number": 12, "title": "Fix the cart", "user": {"login": "mona"}}
    event.write_text(json.dumps({"pull_request": {**pull, "head": {"sha": "head"}}}))
    environ = {**environ, "GITHUB_EVENT_PATH": str(event)}
    made = Context(environ, tmp_path, ask_git=Nothing)
    assert made.value("git.sha") == "head"
    assert made.value("git.branch") == "feature"
    assert made.value("ci.pullRequest") == "12"
    assert made.value("git.author") == "mona"
    assert made.value("git.message") == (None if name == "azure" else "Fix the cart")
    # Where the head was fetched, git knows its author and message.
    asked, _ = context(environ)
    assert asked.value("git.author") == "git's author"
    assert asked.value("git.message") == "git's message"


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b"\xff", b'{"pull_request": 1}', b"[" * 100_000, None]
)
def test_an_event_file_that_is_not_one_is_ignored(content: bytes | None, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    if content is None:
        os.mkfifo(event)
    else:
        event.write_bytes(content)
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_SHA": "abc", "GITHUB_EVENT_PATH": str(event)}
    assert context(environ)[0].value("git.sha") == "abc"
    assert context(environ)[0].value("ci.pullRequest") is None


def test_a_long_message_is_cut() -> None:
    made, _ = context({"CHECKLY_REPO_COMMIT_MESSAGE": "m" * 5000})
    assert made.value("git.message") == "m" * 999 + "…"
    made, _ = context({"CHECKLY_REPO_COMMIT_MESSAGE": "m" * 1000})
    assert made.value("git.message") == "m" * 1000


def test_outside_of_ci_nothing_is_said_of_it_and_git_is_asked() -> None:
    made, answers = context({"GITHUB_ACTIONS": "false", "CI": "true"})
    assert [made.value(f"ci.{name}") for name in CI] == [None] * len(CI)
    assert made.value("git.sha") == "git's sha"
    assert made.value("git.shortSha") == "git's s"
    assert set(answers.asked) == {"sha"}


def test_git_is_not_asked_before_something_reads_it() -> None:
    def fail(_: Path) -> Commit:
        raise AssertionError

    made = Context({"CHECKLY_REPO_SHA": "0123456789"}, Path("/nowhere"), "run-1", fail)
    assert made.value("git.shortSha") == "0123456"
    assert made.value("run.id") == "run-1"
    assert made.value("ci.runId") is None


def test_values_are_always_text_that_can_be_sent() -> None:
    made, _ = context({"CHECKLY_REPO_COMMIT_MESSAGE": "broken \udce9 bytes"})
    assert made.value("git.message") == "broken ? bytes"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://git.example/a", "https://git.example/a"),
        ("https://token@git.example/a", "https://git.example/a"),
        ("https://user:to@ken@git.example:8443/a.git", "https://git.example:8443/a.git"),
        ("ssh://git@git.example/a", "ssh://git@git.example/a"),
        ("ssh://git:password@git.example/a", "ssh://git@git.example/a"),
        ("git@git.example:acme/shop.git", "git@git.example:acme/shop.git"),
        ("/srv/git/shop", "/srv/git/shop"),
        ("https://user:token@[broken/a", ""),
        ("https://[broken/a", "https://[broken/a"),
    ],
)
def test_a_token_in_a_url_is_left_out(url: str, expected: str) -> None:
    assert without_credentials(url) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://x:y@git.example/a.git?private_token=hunter2", "https://git.example/a.git"),
        ("https://git.example/a?token=hunter2", "https://git.example/a"),
        ("/srv/what?/repo", "/srv/what?/repo"),
    ],
)
def test_a_repository_s_address_has_no_query(url: str, expected: str) -> None:
    made, _ = context({"CHECKLY_REPO_URL": url})
    assert made.value("git.repoUrl") == expected

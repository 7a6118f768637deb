"""A table of what CI systems tell in environment variables."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

_Environ = Mapping[str, str]
_Rule = str | Callable[[_Environ], str | None]
_MAX_EVENT = 32 << 20


@dataclass(frozen=True, slots=True)
class System:
    """A CI system.

    Attributes:
        name: What ``ci.name`` says.
        mark: The environment variable that is set when it is running.
        rules: For each name the variables that hold it, of which the first one set counts; or a
            function of the environment.
        fallbacks: The same for what git may know better.
    """

    name: str
    mark: str
    rules: Mapping[str, tuple[_Rule, ...]]
    fallbacks: Mapping[str, tuple[_Rule, ...]] = field(default_factory=dict)

    def value(self, name: str, environ: _Environ) -> str | None:
        """Return the value of a name such as ``ci.runId``; ``None`` if the system has none."""
        return self.name if name == "ci.name" else _first(self.rules.get(name, ()), environ)

    def fallback(self, name: str, environ: _Environ) -> str | None:
        """Return the value of a name that git does not know."""
        return _first(self.fallbacks.get(name, ()), environ)


def _first(rules: tuple[_Rule, ...], environ: _Environ) -> str | None:
    for rule in rules:
        found = environ.get(rule) if isinstance(rule, str) else rule(environ)
        if found:
            return found
    return None


def detect(environ: _Environ) -> System | None:
    """Return the CI system that runs this process; ``None`` outside of any known one."""
    for system in SYSTEMS:
        if environ.get(system.mark, "").lower() not in ("", "false", "0"):
            return system
    return None


def _joined(*pieces: str) -> Callable[[_Environ], str | None]:
    """Join variables (``$NAME``) and literals; nothing if one of the variables is not set."""

    def rule(environ: _Environ) -> str | None:
        texts = [environ.get(piece[1:], "") if piece[0] == "$" else piece for piece in pieces]
        return "".join(texts) if all(texts) else None

    return rule


def _matched(variable: str, pattern: str) -> Callable[[_Environ], str | None]:
    """Return the first group of a pattern that has to match a whole variable."""
    compiled = re.compile(pattern, re.DOTALL)

    def rule(environ: _Environ) -> str | None:
        found = compiled.fullmatch(environ.get(variable, ""))
        return found[1] if found else None

    return rule


def _when(variable: str, value: str, wanted: str) -> Callable[[_Environ], str | None]:
    """Return the variable ``wanted`` if ``variable`` has that value."""
    return lambda environ: environ.get(wanted) if environ.get(variable) == value else None


def _unless(variable: str, rule: _Rule) -> Callable[[_Environ], str | None]:
    """Apply a rule unless ``variable`` is set."""
    return lambda environ: None if environ.get(variable) else _first((rule,), environ)


def _event(*keys: str) -> Callable[[_Environ], str | None]:
    """Return a value of GitHub's event file: on pull requests only the file knows the head."""

    def rule(environ: _Environ) -> str | None:
        value = _read_event(environ.get("GITHUB_EVENT_PATH", ""))
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return str(value) if isinstance(value, str | int) else None

    return rule


@lru_cache(maxsize=1)
def _read_event(path: str) -> Any:
    try:
        if not path or not Path(path).is_file() or Path(path).stat().st_size > _MAX_EVENT:
            return None
        return json.loads(Path(path).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


SYSTEMS = (
    System(
        "GitHub Actions",
        "GITHUB_ACTIONS",
        {
            "git.sha": (_event("pull_request", "head", "sha"), "GITHUB_SHA"),
            "git.branch": (
                "GITHUB_HEAD_REF",
                _when("GITHUB_REF_TYPE", "branch", "GITHUB_REF_NAME"),
            ),
            "git.tag": (_when("GITHUB_REF_TYPE", "tag", "GITHUB_REF_NAME"),),
            "git.repoUrl": (_joined("$GITHUB_SERVER_URL", "/", "$GITHUB_REPOSITORY"),),
            "ci.runId": ("GITHUB_RUN_ID",),
            "ci.runUrl": (
                _joined(
                    "$GITHUB_SERVER_URL",
                    "/",
                    "$GITHUB_REPOSITORY",
                    "/actions/runs/",
                    "$GITHUB_RUN_ID",
                ),
            ),
            "ci.pullRequest": (
                _matched("GITHUB_REF", r"refs/pull/(\d+)/.*"),
                _event("pull_request", "number"),
            ),
            "ci.actor": ("GITHUB_ACTOR",),
        },
        {
            "git.author": (
                _event("pull_request", "user", "login"),
                _event("head_commit", "author", "name"),
            ),
            "git.message": (_event("pull_request", "title"), _event("head_commit", "message")),
        },
    ),
    System(
        "GitLab CI",
        "GITLAB_CI",
        {
            "git.sha": ("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "CI_COMMIT_SHA"),
            "git.branch": ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_BRANCH"),
            "git.tag": ("CI_COMMIT_TAG",),
            "git.author": (
                _unless(
                    "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA",
                    _matched("CI_COMMIT_AUTHOR", r"\s*([^<]*[^<\s])\s*(?:<.*)?"),
                ),
            ),
            "git.message": (_unless("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "CI_COMMIT_MESSAGE"),),
            "git.repoUrl": ("CI_PROJECT_URL",),
            "ci.runId": ("CI_PIPELINE_ID",),
            "ci.runUrl": ("CI_PIPELINE_URL",),
            "ci.pullRequest": ("CI_MERGE_REQUEST_IID",),
            "ci.actor": ("GITLAB_USER_LOGIN",),
        },
        {"git.message": ("CI_MERGE_REQUEST_TITLE",), "git.author": ("GITLAB_USER_NAME",)},
    ),
    System(
        "CircleCI",
        "CIRCLECI",
        {
            "git.sha": ("CIRCLE_SHA1",),
            "git.branch": ("CIRCLE_BRANCH",),
            "git.tag": ("CIRCLE_TAG",),
            "git.repoUrl": ("CIRCLE_REPOSITORY_URL",),
            "ci.runId": ("CIRCLE_WORKFLOW_ID", "CIRCLE_BUILD_NUM"),
            "ci.runUrl": ("CIRCLE_BUILD_URL",),
            "ci.pullRequest": ("CIRCLE_PR_NUMBER", _matched("CIRCLE_PULL_REQUEST", r".*/(\d+)")),
            "ci.actor": ("CIRCLE_USERNAME",),
        },
    ),
    System(
        "Jenkins",
        "JENKINS_URL",
        {
            "git.sha": ("GIT_COMMIT",),
            "git.branch": (
                "CHANGE_BRANCH",
                "BRANCH_NAME",
                _matched("GIT_BRANCH", r"(?:origin/)?(.+)"),
            ),
            "git.tag": ("TAG_NAME",),
            "git.repoUrl": ("GIT_URL",),
            "ci.runId": ("BUILD_TAG", "BUILD_ID"),
            "ci.runUrl": ("BUILD_URL",),
            "ci.pullRequest": ("CHANGE_ID",),
            "ci.actor": ("BUILD_USER_ID", "CHANGE_AUTHOR"),
        },
        {
            "git.message": ("CHANGE_TITLE",),
            "git.author": ("CHANGE_AUTHOR_DISPLAY_NAME", "CHANGE_AUTHOR"),
        },
    ),
    System(
        "Buildkite",
        "BUILDKITE",
        {
            "git.sha": (_matched("BUILDKITE_COMMIT", r"([0-9a-fA-F]{7,64})"),),
            "git.branch": ("BUILDKITE_BRANCH",),
            "git.tag": ("BUILDKITE_TAG",),
            "git.author": ("BUILDKITE_BUILD_AUTHOR",),
            "git.message": ("BUILDKITE_MESSAGE",),
            "git.repoUrl": ("BUILDKITE_REPO",),
            "ci.runId": ("BUILDKITE_BUILD_ID",),
            "ci.runUrl": ("BUILDKITE_BUILD_URL",),
            "ci.pullRequest": (_matched("BUILDKITE_PULL_REQUEST", r"(\d+)"),),
            "ci.actor": ("BUILDKITE_BUILD_CREATOR",),
        },
    ),
    System(
        "Azure Pipelines",
        "TF_BUILD",
        {
            "git.sha": ("SYSTEM_PULLREQUEST_SOURCECOMMITID", "BUILD_SOURCEVERSION"),
            "git.branch": (
                _matched("SYSTEM_PULLREQUEST_SOURCEBRANCH", r"(?:refs/heads/)?(.+)"),
                _matched("BUILD_SOURCEBRANCH", r"refs/heads/(.+)"),
            ),
            "git.tag": (_matched("BUILD_SOURCEBRANCH", r"refs/tags/(.+)"),),
            "git.author": (
                _unless("SYSTEM_PULLREQUEST_SOURCECOMMITID", "BUILD_SOURCEVERSIONAUTHOR"),
            ),
            "git.message": (
                _unless("SYSTEM_PULLREQUEST_SOURCECOMMITID", "BUILD_SOURCEVERSIONMESSAGE"),
            ),
            "git.repoUrl": ("BUILD_REPOSITORY_URI",),
            "ci.runId": ("BUILD_BUILDID",),
            "ci.runUrl": (
                _joined(
                    "$SYSTEM_COLLECTIONURI",
                    "$SYSTEM_TEAMPROJECT",
                    "/_build/results?buildId=",
                    "$BUILD_BUILDID",
                ),
            ),
            "ci.pullRequest": (
                "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER",
                "SYSTEM_PULLREQUEST_PULLREQUESTID",
            ),
            "ci.actor": ("BUILD_REQUESTEDFOR",),
        },
        {"git.author": ("BUILD_REQUESTEDFOR",)},
    ),
    System(
        "Bitbucket Pipelines",
        "BITBUCKET_BUILD_NUMBER",
        {
            "git.sha": ("BITBUCKET_COMMIT",),
            "git.branch": ("BITBUCKET_BRANCH",),
            "git.tag": ("BITBUCKET_TAG",),
            "git.repoUrl": ("BITBUCKET_GIT_HTTP_ORIGIN",),
            "ci.runId": ("BITBUCKET_BUILD_NUMBER",),
            "ci.runUrl": (
                _joined(
                    "$BITBUCKET_GIT_HTTP_ORIGIN",
                    "/pipelines/results/",
                    "$BITBUCKET_BUILD_NUMBER",
                ),
            ),
            "ci.pullRequest": ("BITBUCKET_PR_ID",),
            "ci.actor": ("BITBUCKET_STEP_TRIGGERER_UUID",),
        },
    ),
)

"""Metadata that is filled in when a profile leaves it out, as the official CLI does."""

from collections.abc import Mapping
from typing import Any, Final

#: Each field, and the name that its value comes from. Filled in or not, a field is volatile, as if
#: it were written ``$<git.sha>``.
FILLED_METADATA: Final = {
    "environment": "env.CHECKLY_TEST_ENVIRONMENT",
    "repoUrl": "git.repoUrl",
    "commitId": "git.sha",
    "commitOwner": "git.author",
    "commitMessage": "git.message",
    "branchName": "git.branch",
}
#: The fields of ``metadata.github``, and GitHub's variables that they come from.
_GITHUB: Final = {
    "repository": "GITHUB_REPOSITORY",
    "sha": "GITHUB_SHA",
    "runId": "GITHUB_RUN_ID",
    "runAttempt": "GITHUB_RUN_ATTEMPT",
    "workflow": "GITHUB_WORKFLOW",
    "job": "GITHUB_JOB",
    "eventName": "GITHUB_EVENT_NAME",
    "ref": "GITHUB_REF",
    "headRef": "GITHUB_HEAD_REF",
    "baseRef": "GITHUB_BASE_REF",
    "serverUrl": "GITHUB_SERVER_URL",
}


def github_metadata(environ: Mapping[str, str]) -> dict[str, Any] | None:
    """Return ``metadata.github``, where Checkly reports a session to, if that is wanted."""
    if environ.get("CHECKLY_GITHUB_REPORT") not in {"true", "1"}:
        return None
    found: dict[str, Any] = {"reporting": True}
    for field, name in _GITHUB.items():
        if value := environ.get(f"CHECKLY_{name}") or environ.get(name):
            found[field] = value
    return found

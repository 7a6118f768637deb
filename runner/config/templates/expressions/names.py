"""The names that expressions may read, and the environment variables they may not."""

import re

from runner.config.templates.expressions.errors import TemplateError, fail_unknown

#: Each namespace and its names; ``None`` if the file or the environment decides.
NAMESPACES: dict[str, tuple[str, ...] | None] = {
    "env": None,
    "var": None,
    "matrix": None,
    "profile": ("name",),
    "git": ("sha", "shortSha", "branch", "tag", "author", "message", "repoUrl"),
    "ci": ("name", "runId", "runUrl", "pullRequest", "actor"),
    "run": ("id",),
}
#: Names whose values differ from run to run.
VOLATILE = ("git.", "ci.", "run.")
#: Names whose values differ from instance to instance.
OF_INSTANCE = ("matrix.", "profile.")

#: Globs of environment variables that no template may read: the credentials of the runner, of CI
#: systems and of clouds, since a template could send them anywhere. What is public by nature, such
#: as a commit or a region, is not among them.
FORBIDDEN = (
    "CHECKLY_API_KEY", "CHECKLY_SESSIONS_*", "GITHUB_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN", "GITHUB_PAT", "ACTIONS_*", "CI_*_TOKEN", "CI_*_PASSWORD",
    "CI_*_JWT*", "CI_REPOSITORY_URL", "GITLAB_*TOKEN", "CIRCLE_*TOKEN*", "BUILDKITE_*TOKEN",
    "JENKINS_*TOKEN", "JENKINS_*PASSWORD", "JENKINS_*SECRET", "SYSTEM_ACCESSTOKEN", "VSS_*",
    "BITBUCKET_*TOKEN*", "BITBUCKET_*PASSWORD", "AWS_*SECRET*", "AWS_*TOKEN*", "AWS_ACCESS_KEY*",
    "AWS_CONTAINER_*", "GOOGLE_*", "GCLOUD_*", "CLOUDSDK_*", "AZURE_*", "ARM_*SECRET",
    "ARM_*PASSWORD", "ARM_*KEY", "ARM_*TOKEN",
)  # fmt: skip
_FORBIDDEN = "|".join(FORBIDDEN).replace("*", ".*")


def is_forbidden(name: str) -> bool:
    """Whether no template may read the environment variable ``name``."""
    return re.fullmatch(_FORBIDDEN, name.upper()) is not None


def qualified(namespace: str, name: str, offset: int) -> str:
    """Return the full name of ``namespace.name``, at ``offset``, if an expression may read it.

    Raises:
        TemplateError: There is no such namespace or name, or it is an environment variable with
            credentials of the runner, a CI system or a cloud.
    """
    if namespace not in NAMESPACES:
        fail_unknown("name", namespace, NAMESPACES, offset)
    known = NAMESPACES[namespace]
    full = f"{namespace}.{name}"
    if known is not None and name not in known:
        fail_unknown("name", name, known, offset, f"{namespace}.")
    if name.startswith("_"):
        raise TemplateError("names that begin with _ can't be read", offset, length=len(full))
    if namespace == "env" and is_forbidden(name):
        message = (
            f"{full} can't be read: templates have no access to the credentials of the runner, "
            "of CI systems and of clouds"
        )
        raise TemplateError(message, offset, "Pass the value under another name.", length=len(full))
    return full

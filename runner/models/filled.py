"""Metadata that is filled in where a profile leaves it out, as the official CLI does."""

from typing import Final

#: The field, and the name its value comes from. A field that was filled in is volatile: it is
#: as good as written ``$<git.sha>``, and so is one that could not be filled in for want of git.
FILLED_METADATA: Final = {
    "environment": "env.CHECKLY_TEST_ENVIRONMENT",
    "repoUrl": "git.repoUrl",
    "commitId": "git.sha",
    "commitOwner": "git.author",
    "commitMessage": "git.message",
    "branchName": "git.branch",
}

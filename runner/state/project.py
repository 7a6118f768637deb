"""The owner of a part of the state: a repository and a file in it."""

import re
from dataclasses import dataclass

from runner.errors import UsageError
from runner.models.record import FORMAT_VERSION, Document, Initiator, Moment
from runner.state.store.object_store import Store
from runner.state.store.paths import DEFAULT_PROJECT


class ProjectDocument(Document):
    """``project.json``, made with the first write."""

    format_version: int = FORMAT_VERSION
    nonce: str
    project: str
    repository: str = ""
    file: str = ""
    claimed_at: Moment
    by: Initiator = Initiator()


@dataclass(frozen=True, slots=True)
class Project:
    """A project as the configuration names it.

    Attributes:
        name: ``None`` if the file names none.
        repository: The address of its repository, as :func:`same_repository` spells it.
        file: The file's path inside the repository.
    """

    name: str | None = None
    repository: str = ""
    file: str = ""

    @property
    def folder(self) -> str:
        """The part of a path that is the project's."""
        return self.name or DEFAULT_PROJECT

    def is_of(self, document: ProjectDocument) -> bool:
        """Return whether a document may be about this project: an unknown part matches any."""
        parts = (document.repository, self.repository), (document.file, self.file)
        return all(there in {here, ""} or not here for there, here in parts)


def same_repository(url: str | None) -> str:
    """Spell a repository's address alike for all clones: no scheme, user, port, ``.git``, case."""
    plain = re.sub(r"^[a-z+]+://", "", (url or "").strip(), flags=re.IGNORECASE)
    host, colon, path = plain.rpartition("@")[2].partition(":")
    port = re.match(r"\d+/", path)
    joined = f"{host}/{path[port.end() :] if port else path}" if colon else host
    return joined.removesuffix("/").removesuffix(".git").lower()


def require_name(project: Project, store: Store) -> None:
    """Refuse a shared store for a file that names no project.

    Raises:
        UsageError: It does not.
    """
    if project.name is None and not store.is_local:
        raise UsageError(
            f"The state at {store.where()} is shared, but the file names no project.",
            hint="Add `project: NAME` to the file, so that others can use the same bucket.",
        )

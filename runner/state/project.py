"""The owner of a part of the state: ``project.json``, made with the first write."""

import re
from dataclasses import dataclass
from typing import Final

from runner.errors import StateError, UsageError
from runner.models.record import FORMAT_VERSION, Document, Initiator, Moment
from runner.state.store.codec import decode, encode
from runner.state.store.object_store import Store
from runner.state.store.paths import DEFAULT_PROJECT, shown

_OLD_LAYOUT: Final = {"records", "locks", "attempts", "digest"}


class ProjectDocument(Document):
    """``project.json``."""

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
        name: ``None`` where the file names none.
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


async def check(store: Store, folder: str, project: Project) -> bool:
    """Refuse a project that another repository or file made; return whether it was made at all.

    Raises:
        StateError: It is another's, or the layout is that of an earlier version.
    """
    path = f"{folder}/project.json"
    data = await store.get(path)
    if data is None:
        if _OLD_LAYOUT & set(await store.folders(folder)):
            raise StateError(
                f"The state at {store.where(folder)} has the layout of an earlier development "
                "version, which this release does not read.",
                hint="Move it out of the way; a new state is made with the next apply.",
            )
        return False
    document = decode(ProjectDocument, data, store.where(path))
    if project.is_of(document):
        return True
    raise StateError(
        f"The project {shown(document.project)} at {store.where()} belongs to "
        f"{shown(document.file)} of {shown(document.repository) or 'an unknown repository'}.",
        hint="Give this file a `project:` of its own. If it was moved here, `runner state claim` "
        "makes it the owner.",
    )


async def create(store: Store, folder: str, project: Project, document: ProjectDocument) -> None:
    """Make a project, and check that the store keeps the promise on which locks rely.

    Raises:
        StateError: The store overwrites objects, or another process made the project and it is
            not ours.
    """
    path = f"{folder}/project.json"
    if not await store.create(path, encode(document)):
        await check(store, folder, project)
        return
    other = document.model_copy(update={"nonce": f"{document.nonce}-again"})
    if await store.create(path, encode(other)):
        raise StateError(
            f"The store at {store.where()} overwrites objects that it was only asked to create "
            "(If-None-Match is ignored), so two applies could start the same session.",
            hint="Choose a store that honours conditional writes, or a newer release of it.",
        )


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

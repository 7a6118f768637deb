"""A plan: what would be started, and what changed since it was last applied."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from runner.models.instance import Instance

if TYPE_CHECKING:
    from runner.models.record import Record


class Action(StrEnum):
    """What a plan says of an instance."""

    CREATE = "create"
    """It was never applied."""
    UPDATE = "update"
    """Its request differs from the one last applied."""
    RERUN = "rerun"
    """It is unchanged."""
    REMOVED = "removed"
    """Its profile is gone."""


class Op(StrEnum):
    """How a field changed."""

    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs between two requests in normal form.

    Attributes:
        path: The field's way in the normal form, ``target.matchTags`` for one; environment
            variables by their key: ``environmentVariables.HOST.value``.
        before, after: The values in normal form, a secret as its fingerprint; ``None`` also
            where there is none, as ``op`` tells.
        sensitive: Whether one of them is a secret, or was.
    """

    path: str
    op: Op
    before: Any = None
    after: Any = None
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class CheckDrift:
    """The checks a target matches now, and what that adds to or takes from the record.

    Attributes:
        complete: Whether the list of checks could be read whole, so that it may gate.
    """

    matched: tuple[str, ...]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True)
class PlannedInstance:
    """What a plan says of one instance.

    Attributes:
        name: The instance.
        instance: The compiled instance; ``None`` when it is removed.
        request: Its request in normal form; the record's when it is removed.
        record: Its last apply; ``None`` when there was none.
        not_compared: Paths of the secrets of which it is not known whether they changed.
        blocked: Why an apply of it must fail (``expectChecks`` is broken), if it must.
        pulled_in: Whether it was not selected but is needed by one that was.
        renamed_from: What it was called at the base, if only its name changed.
    """

    name: str
    profile: str
    action: Action
    instance: Instance | None
    request: dict[str, Any]
    record: "Record | None" = None
    changes: tuple[FieldChange, ...] = ()
    not_compared: tuple[str, ...] = ()
    checks: CheckDrift | None = None
    warnings: tuple[str, ...] = ()
    blocked: str | None = None
    pulled_in: bool = False
    renamed_from: str | None = None


# Without ``repr``: asyncio words what a coroutine returned when an event loop is done with it, and
# all of a plan in words takes long.
@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """What a plan says of all instances.

    Attributes:
        instances: In file order, removed ones last.
        warnings: On the plan as a whole.
        against: What it was compared with, if not with the records: a commit, in words.
    """

    instances: tuple[PlannedInstance, ...]
    warnings: tuple[str, ...] = ()
    against: str | None = None

    def count(self, action: Action) -> int:
        """How many instances have ``action``."""
        return sum(planned.action is action for planned in self.instances)

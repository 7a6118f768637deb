"""A plan: what would be started, and what changed since it was last applied."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.models.instance import Instance

if TYPE_CHECKING:
    from runner.models.record import CheckRecord, Record


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


class FieldChange(NamedTuple):
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


class CheckDrift(NamedTuple):
    """The checks a target matches now, and what that adds to or takes from the record.

    Attributes:
        complete: Whether the list of checks could be read whole, so that it may gate.
        most_runs: How often checks run at most, retries included; ``None`` where each check
            keeps its own retry strategy.
    """

    matched: tuple[str, ...]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    complete: bool = True
    most_runs: int | None = None

    @property
    def has_drifted(self) -> bool:
        """Whether other checks match than ran last time."""
        return bool(self.added or self.removed)


class PlanContext(NamedTuple):
    """Where a plan stands: whose account, which state, and what would be tested.

    Attributes:
        api: Host of the API.
        state: Address of the state.
        options: Those of the command line that lead another command to the same state.
    """

    api: str
    state: str
    project: str
    scope: str
    account_id: str | None = None
    account_name: str | None = None
    environment: str | None = None
    commit: str | None = None
    branch: str | None = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedInstance:
    """What a plan says of one instance.

    Attributes:
        name: The instance.
        instance: The compiled instance; ``None`` when it is removed.
        request: Its request in normal form; the record's when it is removed.
        record: Its last apply; ``None`` when there was none.
        not_compared: Paths of the secrets of which it is not known whether they changed.
        blocked: Why an apply of it must fail, if it must.
        pulled_in: Whether it was not selected but is needed by one that was.
        renamed_from: What it was called at the base, if only its name changed.
        passed_earlier: Checks that passed already at the same commit and are not run again; only
            the body of ``instance`` is narrowed, not ``request``.
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
    passed_earlier: "tuple[CheckRecord, ...]" = ()

    @property
    def is_blocking(self) -> bool:
        """Whether it is blocked, and nothing forgives it."""
        if self.blocked is None or self.instance is None:
            return False
        settings = self.instance.settings
        return not settings.allow_failure and settings.quorum is None


# Without ``repr``: asyncio words what a coroutine returned when an event loop is done with it, and
# all of a plan in words takes long.
@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """What a plan says of all instances.

    Attributes:
        instances: In file order, removed ones last.
        warnings: On the plan as a whole.
        against: What it was compared with, if not with the records: a commit, in words.
        context: Where it stands; ``None`` where it asks nothing but two commits.
        file_warnings: Warnings of the file, each on one line.
    """

    instances: tuple[PlannedInstance, ...]
    warnings: tuple[str, ...] = ()
    against: str | None = None
    context: PlanContext | None = None
    file_warnings: tuple[str, ...] = ()

    def count(self, action: Action) -> int:
        """How many instances have ``action``."""
        return sum(planned.action is action for planned in self.instances)

    @property
    def counts(self) -> dict[str, int]:
        """How many instances have each action, and how many are blocked."""
        return {action.value: self.count(action) for action in Action} | {
            "blocked": len(self.blocked)
        }

    @property
    def blocked(self) -> tuple[PlannedInstance, ...]:
        """The instances of which an apply must fail."""
        return tuple(planned for planned in self.instances if planned.blocked is not None)

    @property
    def all_warnings(self) -> tuple[str, ...]:
        """Every warning once, whichever instance it is of."""
        told = (warning for planned in self.instances for warning in planned.warnings)
        return tuple(dict.fromkeys((*self.file_warnings, *self.warnings, *told)))

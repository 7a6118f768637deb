"""A plan: what would be started, and what changed since it was last applied."""

from collections import Counter
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
        path: Keys that lead to it: ``environmentVariables.HOST.value``.
        before, after: The values, a secret as its fingerprint; ``None`` also for the missing
            side of an addition or removal.
        sensitive: Whether one of them is a secret, or was.
    """

    path: str
    op: Op
    before: Any = None
    after: Any = None
    sensitive: bool = False


class CheckDrift(NamedTuple):
    """The checks that a target matches now, compared with those of the last apply.

    Attributes:
        complete: Whether the whole list of checks could be read, so that it may gate.
        most_runs: How often checks run at most, retries included; ``None`` if each check
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
    """What a plan is about: whose account, which state, and what would be tested.

    Attributes:
        api: Host of the API.
        state: Address of the state.
        options: Options that lead another command to the same state.
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


class PlannedInstance(NamedTuple):
    """What a plan says of one instance.

    Attributes:
        instance: ``None`` when it is removed.
        request: In normal form; the record's when it is removed.
        record: Its last apply, if there was one.
        not_compared: Paths of secrets that can't be compared with those of the record.
        blocked: Why an apply of it must fail, if it must.
        pulled_in: Whether it was not selected but is needed by one that was.
        renamed_from: Its name at the base, if only that changed.
        passed_earlier: Checks that passed at the same commit and are not run again; only the
            body of ``instance`` is narrowed, not ``request``.
        is_untried: Whether an apply after that of ``record`` did not start it.
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
    is_untried: bool = False

    @property
    def has_drifted(self) -> bool:
        """Whether other checks match than ran last time, as far as that is known."""
        return self.checks is not None and self.checks.has_drifted

    @property
    def is_blocking(self) -> bool:
        """Whether it is blocked, and nothing forgives it."""
        if self.blocked is None or self.instance is None:
            return False
        settings = self.instance.settings
        return not settings.allow_failure and settings.quorum is None


class Plan(NamedTuple):
    """What a plan says of all instances.

    Attributes:
        instances: In file order, removed ones last.
        warnings: On the plan as a whole.
        against: The commit it was compared with, in words, if not with the records.
        context: What it is about; ``None`` if it compares two commits.
        file_warnings: Warnings of the file, each on one line.
    """

    instances: tuple[PlannedInstance, ...]
    warnings: tuple[str, ...] = ()
    against: str | None = None
    context: PlanContext | None = None
    file_warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        # Short, since asyncio calls it on what a coroutine returns.
        return f"Plan({len(self.instances)} instances)"

    @property
    def counts(self) -> dict[str, int]:
        """How many instances have each action, and how many are blocked."""
        found = Counter(planned.action.value for planned in self.instances)
        return {action.value: found[action.value] for action in Action} | {
            "blocked": len(self.blocked)
        }

    @property
    def blocked(self) -> tuple[PlannedInstance, ...]:
        """The instances whose apply must fail."""
        return tuple(planned for planned in self.instances if planned.blocked is not None)

    @property
    def has_changes(self) -> bool:
        """Whether anything is to be created, updated or removed."""
        return any(planned.action is not Action.RERUN for planned in self.instances)

    @property
    def all_warnings(self) -> tuple[str, ...]:
        """Every warning once, whichever instances have it."""
        of_instances = (warning for planned in self.instances for warning in planned.warnings)
        return tuple(dict.fromkeys((*self.file_warnings, *self.warnings, *of_instances)))

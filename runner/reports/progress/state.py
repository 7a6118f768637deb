"""The state of a running apply: events folded into the progress of each instance."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from runner.models import events
from runner.models.events import Event
from runner.models.outcome import CheckOutcome, InstanceOutcome
from runner.models.verdict import Verdict

Key: TypeAlias = tuple[object, ...]


@dataclass(slots=True)
class InstanceProgress:
    """The current state of one instance.

    Attributes:
        checks: All checks of its session that are known, running ones included.
        cancelling: The reason if it is being cancelled.
        outcome: Its outcome, once it is finished.
    """

    name: str
    started_at: datetime | None = None
    link: str = ""
    checks: tuple[CheckOutcome, ...] = ()
    cancelling: str | None = None
    outcome: InstanceOutcome | None = None

    @property
    def ended_checks(self) -> int:
        """How many of its checks have ended."""
        return sum(check.verdict is not Verdict.RUNNING for check in self.checks)


@dataclass(slots=True)
class Progress:
    """The current state of all instances of an apply, in the order of their start."""

    started_at: datetime | None = None
    instances: dict[str, InstanceProgress] = field(default_factory=dict)

    def update(self, event: Event) -> tuple[CheckOutcome, ...]:
        """Update the state by ``event``.

        Returns:
            The checks that ended since the last event of the same instance.
        """
        match event:
            case events.ApplyStarted():
                self.started_at = event.at
                for name in event.instances:
                    self._of(name)
            case events.SessionStarted():
                instance = self._of(event.instance)
                instance.started_at = event.at
                instance.link = event.link
            case events.SessionProgress():
                return self._progress(self._of(event.instance), event.checks)
            case events.SessionCancelling():
                self._of(event.instance).cancelling = event.why
            case events.InstanceFinished():
                instance = self._of(event.outcome.name)
                instance.outcome = event.outcome
                return self._progress(instance, event.outcome.checks)
            case _:
                pass
        return ()

    @property
    def running(self) -> list[InstanceProgress]:
        """The instances whose sessions run."""
        return [instance for instance in self._open if instance.started_at]

    @property
    def waiting(self) -> list[InstanceProgress]:
        """The instances that have neither a session nor an outcome."""
        return [instance for instance in self._open if not instance.started_at]

    @property
    def _open(self) -> list[InstanceProgress]:
        return [instance for instance in self.instances.values() if not instance.outcome]

    def _of(self, name: str) -> InstanceProgress:
        return self.instances.setdefault(name, InstanceProgress(name))

    @staticmethod
    def _progress(
        instance: InstanceProgress, checks: tuple[CheckOutcome, ...]
    ) -> tuple[CheckOutcome, ...]:
        before = _ended(instance.checks)
        instance.checks = checks
        return tuple(check for key, check in _ended(checks).items() if key not in before)


def by_key(checks: tuple[CheckOutcome, ...]) -> dict[Key, CheckOutcome]:
    """The checks of a session by a unique key: even ids and names may occur twice."""
    found: dict[Key, CheckOutcome] = {}
    seen = Counter[Key]()
    for check in checks:
        key = (check.check_id, check.name, check.run_location)
        seen[key] += 1
        found[*key, seen[key]] = check
    return found


def _ended(checks: tuple[CheckOutcome, ...]) -> dict[Key, CheckOutcome]:
    found = by_key(checks)
    return {key: check for key, check in found.items() if check.verdict is not Verdict.RUNNING}

"""Past applies, and the status of each instance: what ``history`` and ``status`` show."""

from dataclasses import dataclass
from datetime import datetime

from runner.models.record import Attempt, Record


@dataclass(frozen=True, slots=True)
class PastApply:
    """An apply as the state remembers it; ``attempts`` by the names of their instances.

    Attributes:
        exit_code: What it ended with, if that is known.
    """

    apply_id: str
    attempts: tuple[Attempt, ...]
    exit_code: int | None = None

    @property
    def started_at(self) -> datetime:
        """When its first attempt was made, by the clock of its machine."""
        return min(attempt.intent_at for attempt in self.attempts)

    @property
    def stopped_at(self) -> datetime | None:
        """When its last attempt ended; ``None`` while one has not."""
        ends = [attempt.stopped_at for attempt in self.attempts]
        return None if None in ends else max((end for end in ends if end), default=None)


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """The status of an instance.

    Attributes:
        record: Its last apply; ``None`` when there was none.
        changed: Whether its request differs from the one last applied; ``None`` when there is
            nothing to compare.
        is_declared: Whether the configuration has it.
    """

    name: str
    profile: str
    record: Record | None = None
    changed: bool | None = None
    is_declared: bool = True

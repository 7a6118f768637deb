"""The runner's own keys of a profile: never sent to the API."""

import re
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field

from runner.models.contract.request import MAX_EXACT, NonEmpty, Strict

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _date(value: object) -> date:
    """Read a date as ISO 8601 spells it, and neither a number nor a time of day."""
    if isinstance(value, date):
        return value
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass  # a month of thirty days has no 31st
    raise ValueError("A date is written as 2026-01-31")


class ExpectChecks(Strict, defer_build=True):
    """Which checks a session has to run, so that a lost tag does not go unnoticed."""

    min: Annotated[int, Field(ge=0)] | None = None
    """The minimum number of checks."""
    max: Annotated[int, Field(ge=0)] | None = None
    """The maximum number of checks."""
    include: list[NonEmpty] = Field(default_factory=list)
    """Names of checks that must be among them."""
    exclude: list[NonEmpty] = Field(default_factory=list)
    """Names of checks that must not be among them."""


class Quarantine(Strict, defer_build=True):
    """A check whose failure is shown but does not fail the instance, until a date."""

    check: NonEmpty
    """Name or id of the check."""
    reason: NonEmpty
    """Why it is quarantined."""
    owner: NonEmpty
    """Who is responsible for it."""
    until: Annotated[date, BeforeValidator(_date)]
    """The last day on which its failure is forgiven."""

    def is_in_force(self, today: date) -> bool:
        """Return whether it still forgives a failure ``today``."""
        return today <= self.until


class Settings(Strict):
    """How the runner treats the sessions of a profile."""

    description: str | None = None
    """What the profile is for."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Names and values to select profiles by: ``-l team=web``."""
    needs: list[NonEmpty] = Field(default_factory=list)
    """Profiles or instances that must pass first."""
    timeout_seconds: Annotated[float, Field(gt=0, le=MAX_EXACT)] = 1200
    """Seconds from the session's start after which it is cancelled and counts as timed out."""
    allow_failure: bool = False
    """Whether the apply may pass despite a failure, cancellation, time-out or no match."""
    fail_on_degraded: bool = False
    """Whether a degraded check counts as failed."""
    fail_on_no_matching: bool = True
    """Whether finding no checks counts as a failure."""
    expect_checks: ExpectChecks | None = None
    """Which checks must run."""
    quorum: Annotated[int, Field(ge=1)] | None = None
    """How many instances of a matrix must pass for the profile to pass."""
    quarantine: list[Quarantine] = Field(default_factory=list)
    """Checks whose failures do not count for a while."""

"""An apply as JUnit XML with an element for each attempt, as Maven Surefire writes reruns."""

from runner.models.outcome import ApplyOutcome
from runner.reports.apply import junit


def render(outcome: ApplyOutcome) -> str:
    """The report."""
    return junit.render(outcome, with_attempts=True)

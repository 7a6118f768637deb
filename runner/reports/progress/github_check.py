"""A check run on GitHub with the verdict of the apply, updated while it runs.

Checkly's own check knows the results of sessions, but neither quorums nor quarantines. The requests
are those of GitHub's REST API: https://docs.github.com/rest/checks/runs.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from time import sleep
from typing import Any, Final

from runner.errors import CannotRun
from runner.models.events import ApplyFinished, ApplyStarted, Event, PlanMade
from runner.models.outcome import ApplyOutcome
from runner.reports.apply import markdown, wording
from runner.reports.progress.github_actions import annotation_of
from runner.reports.progress.listeners import Listener, Surroundings
from runner.reports.progress.state import Progress
from runner.reports.text.github import relative_to_repository, repository_of
from runner.reports.text.json_ import time_text
from runner.reports.text.sanitize import harmless, one_line

_NAME: Final = "Checkly sessions"
#: GitHub's limits: annotations a request, characters of a summary, bytes of a message.
_MOST_ANNOTATIONS: Final = 50
_SUMMARY: Final = 60_000
_MESSAGE: Final = 8_000
_PAUSE: Final = timedelta(seconds=10)
_SECONDS_BETWEEN: Final = 1.0
_SHORT: Final = "The log of the job says more."
_LEVELS: Final = {"error": "failure", "warning": "warning", "notice": "notice"}
_CONCLUSIONS: Final = {
    "passed": "success",
    "started": "neutral",
    "timed out": "timed_out",
    "interrupted": "cancelled",
}


class GitHubCheckReporter(Listener):
    """Keeps one check run up to date.

    Raises:
        LookupError: The environment lacks the token, the repository or the commit.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        environ, self._send = surroundings.environ, surroundings.send
        for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY", "GITHUB_SHA"):
            if not environ.get(name):
                raise LookupError(f"{name} is not set")
        api = environ.get("GITHUB_API_URL") or "https://api.github.com"
        self._url = f"{api}/repos/{environ['GITHUB_REPOSITORY']}/check-runs"
        self._token = environ["GITHUB_TOKEN"]
        self._commit = _pushed(environ)
        self._repository = repository_of(environ)
        self._id: int | None = None
        self._progress = Progress()
        self._is_over = False
        self._told: tuple[str, datetime | None] = ("", None)

    def handle(self, event: Event) -> None:
        """Open the run when the apply starts, and complete it when it is over."""
        self._progress.update(event)
        if isinstance(event, PlanMade | ApplyStarted) and self._id is None:
            self._open(event.apply_id, event.at)
        elif isinstance(event, ApplyFinished):
            if self._id is None:
                self._open(event.outcome.apply_id, event.outcome.started_at)
            self._is_over = True
            self._complete(event.outcome)

    def tick(self, at: datetime) -> None:
        """Report progress a few times a minute."""
        now = self._now()
        said, when = self._told
        if self._is_over or self._id is None or now == said or (when and at - when < _PAUSE):
            return
        self._told = (now, at)
        with suppress(CannotRun, OSError, ValueError):  # the run has to be completed anyway
            self._ask("PATCH", {"output": {"title": now, "summary": now}})

    def close(self) -> None:
        """Complete a run whose apply stopped before its end: nothing else ever would."""
        if self._id is not None and not self._is_over:
            self._is_over = True
            told = {"title": "stopped before the end", "summary": _SHORT}
            self._end({"status": "completed", "conclusion": "failure", "output": told})

    def _open(self, apply_id: str, at: datetime) -> None:
        created = self._ask(
            "POST",
            {
                "name": _NAME,
                "head_sha": self._commit,
                "status": "in_progress",
                "external_id": one_line(apply_id, 200),
                "started_at": time_text(at),
            },
        )
        try:
            self._id = int(created["id"])
        except (LookupError, TypeError, ValueError):
            raise ConnectionError("GitHub's answer has no id") from None

    def _complete(self, outcome: ApplyOutcome) -> None:
        title = wording.in_words(wording.count_all(outcome)["Sessions"]) or "nothing to apply"
        output = {"title": title, "summary": harmless(markdown.render(outcome, _SUMMARY))}
        annotations = list(self._annotations(outcome))
        self._end(
            {
                "status": "completed",
                "conclusion": conclusion(outcome),
                "completed_at": time_text(outcome.stopped_at),
                "output": {**output, "annotations": annotations[:_MOST_ANNOTATIONS]},
            }
        )
        for start in range(_MOST_ANNOTATIONS, len(annotations), _MOST_ANNOTATIONS):
            some = annotations[start : start + _MOST_ANNOTATIONS]
            self._ask("PATCH", {"output": {**output, "annotations": some}})

    def _end(self, body: Mapping[str, Any]) -> None:
        """Complete the run, at the third attempt in few words: nothing else ever would."""
        short = {**body, "output": {"title": body["output"]["title"], "summary": _SHORT}}
        for attempt in (body, body):
            with suppress(CannotRun, ConnectionError):
                self._ask("PATCH", attempt)
                return
            sleep(_SECONDS_BETWEEN)
        self._ask("PATCH", short)

    def _annotations(self, outcome: ApplyOutcome) -> Iterator[dict[str, Any]]:
        for instance in outcome.instances:
            told = annotation_of(instance)
            if told is None or instance.span is None:
                continue
            level, title, message = told
            name = relative_to_repository(instance.span.source.name, self._repository)
            yield {
                "path": one_line(name),
                "start_line": instance.span.line,
                "end_line": instance.span.line,
                "annotation_level": _LEVELS[level],
                "title": title,
                "message": harmless(message)[:_MESSAGE],
            }

    def _now(self) -> str:
        instances = self._progress.instances.values()
        ended = sum(instance.outcome is not None for instance in instances)
        return f"{ended} of {len(instances)} sessions are over"

    def _ask(self, method: str, body: Mapping[str, Any]) -> Any:
        status, text = self._send(
            method,
            self._url if method == "POST" else f"{self._url}/{self._id}",
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self._token}",
                "X-GitHub-Api-Version": "2022-11-28",
            },
            body=body,
        )
        if status == 403:
            raise PermissionError("GitHub answered 403: the workflow needs `checks: write`")
        if status not in {200, 201}:
            raise ConnectionError(f"GitHub answered {status}")
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise ConnectionError("GitHub's answer is not JSON") from None


def conclusion(outcome: ApplyOutcome) -> str:
    """The conclusion for GitHub: ``neutral`` if something failed that does not count."""
    found = _CONCLUSIONS.get(wording.result(outcome), "failure")
    forgiven = any(
        wording.is_forgiven(instance) or any(map(wording.is_failing, instance.checks))
        for instance in outcome.instances
    )
    if not outcome.instances:
        return "skipped"
    return "neutral" if found == "success" and forgiven else found


def _pushed(environ: Mapping[str, str]) -> str:
    """The commit that was pushed; on a pull request, not CI's merge commit."""
    try:
        event = json.loads(Path(environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
        return str(event["pull_request"]["head"]["sha"])
    except (KeyError, TypeError, ValueError, OSError):
        return environ["GITHUB_SHA"]

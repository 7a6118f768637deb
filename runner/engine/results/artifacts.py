"""Find the files that failed runs left behind, and keep them in a folder when asked to."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

from runner.checkly.downloads import Downloads
from runner.engine.control.context import Context
from runner.errors import CannotRun, os_reason
from runner.models.outcome import Artifact, CheckOutcome, InstanceOutcome
from runner.models.response import ResultDetail

_LOG_LINES: Final = 10_000
_KINDS: Final = {".png": "screenshot", ".jpg": "screenshot", ".webm": "video", ".zip": "trace"}
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_NAME_LENGTH: Final = 80


def artifacts_of(detail: ResultDetail, redact: Callable[[str], str]) -> tuple[Artifact, ...]:
    """The files that a result names, each address once, and its log."""
    found: dict[str, Artifact] = {}
    for run in detail.runs:
        named = {
            "trace": run.playwright_test_traces,
            "video": run.playwright_test_videos,
            "report": [run.playwright_test_json_report_file or ""],
            "packets": [run.pcap_data_url or ""],
            "": run.job_assets,
        }
        for kind, addresses in named.items():
            for address in filter(None, addresses):
                name = PurePosixPath(urlsplit(address).path).name or "file"
                kind_found = kind or _KINDS.get(PurePosixPath(name).suffix.lower(), "file")
                found.setdefault(address, Artifact(kind_found, redact(name), address))
        if lines := list(_log_lines(run.job_log)):
            text = "".join(f"{redact(line)}\n" for line in lines[:_LOG_LINES])
            found.setdefault("log", Artifact("log", "log.txt", content=text))
    return tuple(found.values())


def _log_lines(log: Any) -> Iterator[str]:
    """A log is text, a list of lines or entries, or an object of such lists."""
    if isinstance(log, str):
        yield from log.splitlines()
    elif isinstance(log, dict) and isinstance(log.get("msg"), str):
        yield " ".join(str(log[part]) for part in ("time", "level", "msg") if part in log)
    elif isinstance(log, (list, dict)):
        for part in log.values() if isinstance(log, dict) else log:
            if not isinstance(log, dict) or isinstance(part, (list, str)):
                yield from _log_lines(part)


@dataclass(slots=True)
class Keeper:
    """Keeps the files of what failed.

    Attributes:
        folder: Where they go, in a folder for each instance and check.
        left: Bytes that may still be written.
        downloads: Fetches them.
    """

    folder: Path
    left: int
    downloads: Downloads

    async def keep(self, context: Context, outcome: InstanceOutcome) -> InstanceOutcome:
        """Download the files of ``outcome``; what can't be had is told and changes no verdict."""
        checks, files = [], 0
        for check in outcome.checks:
            kept = await self._kept(context, outcome.name, check) if check.artifacts else check
            files += sum(bool(artifact.path) for artifact in kept.artifacts)
            checks.append(kept)
        if files:
            context.notice(f"{files} files of what failed are in {self.folder}.", outcome.name)
        return replace(outcome, checks=tuple(checks))

    async def _kept(self, context: Context, instance: str, check: CheckOutcome) -> CheckOutcome:
        folder = self.folder / safe_name(instance) / safe_name(check.name)
        if check.check_id:  # checks may share a name
            folder = folder.with_name(f"{folder.name}-{safe_name(check.check_id)[:8]}")
        taken: set[str] = set()
        artifacts = []
        for artifact in check.artifacts:
            path = folder / _free(safe_name(artifact.name), taken)
            try:
                if artifact.content:
                    size = _write(path, artifact.content)
                else:
                    _make(folder)
                    size = await self.downloads.fetch(artifact.address, path, self.left)
            except (CannotRun, OSError) as error:
                why = f"{os_reason(error)}." if isinstance(error, OSError) else error.message
                said = f"The {artifact.kind} of {check.name} could not be downloaded: {why}"
                context.notice(said, instance, is_warning=True)
                artifacts.append(artifact)
                continue
            self.left -= size
            artifacts.append(replace(artifact, path=path.as_posix()))
        return replace(check, artifacts=tuple(artifacts))


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


def _write(path: Path, text: str) -> int:
    _make(path.parent)
    return path.write_bytes(text.encode("utf-8", "replace"))


def safe_name(name: str) -> str:
    """A name from outside as the name of a file that can't leave its folder."""
    return _UNSAFE.sub("-", name).strip("-.")[:_NAME_LENGTH] or "file"


def _free(name: str, taken: set[str]) -> str:
    """``name``, or with a number where it is taken; file systems may ignore the case."""
    stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix
    number = 1
    while (found := name if number == 1 else f"{stem}-{number}{suffix}").lower() in taken:
        number += 1
    taken.add(found.lower())
    return found

"""Find the files that failed runs left behind, and keep them in a folder when asked to."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from itertools import chain, count
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

from runner.checkly.downloads import TOO_LARGE, Downloads
from runner.engine.control.context import Context
from runner.errors import CannotRun, os_reason
from runner.file_names import safe_name
from runner.listing import counted
from runner.models.outcome import Artifact, CheckOutcome, InstanceOutcome
from runner.models.response import ResultDetail

_LOG_LINES: Final = 10_000
_KINDS: Final = {".png": "screenshot", ".jpg": "screenshot", ".webm": "video", ".zip": "trace"}
_MOST_FILES: Final = 100
#: Seconds after which a download is announced.
_TELL_AFTER: Final = 3.0
#: Seconds for the files of one session together.
PATIENCE: Final = 600.0


def artifacts_of(detail: ResultDetail, redact: Callable[[str], str]) -> tuple[Artifact, ...]:
    """Return the files that a result names, each address once, and its log."""
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
                if len(found) >= _MOST_FILES:
                    break
                name = _name_in(address)
                kind_found = kind or _KINDS.get(PurePosixPath(name).suffix.lower(), "file")
                found.setdefault(address, Artifact(kind_found, redact(name), address))
        if lines := list(_log_lines(run.job_log)):
            text = "".join(f"{redact(line)}\n" for line in lines[:_LOG_LINES])
            found.setdefault("log", Artifact("log", "log.txt", content=text))
    return tuple(found.values())


def _name_in(address: str) -> str:
    try:
        return PurePosixPath(urlsplit(address).path).name or "file"
    except ValueError:  # brackets that hold no address; it will be refused
        return "file"


def _log_lines(log: Any) -> Iterator[str]:
    """Yield the lines of a log: text, a list of lines or entries, or an object of such lists."""
    if isinstance(log, str):
        yield from log.splitlines()
    elif isinstance(log, dict) and isinstance(log.get("msg"), str):
        yield " ".join(str(log[part]) for part in ("time", "level", "msg") if part in log)
    elif isinstance(log, (list, dict)):
        for part in log.values() if isinstance(log, dict) else log:
            if not isinstance(log, dict) or isinstance(part, (list, str)):
                yield from _log_lines(part)


@dataclass(slots=True)
class ArtifactDownloader:
    """Downloads the files of what failed: at most ``most`` bytes into ``folder``.

    Each instance has its own folder there, and each result a folder inside that.
    """

    folder: Path
    most: int
    downloads: Downloads
    _sizes: dict[Path, int] = field(default_factory=dict)

    async def keep(self, context: Context, outcome: InstanceOutcome) -> InstanceOutcome:
        """Download the files of ``outcome``; a failure is reported and changes no verdict."""
        wanted = sum(len(check.artifacts) for check in outcome.checks)
        if not wanted:
            return outcome
        name, text = outcome.name, f"Downloading {counted(wanted, 'file')} of what failed."
        telling = asyncio.get_running_loop().call_later(_TELL_AFTER, context.notice, text, name)
        until = context.clock.monotonic() + PATIENCE
        checks = [await self._kept(context, name, check, until) for check in outcome.checks]
        telling.cancel()
        if kept := [Path(file.path) for check in checks for file in check.artifacts if file.path]:
            size = sum(self._sizes[path] for path in kept)
            amount = f"{size / 1000:.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:.0f} MB"
            files = f"{counted(len(kept), 'file')} of what failed ({amount})"
            context.notice(f"Downloaded {files} to {self.folder}.", name)
        return replace(outcome, checks=tuple(checks))

    async def _kept(
        self, context: Context, instance: str, check: CheckOutcome, until: float
    ) -> CheckOutcome:
        # The mark keeps results with similar names apart, even if the folder ignores case.
        result = check.attempts[-1].result_id if check.attempts else ""
        about = "\0".join((instance, check.name, check.check_id or "", result))
        mark = sha256(about.encode(errors="replace")).hexdigest()[:8]
        folder = self.folder / safe_name(instance) / f"{safe_name(check.name)}-{mark}"
        taken: set[str] = set()
        artifacts = []
        for artifact in check.artifacts:
            path = folder / _free(safe_name(artifact.name), taken)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                await self._get(artifact, path, until - context.clock.monotonic())
            except (CannotRun, OSError) as error:
                self._sizes.pop(path, None)
                why = f"{os_reason(error)}." if isinstance(error, OSError) else error.message
                said = f"The {artifact.kind} of {check.name} could not be downloaded: {why}"
                context.notice(said, instance, is_warning=True)
                artifacts.append(artifact)
            else:
                artifacts.append(replace(artifact, path=path.as_posix()))
        return replace(check, artifacts=tuple(artifacts))

    async def _get(self, artifact: Artifact, path: Path, seconds: float) -> None:
        """Download a file to ``path``, unless an earlier call did."""
        fits = partial(self._fits, path)
        if artifact.content:
            _write(path, artifact.content, fits)
        elif not _is_there(path, fits):
            await self.downloads.fetch(artifact.address, path, fits, seconds)

    def _fits(self, path: Path, size: int) -> bool:
        """Return whether all files stay below the limit when ``path`` has grown to ``size``."""
        self._sizes[path] = size
        return sum(self._sizes.values()) <= self.most


def _write(path: Path, text: str, fits: Callable[[int], bool]) -> None:
    content = text.encode(errors="replace")
    if not fits(len(content)):
        raise CannotRun(TOO_LARGE)
    path.write_bytes(content)


def _is_there(path: Path, fits: Callable[[int], bool]) -> bool:
    return path.is_file() and fits(path.stat().st_size)


def _free(name: str, taken: set[str]) -> str:
    """Return ``name``, numbered if it is taken; file systems may ignore the case."""
    path = PurePosixPath(name)
    numbered = (f"{path.stem}-{number}{path.suffix}" for number in count(2))
    found = next(each for each in chain([name], numbered) if each.lower() not in taken)
    taken.add(found.lower())
    return found

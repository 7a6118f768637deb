"""An apply as one HTML file: no network, readable on a phone, in light and dark.

The style sheet filters by verdict, a small script searches; without it everything can be read. A
content security policy admits nothing but these two, so that even a mistake in escaping could do
no harm.
"""

import base64
import hashlib
import os
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from runner.models.outcome import ApplyOutcome
from runner.reports.apply import wording
from runner.reports.apply.timeline import Axis
from runner.reports.text.sanitize import lines, one_line, safe_url

_TEMPLATES: Final = Path(__file__).with_name("templates")
_NAME_LIMIT: Final = 300
_SENTENCE_LIMIT: Final = 2_000
_ERROR_LINES: Final = 60


def render(outcome: ApplyOutcome, folder: Path | None = None) -> str:
    """The report.

    Args:
        outcome: What it tells.
        folder: Where it will be written, for links to downloaded files.
    """
    css, script = _style(), _read("apply.js")
    quiet = wording.quiet_instances(outcome)
    found = {name for name, _ in wording.count_checks(outcome) + wording.count_instances(outcome)}
    return _template().render(
        outcome=outcome,
        words=wording,
        axis=Axis(outcome),
        css=css,
        script=script,
        policy=f"default-src 'none'; style-src '{_digest(css)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'",
        labels=[name for name in wording.LABELS if name in found],
        quiet=quiet,
        loud=[item for item in outcome.instances if not quiet or not wording.is_quiet(item)],
        folder=folder,
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        name=lambda text: one_line(text, _NAME_LIMIT),
        sentence=lambda text: one_line(text, _SENTENCE_LIMIT),
        error=_error,
        local=_local,
        url=safe_url,
        slug=lambda label: label.replace(" ", "-"),
        moment=_moment,
        iso=lambda at: at.astimezone(UTC).isoformat(),
    )
    return environment.get_template("apply.html.jinja")


@cache
def _style() -> str:
    """The style sheet, and for each label the rules that filter by it."""
    rules = [_read("apply.css")]
    for label in wording.LABELS:
        slug = label.replace(" ", "-")
        chosen = f"body:has(#only-{slug}:checked)"
        rules.append(
            f'{chosen} :is(.check, .failure):not([data-label="{slug}"]),\n'
            f'{chosen} .session:not([data-label="{slug}"]):not(:has([data-label="{slug}"]))'
            " { display: none; }\n"
        )
    return "\n".join(rules)


@cache
def _read(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _local(path: str, folder: Path | None) -> str:
    """The address of a downloaded file, relative to the report."""
    return quote(Path(os.path.relpath(path, folder or Path())).as_posix())


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _error(text: str) -> str:
    shown = lines(text, _SENTENCE_LIMIT)
    if len(shown) > _ERROR_LINES:
        shown = [*shown[:_ERROR_LINES], f"… and {len(shown) - _ERROR_LINES} more lines"]
    return "\n".join(shown)


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"

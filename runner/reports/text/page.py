"""Self-contained HTML pages: escaping templates, and a policy that blocks everything external."""

import base64
import hashlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from runner.reports.text.sanitize import lines, one_line, safe_url

#: Has the frame of all pages, and their style.
_SHARED: Final = Path(__file__).parent
_NAME_LIMIT: Final = 300
_SENTENCE_LIMIT: Final = 2_000
_ERROR_LINES: Final = 60


def render_page(folder: Path, name: str, *, rules: str = "", **values: Any) -> str:
    """Render a template with the style sheet and script beside it inside; ``rules`` are more style.

    A content security policy admits these alone, so that even a mistake in escaping could do no
    harm.
    """
    css = "\n".join([_read(_SHARED / "page.css"), _read(folder / f"{name}.css"), rules])
    script = _read(folder / f"{name}.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(css)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    template = _environment(folder).get_template(f"{name}.html.jinja")
    return template.render(css=css, script=script, policy=policy, **values)


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def _environment(folder: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([folder, _SHARED], encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        name=lambda text: one_line(text, _NAME_LIMIT),
        sentence=lambda text: one_line(text, _SENTENCE_LIMIT),
        error=lambda text: "\n".join(lines(text, _SENTENCE_LIMIT, _ERROR_LINES)),
        url=safe_url,
        slug=lambda label: label.replace(" ", "-"),
        moment=_moment,
        iso=lambda at: at.astimezone(UTC).isoformat(),
    )
    return environment


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"

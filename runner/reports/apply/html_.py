"""An apply as one HTML file: no network, readable on a phone, in light and dark.

The style sheet filters by verdict and a small script searches; without it, all is readable.
"""

import os
from functools import cache, partial
from pathlib import Path
from typing import Final
from urllib.parse import quote

from runner.models.outcome import ApplyOutcome
from runner.reports.apply import wording
from runner.reports.apply.timeline import Axis
from runner.reports.text.page import render_page

_TEMPLATES: Final = Path(__file__).with_name("templates")


def render(outcome: ApplyOutcome, folder: Path | None = None) -> str:
    """The report; its links to downloaded files are relative to ``folder``."""
    loud, quiet = wording.loud_and_quiet(outcome)
    counts = wording.count_all(outcome)
    found = dict(counts["Sessions"] + counts["Checks"])
    return render_page(
        _TEMPLATES,
        "apply",
        rules=_rules(),
        outcome=outcome,
        counted=counts,
        words=wording,
        axis=Axis(outcome),
        labels=[name for name in wording.LABELS if name in found],
        quiet=quiet,
        loud=loud,
        local=partial(_local, folder=folder or Path()),
    )


@cache
def _rules() -> str:
    """The style that filters by each label."""
    rules = []
    for label in wording.LABELS:
        slug = label.replace(" ", "-")
        chosen = f"body:has(#only-{slug}:checked)"
        rules.append(
            f'{chosen} :is(.check, .failure):not([data-label="{slug}"]),\n'
            f'{chosen} .session:not([data-label="{slug}"]):not(:has([data-label="{slug}"]))'
            " { display: none; }\n"
        )
    return "\n".join(rules)


def _local(path: str, folder: Path) -> str:
    """The address of a downloaded file, relative to the report."""
    return quote(os.fsencode(Path(os.path.relpath(path, folder)).as_posix()))

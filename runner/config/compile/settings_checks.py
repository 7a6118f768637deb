"""Whether the runner's own keys make sense: what no type can tell."""

from datetime import date, timedelta
from typing import Any

from runner.config.compile.locations import node_at
from runner.config.document.profiles import ProfileSource
from runner.config.yaml.nodes import Mapping
from runner.diagnostics import Diagnostics
from runner.source import Span

_QUARANTINE_NOTICE = timedelta(days=7)


def judge_settings(
    settings: dict[str, Any],
    profile: ProfileSource,
    layers: Mapping,
    count: int,
    today: date,
    diagnostics: Diagnostics,
) -> None:
    """Judge what is well formed but can't be meant, and warn of what ends soon.

    Args:
        settings: The runner's own keys, checked; dates are dates.
        profile: Whose they are.
        layers: All its layers, put together.
        count: How many instances the profile has, which a quorum is judged by.
        today: The day by which quarantines are judged.
        diagnostics: Takes what is found.
    """

    def span_at(*path: str | int) -> Span:
        node = node_at(layers, path)
        return node.span if node else profile.key

    quorum = settings.get("quorum")
    if quorum is not None and quorum > count:
        diagnostics.error(
            "quorum-too-high",
            f"`quorum` asks for {quorum} of {count}"
            + ("" if "matrix" in layers.values else ": there is no matrix"),
            span_at("quorum"),
            profile=profile.name,
        )
    expected = settings.get("expectChecks") or {}
    low, high = expected.get("min"), expected.get("max")
    if low is not None and high is not None and low > high:
        diagnostics.error(
            "bad-value",
            f"`min` is {low}, more than `max`, which is {high}",
            span_at("expectChecks", "min"),
            profile=profile.name,
        )
    for index, entry in enumerate(settings.get("quarantine", ())):
        left = entry["until"] - today
        if left <= _QUARANTINE_NOTICE:
            ends = "has ended" if left < timedelta(0) else "ends"
            diagnostics.warning(
                "quarantine-ends",
                f"The quarantine of `{entry['check']}` {ends} on {entry['until']}",
                span_at("quarantine", index),
                hint=f"owner: {entry['owner']}",
                profile=profile.name,
            )

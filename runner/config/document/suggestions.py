"""The key that an unknown one stands for: a misspelling, or another tool's word."""

from runner.nearest import nearest

_TAGS = "a list of groups: `[[production, smoke], [critical]]`"
#: What people write → keys it may mean, each with how to write it.
_MEANT: dict[str, tuple[tuple[str, str], ...]] = {
    "matchtags": (("target", f"Write `target: {{matchTags: …}}`, {_TAGS}."),),
    "tags": (
        ("target", f"Write `target: {{matchTags: …}}`, {_TAGS}."),
        ("matchTags", f"Write `matchTags: …`, {_TAGS}."),
    ),
    "checkid": (("target", "Write `target: {checkId: …}`."),),
    "checks": (
        ("target", "Write `target: {checkId: …}`, with ids of checks."),
        ("checkId", "Write `checkId: …`, with ids of checks."),
    ),
    "env": (
        ("environmentVariables", "Write `environmentVariables: {KEY: value}`."),
        ("environment", "Write `environment: …`."),
    ),
    "environment": (
        ("metadata", "Write `metadata: {environment: …}`; variables are `environmentVariables`."),
    ),
    "variables": (("environmentVariables", "Write `environmentVariables: {KEY: value}`."),),
    "secrets": (
        ("environmentVariables", "Write `environmentVariables: {KEY: {value: …, secret: true}}`."),
    ),
    "retries": (
        ("retryStrategy", "Write `retryStrategy: {type: FIXED, maxRetries: 2}`."),
        ("maxRetries", "Write `maxRetries: …`."),
    ),
    "location": (("runLocation", "Write `runLocation: …`."),),
    "locations": (("runLocation", "Write `matrix: {runLocation: [eu-west-1, us-east-1]}`."),),
    "region": (("runLocation", "Write `runLocation: …`."),),
    "regions": (("runLocation", "Write `matrix: {runLocation: [eu-west-1, us-east-1]}`."),),
    "timeout": (("timeoutSeconds", "Write `timeoutSeconds: …`."),),
    "retry": (("retryStrategy", "Write `retryStrategy: {type: FIXED, maxRetries: 2}`."),),
    "strategy": (("type", "Write `type: …`."),),
    "tries": (("maxRetries", "Write `maxRetries: …`."),),
}


def suggestion(name: str, known: frozenset[str]) -> tuple[str, str] | None:
    """The key among the ``known`` that ``name`` probably means, and a hint that says so."""
    for key, hint in _MEANT.get(name.lower(), ()):
        if key in known:
            return key, hint
    near = nearest(name, known)
    return (near, f"Did you mean '{near}'?") if near else None

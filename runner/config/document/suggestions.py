"""The key that an unknown one probably means: a misspelling, or another tool's word."""

from runner.nearest import nearest

_TAGS = "a list of groups: `[[production, smoke], [critical]]`"
_TARGET_TAGS = ("target", f"Write `target: {{matchTags: …}}`, {_TAGS}.")
_VARIABLES = ("environmentVariables", "Write `environmentVariables: {KEY: value}`.")
_LOCATION = ("runLocation", "Write `runLocation: …`.")
_LOCATIONS = ("runLocation", "Write `matrix: {runLocation: [eu-west-1, us-east-1]}`.")
_RETRIES = ("retryStrategy", "Write `retryStrategy: {type: FIXED, maxRetries: 2}`.")
#: What people write → keys it may mean, each with how to write it.
_MEANT: dict[str, tuple[tuple[str, str], ...]] = {
    "matchtags": (_TARGET_TAGS,),
    "tags": (_TARGET_TAGS, ("matchTags", f"Write `matchTags: …`, {_TAGS}.")),
    "checkid": (("target", "Write `target: {checkId: …}`."),),
    "checks": (
        ("target", "Write `target: {checkId: …}`, with ids of checks."),
        ("checkId", "Write `checkId: …`, with ids of checks."),
    ),
    "env": (_VARIABLES, ("environment", "Write `environment: …`.")),
    "environment": (
        ("metadata", "Write `metadata: {environment: …}`; variables are `environmentVariables`."),
    ),
    "variables": (_VARIABLES,),
    "secrets": (
        ("environmentVariables", "Write `environmentVariables: {KEY: {value: …, secret: true}}`."),
    ),
    "retries": (_RETRIES, ("maxRetries", "Write `maxRetries: …`.")),
    "retry": (_RETRIES,),
    "location": (_LOCATION,),
    "locations": (_LOCATIONS,),
    "region": (_LOCATION,),
    "regions": (_LOCATIONS,),
    "timeout": (("timeoutSeconds", "Write `timeoutSeconds: …`."),),
    "strategy": (("type", "Write `type: …`."),),
    "tries": (("maxRetries", "Write `maxRetries: …`."),),
}


def suggestion(name: str, known: frozenset[str]) -> tuple[str, str] | None:
    """Return the key among the ``known`` that ``name`` probably means, and a hint that says so."""
    for key, hint in _MEANT.get(name.lower(), ()):
        if key in known:
            return key, hint
    near = nearest(name, known)
    return (near, f"Did you mean '{near}'?") if near else None

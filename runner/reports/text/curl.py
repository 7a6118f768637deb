"""A compiled request for people: secrets masked, unset values named, or as a curl command."""

import shlex
from collections.abc import Callable
from typing import Any

from runner.models.marked import Body, Marked, mapped
from runner.reports.text.json_ import dump_json_line


def masked_body(body: Body, mark: Callable[[str], str]) -> Any:
    """Replace each marked leaf of a compiled body by what may be shown of it.

    ``mark`` gives the mask of a secret; equal secrets get equal ones.
    """

    def shown(leaf: Any) -> Any:
        if not isinstance(leaf, Marked):
            return leaf
        if leaf.unset:
            return f"(unset: {', '.join(leaf.unset)})"
        return mark(str(leaf.value)) if leaf.secret and leaf.value is not None else leaf.value

    return mapped(body, shown)


def as_curl(name: str, body: Any, url: str) -> str:
    """The masked ``body`` as a curl command; credentials are the shell's variables."""
    return (
        f"# {name}\n"
        f"curl --request POST {shlex.quote(url + '/v1/test-sessions/trigger')} \\\n"
        '  --header "Authorization: Bearer $CHECKLY_API_KEY" \\\n'
        '  --header "X-Checkly-Account: $CHECKLY_ACCOUNT_ID" \\\n'
        "  --header 'Content-Type: application/json' \\\n"
        f"  --data {shlex.quote(dump_json_line(body).rstrip())}\n"
    )

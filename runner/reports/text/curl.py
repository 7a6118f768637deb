"""A compiled request for people: secrets masked, unset values named, or as a curl command."""

import shlex
from collections.abc import Callable
from typing import Any

from runner.models.marked import Marked
from runner.reports.text.json_ import dump_json_line


def masked_body(tree: Any, mark: Callable[[str], str]) -> Any:
    """Replace each marked leaf of a compiled body by what may be shown of it.

    ``mark`` gives the mask of a secret; equal secrets get equal ones.
    """
    if isinstance(tree, dict):
        return {key: masked_body(child, mark) for key, child in tree.items()}
    if isinstance(tree, list):
        return [masked_body(child, mark) for child in tree]
    if not isinstance(tree, Marked):
        return tree
    if tree.unset:
        return f"(unset: {', '.join(tree.unset)})"
    return mark(str(tree.value)) if tree.secret and tree.value is not None else tree.value


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

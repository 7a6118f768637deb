"""The key ``notify``: webhooks that learn how an apply ended."""

import re
from typing import Final, NamedTuple

from runner.config.document.layer_checks import LayerChecks
from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence, is_null
from runner.diagnostics import Diagnostics
from runner.source import Span

REASONS: Final = ("newly-failing", "fixed", "failed", "drift")
MESSAGE_FORMATS: Final = ("slack", "teams", "json")
WEBHOOK: Final = r"^\$<\s*env\.([A-Za-z_][A-Za-z0-9_]*)\s*>$"
_KEYS: Final = ("on", "webhook", "format")


class Notification(NamedTuple):
    """One webhook.

    Attributes:
        on: What has to happen for a message: some of ``REASONS``.
        variable: The environment variable that holds its address, which is a secret.
        format: One of ``MESSAGE_FORMATS``.
        span: Where the address is read.
    """

    on: tuple[str, ...]
    variable: str
    format: str
    span: Span


def read_notifications(node: Node | None, diagnostics: Diagnostics) -> tuple[Notification, ...]:
    """Return what the key asks for; ``diagnostics`` takes the mistakes in it."""
    if node is None or is_null(node):
        return ()
    if not isinstance(node, Sequence):
        diagnostics.error("wrong-type", "`notify` must be a list", node.span)
        return ()
    found = (_read_one(entry, diagnostics) for entry in node.items)
    return tuple(notification for notification in found if notification)


def _read_one(entry: Node, diagnostics: Diagnostics) -> Notification | None:
    if not isinstance(entry, Mapping):
        diagnostics.error("wrong-type", "An entry of `notify` must be a mapping", entry.span)
        return None
    LayerChecks(diagnostics).known_keys(entry, frozenset(_KEYS), "in `notify`")
    missing = [name for name in _KEYS if name not in entry.values]
    for name in missing:
        diagnostics.error("missing-key", f"`{name}` is missing in `notify`", entry.span)
    if missing:
        return None
    on, webhook, form = (entry.values[name] for name in _KEYS)
    reasons = [
        _one_of(item, REASONS, "on", diagnostics)
        for item in (on.items if isinstance(on, Sequence) else [on])
    ]
    format_ = _one_of(form, MESSAGE_FORMATS, "format", diagnostics)
    text = webhook.value if isinstance(webhook, Scalar) else None
    named = re.match(WEBHOOK, text) if isinstance(text, str) else None
    if named is None:
        webhook.source.hide(webhook.start, webhook.end)
        message = "`webhook` must read its address, which is a secret, from the environment"
        hint = "Write `webhook: $<env.SLACK_WEBHOOK>`."
        diagnostics.error("literal-secret", message, webhook.span, hint=hint)
    if named is None or format_ is None or None in reasons:
        return None
    told = tuple(reason for reason in reasons if reason)
    return Notification(told, named[1], format_, webhook.span)


def _one_of(node: Node, known: tuple[str, ...], key: str, diagnostics: Diagnostics) -> str | None:
    if isinstance(node, Scalar) and node.value in known:
        return node.text
    message = f"`{key}` in `notify` takes {', '.join(known)}"
    diagnostics.error("bad-value", message, node.span)
    return None

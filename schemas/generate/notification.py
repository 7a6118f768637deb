"""The JSON Schema of an entry of ``notify``."""

from typing import Any

from runner.config.document.notify import MESSAGE_FORMATS, REASONS, WEBHOOK


def notification_schema() -> dict[str, Any]:
    """An entry of ``notify``."""
    reason = {"enum": [*REASONS]}
    about = "What it tells: a check that began to fail or was fixed, a failed apply, other checks."
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["on", "webhook", "format"],
        "properties": {
            "on": {"description": about, "anyOf": [reason, {"type": "array", "items": reason}]},
            "webhook": {
                "description": "Its address: a secret, so the name of an environment variable.",
                "type": "string",
                "pattern": WEBHOOK,
            },
            "format": {"description": "How the message is written.", "enum": [*MESSAGE_FORMATS]},
        },
    }

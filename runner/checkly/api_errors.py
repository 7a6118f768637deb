"""Answers that are no success, in words: what happened and what to do next."""

import json
from collections.abc import Callable
from typing import Any

from runner.checkly.wire import Reply
from runner.errors import ApiError, Unauthorized

Redact = Callable[[str], str]

NO_MATCHING_CHECKS = "ERR_NO_MATCHING_CHECKS"
_MAX_QUOTE = 300

#: What each status of the contract means, and what to do about it.
_KNOWN = {
    400: (
        "the API found the request invalid",
        (
            "`runner validate` checks all that the API's contract says; if it finds nothing, the"
            " contract has changed: look for a newer release."
        ),
    ),
    401: (
        "the API key is not valid",
        "Check CHECKLY_API_KEY: the key may be revoked, or belong to another environment.",
    ),
    402: (
        "the account's plan does not include this, or its limit is used up",
        "Look at Billing in Checkly, or wait until the plan's period begins anew.",
    ),
    403: (
        "the key may not do this in this account",
        (
            "Check that CHECKLY_ACCOUNT_ID is the key's account, and that the key's user may run"
            " test sessions (a read-only user may not)."
        ),
    ),
    404: (
        "the API knows no such thing in this account",
        "Check CHECKLY_ACCOUNT_ID and CHECKLY_API_URL; a session may have been deleted.",
    ),
    408: ("the API gave up waiting", "Try again."),
    413: ("the request is too large", "Shorten the environment variables."),
    429: (
        "the account's limit of requests is used up",
        "Wait a minute, or lower --requests-per-minute where several runs share an account.",
    ),
}
_SERVER = (
    "the API has a problem of its own",
    "Try again; if it stays so, look at Checkly's status page.",
)
_REDIRECT = (
    "the API's address answers with a redirect, which is not followed",
    "Check CHECKLY_API_URL; behind a sign-in page, sign in first.",
)
_OTHER = ("the API refused the request", None)


def refusal(reply: Reply, redact: Redact, retry_after: float | None = None) -> ApiError:
    """The error that ``reply``, whose status is no success, stands for.

    Args:
        reply: The answer.
        redact: Masks secrets in what the server said: it may say again what it was sent.
        retry_after: Seconds it asks to wait, if it does.
    """
    said, code = _said(reply.body)
    meaning, hint = _meaning(reply.status)
    if code == NO_MATCHING_CHECKS:
        meaning, hint = "no checks match the target", "Check the target's tags and ids."
    quoted = f", saying: {quote(said, redact).rstrip('.')}" if said else ""
    kind = Unauthorized if reply.status in {401, 402, 403} else ApiError
    return kind(
        f"{reply.method} {reply.path}: {meaning} ({reply.status}{quoted}).",
        status=reply.status,
        method=reply.method,
        path=reply.path,
        error_code=quote(code, redact) if code else None,
        retry_after=retry_after,
        hint=hint,
    )


def nonsense(reply: Reply, what: str) -> ApiError:
    """The error of a success whose body is not ``what`` it has to be."""
    return ApiError(
        f"{reply.method} {reply.path}: the answer ({reply.status}) is not {what}.",
        status=reply.status,
        method=reply.method,
        path=reply.path,
        hint="Something between here and Checkly may have answered instead; check CHECKLY_API_URL"
        " and proxies.",
    )


def quote(text: str, redact: Redact) -> str:
    """Foreign text made fit to stand in a sentence: one line, printable, short, masked."""
    line = " ".join("".join(c if c.isprintable() else " " for c in redact(text)).split())
    return line if len(line) <= _MAX_QUOTE else f"{line[:_MAX_QUOTE]}…"


def _meaning(status: int) -> tuple[str, str | None]:
    if status in _KNOWN:
        return _KNOWN[status]
    if status >= 500:
        return _SERVER
    return _REDIRECT if 300 <= status < 400 else _OTHER


def _said(body: bytes) -> tuple[str, str]:
    """Message and code of an error's body; empty where it is no error of the API."""
    try:
        answer: Any = json.loads(body)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(answer, dict):
        return "", ""
    found = (answer.get("message") or answer.get("error"), answer.get("errorCode"))
    message, code = (text if isinstance(text, str) else "" for text in found)
    return message, code

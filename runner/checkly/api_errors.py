"""Answers that are not a success, in words: what happened and what to do next."""

import re
from collections.abc import Callable
from itertools import islice
from typing import Any, Final

from runner.checkly.wire import Reply
from runner.errors import ApiError, Unauthorized

Redact = Callable[[str], str]

NO_MATCHING_CHECKS: Final = "ERR_NO_MATCHING_CHECKS"
_KEY_STATUSES: Final = frozenset({401, 402, 403})
_TRIGGER: Final = "/trigger"
#: Where an error may hold its message: the first of these that is there.
_MESSAGES: Final = (
    ("message",),
    ("title", "detail"),
    ("error_description",),
    ("error",),
    ("errors",),
)
_MAX_QUOTE: Final = 300
#: Words for what may be missing but the checks, and for the checks themselves.
_OTHER_THING: Final = re.compile(
    r"location|account|route|path|url|endpoint|page|resource|cannot|method|post ", re.IGNORECASE
)
_NO_CHECKS: Final = re.compile(r"\b(no|any)\b.{0,20}\bchecks?\b", re.IGNORECASE)
_TITLE: Final = re.compile(r"<(title|h1)[^<>]{0,200}>([^<>]{1,300})<", re.IGNORECASE)

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
        (
            "Set CHECKLY_API_KEY, or run `npx checkly login`: the key may be revoked, or belong to"
            " another environment."
        ),
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
    409: ("the request conflicts with what the account has", "Read what the API says, then retry."),
    410: ("it is gone from the account", "A session may have been deleted."),
    413: ("the request is too large", "Shorten the environment variables."),
    422: ("the API can't process the request", "Read what the API says, and change the profile."),
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
_BETWEEN = (
    "something between here and Checkly refused the request",
    "The answer is not the API's: check proxies, firewalls and CHECKLY_API_URL.",
)


def refusal(
    reply: Reply, answer: Any, redact: Redact, retry_after: float | None = None
) -> ApiError:
    """The error that ``reply``, whose status is not a success, stands for.

    Args:
        reply: The answer.
        answer: Its body as a value; ``None`` where it is not JSON.
        redact: Masks secrets in what the server said: it may say again what it was sent.
        retry_after: Seconds it asks to wait, if it does.
    """
    fields = answer if isinstance(answer, dict) else {}
    said = _said(answer) if answer is not None else _said_plainly(reply)
    code = fields.get("errorCode")
    code = code if isinstance(code, str) else ""
    is_own = fields.get("statusCode") == reply.status or bool(code)
    meaning, hint = _meaning(reply, retry_after, is_own=is_own)
    if reply.status == 404 and is_own and not code and _is_no_match(reply, said):
        code = NO_MATCHING_CHECKS
    if code == NO_MATCHING_CHECKS:
        meaning, hint = "no checks match the target", "Check the target's tags and ids."
    quoted = f", saying: {quote(said, redact).rstrip('.')}" if said.strip() else ""
    is_about_key = reply.status in _KEY_STATUSES and meaning != _BETWEEN[0]
    kind = Unauthorized if is_about_key else ApiError
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


def _meaning(reply: Reply, retry_after: float | None, *, is_own: bool) -> tuple[str, str | None]:
    status = reply.status
    if status == 429 and retry_after:
        return _KNOWN[429][0], (
            f"The API asks to wait {_duration(retry_after)}; lower --requests-per-minute where"
            " several runs share an account."
        )
    if status in {401, 402, 403, 404, 407, 451} and not is_own and _is_foreign(reply):
        return _BETWEEN
    if status in _KNOWN:
        return _KNOWN[status]
    if status >= 500:
        return _SERVER
    return _REDIRECT if 300 <= status < 400 else _OTHER


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"


def _is_no_match(reply: Reply, said: str) -> bool:
    """Whether the API's own 404 to a trigger is about its target, and nothing else is missing."""
    is_other = _OTHER_THING.search(said) and not _NO_CHECKS.search(said)
    return reply.path.endswith(_TRIGGER) and not is_other


def _is_foreign(reply: Reply) -> bool:
    """Whether an answer can't be the API's, which speaks JSON."""
    kind = reply.headers.get("content-type", "").lower()
    return _is_page(reply) or (bool(reply.body.strip()) and kind.startswith("text/plain"))


def _is_page(reply: Reply) -> bool:
    kind = reply.headers.get("content-type", "").lower()
    return "html" in kind or reply.body.lstrip()[:1] == b"<"


def _said(answer: Any, depth: int = 4) -> str:
    """What an error in JSON says: the API's own form, a problem document, or other habits."""
    if isinstance(answer, str):
        return answer
    if isinstance(answer, list) and depth:
        return "; ".join(filter(None, (_said(each, depth - 1) for each in answer[:5])))
    if isinstance(answer, dict) and depth:
        for keys in _MESSAGES:
            said = (_said(answer.get(key), depth - 1) for key in keys)
            if found := ": ".join(filter(None, said)):
                return found
        named = (
            (key, _said(value, depth - 1))
            for key, value in islice(answer.items(), 5)
            if key != "errorCode"
        )
        return "; ".join(f"{key}: {said}" for key, said in named if said)
    return ""


def _said_plainly(reply: Reply) -> str:
    """What an error that is not JSON says: a page its title, other text all of it."""
    text = reply.body[:10_000].decode(errors="replace")
    if not _is_page(reply):
        return text if text.isprintable() or "\ufffd" not in text else ""
    title = _TITLE.search(text)
    return title[2] if title else ""

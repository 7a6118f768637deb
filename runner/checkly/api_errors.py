"""Turn answers that are not a success into errors: what happened and what to do next."""

import re
from collections.abc import Callable
from itertools import islice
from typing import Any, Final

from runner.checkly.wire import Reply
from runner.errors import ApiError, Unauthorized

Redact = Callable[[str], str]

NO_MATCHING_CHECKS: Final = "ERR_NO_MATCHING_CHECKS"
#: Keys under which an error may hold its message, the likeliest first.
_MESSAGES: Final = (
    ("message",),
    ("title", "detail"),
    ("error_description",),
    ("error",),
    ("errors",),
)
_MAX_QUOTE: Final = 300
#: Words for what may be missing other than checks, and for checks themselves.
_OTHER_THING: Final = re.compile(
    r"location|account|route|path|url|endpoint|page|resource|cannot|method|post ", re.IGNORECASE
)
_NO_CHECKS: Final = re.compile(r"\b(no|any)\b.{0,20}\bchecks?\b", re.IGNORECASE)
_TITLE: Final = re.compile(r"<(title|h1)[^<>]{0,200}>([^<>]{1,300})<", re.IGNORECASE)

#: What a status means and what to do about it; 3 and 5 stand for their whole class.
_MEANINGS: Final[dict[int, tuple[str, str | None]]] = {
    3: (
        "the API answered with a redirect, which is not followed",
        "Check CHECKLY_API_URL; behind a sign-in page, sign in first.",
    ),
    400: (
        "the API found the request invalid",
        "`runner validate` checks the API's contract; if it finds nothing, try a newer release.",
    ),
    401: (
        "the API key is not valid",
        "Run `npx checkly login`, or set CHECKLY_API_KEY to a key of this environment.",
    ),
    402: (
        "the account's plan does not include this, or its limit is used up",
        "Check Billing in Checkly, or wait for the next billing period.",
    ),
    403: (
        "the key has no permission to do this in this account",
        "Check CHECKLY_ACCOUNT_ID, and the role of the key's user: read-only is not enough.",
    ),
    404: (
        "the API did not find it in this account",
        "Check CHECKLY_ACCOUNT_ID and CHECKLY_API_URL; a session may have been deleted.",
    ),
    408: ("the API gave up waiting", "Try again."),
    409: ("the request conflicts with what the account has", "Read what the API says, then retry."),
    410: ("it no longer exists in the account", "A session may have been deleted."),
    413: ("the request is too large", "Shorten the environment variables."),
    422: ("the API can't process the request", "Read what the API says, and change the profile."),
    429: (
        "the account's request limit is used up",
        "Wait a minute, or lower --requests-per-minute if several runs share an account.",
    ),
    5: (
        "the API had an internal error",
        "Try again; if it keeps happening, check Checkly's status page.",
    ),
}
_OTHER: Final = ("the API refused the request", None)
_NO_MATCH: Final = ("no checks match the target", "Check the target's tags and ids.")
_BETWEEN: Final = (
    "something between here and Checkly refused the request",
    "The answer is not the API's: check proxies, firewalls and CHECKLY_API_URL.",
)


def refusal(
    reply: Reply, answer: Any, redact: Redact, retry_after: float | None = None
) -> ApiError:
    """Explain a reply whose status is not a success.

    ``answer`` is its body as a value (``None`` if it is not JSON), ``retry_after`` the seconds
    it asks to wait. The server's words are masked, since they may repeat what it was sent.
    """
    status = reply.status
    fields = answer if isinstance(answer, dict) else {}
    said = _page_text(reply) if answer is None else _message(answer)
    code = fields.get("errorCode")
    code = code if isinstance(code, str) else ""
    is_own = bool(code) or fields.get("statusCode") == status
    if status == 404 and is_own and not code and _is_no_match(reply, said):
        code = NO_MATCHING_CHECKS
    meaning, hint = _MEANINGS.get(status) or _MEANINGS.get(min(status // 100, 5), _OTHER)
    if code == NO_MATCHING_CHECKS:
        meaning, hint = _NO_MATCH
    elif status in {401, 402, 403, 404, 407, 451} and not is_own and _is_foreign(reply):
        meaning, hint = _BETWEEN
    elif status == 429 and retry_after:
        hint = (
            f"The API asks you to wait {_duration(retry_after)}; lower --requests-per-minute if"
            " several runs share an account."
        )
    quoted = f", saying: {_quote(said, redact).rstrip('.')}" if said.strip() else ""
    is_about_key = status in {401, 402, 403} and meaning != _BETWEEN[0]
    return reply.error(
        f"{meaning} ({status}{quoted})",
        kind=Unauthorized if is_about_key else ApiError,
        error_code=_quote(code, redact) if code else None,
        retry_after=retry_after,
        hint=hint,
    )


def nonsense(reply: Reply, what: str) -> ApiError:
    """Explain a success whose body is not ``what`` it has to be."""
    return reply.error(
        f"the answer ({reply.status}) is not {what}",
        hint="Something between here and Checkly may have answered instead; check CHECKLY_API_URL"
        " and proxies.",
    )


def _quote(text: str, redact: Redact) -> str:
    """Make foreign text fit for a sentence: one line, printable, short, masked."""
    line = " ".join("".join(c if c.isprintable() else " " for c in redact(text)).split())
    return line if len(line) <= _MAX_QUOTE else f"{line[:_MAX_QUOTE]}…"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"


def _is_no_match(reply: Reply, said: str) -> bool:
    """Return whether the API's 404 to a trigger is about its target and nothing else."""
    is_other = _OTHER_THING.search(said) and not _NO_CHECKS.search(said)
    return reply.path.endswith("/trigger") and not is_other


def _is_foreign(reply: Reply) -> bool:
    """Return whether an answer can't be the API's, which speaks JSON."""
    kind = reply.headers.get("content-type", "").lower()
    return _is_page(reply) or (bool(reply.body.strip()) and kind.startswith("text/plain"))


def _is_page(reply: Reply) -> bool:
    kind = reply.headers.get("content-type", "").lower()
    return "html" in kind or reply.body.lstrip()[:1] == b"<"


def _message(answer: Any, depth: int = 4) -> str:
    """Find the message of an error: the API's own form, a problem document, or other habits."""
    if isinstance(answer, str):
        return answer
    if isinstance(answer, list) and depth:
        return "; ".join(filter(None, (_message(each, depth - 1) for each in answer[:5])))
    if isinstance(answer, dict) and depth:
        for keys in _MESSAGES:
            said = (_message(answer.get(key), depth - 1) for key in keys)
            if found := ": ".join(filter(None, said)):
                return found
        named = (
            (key, _message(value, depth - 1))
            for key, value in islice(answer.items(), 5)
            if key != "errorCode"
        )
        return "; ".join(f"{key}: {said}" for key, said in named if said)
    return ""


def _page_text(reply: Reply) -> str:
    """Return the title of a page, or the whole of other text that is not JSON."""
    text = reply.body[:10_000].decode(errors="replace")
    if not _is_page(reply):
        return text if text.isprintable() or "\ufffd" not in text else ""
    title = _TITLE.search(text)
    return title[2] if title else ""

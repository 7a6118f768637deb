"""Who holds a lock, in words."""

from runner.errors import Locked
from runner.state.lock_log import Link
from runner.state.paths import shown


def locked(instance: str, link: Link | None, timeout: float) -> Locked:
    """The error of who waited in vain.

    Args:
        instance: Whose lock it is.
        link: The highest link of it; ``None`` where it went away meanwhile.
        timeout: Seconds of waiting.
    """
    said = held(instance, link, f" after {timeout:g} s of waiting" if timeout > 0 else "")
    retry = "Wait for it with --lock-timeout SECONDS."
    if link is None or link.document.released:
        return Locked(said, hint=retry)
    return Locked(
        said,
        hint=f"{retry} If that apply is gone, its lock ends {link.document.lease_seconds:g} s "
        "after its last sign of life; `runner state unlock` ends it at once.",
    )


def held(instance: str, link: Link | None, waited: str = "") -> str:
    """Who holds a lock, in a sentence."""
    if link is None or link.document.released:
        return f"{instance} is locked{waited}: others take turns."
    document = link.document
    by = document.by
    url = f", {shown(by.ci_url)}" if by.ci_url else ""
    return (
        f"{instance} is locked{waited} by {shown(by.user) or 'somebody'} on "
        f"{shown(by.host) or '?'} (process {by.pid}) since "
        f"{document.since:%Y-%m-%d %H:%M:%S} UTC, apply {shown(document.apply_id)}{url}."
    )

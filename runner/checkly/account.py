"""Credentials and the API's address, from the variables that the Checkly CLI reads too."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from runner.errors import UsageError
from runner.listing import listed

#: The variables of the credentials.
NAMES = ("CHECKLY_API_KEY", "CHECKLY_ACCOUNT_ID")
#: The variables of the API's address.
ADDRESS_NAMES = ("CHECKLY_API_URL", "CHECKLY_ENV")
#: The addresses behind ``CHECKLY_ENV``, as the Checkly CLI has them.
ADDRESSES = {
    "production": "https://api.checklyhq.com",
    "staging": "https://api-test.checklyhq.com",
    "development": "https://api-dev.checklyhq.com",
    "local": "http://127.0.0.1:3000",
}


class Credentials(NamedTuple):
    """The API key, its account, and the address of the API, without a trailing slash."""

    api_key: str
    account_id: str
    url: str

    def __repr__(self) -> str:
        return f"Credentials({self.account_id}, {self.url})"

    @property
    def host(self) -> str:
        """Host of the address, with the port if one is written."""
        return urlsplit(self.url).netloc.lower()

    @property
    def is_loopback(self) -> bool:
        """Whether the API runs on this machine."""
        return is_loopback(urlsplit(self.url).hostname or "")


class Settings(NamedTuple):
    """The variables of the credentials and of the address."""

    environ: Mapping[str, str]
    looked_at: tuple[str, ...] = ("the environment",)  # where they were searched for, in words
    advice: str = ""  # on a credential that exists but is not used

    def __repr__(self) -> str:
        return f"Settings({listed(self.looked_at)})"


def credentials(settings: Settings) -> Credentials:
    """Take the credentials from ``settings``.

    Raises:
        UsageError: One is missing or malformed, or the address is not safe to use.
    """
    environ = settings.environ
    if missing := missing_credentials(environ):
        advice = settings.advice or (
            "Run `npx checkly login`, or create a key under User settings, API keys, in Checkly;"
            " the account ID is under Account settings. In CI, store both as secrets. To try things"
            " without an account, use `runner apply --emulator`."
        )
        raise UsageError(
            f"No credentials: {listed(missing)} {'is' if len(missing) == 1 else 'are'} not set.",
            hint=f"Looked in {listed(settings.looked_at)}. {advice}",
        )
    values = [environ[name].strip() for name in NAMES]
    for name, value in zip(NAMES, values, strict=True):
        if not _is_printable(value):
            raise UsageError(
                f"{name} contains a space or a character that keys and IDs never have.",
                hint="Copy it again from Checkly, without quotes or line breaks.",
            )
    key, account = values
    return Credentials(key, account, address(environ))


def missing_credentials(environ: Mapping[str, str]) -> list[str]:
    """Return the variables of the credentials that are unset or empty."""
    return [name for name in NAMES if not environ.get(name, "").strip()]


def address(environ: Mapping[str, str]) -> str:
    """Return the API's address: ``CHECKLY_API_URL``, else the one of ``CHECKLY_ENV``.

    Raises:
        UsageError: It is not an address, or would send the key unencrypted.
    """
    environment = environ.get("CHECKLY_ENV", "").strip() or "production"
    if environment not in ADDRESSES:
        raise UsageError(
            f"CHECKLY_ENV is {environment!r}, which is not a Checkly environment.",
            hint=f"Use one of {', '.join(ADDRESSES)}, or leave it unset for production.",
        )
    url = (environ.get("CHECKLY_API_URL", "").strip() or ADDRESSES[environment]).rstrip("/")
    hint = f"An address looks like {ADDRESSES['production']}."
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise UsageError("CHECKLY_API_URL is not a web address.", hint=hint) from None
    if parts.scheme not in {"http", "https"} or not host or not _is_printable(url):
        raise UsageError("CHECKLY_API_URL is not a web address.", hint=hint)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise UsageError(
            "CHECKLY_API_URL must be a plain address, without a user, a query or a fragment.",
            hint=hint,
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise UsageError(
            f"The API's address {url} is not encrypted, so the key could be read on the way.",
            hint="Use https://; plain http:// is for this machine only (127.0.0.1, localhost).",
        )
    return url


def _is_printable(text: str) -> bool:
    return all("!" <= character <= "~" for character in text)


def is_loopback(host: str) -> bool:
    """Return whether ``host`` is this machine: ``localhost``, 127.0.0.0/8 or ::1."""
    if host.lower() == "localhost":
        return True
    from ipaddress import ip_address  # noqa: PLC0415 # only if an address is given

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

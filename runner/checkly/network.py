"""Proxies and certificates, by the variables that other tools read."""

import ipaddress
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from runner.errors import UsageError, os_reason

#: Variables that name the certificates to trust instead of the usual ones; the first one counts.
_BUNDLES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
#: Names further certificates to trust.
_EXTRA: Final = "NODE_EXTRA_CA_CERTS"
_NAME: Final = re.compile(r"[\w-][\w.-]*")


@dataclass(frozen=True, slots=True)
class Proxy:
    """The proxy on the way to one address, if there is one."""

    url: str | None = None
    odd: tuple[str, ...] = ()  # entries of NO_PROXY that mean nothing


def proxy_for(url: str, settings: Mapping[str, str]) -> Proxy:
    """Find the proxy for ``url`` as curl does.

    ``settings`` are HTTPS_PROXY, ALL_PROXY, NO_PROXY and so on, see ``urllib.request.getproxies``.
    """
    parts = urlsplit(url)
    proxy = settings.get(parts.scheme) or settings.get("all")
    if not proxy:
        return Proxy()
    odd = []
    for entry in settings.get("no", "").replace(",", " ").split():
        matches = _matches(entry, parts.hostname or "", parts.port)
        if matches is None:
            odd.append(entry)
        elif matches:
            return Proxy()
    return Proxy(proxy if "://" in proxy else f"http://{proxy}", tuple(odd))


def trusted(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return the certificates to trust.

    Raises:
        UsageError: A variable names a file or folder that can't be read.
    """
    bundle = next(filter(environ.get, _BUNDLES), None)
    if bundle is None:
        context = httpx.create_ssl_context(trust_env=False)
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _load(context, bundle, environ[bundle])
    if place := environ.get(_EXTRA):
        _load(context, _EXTRA, place)
    return context


def _load(context: ssl.SSLContext, name: str, place: str) -> None:
    try:
        kind = "capath" if Path(place).is_dir() else "cafile"
        context.load_verify_locations(**{kind: place})
    except (OSError, ValueError) as error:
        why = os_reason(error) if isinstance(error, OSError) else "its name is not valid"
        raise UsageError(
            f"The certificates that {name} names can't be read: {why}.",
            hint="Name a file in PEM form, or a folder of such files.",
        ) from None


def _matches(entry: str, host: str, port: int | None) -> bool | None:
    """Return whether an entry of NO_PROXY means ``host``; ``None`` if it means nothing."""
    name, _, after = entry.rpartition(":")
    if after.isdigit() and (name.endswith("]") or ":" not in name):
        if port not in {None, int(after)}:
            return False
        entry = name
    entry = entry.removeprefix("[").removesuffix("]")
    network, address = _network(entry), _network(host)
    if network is not None:
        return address is not None and address.network_address in network
    bare, host = entry.removeprefix("*").strip(".").lower(), host.strip(".").lower()
    if not (entry == "*" or _NAME.fullmatch(bare)):
        return None
    return not bare or host == bare or host.endswith(f".{bare}")


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return None

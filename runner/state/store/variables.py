"""The environment variables of stores.

The library panics over some that are wrong, and a panic writes to standard error by itself, before
any code here could mask it. So they are checked before the library sees them.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from runner.errors import StateError

#: What to check when a store refuses, in words.
VARIABLES: Final = {
    "s3": "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
#: Where an endpoint without TLS may be named: whoever names one means it.
ENDPOINTS: Final = (
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT",
    "AZURE_STORAGE_ENDPOINT",
    "AZURE_ENDPOINT",
    "GOOGLE_BASE_URL",
    "STORAGE_EMULATOR_HOST",
)
_PREFIXES: Final = {"s3": "AWS_", "gs": "GOOGLE_", "az": "AZURE_"}
_ADDRESSES: Final = (
    *ENDPOINTS,
    "AWS_ENDPOINT_URL_STS",
    "AWS_METADATA_ENDPOINT",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AZURE_STORAGE_AUTHORITY_HOST",
    "AZURE_AUTHORITY_HOST",
    "AZURE_MSI_ENDPOINT",
    "AZURE_IDENTITY_ENDPOINT",
)
_PATH: Final = r"[A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]*"
_WEB: Final = re.compile(
    rf"(?i:https?)://([^\s/@]*@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{{1,5}})?([/?#]{_PATH})?"
)
#: What the library puts into addresses and headers without a look.
_OTHERS: Final = {
    "AWS_REGION": r"[A-Za-z0-9-]*",
    "AWS_DEFAULT_REGION": r"[A-Za-z0-9-]*",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": f"/{_PATH}",
    "AWS_ACCESS_KEY_ID": r"[!-~]*",
    "AWS_SESSION_TOKEN": r"[!-~]*",
    "AWS_TOKEN": r"[!-~]*",
    "AZURE_STORAGE_ACCOUNT_NAME": r"[!-~]*",
    "AZURE_STORAGE_TOKEN": r"[!-~]*",
}


def check_variables(scheme: str, environment: Mapping[str, str]) -> None:
    """Refuse variables of the store ``scheme`` over which the library panics.

    Raises:
        StateError: A variable is wrong; its value is not quoted.
    """
    for name, value in environment.items():
        if not name.startswith(_PREFIXES[scheme]):
            continue
        if name in _ADDRESSES:
            check_address(name, value)
        elif not re.fullmatch(_OTHERS.get(name, "(?s:.*)"), value):
            raise StateError(
                f"{name} has a character that does not belong there, such as a space.",
                hint=f"Correct or unset {name}.",
            )


def check_address(name: str, value: str) -> None:
    """Refuse the value of a variable that is not an address on the web.

    Raises:
        StateError: It is not; it is not quoted.
    """
    try:
        address = urlsplit(value)
        host = (address.hostname or "").encode().decode("idna")
        is_web = address.port != 0 and host and _WEB.fullmatch(value)
    except ValueError:
        is_web = None
    if not is_web:
        raise StateError(
            f"{name} is not an address that starts with https:// or http://.",
            hint=f"Correct or unset {name}.",
        )

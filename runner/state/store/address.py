"""Open the store at an address, with the settings that the environment names."""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from obstore.store import from_url

from runner.errors import StateError, UsageError
from runner.state.store.errors import STORE_ERRORS, store_error
from runner.state.store.object_store import PATIENCE_SECONDS, Store
from runner.state.store.paths import DEFAULT_FOLDER
from runner.state.store.variables import ENDPOINTS, VARIABLES, check_address, check_variables

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

_CONNECT: Final = timedelta(seconds=5)
_TIMEOUT: Final = timedelta(seconds=PATIENCE_SECONDS)
#: Variables that make a profile of ~/.aws unnecessary.
_CREDENTIALS: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


def open_store(
    url: str | None, *, folder: Path, environment: Mapping[str, str] = os.environ
) -> Store:
    """Open a store; nothing is read or written yet, and no folder is created.

    Args:
        url: ``file://``, ``s3://``, ``gs://`` or ``az://`` with folder or prefix; ``None`` for
            ``.runner`` in ``folder``.
        folder: The folder of the configuration file; a ``file://`` address may be relative to it.
        environment: Names endpoints, credentials and profiles.

    Raises:
        UsageError: The address is not valid.
        StateError: A setting of the store is not valid.
    """
    scheme, _, rest = (url or f"file://{DEFAULT_FOLDER}").partition("://")
    if scheme == "file":
        path = folder / unquote(rest)
        return Store(str(path), folder=path)
    if url is None or scheme not in VARIABLES or not rest.strip("/"):
        raise UsageError(
            f"{url!r} is not the address of a state.",
            hint="Use file:///folder, s3://bucket/prefix, gs://bucket/prefix or az://container.",
        )
    url = url.rstrip("/")
    check_variables(scheme, environment)
    client: ClientConfig = {"connect_timeout": _CONNECT, "timeout": _TIMEOUT}
    if any(environment.get(name, "").startswith("http://") for name in ENDPOINTS):
        client["allow_http"] = True
    retry: RetryConfig = {"max_retries": 0, "retry_timeout": _TIMEOUT}
    settings = {"client_options": client, "retry_config": retry, **_settings(scheme, environment)}
    try:
        bucket = from_url(url, **settings)
        one_by_one = from_url(url, **settings, disable_bulk_delete=True) if scheme == "s3" else None
    except STORE_ERRORS as error:
        raise store_error(error, "open", url) from None
    return Store(url, bucket, one_by_one=one_by_one)


def _settings(scheme: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """Settings that the library does not take from the environment by itself."""
    if scheme == "gs" and (address := environment.get("STORAGE_EMULATOR_HOST")):
        base = address if "://" in address else f"http://{address}"
        check_address("STORAGE_EMULATOR_HOST", base)
        return {"base_url": base, "bearer_token": "none"}
    if scheme == "gs" and environment.get("GOOGLE_BASE_URL", "").startswith("http://"):
        return {"bearer_token": "none"}
    if scheme == "s3" and not any(environment.get(name) for name in _CREDENTIALS):
        return _profile(environment)
    return {}


def _profile(environment: Mapping[str, str]) -> dict[str, Any]:
    """The credentials of an AWS profile, by the library that reads ``~/.aws``.

    Raises:
        StateError: A profile is named, and it or the library is missing.
    """
    named = environment.get("AWS_PROFILE")
    home = Path(environment.get("HOME", "~")).expanduser() / ".aws"
    if not named and not (home / "credentials").is_file() and not (home / "config").is_file():
        return {}
    try:
        import boto3  # type: ignore[import-untyped] # noqa: PLC0415 # an extra
        from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped] # noqa: PLC0415
        from obstore.auth.boto3 import Boto3CredentialProvider  # noqa: PLC0415

        session = boto3.Session(profile_name=named)
        region = {"region": session.region_name} if session.region_name else {}
        return {"credential_provider": Boto3CredentialProvider(session), **region}
    except ImportError:
        error = StateError(
            f"AWS_PROFILE names {named!r}, but the library that reads ~/.aws is not installed.",
            hint="Install it with `pip install '.[aws]'`, or set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY.",
        )
    except (BotoCoreError, ValueError) as reason:
        error = StateError(
            f"The AWS profile {named!r} gives no credentials: {reason}.",
            hint="Log in with `aws sso login`, or correct ~/.aws.",
        )
    if named:
        raise error
    return {}

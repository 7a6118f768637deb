"""From the address of a state to its store, with the settings that the environment names."""

import os
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from obstore.store import from_url

from runner.errors import StateError, UsageError
from runner.models.clock import Clock, SystemClock
from runner.state.place import LEASE_SECONDS
from runner.state.project import Project
from runner.state.state import State
from runner.state.store.errors import COMPLAINTS, VARIABLES, complaint
from runner.state.store.object_store import PATIENCE_SECONDS, Store
from runner.state.store.paths import DEFAULT_FOLDER
from runner.state.store.variables import check_address, check_variables

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

#: Where an endpoint without TLS may be named; who names one means it.
_ENDPOINTS: Final = (
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT",
    "AZURE_STORAGE_ENDPOINT",
    "GOOGLE_BASE_URL",
    "STORAGE_EMULATOR_HOST",
)
_CONNECT: Final = timedelta(seconds=5)
_TIMEOUT: Final = timedelta(seconds=PATIENCE_SECONDS)
_KEYS: Final = ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE")
_ROLES: Final = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")


def open_store(place: str | Path, *, folder: Path, environment: Mapping[str, str]) -> Store:
    """Open a store; nothing is read or written yet.

    Args:
        place: A folder, or ``file://``, ``s3://``, ``gs://`` or ``az://`` with folder or prefix.
        folder: What a relative ``file://`` address is relative to.
        environment: Where endpoints and profiles are named.

    Raises:
        UsageError: The address makes no sense.
        StateError: A setting of the store makes no sense.
    """
    if isinstance(place, str) and place.startswith("file://"):
        place = folder / unquote(place.removeprefix("file://"))
    if isinstance(place, Path):
        return Store(str(place), folder=place)
    scheme, _, rest = place.partition("://")
    if scheme not in VARIABLES or not rest.strip("/"):
        raise UsageError(
            f"{place!r} is not an address of a state.",
            hint="Say file:///folder, s3://bucket/prefix, gs://bucket/prefix or az://container.",
        )
    client: ClientConfig = {"connect_timeout": _CONNECT, "timeout": _TIMEOUT}
    if any(environment.get(name, "").startswith("http://") for name in _ENDPOINTS):
        client["allow_http"] = True
    place = place.rstrip("/")
    check_variables(scheme, environment)
    settings = _settings(scheme, environment)

    def opened(**more: Any) -> Any:
        retry: RetryConfig = {"max_retries": 0, "retry_timeout": _TIMEOUT}
        return from_url(place, client_options=client, retry_config=retry, **settings, **more)

    try:
        one_by_one = opened(disable_bulk_delete=True) if scheme == "s3" else None
        return Store(place, opened(), one_by_one=one_by_one)
    except COMPLAINTS as error:
        raise complaint(error, verb="open", where=place, scheme=scheme) from None


def _settings(scheme: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """Settings that the library does not take from the environment by itself."""
    if scheme == "gs" and (address := environment.get("STORAGE_EMULATOR_HOST")):
        base = address if "://" in address else f"http://{address}"
        check_address("STORAGE_EMULATOR_HOST", base)
        return {"base_url": base, "bearer_token": "none"}
    if scheme == "gs" and environment.get("GOOGLE_BASE_URL", "").startswith("http://"):
        return {"bearer_token": "none"}
    if scheme == "s3" and not any(environment.get(name) for name in (*_KEYS, *_ROLES)):
        return _profile(environment)
    return {}


def _profile(environment: Mapping[str, str]) -> dict[str, Any]:
    """The credentials of an AWS profile, by the library that reads ``~/.aws``.

    Raises:
        StateError: A profile is named, and the library is missing.
    """
    named = environment.get("AWS_PROFILE")
    home = Path(environment.get("HOME", "~")).expanduser() / ".aws"
    if not named and not (home / "credentials").is_file() and not (home / "config").is_file():
        return {}
    try:
        from boto3 import Session  # type: ignore[import-untyped] # noqa: PLC0415 # an extra
        from obstore.auth.boto3 import Boto3CredentialProvider  # noqa: PLC0415
    except ImportError:
        if not named:
            return {}
        raise StateError(
            f"AWS_PROFILE names {named!r}, but the library that reads ~/.aws is not installed.",
            hint="Install it with `pip install '.[aws]'`, or set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY.",
        ) from None
    from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped] # noqa: PLC0415

    try:
        session = Session(profile_name=named)
        region = {"region": session.region_name} if session.region_name else {}
        return {"credential_provider": Boto3CredentialProvider(session), **region}
    except (BotoCoreError, ValueError) as error:
        if not named:
            return {}
        raise StateError(
            f"The AWS profile {named!r} gives no credentials: {error}.",
            hint="Log in with `aws sso login`, or correct ~/.aws.",
        ) from None


def open_state(
    url: str | None,
    *,
    host: str,
    account: str | None,
    scope: str,
    folder: Path,
    project: Project | None = None,
    moved: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    lease: float = LEASE_SECONDS,
    token: Callable[[], str] = lambda: secrets.token_hex(8),
    environment: Mapping[str, str] = os.environ,
) -> State:
    """Open the state; nothing is read or written yet, and no folder is made.

    Args:
        url: ``file://``, ``s3://``, ``gs://`` or ``az://``; ``None`` for ``.runner`` in ``folder``.
        host: The API's host, with its port where that is not the usual one.
        account: The account's id; ``None`` means the only one that is present.
        scope: Keeps previews and the like apart.
        folder: The folder of the configuration file.
        project: Whose part of the state it is.
        moved: New names of profiles by old ones.
        clock: Tells the time; the machine's own by default.
        lease: Seconds a lock outlives its owner.
        token: Draws random text.
        environment: Where the settings of the store are found.

    Raises:
        UsageError: The address makes no sense, or a shared state needs a project.
        StateError: A setting of the store makes no sense.
    """
    place = url or folder / DEFAULT_FOLDER
    return State(
        open_store(place, folder=folder, environment=environment),
        host=host,
        account=account,
        project=project or Project(),
        moved=moved or {},
        scope=scope,
        clock=clock or SystemClock(),
        lease=lease,
        token=token,
    )

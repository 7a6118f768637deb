"""Make a plan of a configuration and its records."""

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from runner.cli.options.common import Common
from runner.cli.services.backend import Backend
from runner.cli.services.configuration import Reading
from runner.config.selection import Selection
from runner.models.marked import unmarked
from runner.models.plan import Plan
from runner.plan.normalize import Fingerprint, Normal
from runner.plan.planner import make_plan, normal_forms
from runner.reports.diagnostics.render import one_line_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from runner.models.record import Record
    from runner.state.state import State


def open_state(backend: Backend, common: Common, reading: Reading) -> "State":
    """The state that belongs to the file and the backend."""
    return backend.state(common, reading.path.parent, reading.structure.state)


async def plan_of(
    selection: Selection,
    reading: Reading,
    records: "Callable[[list[str] | None, dict[str, Normal]], Awaitable[Mapping[str, Record]]]",
    backend: Backend,
    *,
    with_needs: bool = True,
    prune: "Collection[str] | None" = None,
) -> Plan:
    """Plan what is selected.

    Args:
        selection: What is asked for.
        reading: The configuration.
        records: Gives the last apply of these instances, or of all; it is told the requests,
            since a record that equals one need not be read whole.
        backend: Where it would be applied.
        with_needs: Whether to pull in what the selected instances need.
        prune: Every instance that has a record, where those that the file does not declare are
            to be planned as removed, whatever is selected.

    Raises:
        ConfigurationError: What is selected has errors.
        UsageError: A name matches nothing.
        StateError: The state can't be read.
    """
    # Where something is removed, it has to be known what else there is: no error is passed by.
    compiled = reading.compile(selection, with_needs=with_needs, soften=prune is None)
    everything = selection.is_everything
    names = None if everything else [instance.name for instance in compiled.instances]
    if names is not None:
        names += [name for name in prune or () if name not in compiled.all_names]
    fingerprint = fingerprint_of(backend)
    requests = normal_forms(compiled.instances, fingerprint)
    return make_plan(
        compiled.instances,
        await records(names, requests),
        fingerprint,
        requests=requests,
        everything=everything or prune is not None,
        declared=compiled.all_names,
        pulled_in=compiled.pulled_in,
        open_profiles=compiled.open_profiles,
        warnings=[
            f"The instances of {profile} are not known, so none of them is planned or removed."
            for profile in sorted(compiled.open_profiles)
            if prune is not None or selection.has_profile(profile)
        ],
        file_warnings=[one_line_of(found) for found in reading.diagnostics.warnings],
    )


def environment_of(plan: Plan) -> str | None:
    """The environments that the instances of ``plan`` name in their metadata."""
    bodies = (planned.instance.body for planned in plan.instances if planned.instance)
    names = {
        str(unmarked(metadata.get("environment")) or "")
        for metadata in (body.get("metadata") for body in bodies)
        if isinstance(metadata, dict)
    }
    return ", ".join(sorted(names - {""})) or None


def shown_address(address: str) -> str:
    """The address of a state without credentials, and a folder as seen from here."""
    if "://" in address:
        parts = urlsplit(address)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    return os.path.relpath(address)


def fingerprint_of(backend: Backend) -> Fingerprint:
    """Makes the fingerprints of secrets; without a key it makes none."""
    environ = backend.settings.environ if backend.settings else os.environ
    key = os.environ.get("CHECKLY_SESSIONS_FINGERPRINT_KEY") or environ.get("CHECKLY_API_KEY")
    if not key and backend.credentials is not None:
        key = backend.credentials.api_key
    if not key:
        return lambda _value: None

    from runner.fingerprints import Fingerprinter  # noqa: PLC0415 # hashlib

    fingerprinter = Fingerprinter(key)

    def fingerprint(value: str) -> dict[str, str]:
        # The same with and without an account: offline, the one that is present is meant.
        digest = fingerprinter.fingerprint(value, "request")
        return {"keyId": fingerprinter.key_id, "fingerprint": digest}

    return fingerprint

"""What ``plan`` and ``apply`` share: from a reading and a state to a plan."""

import os
from typing import TYPE_CHECKING

from runner.cli.options.common import Common
from runner.cli.services.backend import Backend
from runner.cli.services.configuration import Reading
from runner.config.compile.configuration import Compiled
from runner.config.selection import Selection
from runner.models.plan import Plan
from runner.plan.normalize import Fingerprint
from runner.plan.planner import make_plan
from runner.state.paths import DEFAULT_FOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.models.record import Record
    from runner.state.state import State


def open_state(backend: Backend, common: Common, reading: Reading) -> "State":
    """The state that belongs to the file and the backend."""
    return backend.state(common, reading.path.parent, reading.structure.state)


def may_have_state(common: Common, reading: Reading) -> bool:
    """Whether anything may be stored yet; if not, a plan need not open any store."""
    address = common.state or reading.structure.state
    return bool(address) or (reading.path.parent / DEFAULT_FOLDER).exists()


async def plan_of(
    selection: Selection,
    reading: Reading,
    state: "State",
    backend: Backend,
    *,
    with_needs: bool = True,
) -> Plan:
    """The plan of what is selected, against the records of ``state``.

    Raises:
        ConfigurationError: What is selected has errors.
        UsageError: A name matches nothing.
        StateError: The state can't be read.
    """
    compiled = reading.compile(selection, with_needs=with_needs)
    everything = selection.is_everything
    names = None if everything else [instance.name for instance in compiled.instances]
    return _plan(compiled, selection, await state.records(names), backend)


def first_plan(selection: Selection, reading: Reading, backend: Backend) -> Plan:
    """The plan of what is selected where nothing is stored yet.

    Raises:
        ConfigurationError: What is selected has errors.
        UsageError: A name matches nothing.
    """
    return _plan(reading.compile(selection), selection, {}, backend)


def _plan(
    compiled: Compiled, selection: Selection, records: "Mapping[str, Record]", backend: Backend
) -> Plan:
    return make_plan(
        compiled.instances,
        records,
        fingerprint_of(backend),
        everything=selection.is_everything,
        pulled_in=compiled.pulled_in,
    )


def fingerprint_of(backend: Backend) -> Fingerprint:
    """Makes the fingerprints of secrets; without a key it makes none."""
    key = os.environ.get("CHECKLY_SESSIONS_FINGERPRINT_KEY") or os.environ.get("CHECKLY_API_KEY")
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

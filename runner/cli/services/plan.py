"""Make a plan of a configuration and its records."""

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from runner.cli.services.backend import Backend
from runner.cli.services.composition import Composition
from runner.models.marked import unmarked
from runner.models.plan import Plan, PlanContext
from runner.plan.normalize import Fingerprint, Normal
from runner.plan.planner import make_plan, normal_forms
from runner.reports.diagnostics.render import one_line_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.models.record import Record


async def plan_of(parts: Composition, *, with_needs: bool = True) -> Plan:
    """Plan what is selected, and what that needs unless excluded, against the records.

    Raises:
        ConfigurationError: What is selected has errors.
        UsageError: A name matches nothing.
        StateError: The state can't be read.
    """
    selection, prune = parts.common.selection, parts.common.prune
    # First of all, since an unknown name is known without credentials too. Where something is
    # removed, it has to be known what else there is: no error is passed by.
    compiled = parts.reading.compile(selection, with_needs=with_needs, soften=not prune)
    everything = selection.is_everything
    names = None if everything else [instance.name for instance in compiled.instances]
    has_state = parts.may_have_state
    if names is not None and prune and has_state:
        recorded = await parts.state.records(brief=True)
        names += [name for name in recorded if name not in compiled.all_names]
    requests = normal_forms(compiled.instances, fingerprint_of(parts.backend))
    plan = make_plan(
        compiled.instances,
        requests,
        await _records(names, requests, parts) if has_state else {},
        declared=compiled.all_names if everything or prune else None,
        open_profiles=compiled.open_profiles,
        pulled_in=compiled.pulled_in,
    )
    unknown = (
        f"The instances of {profile} are not known, so none of them is planned or removed."
        for profile in sorted(compiled.open_profiles)
        if prune or selection.has_profile(profile)
    )
    return plan._replace(
        warnings=tuple(unknown),
        file_warnings=tuple(map(one_line_of, parts.reading.diagnostics.warnings)),
        context=_context(plan, parts),
    )


async def _records(
    names: list[str] | None, requests: "dict[str, Normal]", parts: Composition
) -> "Mapping[str, Record]":
    """The records of these instances, or all; a record that equals its request need not be whole.

    The checks of the last apply are compared only with those of the account.
    """
    if parts.backend.credentials is not None and not parts.offline:
        return await parts.state.records(names)
    records = await parts.state.records(names, requests=requests)
    if removed := [name for name in records if name not in requests]:
        records |= await parts.state.records(removed)
    return records


def _context(plan: Plan, parts: Composition) -> PlanContext:
    """The account, state and commit that ``plan`` is for."""
    context, backend = parts.reading.context, parts.backend
    return PlanContext(
        api=backend.host,
        state=_shown_address(parts.state_address),
        project=parts.project,
        scope=parts.common.scope,
        account_id=backend.account_id,
        environment=_environment_of(plan),
        commit=context.value("git.sha"),
        branch=context.value("git.branch"),
        options=(*parts.common.as_given, *(["--emulator"] if backend.emulated else [])),
    )


def _environment_of(plan: Plan) -> str | None:
    """The environments that the instances of ``plan`` name in their metadata."""
    bodies = (planned.instance.body for planned in plan.instances if planned.instance)
    names = {
        str(unmarked(metadata.get("environment")) or "")
        for metadata in (body.get("metadata") for body in bodies)
        if isinstance(metadata, dict)
    }
    return ", ".join(sorted(names - {""})) or None


def _shown_address(address: str) -> str:
    """The address of a state without credentials, and a folder as seen from here."""
    if "://" in address:
        parts = urlsplit(address)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    return os.path.relpath(address)


def fingerprint_of(backend: Backend) -> Fingerprint:
    """Creates the fingerprints of secrets; without a key it creates none."""
    environ = backend.settings.environ if backend.settings else os.environ
    key = os.environ.get("CHECKLY_SESSIONS_FINGERPRINT_KEY") or environ.get("CHECKLY_API_KEY")
    if not key and backend.credentials is not None:
        key = backend.credentials.api_key
    if not key:
        return lambda _value: None

    from runner.fingerprints import Fingerprinter  # noqa: PLC0415 # hashlib

    fingerprinter = Fingerprinter(key)

    def fingerprint(value: str) -> dict[str, str]:
        # The same with and without an account: offline, the only account in the state is used.
        digest = fingerprinter.fingerprint(value, "request")
        return {"keyId": fingerprinter.key_id, "fingerprint": digest}

    return fingerprint

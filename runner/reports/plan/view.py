"""The instances of a plan as text and Markdown show them: equal changes once, in words."""

from collections import Counter
from collections.abc import Sequence
from operator import attrgetter
from typing import Final, NamedTuple

from runner.listing import counted
from runner.models.plan import Action, Plan, PlannedInstance
from runner.reports.plan.fields import Field, fields_of
from runner.reports.plan.values import Masks
from runner.reports.plan.wording import drift, last_ended, some
from runner.reports.text.sanitize import one_line

#: More profiles than this that just run again are one line.
_MOST_RERUNS: Final = 20


class Entry(NamedTuple):
    """One instance, or several that differ in nothing but their names.

    Attributes:
        names: The instances, as a harmless line.
        size: How many they are.
        said: What happens.
        last: When and how they last ended.
        link: The session of the last apply, if it is one.
        checks: Which checks match; ``None`` if that is not known.
        notes: Kind and text of what a reader has to know: warnings, blocked.
    """

    action: Action
    names: str
    size: int
    said: str
    last: str
    link: str | None = None
    fields: tuple[Field, ...] = ()
    checks: str | None = None
    notes: tuple[tuple[str, str], ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether one line says everything."""
        return self.action is Action.RERUN and not self.notes and not self.fields


def entries_of(plan: Plan, *, full: bool = False, most_new: int = 100) -> list[Entry]:
    """Return what is planned, in file order; what is removed comes last.

    ``full`` keeps every instance by itself. After ``most_new`` different new ones, further ones
    that are fine are left out.
    """
    masks, new = Masks(), 0
    groups: dict[object, tuple[Entry, list[PlannedInstance]]] = {}
    again: set[object] = set()
    for planned in plan.instances:
        if plan.against is not None and planned.action is Action.RERUN:
            continue
        is_fine = planned.blocked is None and not planned.warnings
        if planned.action is Action.CREATE and new >= most_new and is_fine and not full:
            continue
        entry = _entry(planned, masks)
        key: object = (entry.action, entry.said, entry.fields, entry.checks, entry.notes)
        if full:
            key = planned.name
        elif entry.is_plain and not planned.has_drifted:
            key = (planned.profile, entry.said)
            again.add(key)
        new += planned.action is Action.CREATE and key not in groups
        groups.setdefault(key, (entry, []))[1].append(planned)
    folded = [key for key in groups if key in again] if len(again) > _MOST_RERUNS else []
    rerun = [planned for key in folded for planned in groups.pop(key)[1]]
    sizes = Counter(planned.profile for planned in plan.instances)
    entries = [_merged(entry, group, sizes) for entry, group in groups.values()]
    if rerun:
        profiles = counted(len({planned.profile for planned in rerun}), "profile")
        names = f"{profiles} ({counted(len(rerun), 'instance')})"
        entries.append(Entry(Action.RERUN, names, len(rerun), "rerun", _last(rerun)))
    return sorted(entries, key=lambda entry: entry.action is Action.REMOVED)


def unlisted(plan: Plan, entries: Sequence[Entry]) -> int:
    """Return how many more instances than those of ``entries`` would be created."""
    untold = plan.counts["rerun"] if plan.against is not None else 0
    return len(plan.instances) - untold - sum(entry.size for entry in entries)


def _entry(planned: PlannedInstance, masks: Masks) -> Entry:
    said: str = planned.action
    if planned.renamed_from is not None:
        said = f"renamed from {one_line(planned.renamed_from)}"
    if planned.pulled_in:
        said += ", needed by what was selected"
    notes = [("warning", warning) for warning in planned.warnings]
    if planned.blocked is not None:
        notes.append(("blocked", planned.blocked))
    return Entry(
        planned.action,
        one_line(planned.name),
        1,
        said,
        last_ended(planned.record),
        planned.record.link if planned.record else None,
        tuple(fields_of(planned, masks)),
        None if planned.checks is None else drift(planned.checks),
        tuple((kind, one_line(text)) for kind, text in notes),
    )


def _merged(entry: Entry, group: Sequence[PlannedInstance], sizes: Counter[str]) -> Entry:
    """Make ``entry`` that of all of ``group``; a profile that is in it whole is named once."""
    if len(group) == 1:
        return entry
    profiles = Counter(planned.profile for planned in group)
    names = dict.fromkeys(
        f"{planned.profile} ({count:,} instances)"
        if 1 < (count := profiles[planned.profile]) == sizes[planned.profile]
        else planned.name
        for planned in group
    )
    checks = {planned.checks and drift(planned.checks) for planned in group}
    return entry._replace(
        names=some(tuple(names)) + ("" if len(names) == 1 else f" ({len(group):,} instances)"),
        size=len(group),
        last=_last(group),
        link=None,
        checks=entry.checks if len(checks) == 1 else None,
    )


def _last(group: Sequence[PlannedInstance]) -> str:
    """Say how the instances of a group last ended, together."""
    records = [planned.record for planned in group]
    verdicts = Counter(
        str(record.verdict or "not known to have ended") if record else "never applied"
        for record in records
    )
    if len(verdicts) > 1:
        return f"last {', '.join(f'{count:,} {said}' for said, count in verdicts.most_common())}"
    known = (record for record in records if record is not None)
    return last_ended(max(known, key=attrgetter("last_at"), default=None))

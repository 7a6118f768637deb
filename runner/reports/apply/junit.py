"""An apply as JUnit XML: a suite per instance, a case per check.

Kept to what all readers know (https://github.com/jenkinsci/xunit-plugin, junit-10.xsd, and the
older forms before it): no properties in a case, no elements for single attempts. Attempts are
in a case's output, links in the suite's properties and in the output.

What does not fail the apply (a quarantined check, an allowed failure, an instance that its
quorum does not need) is a skipped case that says so: a dashboard is as red as the apply.
"""

from collections import Counter
from datetime import UTC
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from runner.models.outcome import ApplyOutcome, CheckOutcome, InstanceOutcome
from runner.models.verdict import Verdict
from runner.reports.apply import wording
from runner.reports.text.sanitize import lines, one_line

_NAME_LIMIT: Final = 500
_TEXT_LIMIT: Final = 10_000
#: The case of an instance as such.
_SESSION: Final = "session"
#: Verdicts that say that something could not be judged, rather than that it is wrong.
_ERRORS: Final = frozenset(
    {Verdict.UNKNOWN, Verdict.NOT_STARTED, Verdict.TIMED_OUT, Verdict.CANCELLED}
)


def render(outcome: ApplyOutcome, *, with_attempts: bool = False) -> str:
    """The report.

    Args:
        outcome: The apply.
        with_attempts: Whether attempts before the last one are separate elements, as Maven
            Surefire writes them; not every reader knows these.
    """
    root = Element("testsuites", {"name": f"Checkly test sessions {_clean(outcome.apply_id)}"})
    for instance in outcome.instances:
        root.append(_suite(instance, outcome, with_attempts=with_attempts))
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    seconds = wording.seconds_between(outcome.started_at, outcome.stopped_at)
    root.set("time", _seconds(seconds))
    indent(root)
    body = tostring(root, encoding="unicode").replace("##", "#&#35;")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _suite(instance: InstanceOutcome, outcome: ApplyOutcome, *, with_attempts: bool) -> Element:
    suite = Element("testsuite", {"name": _clean(instance.name)})
    if instance.started_at:
        stamp = instance.started_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        suite.set("timestamp", stamp.isoformat())
    suite.set("time", _seconds(wording.seconds_between(instance.started_at, instance.stopped_at)))
    properties = SubElement(suite, "properties")
    for name, value in _properties(instance, outcome):
        SubElement(properties, "property", {"name": _clean(name), "value": _clean(value)})
    for check, name in zip(instance.checks, _names(instance), strict=True):
        case = _case(instance, check, name)
        if with_attempts:
            _add_attempts(case, check)
        suite.append(case)
    if not _checks_tell(instance):
        suite.append(_session_case(instance))
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", str(len(suite.findall("testcase/error"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    return suite


def _checks_tell(instance: InstanceOutcome) -> bool:
    """Whether the cases of its checks show how an instance ended; else it needs its own case."""
    if instance.verdict.is_pass:
        return bool(instance.checks)
    return instance.verdict is Verdict.FAILED and any(
        wording.is_failing(check) and check.quarantine is None for check in instance.checks
    )


def _properties(instance: InstanceOutcome, outcome: ApplyOutcome) -> list[tuple[str, str]]:
    found = [
        *((name.lower().replace(" ", "-"), text) for name, text in wording.tested(outcome)),
        ("apply", outcome.apply_id),
        ("profile", instance.profile),
        ("verdict", instance.verdict.value),
        ("counts", str(instance.counts).lower()),
        ("session-id", instance.session_id),
        ("link", instance.link),
        ("run-location", instance.run_location),
        ("reason", instance.reason),
        ("hint", instance.hint),
    ]
    for quorum in outcome.quorums:
        if quorum.profile == instance.profile:
            reached = "reached" if quorum.reached else "missed"
            found.append(("quorum", f"{quorum.passed} of {quorum.needed} needed passed: {reached}"))
    found += [(f"link: {check.name}", check.link) for check in instance.checks]
    return [(name, value) for name, value in found if value]


def _names(instance: InstanceOutcome) -> list[str]:
    """A name for the case of each check.

    Readers trim names and take a second case of one name for a retry of the first, so checks that
    share a name are distinguished by their id, and by a number if that is not enough.
    """
    names = [_clean(check.name).strip() for check in instance.checks]
    common = {name for name, times in Counter([*names, _SESSION]).items() if times > 1}
    taken: set[str] = {_SESSION}
    found = []
    for check, name in zip(instance.checks, names, strict=True):
        is_common = name in common and check.check_id
        unique = f"{name} ({_clean((check.check_id or '')[:8])})".strip() if is_common else name
        number = 1
        while unique in taken:
            number += 1
            unique = f"{name} ({number})".strip()
        taken.add(unique)
        found.append(unique)
    return found


def _case(instance: InstanceOutcome, check: CheckOutcome, name: str) -> Element:
    case = _testcase(instance, name, wording.check_seconds(check))
    counts = instance.counts or not wording.is_failing(check)
    said = ", ".join(wording.said(check, counts=counts))
    text = "\n".join(lines(check.error or said, _TEXT_LIMIT))
    message = wording.first_line(check) or said
    if wording.is_failing(check):
        forgiven = check.quarantine is not None or not instance.counts
        _end(case, check.verdict, said if forgiven else message, text, forgiven=forgiven)
    elif check.verdict in {Verdict.SKIPPED, Verdict.RUNNING}:
        SubElement(case, "skipped", {"type": check.verdict.value, "message": _clean(said)})
    SubElement(case, "system-out").text = _output(check, said)
    return case


def _add_attempts(case: Element, check: CheckOutcome) -> None:
    """Add an element for each attempt that failed before the last one."""
    tag = "flakyFailure" if check.verdict.is_pass else "rerunFailure"
    output = case.find("system-out")
    place = list(case).index(output) if output is not None else len(case)
    for attempt in check.attempts[:-1]:
        if attempt.verdict is Verdict.FAILED:
            said = attempt.error or attempt.verdict.value
            element = Element(tag, {"type": attempt.verdict.value, "message": _clean(said)})
            element.text = "\n".join(lines(said, _TEXT_LIMIT))
            case.insert(place, element)
            place += 1


def _session_case(instance: InstanceOutcome) -> Element:
    """A case for the instance itself, if its checks do not show how it ended."""
    seconds = wording.seconds_between(instance.started_at, instance.stopped_at)
    case = _testcase(instance, _SESSION, seconds)
    said = instance.reason or instance.verdict.value
    text = "\n".join(_clean(part) for part in (said, instance.hint, instance.link) if part)
    if instance.verdict is Verdict.SKIPPED or instance.verdict is Verdict.RUNNING:
        SubElement(case, "skipped", {"type": instance.verdict.value, "message": _clean(said)})
    elif not instance.verdict.is_pass:
        message = f"{said} (does not count)" if not instance.counts else said
        _end(case, instance.verdict, message, text, forgiven=not instance.counts)
    return case


def _testcase(instance: InstanceOutcome, name: str, seconds: float | None) -> Element:
    about = {"name": name, "classname": _clean(instance.name), "time": _seconds(seconds)}
    return Element("testcase", about)


def _end(case: Element, verdict: Verdict, message: str, text: str, *, forgiven: bool) -> None:
    tag = "skipped" if forgiven else "error" if verdict in _ERRORS else "failure"
    end = SubElement(case, tag, {"type": verdict.value, "message": _clean(message)})
    end.text = text


def _output(check: CheckOutcome, said: str) -> str:
    rows = [said]
    for number, attempt in enumerate(check.attempts, start=1):
        seconds = wording.seconds_between(attempt.started_at, attempt.stopped_at)
        took = "" if seconds is None else f" after {wording.duration(seconds)}"
        rows.append(f"attempt {number}: {attempt.verdict.value}{took} {attempt.link}".rstrip())
    if check.link and not any(attempt.link == check.link for attempt in check.attempts):
        rows.append(check.link)
    return "\n".join(_clean(row) for row in rows)


def _clean(text: str) -> str:
    return one_line(text, _NAME_LIMIT)


def _seconds(seconds: float | None) -> str:
    return f"{seconds or 0:.3f}"

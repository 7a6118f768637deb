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

from runner.models.outcome import ApplyOutcome, CheckOutcome, InstanceOutcome, QuorumOutcome
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
#: Verdicts of what did not run to its end.
_SKIPS: Final = frozenset({Verdict.SKIPPED, Verdict.RUNNING})


def render_with_attempts(outcome: ApplyOutcome) -> str:
    """The report, with attempts before the last one as elements, as Maven Surefire writes reruns.

    Not every reader knows these.
    """
    return render(outcome, with_attempts=True)


def render(outcome: ApplyOutcome, *, with_attempts: bool = False) -> str:
    """The report."""
    root = Element("testsuites", {"name": f"Checkly test sessions {_clean(outcome.apply_id)}"})
    for instance in outcome.instances:
        root.append(_suite(instance, outcome, with_attempts=with_attempts))
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    root.set("time", _seconds(outcome.seconds))
    indent(root)
    body = tostring(root, encoding="unicode").replace("##", "#&#35;")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _suite(instance: InstanceOutcome, outcome: ApplyOutcome, *, with_attempts: bool) -> Element:
    suite = Element("testsuite", {"name": _clean(instance.name)})
    if instance.started_at:
        suite.set("timestamp", f"{instance.started_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}")
    suite.set("time", _seconds(instance.seconds))
    properties = SubElement(suite, "properties")
    for name, value in _properties(instance, outcome):
        if value:
            SubElement(properties, "property", {"name": _clean(name), "value": _clean(value)})
    for check, name in zip(instance.checks, _names(instance), strict=True):
        suite.append(_case(instance, check, name, with_attempts=with_attempts))
    if not _checks_tell(instance):
        suite.append(_session_case(instance))
    suite.set("tests", str(len(suite.findall("testcase"))))
    for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(count, str(len(suite.findall(f"testcase/{tag}"))))
    return suite


def _checks_tell(instance: InstanceOutcome) -> bool:
    """Whether the cases of its checks show how an instance ended; else it needs its own case."""
    if instance.verdict.is_pass:
        return bool(instance.checks)
    return instance.verdict is Verdict.FAILED and any(
        wording.is_failing(check) and check.quarantine is None for check in instance.checks
    )


def _properties(instance: InstanceOutcome, outcome: ApplyOutcome) -> list[tuple[str, str | None]]:
    return [
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
        *(
            ("quorum", _quorum(each))
            for each in outcome.quorums
            if each.profile == instance.profile
        ),
        *((f"link: {check.name}", check.link) for check in instance.checks),
    ]


def _quorum(quorum: QuorumOutcome) -> str:
    ended = wording.quorum_result(quorum)
    return f"{quorum.passed} of {quorum.needed} needed passed: {ended}"


def _names(instance: InstanceOutcome) -> list[str]:
    """A name for the case of each check.

    Readers trim names and take a second case of one name for a retry of the first, so checks that
    share a name are distinguished by their id, and by a number if that is not enough.
    """
    names = [_clean(check.name).strip() for check in instance.checks]
    times = Counter([*names, _SESSION])
    taken = {_SESSION: None}
    for check, name in zip(instance.checks, names, strict=True):
        unique = name
        if times[name] > 1 and check.check_id:
            unique = f"{name} ({_clean(check.check_id[:8])})".strip()
        number = 1
        while unique in taken:
            number += 1
            unique = f"{name} ({number})".strip()
        taken[unique] = None
    return [*taken][1:]


def _case(
    instance: InstanceOutcome, check: CheckOutcome, name: str, *, with_attempts: bool
) -> Element:
    case = _testcase(instance, name, check.seconds)
    is_failing = wording.is_failing(check)
    said = ", ".join(wording.said(check, counts=instance.counts or not is_failing))
    if is_failing:
        forgiven = check.quarantine is not None or not instance.counts
        message = said if forgiven else wording.first_line(check) or said
        _end(case, check.verdict, message, check.error or said, forgiven=forgiven)
    elif check.verdict in _SKIPS:
        _end(case, check.verdict, said, forgiven=True)
    for attempt in check.attempts[:-1] if with_attempts else ():
        if attempt.verdict is Verdict.FAILED:
            error = attempt.error or attempt.verdict.value
            tag = "flakyFailure" if check.verdict.is_pass else "rerunFailure"
            _add(case, tag, attempt.verdict, error, error)
    SubElement(case, "system-out").text = _output(check, said)
    return case


def _session_case(instance: InstanceOutcome) -> Element:
    """A case for the instance itself, if its checks do not show how it ended."""
    case = _testcase(instance, _SESSION, instance.seconds)
    said = instance.reason or instance.verdict.value
    text = "\n".join(_clean(part) for part in (said, instance.hint, instance.link) if part)
    if instance.verdict in _SKIPS:
        _end(case, instance.verdict, said, forgiven=True)
    elif not instance.verdict.is_pass:
        message = said if instance.counts else f"{said} (does not count)"
        _end(case, instance.verdict, message, text, forgiven=not instance.counts)
    return case


def _testcase(instance: InstanceOutcome, name: str, seconds: float | None) -> Element:
    about = {"name": name, "classname": _clean(instance.name), "time": _seconds(seconds)}
    return Element("testcase", about)


def _end(case: Element, verdict: Verdict, message: str, text: str = "", *, forgiven: bool) -> None:
    tag = "skipped" if forgiven else "error" if verdict in _ERRORS else "failure"
    _add(case, tag, verdict, message, text)


def _add(case: Element, tag: str, verdict: Verdict, message: str, text: str) -> None:
    element = SubElement(case, tag, {"type": verdict.value, "message": _clean(message)})
    element.text = "\n".join(lines(text, _TEXT_LIMIT))


def _output(check: CheckOutcome, said: str) -> str:
    rows = [said]
    for number, attempt in enumerate(check.attempts, start=1):
        took = wording.duration(attempt.seconds)
        after = f" after {took}" if took else ""
        rows.append(f"attempt {number}: {attempt.verdict.value}{after} {attempt.link}".rstrip())
    if check.link not in {"", *(attempt.link for attempt in check.attempts)}:
        rows.append(check.link)
    return "\n".join(map(_clean, rows))


def _clean(text: str) -> str:
    return one_line(text, _NAME_LIMIT)


def _seconds(seconds: float | None) -> str:
    return f"{seconds or 0:.3f}"

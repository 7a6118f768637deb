"""A plan as a pull request comment, read by a Markdown parser."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from runner.models.instance import Instance
from runner.models.marked import Marked
from runner.models.plan import CheckDrift, Plan
from runner.models.record import Record
from runner.models.verdict import Verdict
from runner.reports.plan.markdown import LIMIT, MARKER, render
from tests.plan.records import make_plan
from tests.reports.plans import fingerprint, instance
from tests.reports.plans import record as any_record

PARSER = MarkdownIt("commonmark").enable("table")


def record(of: Instance, **more: Any) -> Record:
    return any_record(of, verdict=Verdict.PASSED, **more)


def tags(markdown: str) -> list[str]:
    """The HTML elements a reader gets, text left out."""
    return re.findall(r"<[^>]*>", PARSER.render(markdown))


def test_a_table_and_folded_diffs() -> None:
    new, same, other = instance("new[eu]"), instance("same"), instance("other", refreshCache=True)
    records = {
        "same": record(same, link="https://app.checklyhq.com/x(1)?a=b&c=[d]"),
        "other": record(instance("other")),
    }
    plan = make_plan([new, same, other], records, fingerprint, warnings=["ask @octocat of #1"])
    assert (
        render(plan)
        == """\
<!-- checkly-sessions-plan -->
### Checkly sessions

**Plan: 1 to create, 1 to update, 1 to rerun, 0 removed, 1 warning.**

> ⚠️ ask @&#8203;octocat of #&#8203;1

| | Instance | Action | Last | Checks |
|---|---|---|---|---|
| + | <code>new&#91;eu&#93;</code> | create | never applied |  |
| = | <code>same</code> | rerun | \
[last passed 2026-11-23 08:12 UTC](https://app.checklyhq.com/x%281%29?a=b&c=%5Bd%5D) |  |
| ~ | <code>other</code> | update | last passed 2026-11-23 08:12 UTC |  |

<details><summary>+ <code>new&#91;eu&#93;</code></summary>

```diff
+ target: ALL checks of the account
+ name: "Smoke"
+ runLocation: "eu-west-1"
```

</details>

<details><summary>~ <code>other</code></summary>

```diff
  target: ALL checks of the account
- refreshCache: false
+ refreshCache: true
```

</details>
"""
    )


def test_what_is_doubtful_is_in_the_diff() -> None:
    secret = {"key": "T", "value": Marked("hunter2", secret=True), "secret": True}
    held = instance("a", environmentVariables=[secret], timeout=1)
    plan = make_plan([held], {"a": record(held)}, lambda _: None)
    planned = plan.instances[0]._replace(
        warnings=("no agent",),
        blocked="too few checks",
        checks=CheckDrift(("Login", "@octocat"), ("@octocat",)),
        pulled_in=True,
    )
    text = render(Plan((planned,)))
    assert "  environmentVariables.T.value: (secret, not compared)" in text
    assert "! warning: no agent" in text
    assert "! blocked: too few checks" in text
    assert "rerun, needed by what was selected, blocked" in text
    assert "<code>2 match (+1: @octocat)</code>" in text
    assert " ⚠️ |" in render(Plan((planned._replace(blocked=None),)))


def test_against_a_commit_unchanged_and_times_are_left_out() -> None:
    plan = make_plan([instance("a"), instance("b")], {"b": record(instance("b"))}, fingerprint)
    renamed = plan.instances[0]._replace(renamed_from="old")
    text = render(Plan((renamed, plan.instances[1]), against="main"))
    assert "What a merge would change, compared with main." in text
    assert "| + | <code>a</code> | renamed from old |\n" in text
    assert "<code>b</code>" not in text
    assert "Last" not in text
    assert text.startswith(MARKER)


def test_nothing_to_show_is_a_summary_without_a_table() -> None:
    text = render(Plan(()))
    assert "Plan: 0 to create" in text
    assert "|" not in text


NAMES = [
    "`", "```\n", "</code>", "<b>", "|", "\\|", "**x**", "[a](b)", "![a](b)", "<!--", "-->",
    "&amp;", "@octocat", "#1", "https://x", "</details>", "</summary>", "\n\n# head", "~~~",
    "_a_", "$x$", ":tada:", "\u202e", "\x1b[2J", "漢", "a",
]  # fmt: skip
hostile = st.lists(st.sampled_from(NAMES), min_size=1, max_size=6).map("".join)


@given(hostile, hostile, hostile)
def test_no_name_or_value_breaks_out(name: str, value: str, key: str) -> None:
    def made(name: str, value: str, key: str) -> str:
        now = instance(name, name=value, environmentVariables=[{"key": key, "value": value}])
        gone = record(instance(name))
        plan = make_plan([now], {name: gone}, fingerprint, warnings=[value])
        checks = CheckDrift((value,), (value,))
        planned = plan.instances[0]._replace(checks=checks, warnings=(value,), renamed_from=name)
        return render(Plan((planned,), plan.warnings, against=None))

    text = made(name, value, key)
    assert tags(text) == tags(made("a", "a", "a"))
    shown = PARSER.render(text)
    assert "@octocat" not in re.sub(r"<code.*?</code>", "", shown, flags=re.DOTALL)


def test_the_fence_is_longer_than_any_run_of_backticks() -> None:
    plan = make_plan([instance("a", name="`````")], {}, fingerprint)
    assert "\n``````diff\n" in render(plan)


@pytest.mark.parametrize("filler", ["x", "漢", "|"])
@pytest.mark.parametrize("count", [300, 3_000])
def test_it_is_cut_with_a_note(count: int, filler: str) -> None:
    instances = [instance(f"profile-{n}", name=f"{n}" + filler * 500) for n in range(count)]
    text = render(make_plan(instances, {}, fingerprint, warnings=["w|" * 5_000] * 50))
    assert len(text.encode()) <= LIMIT
    assert "`runner plan` shows them all" in text
    assert text.count("<details>") == text.count("</details>")
    assert text.count("```") % 2 == 0
    listed = text.count("| + |")
    if listed < count:
        assert f"_{count - listed:,} more are not listed here" in text
    else:
        left = count - text.count("<details>")
        assert f"_{left:,} diffs are too long for a comment" in text


def test_a_link_that_is_no_address_is_no_link() -> None:
    plan = make_plan(
        [instance("a")], {"a": record(instance("a"), link="javascript:alert(1)")}, fingerprint
    )
    assert "javascript" not in render(plan)

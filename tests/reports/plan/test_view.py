"""What a plan says as a whole: equal changes once, what is blocked, what it costs."""

import re
from typing import Any

import pytest

from runner.models.instance import Instance
from runner.models.plan import Action, CheckDrift, Plan, PlanContext, PlannedInstance
from runner.models.verdict import Verdict
from runner.reports.plan.text import render
from runner.reports.plan.view import entries_of
from runner.reports.plan.wording import cost, question, summary
from runner.reports.text.style import Style
from tests.plan.records import make_plan
from tests.reports.plans import SPAN, fingerprint, instance, record

CONTEXT = PlanContext(
    api="api.checklyhq.com",
    state="s3://acme",
    project="shop-web",
    scope="pr-1",
    account_id="acc-1",
    account_name="Acme",
    environment="production",
    commit="7dcf2f47eece03a2d1b4a1a7c6b4c3f0a9e8d7c6",
    branch="main",
)
SMOKE = {"matchTags": [["smoke"]]}


def member(profile: str, value: str, **fields: Any) -> Instance:
    body = {"name": "Smoke", "runLocation": "eu-west-1", "target": SMOKE, **fields}
    return Instance(f"{profile}[{value}]", profile, (("n", value),), body, {}, SPAN)


def shown(plan: Plan, verbosity: int = 0) -> str:
    return render(plan, Style(), verbosity=verbosity)


def one(plan: Plan, **more: Any) -> PlannedInstance:
    return plan.instances[0]._replace(**more)


def test_where_it_stands_comes_first() -> None:
    assert shown(Plan(())._replace(context=CONTEXT)).splitlines()[:4] == [
        "Account:  Acme (acc-1) at api.checklyhq.com",
        "State:    s3://acme, project shop-web, scope pr-1",
        "Commit:   7dcf2f47eece on main, environment production",
        "",
    ]


def test_colour_adds_nothing_to_where_it_stands() -> None:
    plan = Plan(())._replace(context=CONTEXT)
    colored = render(plan, Style(color=True))
    assert "\x1b[2m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == shown(plan)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"account_name": None}, "Account:  acc-1 at api.checklyhq.com"),
        ({"account_name": None, "account_id": None}, "Account:  unknown at api.checklyhq.com"),
        ({"commit": None, "branch": None, "environment": None}, "Commit:   unknown"),
    ],
)
def test_what_is_not_known_of_it_is_said(known: dict[str, Any], said: str) -> None:
    assert said in shown(Plan(())._replace(context=CONTEXT._replace(**known))).splitlines()


def test_equal_changes_are_shown_once_with_their_names() -> None:
    before = [instance(name, runLocation="eu-west-1") for name in "abc"]
    after = [instance(name, runLocation="us-east-1") for name in "ab"]
    other = instance("c", runLocation="eu-central-1")
    records = {each.name: record(each) for each in before}
    text = shown(make_plan([*after, other], records, fingerprint))
    assert "~ a, b (2 instances)  update\n" in text
    assert text.count('runLocation: "eu-west-1" → "us-east-1"') == 1
    assert "~ c  update" in text
    assert shown(make_plan([*after, other], records, fingerprint), 1).count("us-east-1") == 2


def test_a_whole_matrix_that_changes_alike_is_named_by_its_profile() -> None:
    names = [str(number) for number in range(4)]
    records = {f"smoke[{name}]": record(member("smoke", name)) for name in names}
    changed = [member("smoke", name, refreshCache=True) for name in names]
    assert "~ smoke (4 instances)  update\n" in shown(make_plan(changed, records, fingerprint))
    part = [*changed[:3], member("smoke", "3")]
    assert "~ smoke[0], smoke[1], smoke[2] (3 instances)  update\n" in shown(
        make_plan(part, records, fingerprint)
    )


def test_reruns_take_a_line_a_profile() -> None:
    members = [member("smoke", str(number)) for number in range(3)]
    verdicts = [Verdict.PASSED, Verdict.PASSED, Verdict.FAILED]
    records = {
        each.name: record(each, verdict=verdict)
        for each, verdict in zip(members, verdicts, strict=True)
    }
    text = shown(make_plan(members, records, fingerprint))
    assert text.startswith("= smoke (3 instances)  rerun, last 2 passed, 1 failed\n\nPlan:")


def test_a_rerun_that_needs_attention_is_not_folded_away() -> None:
    members = [member("smoke", str(number)) for number in range(2)]
    plan = make_plan(members, {each.name: record(each) for each in members}, fingerprint)
    blocked = plan.instances[1]._replace(blocked="The account has no location 'x'.")
    drifted = plan.instances[0]._replace(checks=CheckDrift(("A", "B"), ("B",)))
    text = shown(Plan((drifted, blocked)))
    assert "= smoke[0]  rerun" in text
    assert "2 match (+1: B)" in text
    assert "= smoke[1]  rerun\n" in text
    assert "blocked: The account has no location 'x'." in text


def test_a_huge_plan_fits_on_two_screens() -> None:
    records, instances = {}, []
    for number in range(5_000):
        for value in "abcd":
            before = member(f"profile-{number}", value)
            records[before.name] = record(before, verdict=Verdict.PASSED)
            more = {"refreshCache": True} if number < 500 else {}
            instances.append(member(f"profile-{number}", value, **more))
    text = shown(make_plan(instances, records, fingerprint))
    assert len(text.splitlines()) <= 48
    assert "and 490 more (2,000 instances)  update" in text
    assert "= 4,500 profiles (18,000 instances)  rerun, last passed" in text
    assert "Plan: 0 to create, 2,000 to update, 18,000 to rerun, 0 removed." in text


def test_what_is_not_listed_is_counted() -> None:
    instances = [instance(f"p{number}", name=f"{number}") for number in range(150)]
    text = shown(make_plan(instances, {}, fingerprint))
    assert text.count("  create\n") == 100
    assert "… and 50 more to create: `runner plan -v` shows them.\n" in text
    assert shown(make_plan(instances, {}, fingerprint), 1).count("  create\n") == 150


ALL = "ALL checks of the account"


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (None, None, f"    + target: {ALL}"),
        (SMOKE, None, f'    ~ target: matchTags [["smoke"]] → {ALL}'),
        (None, SMOKE, f'    ~ target: {ALL} → matchTags [["smoke"]]'),
        ({"checkId": ["x"]}, {"matchTags": [[]][1:]}, f'    ~ target: checkId ["x"] → {ALL}'),
        (None, {"allowDeactivated": True}, f"      target: {ALL}"),
    ],
)
def test_all_checks_of_the_account_are_a_line_of_their_own(
    before: Any, after: Any, line: str
) -> None:
    now = instance("a", **({} if after is None else {"target": after}))
    old = instance("a", **({} if before is None else {"target": before}))
    records = {} if before is after is None else {"a": record(old)}
    text = shown(make_plan([now], records, fingerprint))
    assert line in text.splitlines()
    assert "target.matchTags" not in text
    assert "target.checkId" not in text


def test_a_target_whose_tags_are_not_known_is_not_called_all() -> None:
    from runner.models.marked import Marked

    held = instance("a", target={"matchTags": Marked(None, unset=("env.TAGS",))})
    assert ALL not in shown(make_plan([held], {}, fingerprint))


def test_the_default_name_is_no_news() -> None:
    assert "name" not in shown(make_plan([instance("a", name="a")], {}, fingerprint))
    assert 'name: "b"' in shown(make_plan([instance("a", name="b")], {}, fingerprint))


def test_the_summary_counts_what_is_blocked_and_each_warning_once() -> None:
    plan = make_plan([instance("a"), instance("b")], {}, fingerprint, warnings=["away"])
    instances = tuple(each._replace(blocked="no", warnings=("w",)) for each in plan.instances)
    full = plan._replace(instances=instances, file_warnings=("f.yaml:1:1: warning[x]: y",))
    assert summary(full) == (
        "Plan: 2 to create, 0 to update, 0 to rerun, 0 removed, 2 blocked, 3 warnings."
    )


def test_against_a_commit_nothing_changes() -> None:
    plan = make_plan([instance("a")], {"a": record(instance("a"))}, fingerprint)
    assert shown(plan._replace(against="main")) == "Compared with main.\n\nNo changes.\n"


@pytest.mark.parametrize(
    ("drifts", "said"),
    [
        ([], None),
        ([CheckDrift(("a", "b"), most_runs=6)], "2 checks, 2 runs, at most 6 with retries"),
        ([CheckDrift(("a",), most_runs=1)], "1 check, 1 run"),
        (
            [CheckDrift(("a", "b"), most_runs=4), CheckDrift(("a", "b"), most_runs=2)],
            "2 checks, 4 runs, at most 6 with retries",
        ),
        (
            [CheckDrift(("a",), most_runs=None), CheckDrift(("b",), most_runs=2)],
            "2 checks, 2 runs, more if checks retry by their own settings",
        ),
        ([CheckDrift(("a",), complete=False, most_runs=1)], "at least 1 check, 1 run"),
    ],
)
def test_the_cost_is_told_in_check_runs(drifts: list[CheckDrift], said: str | None) -> None:
    plan = make_plan([instance("a")], {}, fingerprint)
    assert cost(Plan(tuple(one(plan, checks=drift) for drift in drifts))) == said


def test_what_is_blocked_costs_nothing() -> None:
    plan = make_plan([instance("a")], {}, fingerprint)
    blocked = one(plan, checks=CheckDrift(("a",), most_runs=1), blocked="no")
    assert cost(Plan((blocked,))) is None


def test_the_question_names_the_account_and_what_is_blocked() -> None:
    plan = make_plan([instance("a"), instance("b"), instance("c")], {}, fingerprint)
    plan = plan._replace(context=CONTEXT)
    assert question(plan) == "Start 3 sessions in Acme?"
    instances = (one(plan, blocked="no"), plan.instances[1])
    assert question(plan._replace(instances=instances)) == ("1 blocked. Start 1 session in Acme?")


def test_removed_ones_stay_last() -> None:
    gone = {name: record(instance(name)) for name in ("x", "y")}
    many = [member("smoke", str(number)) for number in range(2)]
    records = gone | {each.name: record(each) for each in many}
    entries = entries_of(make_plan(many, records, fingerprint, everything=True))
    assert [entry.action for entry in entries] == [Action.RERUN, Action.REMOVED]
    assert entries[1].names == "x, y (2 instances)"

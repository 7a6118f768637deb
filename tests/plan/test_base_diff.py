"""Two versions of a configuration: what a merge would change."""

from typing import Any

from runner.models.contract.settings import ExpectChecks, Settings
from runner.models.instance import Instance
from runner.models.marked import Marked
from runner.models.plan import Action, Op, Plan
from runner.plan.base_diff import compare
from runner.source import Source, Span

SPAN = Span(Source("checkly-sessions.yaml", "smoke"), 0, 5)


def instance(name: str, /, settings: Settings | None = None, **fields: Any) -> Instance:
    body = {"name": name, "runLocation": "eu-west-1", **fields}
    return Instance(
        name,
        name.partition("[")[0],
        (),
        body,
        (settings or Settings()).model_dump(mode="json", by_alias=True),
        SPAN,
    )


def plan(before: list[Instance], after: list[Instance]) -> Plan:
    return compare(before, after)


def actions(compared: Plan) -> dict[str, Action]:
    return {planned.name: planned.action for planned in compared.instances}


def test_added_changed_unchanged_and_removed() -> None:
    compared = plan(
        [instance("same"), instance("changed"), instance("gone", runLocation="x")],
        [instance("new"), instance("changed", refreshCache=True), instance("same")],
    )
    assert actions(compared) == {
        "new": Action.CREATE,
        "changed": Action.UPDATE,
        "same": Action.RERUN,
        "gone": Action.REMOVED,
    }
    assert compared.instances[-1].instance is None


def test_the_runners_own_keys_count() -> None:
    compared = plan(
        [instance("a")],
        [instance("a", Settings(allow_failure=True, expect_checks=ExpectChecks(min=2)))],
    )
    (planned,) = compared.instances
    assert planned.action is Action.UPDATE
    assert [(change.path, change.op) for change in planned.changes] == [
        ("allowFailure", Op.REPLACE),
        ("expectChecks", Op.REPLACE),
    ]


def test_retries_that_outlast_the_session_are_told_unless_they_stand_for_themselves() -> None:
    for waits, told in ((600, 1), ("$<env.SECONDS>", 0)):
        strategy = {"type": "FIXED", "baseBackoffSeconds": waits, "maxRetries": 1}
        held = instance("a", Settings(timeout_seconds=60), retryStrategy=strategy)
        (planned,) = plan([], [held]).instances
        assert len(planned.warnings) == told


def test_a_description_is_no_change() -> None:
    compared = plan([instance("a")], [instance("a", Settings(description="x"))])
    assert actions(compared) == {"a": Action.RERUN}


def test_an_instance_that_only_got_another_name_was_renamed() -> None:
    compared = plan(
        [instance("old[eu]"), instance("old[us]", runLocation="us-east-1")],
        [instance("new[us]", runLocation="us-east-1"), instance("new[eu]")],
    )
    assert [(p.name, p.renamed_from, p.action) for p in compared.instances] == [
        ("new[us]", "old[us]", Action.UPDATE),
        ("new[eu]", "old[eu]", Action.UPDATE),
    ]
    assert [change.path for change in compared.instances[0].changes] == ["name"]


def test_a_rename_that_keeps_the_sessions_name_changes_nothing_else() -> None:
    compared = plan([instance("old", name="Smoke")], [instance("new", name="Smoke")])
    (planned,) = compared.instances
    assert (planned.action, planned.changes) == (Action.UPDATE, ())


def test_one_that_is_gone_is_the_twin_of_one_at_most() -> None:
    compared = plan([instance("old")], [instance("new"), instance("newer")])
    assert [planned.renamed_from for planned in compared.instances] == ["old", None]


def test_a_profile_that_moved_is_compared_with_what_it_was() -> None:
    compared = compare(
        [instance("old[eu]"), instance("old[us]"), instance("older"), instance("oldest")],
        # The first one looks like what moved, and is not it.
        [instance("new"), instance("now[eu]", refreshCache=True), instance("now[ap]")],
        {"old": "now", "older": "now", "oldest": "gone"},
    )
    assert [(p.name, p.renamed_from, p.action) for p in compared.instances] == [
        ("new", "old[us]", Action.UPDATE),
        ("now[eu]", "old[eu]", Action.UPDATE),
        ("now[ap]", "older", Action.UPDATE),
        ("oldest", None, Action.REMOVED),
    ]
    assert [change.path for change in compared.instances[1].changes] == ["name", "refreshCache"]


def test_a_move_that_was_there_before_changes_nothing() -> None:
    same = [instance("now"), instance("old")]  # `old` is another profile by now
    assert set(actions(compare(same, same, {"old": "now"})).values()) == {Action.RERUN}
    two = compare([instance("a"), instance("b")], [instance("c")], {"a": "c", "b": "c"})
    assert [(p.name, p.renamed_from) for p in two.instances] == [("c", "a"), ("b", None)]


def test_one_with_other_settings_was_not_renamed() -> None:
    compared = plan([instance("old")], [instance("new", Settings(allow_failure=True))])
    assert actions(compared) == {"new": Action.CREATE, "old": Action.REMOVED}


def test_a_secret_that_is_fed_by_another_name_changes() -> None:
    def held(template: str) -> Instance:
        value = Marked(template, secret=True)
        return instance("a", environmentVariables=[{"key": "T", "value": value, "secret": True}])

    assert actions(plan([held("$<env.A>")], [held("$<env.A>")])) == {"a": Action.RERUN}
    (planned,) = plan([held("$<env.A>")], [held("$<env.B>")]).instances
    assert [change.sensitive for change in planned.changes] == [True]

"""What the account says of a plan."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from runner.models.contract.settings import ExpectChecks, Quarantine, Settings
from runner.models.instance import Instance
from runner.models.marked import Marked
from runner.models.plan import Action, PlannedInstance
from runner.models.record import CheckRecord, Record
from runner.models.response import Check, Location, PrivateLocation
from runner.plan.normalize import normal_form
from runner.plan.preflight import FetchedAccount, judged
from runner.source import Source, Span
from tests.plan.records import make_plan

SPAN = Span(Source("checkly-sessions.yaml", "smoke"), 0, 5)
LOCATIONS = [Location(region="eu-west-1"), Location(region="us-east-1")]
PRIVATE = [
    PrivateLocation(slug_name="office", agent_count=2),
    PrivateLocation(slug_name="empty", agent_count=0),
    PrivateLocation(slug_name="silent"),
]
CHECKS = [
    Check(id="1", name="Home", activated=True, tags=["smoke"], check_type="PLAYWRIGHT"),
    Check(id="2", name="Login", activated=True, tags=["smoke"], check_type="PLAYWRIGHT"),
    Check(id="3", name="Pay", activated=True, tags=["pay"], check_type="BROWSER", script="x"),
]
ID = "00000000-0000-4000-8000-00000000000"  # without its last digit
ACCOUNT = FetchedAccount(LOCATIONS, PRIVATE, CHECKS)


def fingerprint(_: str) -> None:
    return None


def planned(
    account: FetchedAccount,
    *,
    settings: Settings | None = None,
    ran: Sequence[CheckRecord] = (),
    **fields: Any,
) -> PlannedInstance:
    body = {"name": "a", "runLocation": "eu-west-1", **fields}
    instance = Instance(
        "a", "a", (), body, (settings or Settings()).model_dump(mode="json", by_alias=True), SPAN
    )
    records = {
        "a": Record(
            instance="a",
            profile="a",
            apply_id="1",
            request=normal_form(body, fingerprint),
            applied_at=datetime(2026, 11, 23, tzinfo=UTC),
            checks=list(ran),
        )
    }
    (found,) = judged(make_plan([instance], records, fingerprint), account).instances
    return found


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("eu-west-1", None),
        ("office", None),
        ("silent", None),
        ("empty", "No agent of the private location 'empty' is connected"),
        ("eu-vest-1", "The account has no location 'eu-vest-1'. Did you mean 'eu-west-1'?"),
        ("atlantis", "The account has no location 'atlantis'. It has empty, eu-west-1, office"),
        (Marked(None, unset=("env.REGION",)), None),
    ],
)
def test_a_place_to_run_at_has_to_be_there(place: Any, why: str | None) -> None:
    blocked = planned(ACCOUNT, runLocation=place).blocked
    assert blocked is None if why is None else (blocked or "").startswith(why)


@pytest.mark.parametrize(
    "account",
    [
        FetchedAccount(None, PRIVATE, None),
        FetchedAccount(LOCATIONS, None, None),
        FetchedAccount([], PRIVATE, None),
        FetchedAccount([Location()], PRIVATE, None),
        FetchedAccount(),
    ],
)
def test_without_both_lists_no_place_is_refused(account: FetchedAccount) -> None:
    assert planned(account, runLocation="elsewhere").blocked is None


def test_targets_are_resolved_to_checks() -> None:
    found = planned(ACCOUNT, target={"matchTags": [["smoke"]]})
    assert found.checks is not None
    assert found.checks.matched == ("Home", "Login")
    assert (found.checks.added, found.checks.removed, found.checks.complete) == ((), (), True)


def test_drift_against_the_record_is_by_id_or_name() -> None:
    ran = [
        CheckRecord(id="1", name="Home page before it was renamed"),
        CheckRecord(name="Pay"),
        CheckRecord(id="9", name="Search"),
    ]
    found = planned(ACCOUNT, ran=ran).checks
    assert found is not None
    assert (found.added, found.removed) == (("Login",), ("Search",))


def test_of_an_incomplete_list_nothing_is_called_removed() -> None:
    account = FetchedAccount(LOCATIONS, PRIVATE, CHECKS, is_complete=False)
    ran = [CheckRecord(id="9", name="Search")]
    found = planned(account, ran=ran, settings=Settings(expect_checks=ExpectChecks(min=9)))
    assert found.checks is not None
    assert (found.checks.removed, found.checks.complete) == ((), False)
    assert found.blocked is None, "the results will tell"


@pytest.mark.parametrize(
    ("expected", "why"),
    [
        (ExpectChecks(min=2, include=["Home"], exclude=["Pay"]), None),
        (ExpectChecks(min=3), "2 of at least 3 checks"),
        (ExpectChecks(max=1), "2 of at most 1 checks"),
        (ExpectChecks(include=["Pay"]), "without Pay"),
        (ExpectChecks(exclude=["Home"]), "with Home"),
    ],
)
def test_expected_checks_are_judged(expected: ExpectChecks, why: str | None) -> None:
    target = {"matchTags": [["smoke"]]}
    blocked = planned(ACCOUNT, target=target, settings=Settings(expect_checks=expected)).blocked
    assert blocked is None if why is None else why in (blocked or "")


def test_finding_none_is_a_warning() -> None:
    found = planned(ACCOUNT, target={"matchTags": [["nothing"]]})
    said = "no check of the account matches its target: none has the tag 'nothing'"
    assert found.warnings == (said,)
    assert found.blocked is None
    incomplete = FetchedAccount(LOCATIONS, PRIVATE, CHECKS, is_complete=False)
    assert planned(incomplete, target={"matchTags": [["nothing"]]}).warnings == ()


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ({"matchTags": [["smoke", "pya"]]}, ": none has the tag 'pya'. Did you mean 'pay'?"),
        ({"matchTags": [["smoke", "!web", "late"]]}, ": none has the tag 'late'"),
        ({"matchTags": [["smoke", "pay"]]}, ""),
        ({"matchTags": [["smoke", "!smoke"]]}, ""),
        ({"matchTags": [["pay"], ["smoke"]], "checkId": ["abc"]}, ": there is no check abc"),
        ({"matchTags": [["smoke"]], "checkId": [f"{ID}A"]}, ""),
        ({"matchTags": [["old"]]}, ": only with allowDeactivated would it match Old, Older"),
        (
            {"matchTags": [["old"]], "checkId": [f"{ID}b"]},
            ": only with allowDeactivated would it match Old",
        ),
    ],
)
def test_the_part_of_a_target_that_no_check_has_is_named(target: dict[str, Any], why: str) -> None:
    checks = [
        *CHECKS,
        Check(id=f"{ID}a", name="Up", activated=True, tags=["web"]),
        Check(id=f"{ID}B", name="Old", activated=False, tags=["old"]),
        Check(id=f"{ID}c", name="Older", activated=False, tags=["old"]),
    ]
    found = planned(FetchedAccount(LOCATIONS, PRIVATE, checks), target=target)
    assert found.warnings == (f"no check of the account matches its target{why}",)


def test_an_id_that_no_check_has_is_named() -> None:
    missing = "00000000-0000-4000-8000-000000000009"
    found = planned(ACCOUNT, target={"checkId": [missing]})
    said = f"no check of the account matches its target: there is no check {missing}"
    assert found.warnings == (said,)


def test_names_of_checks_that_the_account_does_not_have_are_told() -> None:
    def quarantine(check: str) -> Quarantine:
        return Quarantine(check=check, reason="r", owner="o", until=date(2026, 12, 1))

    settings = Settings(
        quarantine=[quarantine("Logni"), quarantine("1"), quarantine("Home")],
        expect_checks=ExpectChecks(include=["Hoem", "Login"], exclude=["Pya", "Elsewhere"]),
    )
    found = planned(ACCOUNT, settings=settings)
    assert found.warnings == (
        (
            "quarantine names 'Logni', but no check of the account has that name. "
            "Did you mean 'Login'?"
        ),
        (
            "expectChecks names 'Hoem', but no check of the account has that name. "
            "Did you mean 'Home'?"
        ),
        "expectChecks excludes 'Pya', but no check has that name. Did you mean 'Pay'?",
    )


@pytest.mark.parametrize(
    ("strategy", "most"),
    [
        (None, 2),
        ({"type": "SINGLE_RETRY"}, 4),
        ({"type": "FIXED", "maxRetries": 3}, 8),
        ({"type": "LINEAR"}, 6),
    ],
)
def test_the_most_runs_count_retries(strategy: Any, most: int) -> None:
    target = {"matchTags": [["smoke"]]}
    found = planned(ACCOUNT, target=target, retryStrategy=strategy).checks
    assert found is not None
    assert found.most_runs == most


def test_a_variable_nobody_reads_and_a_name_nobody_sets() -> None:
    check = Check(
        id="4", name="Orders", check_type="API", tags=["api"], request={"url": "{{HOST}}{{SET}}"}
    )
    found = planned(
        FetchedAccount(LOCATIONS, PRIVATE, [check]),
        target={"matchTags": [["api"]]},
        environmentVariables=[{"key": "SET", "value": "1"}, {"key": "LOST", "value": "1"}],
    )
    assert found.warnings == (
        "no selected check mentions the variable LOST",
        (
            "{{HOST}} is used by Orders and set neither here nor by the check: "
            "it is empty unless a group or the account sets it"
        ),
    )


def test_without_the_list_of_checks_nothing_is_said_of_them() -> None:
    found = planned(
        FetchedAccount(LOCATIONS, PRIVATE, None, warnings=("away",)),
        settings=Settings(expect_checks=ExpectChecks(min=9)),
    )
    assert (found.checks, found.blocked) == (None, None)


def test_retries_that_are_unresolved_leave_the_most_runs_unknown() -> None:
    target = {"matchTags": [["smoke"]]}
    found = planned(ACCOUNT, target=target, retryStrategy=Marked(None, unset=("env.R",))).checks
    assert found is not None
    assert found.most_runs is None


def test_an_unresolved_target_is_left_to_the_server() -> None:
    assert planned(ACCOUNT, target=Marked(None, unset=("env.T",))).checks is None


def test_removed_instances_are_not_judged_and_warnings_are_kept() -> None:
    gone = Record(
        instance="gone",
        profile="gone",
        apply_id="1",
        request=normal_form({"name": "x", "runLocation": "nowhere"}, fingerprint),
        applied_at=datetime(2026, 11, 23, tzinfo=UTC),
    )
    plan = make_plan([], {"gone": gone}, fingerprint, everything=True, warnings=["first"])
    told = judged(plan, FetchedAccount(LOCATIONS, PRIVATE, CHECKS, warnings=("away",)))
    assert told.instances[0].action is Action.REMOVED
    assert told.instances[0].blocked is None
    assert told.warnings == ("first", "away")

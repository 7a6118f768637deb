"""The nearest name to a mistyped one."""

from runner.nearest import did_you_mean, nearest


def test_the_nearest_of_a_few() -> None:
    assert nearest("runLocatoin", ["name", "runLocation", "target"]) == "runLocation"
    assert nearest("RUNLOCATION", ["name", "runLocation"]) == "runLocation"
    assert nearest("entirely different", ["name", "target"]) is None
    assert nearest("x", []) is None


def test_among_many_only_those_that_begin_alike_are_compared() -> None:
    many = [f"profile-{i}" for i in range(1000)]
    assert nearest("profile-10", many[:10]) is not None
    assert nearest("smoke-prdo", [*many, "smoke-prod"]) == "smoke-prod"
    assert nearest("xmoke-prod", [*many, "smoke-prod"]) is None
    assert nearest("SMOKE-PROD", [*many, "smoke-prod"]) == "smoke-prod"


def test_a_text_that_is_no_name_is_not_compared() -> None:
    assert nearest("a" * 1_000_000, ["a" * 1_000_001]) is None


def test_the_question() -> None:
    assert did_you_mean("smok", ["smoke"]) == "Did you mean 'smoke'?"
    assert did_you_mean("q", ["smoke"]) is None

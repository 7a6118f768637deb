from bench.mutants import count, reason, table

RESULTS = """
    runner.plan.diff.x_diff__mutmut_1: killed
    runner.plan.diff.x_diff__mutmut_2: survived
    runner.plan.diff.x_diff__mutmut_3: no tests
    runner.plan.diff.x_diff__mutmut_4: not checked
    runner.checkly.limiter.xǁSendLogǁearliest__mutmut_10: timeout
"""


def test_the_share_of_survivors_is_told_by_module() -> None:
    assert list(table(count(RESULTS))) == [
        "module                                changes  survived   share",
        "runner.checkly.limiter                      1         0    0.0%",
        "runner.plan.diff                            3         2   66.7%",
        "all                                         4         2   50.0%",
    ]


def test_a_survivor_is_told_with_its_reason() -> None:
    line = "    if record is None and instance is None or planned.action is not Action.RERUN:"
    shown = f"--- a.py\n+++ b.py\n-    if record is None:\n+{line}\n"
    assert reason("runner.plan.filters", shown) == "a rerun has both"
    assert reason("runner.plan.filters", "+++ b.py\n+    pass\n") == "no reason is known"
    assert reason("runner.plan.other", shown) == "no reason is known"

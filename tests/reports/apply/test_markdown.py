import pytest

from runner.models.verdict import Verdict
from runner.reports.apply.markdown import render
from runner.reports.text.markdown import COMMENT_LIMIT, code_block, escape, link
from tests.reports.outcomes import apply, check, instance, mixed

BASE = "https://app.checklyhq.com/accounts/a/test-sessions/s1"


def test_the_report_reads_well() -> None:
    assert render(mixed()) == (
        f"""\
## ❌ Checkly test sessions: timed out

**Account:** Acme (a1) · **Project:** shop-web · **Environment:** production · **Commit:** 0123456789ab on main by Ada · **CI run:** [open](https://ci.example.com/runs/7)  
**Sessions:** 1 timed out, 1 failed, 1 passed, 1 skipped  
**Checks:** 1 failed, 1 quarantined, 1 degraded, 1 flaky, 1 passed  
**Changes:** 1 newly failing, 1 still failing, 1 fixed  
Apply 20261123T080000-abc, 45 s, exit code 4

**Quorum** of smoke-prod: 1 of 2 passed, 1 needed: ✅ reached

### Failing checks

❌ **[Checkout]({BASE}/results/1)** in smoke-prod\\[us-east-1\\]: failed, newly failing, does not count

```text
expected 200, got 500
    at checkout.spec.ts:12
```

🔒 **[Search]({BASE}/results/1)** in smoke-prod\\[eu-west-1\\]: failed, still failing, quarantined: index is rebuilt (web, until 2026-12-01)

```text
timed out
```

### Sessions

| | Session | Verdict | Checks | Time |
|---|---|---|---|---|
| ✅ | [smoke-prod\\[eu-west-1\\]]({BASE}) | passed | 1 quarantined, 1 degraded, 1 flaky, 1 passed | 40 s |
| ❌ | [smoke-prod\\[us-east-1\\]]({BASE}) | failed (does not count) | 1 failed | 40 s |
| ⏰ | [api]({BASE}) | timed out<br>It took longer than 900 s.<br>Look. |  | 40 s |
| ⏭️ | web | skipped<br>It needs api, which did not pass. |  |  |
"""  # noqa: E501, W291 # the output as it is
    )


def test_a_pass_and_an_empty_apply_read_well_too() -> None:
    assert render(apply(instance())).startswith(
        "## ✅ Checkly test sessions: passed\n\n**Sessions:** 1 passed  \nApply "
    )
    assert render(apply(exit_code=1)).endswith("45 s, exit code 1\n")


@pytest.mark.parametrize("count", [10, 200])
def test_a_large_report_stays_under_the_limit_and_counts_what_it_leaves_out(count: int) -> None:
    checks = tuple(
        check(f"Check {number}", Verdict.FAILED, error="e" * 500 + str(number))
        for number in range(count * 20)
    )
    many = [
        instance(f"p{number}", Verdict.FAILED, checks=checks[number::20]) for number in range(20)
    ]
    text = render(apply(*many, exit_code=1))
    assert len(text.encode()) < COMMENT_LIMIT + 1_000
    assert "more failing checks, left out here." in text
    assert "| ❌ | [p19](" in text
    sessions = [instance(f"p{number}") for number in range(2_000)]
    text = render(apply(*sessions))
    assert len(text) <= COMMENT_LIMIT
    assert "more sessions, left out here." in text


def test_checks_that_failed_alike_are_told_once_with_every_place() -> None:
    broken = check(verdict=Verdict.FAILED, error="expected 200, got 500")
    outcome = apply(
        *(instance(f"p{number}", Verdict.FAILED, checks=(broken,)) for number in range(8)),
        exit_code=1,
    )
    text = render(outcome)
    assert text.count("expected 200, got 500") == 1
    assert " in p1: failed\\\n" in text
    assert "… and 3 more that failed in the same way" in text


def test_many_passed_sessions_are_folded() -> None:
    quiet = [instance(f"p{number}") for number in range(11)]
    text = render(apply(*quiet, instance("bad", Verdict.FAILED), exit_code=1))
    assert text.index("| [bad]") < text.index("<summary>11 sessions passed</summary>")
    assert text.index("</summary>") < text.index("| [p3]") < text.index("</details>")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Käse", "Käse"),
        ("a|b`c`*d*_e_~f~[g](h)", "a\\|b\\`c\\`\\*d\\*\\_e\\_\\~f\\~\\[g\\](h)"),
        ("<b>&amp;</b>", "&lt;b&gt;&amp;amp;&lt;/b&gt;"),
        ("@team #12", "@&#8203;team #&#8203;12"),
        ("a@ # b", "a@ # b"),
        ("http://x www.y", "http:&#8203;//x w&#8203;ww.y"),
        ("$x$ \\", "\\$x\\$ \\\\"),
        ("a\nb", "a\\\\nb"),
    ],
)
def test_no_text_is_taken_for_markup(text: str, shown: str) -> None:
    assert escape(text) == shown


@pytest.mark.parametrize(
    "url", [None, "", "javascript:alert(1)", "//x", "data:text/html,x", "ftp://x"]
)
def test_only_web_addresses_become_links(url: str | None) -> None:
    assert link("a", url) == "a"


def test_an_address_cannot_end_its_link() -> None:
    assert link("a", "https://x/) [b](y)<|>\n\"'`") == (
        "[a](https://x/%29%20%5Bb%5D%28y%29%3C%7C%3E%0A%22%27%60)"
    )


def test_a_code_block_cannot_be_ended_from_inside() -> None:
    assert code_block("a\n````\nb", 5) == "`````text\na\n````\nb\n`````"
    assert code_block("a\nb\nc", 2) == "```text\na\nb\n… and 1 more lines\n```"

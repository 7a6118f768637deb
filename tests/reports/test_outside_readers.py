"""Reports in the hands of other programs: a validator, an accessibility checker, a reader."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.models.verdict import Verdict
from runner.reports.apply import html_, junit
from tests import npm
from tests.reports.chromium import EXECUTABLE, Chromium
from tests.reports.dashboard.test_page import applies, page
from tests.reports.outcomes import apply, check, instance, mixed

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("chromium")]


def report() -> str:
    quiet = [instance(f"p{number}", checks=(check(),)) for number in range(12)]
    outcome = mixed()
    return html_.render(
        apply(*outcome.instances, *quiet, quorums=outcome.quorums, tested=outcome.tested)
    )


PAGES: dict[str, Callable[[], str]] = {
    "report": report,
    "empty report": lambda: html_.render(apply()),
    "dashboard": lambda: page(applies(20, 6), with_runs=True),
    "empty dashboard": lambda: page([]),
}
#: Policies that need a server.
RULES = {"require-csp-nonce": "off", "require-sri": "off"}


@pytest.mark.parametrize("made", PAGES.values(), ids=PAGES)
def test_a_validator_finds_nothing(made: Callable[[], str], tmp_path: Path) -> None:
    folder = npm.packages("html-validate@9")
    config = {"extends": ["html-validate:recommended"], "root": True, "rules": RULES}
    (tmp_path / ".htmlvalidate.json").write_text(json.dumps(config))
    (tmp_path / "page.html").write_text(made(), encoding="utf-8")
    program = folder / "node_modules/.bin/html-validate"
    done = subprocess.run(
        [program, "--formatter", "text", "page.html"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(EXECUTABLE is None, reason="there is no Chromium")
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("made", PAGES.values(), ids=PAGES)
def test_an_accessibility_checker_finds_nothing_serious(
    made: Callable[[], str], tmp_path: Path, width: int, dark: bool
) -> None:
    axe = npm.packages("axe-core@4") / "node_modules/axe-core/axe.min.js"
    path = tmp_path / "page.html"
    path.write_text(made(), encoding="utf-8")
    with Chromium(tmp_path / "profile") as browser:
        browser.open(path, width=width, dark=dark)
        browser.evaluate(axe.read_text(encoding="utf-8"))
        found = browser.evaluate(
            "axe.run().then(r => JSON.stringify(r.violations.map(v =>"
            " [v.impact, v.id, v.nodes.map(n => n.html.slice(0, 120))])))"
        )
    serious = [each for each in json.loads(found) if each[0] in {"serious", "critical"}]
    assert serious == []


def test_another_reader_of_junit_finds_every_case(tmp_path: Path) -> None:
    folder = npm.packages("junit2json@3")
    twins = (check("Home", check_id="a"), check("Home", check_id="b", verdict=Verdict.FAILED))
    (tmp_path / "report.xml").write_text(junit.render(apply(instance(checks=twins))), "utf-8")
    program = folder / "node_modules/.bin/junit2json"
    if not program.exists() or shutil.which("node") is None:
        pytest.skip("junit2json has no program here")
    done = subprocess.run(
        [program, tmp_path / "report.xml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (suite,) = json.loads(done.stdout)["testsuite"]
    assert [case["name"] for case in suite["testcase"]] == ["Home (a)", "Home (b)"]
    assert suite["failures"] == 1

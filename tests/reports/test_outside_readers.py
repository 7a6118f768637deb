"""Reports in the hands of other programs: a validator of pages, a reader of JUnit."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.models.verdict import Verdict
from runner.reports.apply import junit
from tests import npm
from tests.reports.outcomes import apply, check, instance
from tests.reports.test_pages import PAGES

pytestmark = pytest.mark.timeout(300)


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

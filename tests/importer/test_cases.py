"""Each case gives the file it should, and that file is a good one."""

from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped] # a yardstick, as in the bench

from runner.config.formatting.formatter import format_text
from runner.config.yaml.nodes import literal
from runner.config.yaml.parse import parse
from runner.diagnostics import Diagnostics
from runner.errors import UsageError
from runner.importer.write import file_text
from runner.source import Source
from tests.config.pipeline import run_file
from tests.importer.cases import CASES, imported, name_of, outcome


def text_of(case: Path) -> str:
    try:
        return file_text(imported(case).profiles)
    except UsageError:
        pytest.skip("refused")


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_case_gives_what_stands_beside_it(case: Path) -> None:
    assert outcome(case) == case.with_name(f"{case.name}.expected").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_no_secret_is_shown(case: Path) -> None:
    assert "swordfish" not in outcome(case)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_what_is_imported_is_valid_but_for_targets_left_out(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = text_of(case)
    file = tmp_path / "checkly-sessions.yaml"
    file.write_text(text, encoding="utf-8")

    found = run_file(file, monkeypatch)

    assert {error.code for error in found.errors} <= {"missing-target"}
    assert len(found.errors) == text.count("# Write the target")


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_other_parsers_read_the_same(case: Path) -> None:
    text = text_of(case)
    formatted = format_text(Source("new.yaml", text), Diagnostics())
    assert formatted is not None
    root = parse(Source("new.yaml", text), Diagnostics())
    assert root is not None
    assert yaml.safe_load(text) == yaml.safe_load(formatted) == literal(root)

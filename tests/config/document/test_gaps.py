"""A file with several mistakes, one of which is no YAML: they are told at once."""

from pathlib import Path

import pytest

from tests.config.pipeline import run_file

OK = "{target: all, runLocation: eu-west-1}"
WRONG = "  wrong: {target: all, runLocatoin: eu-west-1}\n"
TAIL = "  last:\n    target: all\n    runLocation: eu-west-1\n    timeoutSeconds: soon\n"


def told(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    path = folder / "checkly-sessions.yaml"
    path.write_text(text)
    found = run_file(path, monkeypatch).diagnostics
    return [f"{one.span.line if one.span else 0} {one.code}" for one in found]


@pytest.mark.parametrize(
    ("broken", "line", "code"),
    [
        ("  one:\n    runLocation: eu-west-1\n     target: all\n", 5, "yaml-syntax"),
        ("  one:\n\trunLocation: eu-west-1\n", 4, "tab"),
        ('  one:\n    name: "unclosed\n', 4, "yaml-syntax"),
        ("  one:\n    name: 'it's'\n", 4, "yaml-syntax"),
        ("  one:\n    target: {matchTags: [[a]\n", 4, "yaml-syntax"),
        ("  one:\n    target: all\n    runLocation eu-west-1\n    name: x\n", 5, "yaml-syntax"),
        ("  one:\n    name: `x`\n", 4, "yaml-syntax"),
        ("  one:\n    name: a: b\n", 4, "yaml-syntax"),
        ('  one:\n    name: "\\z"\n', 4, "yaml-syntax"),
    ],
)
def test_the_rest_is_judged_beside_a_profile_that_is_no_yaml(
    broken: str, line: int, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = "version: 1\nprofiles:\n"
    assert told(head + broken, tmp_path, monkeypatch) == [f"{line} {code}"] or "{" in broken
    found = told(head + broken + WRONG + TAIL, tmp_path, monkeypatch)
    after = 2 + broken.count("\n") + 1
    assert f"{after} unknown-key" in found
    assert f"{after + 4} wrong-type" in found
    (syntax,) = [one for one in found if one.endswith(code)]
    assert line <= int(syntax.split()[0]) <= after
    assert len(found) == 3
    # Last, it hides nothing of what stands before it.
    found = told(head + WRONG + broken, tmp_path, monkeypatch)
    assert found[0] == "3 unknown-key"
    assert found[1].endswith(code)
    assert len(found) == 2


def test_each_profile_that_is_no_yaml_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles = "".join(f"  p{n}:\n\ttarget: all\n" for n in range(30))
    found = told(f"version: 1\nprofiles:\n{profiles}", tmp_path, monkeypatch)
    assert found == [f"{4 + 2 * n} tab" for n in range(11)]


def test_what_the_gap_may_explain_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        "version: 1\nmoved: {old: base}\nprofiles:\n"
        "  base: &b\n\ttarget: all\n"
        "  child: {extends: base}\n"
        "  same: *b\n  other: {extends: base, needs: base, quorum: some}\n"
    )
    assert told(text, tmp_path, monkeypatch) == ["5 tab", "8 wrong-type"]


@pytest.mark.parametrize(
    "text",
    [
        f"version: 1\ndefaults:\n\ta: 1\nprofiles:\n  a: {OK}\n  b: 5\n",
        f"version: 1\nprofiles: [\n  a: {OK}\n  b: 5\n",
        "version: 1\nprofiles:\n\ta: 5\n",
        "\tversion: 1\nprofiles:\n  b: 5\n",
        "version: 1\nprofiles:\n  a: {b: 1\nvariables: {a: {}}\n",
        "version: 1\nprofiles:\n  b: 5\nvariables:\n  a: 'x\n",
    ],
)
def test_a_mistake_outside_of_profiles_is_told_alone(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (found,) = told(text, tmp_path, monkeypatch)[:1]
    assert found.split()[1] in {"tab", "yaml-syntax"}


def test_a_secret_in_a_profile_that_is_no_yaml_is_not_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "checkly-sessions.yaml"
    path.write_text(
        "version: 1\nprofiles:\n  a:\n    environmentVariables:\n      API_TOKEN: 'hunter22'x\n"
        '  b:\n    environmentVariables:\n      API_TOKEN: {value: "hunter22" x, secret: true}\n'
        "  c: 5\n"
    )
    found = run_file(path, monkeypatch)
    assert found.codes == ["yaml-syntax", "yaml-syntax", "wrong-type"]
    assert "hunter22" not in found.text


def test_what_stands_beside_a_wrong_or_unset_template_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """\
version: 1
profiles:
  one:
    target: all
    runLocation: eu-west-1
    name: $<var.a> $<var.b>
    labels: {a: $<var.c>, b: [1]}
    expectChecks: {min: $<env.MIN>, max: -3}
    quarantine: [{check: $<env.NAME>, until: tomorrow, reason: r, owner: o}]
"""
    assert told(text, tmp_path, monkeypatch) == [
        "6 bad-template",
        "6 bad-template",
        "7 bad-template",
        "7 wrong-type",
        "8 unset",
        "8 out-of-range",
        "9 unset",
        "9 bad-value",
    ]

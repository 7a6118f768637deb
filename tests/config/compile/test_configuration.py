"""All problems at once, and who is stopped by which."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from runner.cli.console import Console
from runner.cli.options.common import Common
from runner.cli.services.configuration import Reading
from runner.config.compile import needs
from runner.config.compile.configuration import Compiled
from runner.config.document import layer_checks
from runner.config.selection import selection
from runner.diagnostics import MANY, Severity
from runner.errors import ConfigurationError, UsageError

TEN_MISTAKES = """\
version: 1
variables: {host: www.example.com}
defalts: {}
profiles:
  smoke prod:
    runLocation: eu-west-1
    target: all
  a:
    runLocation: ''
    target: {matchTags: [production, smoke]}
  b:
    extends: basis
    name: Smoke $<var.hots>
    target: {}
    runLocation: x
    retryStrategy: {type: FIXED, maxRetries: 11}
    environmentVariables:
      TOKEN: {value: hunter2, secret: true}
  c:
    runLocation: x
    target: all
    needs: nothing
    timeoutSeconds: soon
"""
PLACES = [
    (3, 1, "unknown-key"),
    (5, 3, "bad-name"),
    (9, 18, "empty-value"),
    (10, 25, "flat-match-tags"),
    (12, 14, "unknown-profile"),
    (13, 19, "bad-template"),
    (16, 46, "out-of-range"),
    (18, 22, "literal-secret"),
    (22, 12, "unknown-profile"),
    (23, 21, "wrong-type"),
]


SEVERAL_AT_ONCE = """\
version: 1
profiles:
  a:
    runLocation: x
    target: all
    name: $<var.hots> and $<env.NO> and $<'a' 1> and $<[]>
  b:
    target: all
    matrix:
      runLocation: [x, y]
      include: [x, {runLocation: [z]}, {}]
"""


def test_a_mistake_does_not_hide_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = reading(tmp_path, SEVERAL_AT_ONCE, monkeypatch)
    found.configuration.check()
    places = [f"{each.span} {each.code}".partition(":")[2] for each in found.diagnostics]
    assert places == [
        "6:13 bad-template",
        "6:47 bad-template",
        "6:56 bad-template",
        "11:17 wrong-type",
        "11:40 wrong-type",
    ]


def test_every_mistake_is_reported_at_its_line_and_column(tmp_path: Path) -> None:
    (tmp_path / "checkly-sessions.yaml").write_text(TEN_MISTAKES)
    ran = subprocess.run(
        [sys.executable, "-m", "runner", "validate"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.findall(
        r"^checkly-sessions\.yaml:(\d+):(\d+): error\[([a-z-]+)\]", ran.stdout, re.MULTILINE
    )
    assert [(int(line), int(column), code) for line, column, code in found] == PLACES
    assert ran.returncode == 2
    assert "10 errors" in ran.stdout
    assert "hunter2" not in ran.stderr + ran.stdout


#: Each profile has a mistake of another kind; what they have in common is in order.
TEAMS = """\
version: 1
defaults: {target: all, runLocation: x}
profiles:
  mine: {labels: {team: mine}, needs: seed}
  seed: {labels: {team: mine}}
  theirs-value: {retryStrategy: {type: FIXED, maxRetries: 99}, labels: {team: theirs}}
  theirs-template: {name: $<var.nothing>, labels: {team: theirs}}
  theirs-unset: {name: $<env.NOT_SET>, labels: {team: theirs}}
  theirs-matrix: {matrix: {size: [$<env.NOT_SET>]}, labels: {team: theirs}}
  theirs-base: {abstract: true, refreshCache: perhaps}
"""


def reading(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch, *variables: str) -> Reading:
    (folder / "checkly-sessions.yaml").write_text(text)
    monkeypatch.chdir(folder)
    console = Console(sys.stdout, sys.stderr)
    common = Common(console=console, variables=variables)
    return Reading(common, {}, unset=Severity.ERROR, fill_metadata=False)


def compiled(
    folder: Path,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    *names: str,
    labels: list[str] | None = None,
) -> Compiled:
    return reading(folder, text, monkeypatch).compile(selection(names, labels or []))


def names_of(found: Compiled) -> list[str]:
    return [instance.name for instance in found.instances]


def test_values_of_others_stop_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = compiled(tmp_path, TEAMS, monkeypatch, "mine")
    assert names_of(found) == ["mine", "seed"]
    assert found.pulled_in == {"seed"}
    by_label = compiled(tmp_path, TEAMS, monkeypatch, labels=["team=mine"])
    assert names_of(by_label) == ["mine", "seed"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("theirs-value", "out-of-range"),
        ("theirs-template", "bad-template"),
        ("theirs-unset", "unset"),
        ("theirs-matrix", "unset"),
    ],
)
def test_values_of_ones_own_do(
    name: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError) as stopped:
        compiled(tmp_path, TEAMS, monkeypatch, name)
    assert [found.code for found in stopped.value.diagnostics] == [code]
    assert [found.profile for found in stopped.value.diagnostics] == [name]


def test_values_of_what_is_needed_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = TEAMS.replace("needs: seed", "needs: [seed, theirs-matrix, theirs-value]")
    with pytest.raises(ConfigurationError) as stopped:
        compiled(tmp_path, text, monkeypatch, "mine")
    assert [found.code for found in stopped.value.diagnostics] == ["out-of-range", "unset"]
    alone = reading(tmp_path, text, monkeypatch).compile(selection(["mine"], []), with_needs=False)
    assert names_of(alone) == ["mine"]


@pytest.mark.parametrize(
    ("mistake", "code"),
    [
        ("  theirs: {nmae: x}", "unknown-key"),
        ("  theirs: {extends: nothing}", "unknown-profile"),
        ("  theirs: {extends: theirs}", "extends-cycle"),
        ("  theirs: {needs: nothing}", "unknown-profile"),
        ("  theirs: {needs: theirs}", "needs-cycle"),
        ("  theirs: {matrix: {size: 5}}", "wrong-type"),
        ("  theirs: {matrix: {runLocation: [y]}, runLocation: z}", "set-by-matrix"),
        ("  theirs: {name: '$<'}", "bad-template"),
        ("  'their s': {}", "bad-name"),
        ("  theirs: {environmentVariables: {A: {value: b, secret: true}}}", "literal-secret"),
        ("x: 1", "unknown-key"),
    ],
)
def test_errors_of_structure_stop_everybody(
    mistake: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError) as stopped:
        compiled(tmp_path, TEAMS + mistake + "\n", monkeypatch, "mine")
    assert {found.code for found in stopped.value.diagnostics} == {code}


MATRIX = """\
version: 1
defaults: {target: all}
profiles:
  base: {abstract: true}
  a: {matrix: {runLocation: [x, y, z]}, quorum: 2}
  b: {runLocation: x, needs: "a[y]"}
"""


@pytest.mark.parametrize(
    ("names", "instances"),
    [
        ([], ["a[x]", "a[y]", "a[z]", "b"]),
        (["a"], ["a[x]", "a[y]", "a[z]"]),
        (["a[y]"], ["a[y]"]),
        (["a[?]"], ["a[x]", "a[y]", "a[z]"]),
        (["*z]", "b"], ["a[y]", "a[z]", "b"]),
        (["b"], ["a[y]", "b"]),
    ],
)
def test_profiles_are_named_by_instance_or_wildcard(
    names: list[str], instances: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = compiled(tmp_path, MATRIX, monkeypatch, *names)
    assert names_of(found) == instances
    assert found.all_names == {"a[x]", "a[y]", "a[z]", "b"}


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("zz", "'zz' matches no profile of the file.", "The file has a and b."),
        ("a[w]", "'a[w]' matches no profile of the file.", "Did you mean 'a[z]'?"),
        ("*q*", "'*q*' matches no profile of the file.", "The file has a and b."),
        ("b.yaml", "'b.yaml' matches no profile of the file.", "Name a file with --file."),
        ("base", "'base' is abstract.", "Name a profile that extends it."),
    ],
)
def test_a_name_that_matches_nothing_is_an_error(
    name: str, message: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError) as refused:
        compiled(tmp_path, MATRIX, monkeypatch, name)
    assert (refused.value.message, refused.value.hint) == (message, hint)


def test_all_that_matches_nothing_is_told_in_one_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError) as refused:
        compiled(tmp_path, TEAMS, monkeypatch, "mine", "sede", "mnie", labels=["team=minr"])
    assert refused.value.message == (
        "'sede' matches no profile of the file. 'mnie' matches no profile of the file."
        " No selected instance has the label 'team=minr'."
    )
    assert (
        refused.value.hint == "Did you mean 'seed'? Did you mean 'mine'? Did you mean 'team=mine'?"
    )
    with pytest.raises(UsageError) as refused:
        compiled(tmp_path, TEAMS, monkeypatch, "mnie", labels=["team=minr"])
    assert refused.value.message == "'mnie' matches no profile of the file."


def test_labels_narrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = MATRIX.replace("quorum: 2", "labels: {at: $<matrix.runLocation>, n: 1.10}")
    assert names_of(compiled(tmp_path, text, monkeypatch, labels=["at=y", "n=1.10"])) == ["a[y]"]
    with pytest.raises(UsageError, match="is not a label"):
        selection([], ["at"])


@pytest.mark.parametrize(
    ("names", "labels", "message", "hint"),
    [
        ([], ["team=minr"], "No instance has the label 'team=minr'.", "Did you mean 'team=mine'?"),
        (
            [],
            ["x=y"],
            "No instance has the label 'x=y'.",
            "The file has team=mine, team=theirs and at=eu.",
        ),
        (
            [],
            ["team=mine", "at=eu"],
            "No instance has all of the labels 'team=mine' and 'at=eu'.",
            None,
        ),
        (
            ["bare"],
            ["team=mine"],
            "No selected instance has the label 'team=mine'.",
            "None of them has labels.",
        ),
        (
            [],
            ["from=ci"],
            "No instance has the label 'from=ci'.",
            "Some have a label 'from' that reads what is not set; `runner list` names it.",
        ),
    ],
)
def test_labels_that_nothing_has_are_an_error(
    names: list[str],
    labels: list[str],
    message: str,
    hint: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = """
version: 1
defaults: {target: all, runLocation: eu-west-1}
profiles:
  mine: {labels: {team: mine}}
  theirs: {labels: {team: theirs, at: eu, from: $<env.NOT_SET>}}
  bare: {}
"""
    with pytest.raises(UsageError) as refused:
        compiled(tmp_path, text, monkeypatch, *names, labels=labels)
    assert (refused.value.message, refused.value.hint) == (message, hint)


def test_labels_of_a_matrix_that_is_not_known_may_be_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """
version: 1
defaults: {target: all, runLocation: eu-west-1}
profiles:
  open: {matrix: {size: [$<env.NOT_SET>]}, labels: {team: mine}}
"""
    found = reading(tmp_path, text, monkeypatch).configuration.compile(selection([], ["team=mine"]))
    assert found.instances == ()
    assert found.open_profiles == {"open"}


def test_checking_a_part_judges_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = reading(tmp_path, TEAMS, monkeypatch)
    assert found.check(selection(["mine"], [])) == 1
    assert len(found.diagnostics) == 0


def test_instances_may_not_be_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "checkly-sessions.yaml").write_text(TEAMS)
    monkeypatch.chdir(tmp_path)
    found = Reading(Common(console=Console(sys.stdout, sys.stderr)), {}, fill_metadata=False)
    known = found.configuration.compile(selection(["theirs-matrix", "mine"], []))
    assert known.open_profiles == {"theirs-matrix"}
    assert names_of(known) == ["mine", "seed"]
    assert [one.code for one in found.diagnostics] == ["unset"]


def _check(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    (folder / "checkly-sessions.yaml").write_text(text)
    monkeypatch.chdir(folder)
    reading = Reading(Common(console=Console(sys.stdout, sys.stderr)), {})
    reading.configuration.check()
    return [found.code for found in reading.diagnostics.errors]


def test_a_secret_in_any_of_many_merged_mappings_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles = "".join(
        f"  p{n}: {{metadata: {{repoUrl: '{n} $<env.TOKEN>'}}}}\n" for n in range(100)
    )
    text = (
        "version: 1\ndefaults: {runLocation: eu-west-1, target: all, metadata: {commitId: a}}\n"
        "profiles:\n  a: {environmentVariables: {A: {value: $<env.TOKEN>, secret: true}}}\n"
    )
    codes = _check(text + profiles, tmp_path, monkeypatch)
    assert codes == ["secret-made-public"] * 101


def test_a_secret_that_reads_an_unknown_variable_is_an_error_like_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        "version: 1\nprofiles:\n  a:\n    runLocation: eu-west-1\n    target: all\n"
        "    environmentVariables: {A: {value: $<env.TOKEN>$<var.typo>, secret: true}}\n"
    )
    assert _check(text, tmp_path, monkeypatch) == ["bad-template"]


def test_what_public_env_lists_is_shown_though_it_feeds_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGIN", "user:hunter2")
    monkeypatch.setenv("HOST", "www.example.com")
    (tmp_path / "checkly-sessions.yaml").write_text(
        "version: 1\npublicEnv: [HOST]\nprofiles:\n  a:\n    runLocation: x\n    target: all\n"
        "    environmentVariables: {A: {value: '$<env.LOGIN>@$<env.HOST>', secret: true}}\n"
    )
    monkeypatch.chdir(tmp_path)
    console = Console(sys.stdout, sys.stderr)
    Reading(Common(console=console), {}).compile(selection([], []))
    said = console.redactor.mask("user:hunter2@www.example.com, user:hunter2, www.example.com")
    assert said == "(secret #1), (secret #2), www.example.com"


def test_masks_have_the_same_numbers_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"TOKEN_{n}" for n in range(1, 9)]
    for name in names:
        monkeypatch.setenv(name, f"value of {name}")
    text = "".join(f"$<env.{name}>" for name in names)
    (tmp_path / "checkly-sessions.yaml").write_text(
        "version: 1\nprofiles:\n  a:\n    runLocation: eu-west-1\n    target: all\n"
        f"    environmentVariables: {{A: {{value: {text}, secret: true}}}}\n"
    )
    monkeypatch.chdir(tmp_path)
    console = Console(sys.stdout, sys.stderr)
    Reading(Common(console=console), {}).compile(selection([], []))
    masked = console.redactor.mask(", ".join(f"value of {name}" for name in names))
    assert masked == ", ".join(f"(secret #{n})" for n in range(2, 10))  # the first is of them all


INCLUDING = """\
version: 1
include: [teams/*.yaml]
defaults: {runLocation: x, target: all}
profiles:
  mine: {labels: {team: mine}}
  from-theirs: {extends: base, target: all, runLocation: x}
"""
#: Mistakes in an included file, each with its code.
THEIR_MISTAKES = [
    ("profiles:\n  base: {abstract: true}\n  theirs: {nmae: x}\n", "unknown-key"),
    ("profiles:\n  base: {abstract: true}\n  their s: {}\n", "bad-name"),
    ("variables: {a-b: c}\nprofiles: {base: {abstract: true}}\n", "bad-name"),
    ("profiles:\n  base: {abstract: true}\n  theirs: {needs: nothing}\n", "unknown-profile"),
    ("profiles:\n  base: {abstract: true}\n  theirs: {matrix: {a: 1}}\n", "wrong-type"),
    ("key: x\nprofiles: {base: {abstract: true}}\n", "not-in-include"),
    (
        """
profiles:
  base: {abstract: true}
  theirs: {environmentVariables: {A: {value: literal, secret: true}}}
""",
        "literal-secret",
    ),
]


def _teams(folder: Path, theirs: str) -> None:
    (folder / "teams").mkdir()
    (folder / "teams" / "theirs.yaml").write_text(theirs)


@pytest.mark.parametrize(("theirs", "code"), THEIR_MISTAKES)
def test_a_mistake_in_an_included_file_stops_only_what_it_is_part_of(
    theirs: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _teams(tmp_path, theirs)
    for chosen in (selection(["mine"], []), selection([], ["team=mine"]), selection(["m*"], [])):
        found = reading(tmp_path, INCLUDING, monkeypatch)
        assert names_of(found.compile(chosen)) == ["mine"]
        assert code in [one.code for one in found.diagnostics.warnings]
    for chosen in (selection([], []), selection(["from-theirs"], [])):
        with pytest.raises(ConfigurationError):
            reading(tmp_path, INCLUDING, monkeypatch).compile(chosen)


def test_validate_fails_for_any_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _teams(tmp_path, THEIR_MISTAKES[0][0])
    found = reading(tmp_path, INCLUDING, monkeypatch)
    found.check(selection(["mine"], []))
    assert [one.code for one in found.diagnostics.errors] == ["unknown-key"]


def test_a_name_declared_twice_stops_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _teams(tmp_path, "variables: {a: x}\nprofiles: {base: {abstract: true}}\n")
    (tmp_path / "teams" / "others.yaml").write_text("variables: {a: y}\n")
    with pytest.raises(ConfigurationError):
        compiled(tmp_path, INCLUDING, monkeypatch, "mine")


#: Profiles that others of an included file are part of.
RELATED = """\
  further: {extends: from-theirs}
  after-theirs: {needs: theirs}
  after-further: {needs: further}
"""
BROKEN = "profiles:\n  base: {abstract: true\n  theirs: {}\n"


def test_a_file_that_is_no_yaml_is_passed_by_under_full_names_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _teams(tmp_path, BROKEN)
    text = INCLUDING.replace("profiles:", "moved: {old: theirs}\nprofiles:") + RELATED
    found = reading(tmp_path, text, monkeypatch)
    assert names_of(found.compile(selection(["mine"], []))) == ["mine"]
    assert [one.code for one in found.diagnostics.warnings] == ["yaml-syntax"]
    for name in ("from-theirs", "further", "after-theirs", "after-further"):
        with pytest.raises(ConfigurationError) as stopped:
            compiled(tmp_path, text, monkeypatch, name)
        assert [one.code for one in stopped.value.diagnostics] == ["yaml-syntax"]
    for chosen in (selection([], []), selection(["m*"], []), selection([], ["team=mine"])):
        with pytest.raises(ConfigurationError):
            reading(tmp_path, text, monkeypatch).compile(chosen)


def test_what_a_broken_file_may_declare_is_no_second_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _teams(tmp_path, BROKEN)
    text = INCLUDING.replace("profiles:", "moved: {old: theirs}\nprofiles:") + RELATED
    found = reading(tmp_path, text, monkeypatch)
    found.check(selection([], []))
    assert [one.code for one in found.diagnostics] == ["yaml-syntax"]
    found = reading(tmp_path, text + "  other: {needs: 'mine[x]'}\n", monkeypatch)
    found.check(selection([], []))
    assert [one.code for one in found.diagnostics] == ["yaml-syntax", "unknown-profile"]


def test_what_a_broken_file_may_declare_is_not_called_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _teams(tmp_path, BROKEN)
    with pytest.raises(ConfigurationError) as stopped:
        compiled(tmp_path, INCLUDING, monkeypatch, "theirs")
    assert "yaml-syntax" in [one.code for one in stopped.value.diagnostics]


def test_a_variable_that_a_broken_file_may_declare_is_not_called_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _teams(tmp_path, "variables: {host: x\n")
    text = INCLUDING.replace("  from-theirs: {extends: base, target: all, runLocation: x}\n", "")
    with pytest.raises(ConfigurationError) as stopped:
        reading(tmp_path, text, monkeypatch, "host=y")
    assert [one.code for one in stopped.value.diagnostics] == ["yaml-syntax"]


def test_a_broken_template_in_another_file_stops_who_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _teams(tmp_path, "variables: {bad: '$<var.'}\nprofiles: {base: {abstract: true}}\n")
    text = INCLUDING + "  reads: {name: $<var.bad>}\n"
    assert names_of(compiled(tmp_path, text, monkeypatch, "mine")) == ["mine"]
    with pytest.raises(ConfigurationError):
        compiled(tmp_path, text, monkeypatch, "reads")


def test_labels_and_names_leave_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = MATRIX.replace("quorum: 2", "labels: {at: $<matrix.runLocation>}")

    def of(*names: str, labels: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> list[str]:
        chosen = selection(names, labels, exclude)
        return names_of(reading(tmp_path, text, monkeypatch).compile(chosen))

    assert of(labels=("at!=y",), exclude=("b",)) == ["a[x]", "a[z]"]
    assert of(labels=("at!=y", "at!=z")) == ["a[x]", "a[y]", "b"]  # b needs a[y]
    assert of(exclude=("a",)) == ["b"]  # what is left out is not pulled in either
    assert of(exclude=("a[?]",)) == ["b"]
    assert of("a", exclude=("a[x]", "a[z]")) == ["a[y]"]
    with pytest.raises(UsageError, match="'zz' matches no profile"):
        of(exclude=("zz",))
    with pytest.raises(UsageError, match="No selected instance matches the label 'at!=x'"):
        of("a[x]", labels=("at!=x",))


def test_what_looks_secret_is_masked_but_sent_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP", "correct-horse")
    text = """
version: 1
profiles:
  a:
    runLocation: x
    target: all
    environmentVariables:
      SHOP_TOKEN: $<env.SHOP>
      OLD_TOKEN: {value: plain-to-see, secret: false}
"""
    found = reading(tmp_path, text, monkeypatch)
    (instance,) = found.compile(selection([], [])).instances
    first, second = instance.body["environmentVariables"]
    assert first["value"].secret
    assert second["value"] == "plain-to-see"
    assert instance.request().wire()["environmentVariables"][0] == {
        "key": "SHOP_TOKEN",
        "value": "correct-horse",
    }


CHAIN = """
version: 1
defaults: {runLocation: x, target: all}
profiles:
  d: {}
  c: {needs: d}
  a: {matrix: {n: [1, 2]}, name: N $<matrix.n>, needs: c}
  b: {needs: 'a[1]'}
  e: {needs: [a, b]}
"""


@pytest.mark.parametrize(
    ("name", "exclude", "left"),
    [
        ("b", [], ["d", "c", "a[1]", "b"]),
        ("b", ["a"], ["b"]),
        ("b", ["a[1]"], ["b"]),
        ("b", ["a*"], ["b"]),
        ("b", ["a[2]"], ["d", "c", "a[1]", "b"]),
        ("b", ["d"], ["c", "a[1]", "b"]),
        ("e", ["a[1]"], ["d", "c", "a[2]", "b", "e"]),
        ("e", ["c"], ["a[1]", "a[2]", "b", "e"]),
        ("e", ["a", "b"], ["e"]),
    ],
)
def test_what_is_left_out_pulls_nothing_in(
    name: str, exclude: list[str], left: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = reading(tmp_path, CHAIN, monkeypatch)
    assert names_of(found.compile(selection([name], [], exclude))) == left


def test_a_matrix_that_is_left_out_may_be_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = CHAIN.replace("n: [1, 2]", "n: [1, '$<var.n.m>', 2]").replace("'a[1]'", "a")
    text = text.replace("version: 1", "version: 1\nvariables: {n: 1}")
    found = reading(tmp_path, text, monkeypatch)
    assert names_of(found.compile(selection(["b"], [], ["a"]))) == ["b"]
    with pytest.raises(ConfigurationError):
        reading(tmp_path, text, monkeypatch).compile(selection(["b"], []))


@pytest.mark.parametrize("asked", ["true", "1"])
def test_the_job_of_github_is_sent_where_that_is_asked_for(
    asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "version: 1\nprofiles: {a: {runLocation: x, target: all}}\n"
    monkeypatch.setenv("CHECKLY_GITHUB_REPORT", asked)
    monkeypatch.setenv("GITHUB_SHA", "abc")
    monkeypatch.setenv("GITHUB_RUN_ID", "1")
    monkeypatch.setenv("CHECKLY_GITHUB_RUN_ID", "2")
    (tmp_path / "checkly-sessions.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    (instance,) = (
        Reading(Common(console=Console(sys.stdout, sys.stderr)), {})
        .compile(selection([], []))
        .instances
    )
    wire = instance.request().wire()
    assert wire["metadata"]["github"] == {"reporting": True, "sha": "abc", "runId": "2"}


@pytest.mark.parametrize("asked", ["", "false", "yes", "TRUE"])
def test_the_job_of_github_is_not_sent_otherwise(
    asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "version: 1\nprofiles: {a: {runLocation: x, target: all}}\n"
    monkeypatch.setenv("CHECKLY_GITHUB_REPORT", asked)
    monkeypatch.setenv("GITHUB_SHA", "abc")
    (tmp_path / "checkly-sessions.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    (instance,) = (
        Reading(Common(console=Console(sys.stdout, sys.stderr)), {})
        .compile(selection([], []))
        .instances
    )
    assert "github" not in instance.request().wire().get("metadata", {})


def test_many_unknown_keys_ask_for_few_suggestions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(layer_checks, "suggestion", lambda name, _: asked.append(name))
    keys = "".join(f"    key{number}: x\n" for number in range(20_000))
    text = f"version: 1\nprofiles:\n  a:\n    runLocation: x\n    target: all\n{keys}"
    assert len(_check(text, tmp_path, monkeypatch)) == 20_000
    assert len(asked) <= MANY


@pytest.mark.parametrize(("key", "code"), [("extends", "extends-cycle"), ("needs", "needs-cycle")])
def test_of_many_circles_only_some_are_followed_to_their_ends(
    key: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = "".join(f"  p{n}: {{{key}: [p{n + 1}, p0]}}\n" for n in range(1_000))
    text = "version: 1\ndefaults: {runLocation: x, target: all}\nprofiles:\n"
    codes = _check(f"{text}{chain}  p1000: {{}}\n", tmp_path, monkeypatch)
    assert codes == [code] * MANY


def test_many_needs_that_are_not_known_ask_for_few_hints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(needs, "did_you_mean", lambda name, _: asked.append(name))
    profiles = "".join(f"  p{n}: {{needs: q{n}}}\n" for n in range(2_000))
    text = "version: 1\ndefaults: {runLocation: x, target: all}\nprofiles:\n"
    assert len(_check(text + profiles, tmp_path, monkeypatch)) == 2_000
    assert len(asked) <= MANY


def test_a_long_chain_of_names_is_followed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = "".join(f"  m{n}: m{n + 1}\n" for n in range(20_000))
    text = f"version: 1\nprofiles: {{m20000: {{runLocation: x, target: all}}}}\nmoved:\n{moved}"
    found = reading(tmp_path, text, monkeypatch)
    assert set(found.structure.moved.values()) == {"m20000"}
    assert len(found.structure.moved) == 20_000

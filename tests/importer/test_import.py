import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.config.formatting.formatter import format_text
from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence
from runner.config.yaml.parse import parse
from runner.diagnostics import Diagnostics
from runner.errors import UsageError
from runner.importer.find import import_command, import_file
from runner.importer.shell_words import commands
from runner.importer.translate import ImportedProfile
from runner.importer.write import file_text
from runner.source import Source


def one(text: str) -> ImportedProfile:
    (profile,) = import_command(text)
    return profile


def values(flags: str) -> dict[str, object]:
    return one(f"npx checkly trigger -l eu-west-1 {flags}").values


def notes(flags: str) -> str:
    return "\n".join(one(f"npx checkly trigger -l eu-west-1 {flags}").notes)


def env(flags: str) -> object:
    return values(flags)["environmentVariables"]


def plain(node: Node) -> object:
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node.values.items()}


def written(profiles: list[ImportedProfile]) -> dict[str, object]:
    """What the text of the file says, which is canonical and free of problems."""
    text = file_text(profiles)
    diagnostics = Diagnostics()
    assert format_text(Source("new.yaml", text), diagnostics) == text
    root = parse(Source("new.yaml", text), diagnostics)
    assert not list(diagnostics)
    assert isinstance(root, Mapping)
    content = plain(root.values["profiles"])
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize(
    "start",
    [
        "npx checkly trigger",
        "npx --yes checkly@latest trigger",
        "npx -p checkly checkly trigger",
        "checkly trigger",
        "./node_modules/.bin/checkly trigger",
        "pnpm exec checkly trigger",
        "yarn dlx checkly@8.1.0 trigger",
        "CI=1 FORCE_COLOR=1 npx checkly trigger",
        "cd e2e && npm ci; npx checkly trigger",
        "  # first\n\nnpx \\\n  checkly \\\n  trigger",
        'bash -c "npx checkly trigger"',
        "(npx checkly trigger)",
        "if true; then npx checkly trigger > log.txt 2>&1; fi",
    ],
)
def test_the_command_is_found_however_it_is_started(start: str) -> None:
    profile = one(start)
    assert profile.values == {"runLocation": "eu-central-1", "target": "all"}
    assert profile.name == "all-checks"
    assert "eu-central-1 is the Checkly CLI's default" in profile.notes[0]


@pytest.mark.parametrize(
    ("flags", "key", "value"),
    [
        ("--location us-east-1", "runLocation", "us-east-1"),
        ("--location=us-east-1", "runLocation", "us-east-1"),
        ("-l us-east-1", "runLocation", "us-east-1"),
        ("-lus-east-1", "runLocation", "us-east-1"),
        ("-l=us-east-1", "runLocation", "us-east-1"),
        ("-l $REGION", "runLocation", "$<env.REGION>"),
        ("--tags a,b", "target", {"matchTags": [["a", "b"]]}),
        ("--tags a,b --tags c", "target", {"matchTags": [["a", "b"], ["c"]]}),
        ("-t 'a, b' -t '!c'", "target", {"matchTags": [["a", "b"], ["!c"]]}),
        ("-t a b,c --detach", "target", {"matchTags": [["a"], ["b", "c"]]}),
        ("-t ''", "target", "all"),
        ('-t "$TAGS"', "target", {"matchTags": [["$<env.TAGS>"]]}),
        ("--check-id x", "target", {"checkId": "x"}),
        ("--check-id x,y --check-id z", "target", {"checkId": ["x", "y", "z"]}),
        ("--check-id x -t a", "target", {"matchTags": [["a"]], "checkId": "x"}),
        ("-n 'My session'", "name", "My session"),
        ('--test-session-name "Smoke $GITHUB_SHA"', "name", "Smoke $<git.sha>"),
        ("--refresh-cache", "refreshCache", True),
        ("--timeout 300", "timeoutSeconds", 300),
        ("--timeout $T", "timeoutSeconds", "$<env.T>"),
        ("--no-fail-on-no-matching", "failOnNoMatching", False),
        ("--retries 0", "retryStrategy", None),
        ("--retries $N", "retryStrategy",
         {"type": "FIXED", "baseBackoffSeconds": 0, "maxRetries": "$<env.N>"}),
        ("--retries 2", "retryStrategy",
         {"type": "FIXED", "baseBackoffSeconds": 0, "maxRetries": 2}),
        ("--retries 9", "retryStrategy",
         {"type": "FIXED", "baseBackoffSeconds": 0, "maxRetries": 3}),
        ("|| true", "allowFailure", True),
        ("|| :", "allowFailure", True),
    ],
)  # fmt: skip
def test_flags_with_a_counterpart(flags: str, key: str, value: object) -> None:
    assert values(flags)[key] == value


def test_a_private_location_is_a_location() -> None:
    assert one("checkly trigger --private-location dc-1").values["runLocation"] == "dc-1"


@pytest.mark.parametrize("flags", ["--fail-on-no-matching", "--record", "|| exit 1", "&& true", ""])
def test_what_is_the_default_is_not_written(flags: str) -> None:
    assert values(flags) == {"runLocation": "eu-west-1", "target": "all"}
    assert notes(flags) == ""


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--verbose", "--verbose has no counterpart"),
        ("--no-verbose", "--verbose has no counterpart"),
        ("-v", "--verbose has no counterpart"),
        ("-dv", "--detach goes on the command line"),
        ("-vl eu-west-1", "--verbose has no counterpart"),
        ("--detach", "`runner apply NAME --detach`"),
        ("--no-record", "--no-record has no counterpart"),
        ("-r json", "`runner apply NAME --report json`"),
        ("-r list,github", "`runner apply NAME --report markdown`"),
        ("--reporter dot", "`runner apply NAME --report text`"),
        ("--env-file .env", "--env-file"),
        ("-c checkly.ci.config.ts", "--config has no counterpart"),
        ("--retries 7", "--retries 7 meant 3"),
        ("--new-flag", "left out: `--new-flag`"),
        ("--new-flag=swordfish", "left out: `--new-flag`"),
        ("--detach=1", "left out: `--detach`"),
        ("-x", "left out: `-x`"),
        ("-dx", "left out: `-x`"),
        ("swordfish", "a word that belongs to no flag"),
        ("-d -- swordfish -l", "a word that belongs to no flag"),
        ("--timeout", "`--timeout` without a value"),
        ("-e swordfish", "An --env that is not KEY=VALUE"),
        ("-e $SWORD=x", "An --env that is not KEY=VALUE"),
        ("-e ''", "An --env that is not KEY=VALUE"),
    ],
)
def test_what_has_no_counterpart_is_said(flags: str, said: str) -> None:
    assert said in notes(flags)
    text = file_text([one(f"npx checkly trigger -l eu-west-1 {flags}")])
    assert said.partition(" `")[0] in " ".join(text.replace("#", "").split())
    assert "swordfish" not in text


def test_variables_in_front_of_the_command_are_named_without_their_values() -> None:
    profile = one("CHECKLY_API_KEY=cu_swordfish X=$Y npx checkly trigger -l eu-west-1")
    assert "CHECKLY_API_KEY was set in front" in profile.notes[0]
    assert "X was set in front" in profile.notes[1]
    assert "swordfish" not in file_text([profile])


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("-e A=1", {"A": "1"}),
        ("-e A=1 B=2 -d", {"A": "1", "B": "2"}),
        ("--env A=1 --env=B=2 -eC=3", {"A": "1", "B": "2", "C": "3"}),
        ("-e A=1,2", {"A": "1,2"}),
        ("-e 'A=x y'", {"A": "x y"}),
        ('-e A="x y"', {"A": "x y"}),
        ("-e 'A=\"x y\"'", {"A": "x y"}),
        ("-e A=x\\ y", {"A": "x y"}),
        ('-e "A=\\"q\\" \\$x \\n"', {"A": '"q" $x \\n'}),
        ("-e 'A=$X'", {"A": "$X"}),
        ("-e A=$X", {"A": "$<env.X>"}),
        ("-e A=${X}/y", {"A": "$<env.X>/y"}),
        ("-e A=${X:-no} -e B=${Y-http://z}", {"A": "$<env.X or 'no'>", "B": "$<env.Y or 'http://z'>"}),
        ("-e 'A=$<x>'", {"A": "$$<x>"}),
        ("-e 'A={{HOST}}'", {"A": "{{HOST}}"}),
        ("-e A=$(date +%s) -e B=`id -u`", {"A": "$<env.A>", "B": "$<env.B>"}),
        ('-e "A=$(echo $(x) ")"', {"A": "$<env.A>"}),
        ("-e A=${{ github.sha }}", {"A": "$<git.sha>"}),
        ("-e A=${{ inputs.host || 'x' }}", {"A": "$<env.A>"}),
        ("-e A=${{ vars.HOST }}", {"A": "$<env.HOST>"}),
        ("-e A=${{env.HOST}}", {"A": "$<env.HOST>"}),
        ("-e A=$GITHUB_TOKEN_FILE", {"A": "$<env.GITHUB_TOKEN_FILE>"}),
        ("-e A=$CI_COMMIT_BRANCH", {"A": "$<git.branch>"}),
        ("-e A=$1", {"A": "$<env.A>"}),
        ("-e export\\ A=1", {"A": "1"}),
        ("-e A=x'y'\"z\"", {"A": "xyz"}),
        ("-e A=", {"A": ""}),
    ],
)  # fmt: skip
def test_environment_variables(flags: str, expected: object) -> None:
    assert env(flags) == expected


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("-e API_TOKEN=swordfish", {"API_TOKEN": {"value": "$<env.API_TOKEN>", "secret": True}}),
        ("-e 'PASSWORD=\"swordfish\"'", {"PASSWORD": {"value": "$<env.PASSWORD>", "secret": True}}),
        ("-e TOKEN=$MY", {"TOKEN": {"value": "$<env.MY>", "secret": True}}),
        ("-e TOKEN=${MY:-swordfish}", {"TOKEN": {"value": "$<env.MY>", "secret": True}}),
        ("-e AUTH=$API_KEY", {"AUTH": {"value": "$<env.API_KEY>", "secret": True}}),
        ("-e A=${{ secrets.B }}", {"A": {"value": "$<env.B>", "secret": True}}),
        ("-e \"A=Bearer ${{ secrets.B }}\"",
         {"A": {"value": "Bearer $<env.B>", "secret": True}}),
        ("-e A=${{ secrets.GITHUB_TOKEN }}", {"A": {"value": "$<env.A>", "secret": True}}),
        ("-e GITHUB_TOKEN=swordfish",
         {"GITHUB_TOKEN": {"value": "$<env.SESSION_GITHUB_TOKEN>", "secret": True}}),
        ("-e DB=postgres://u:swordfish@h/x", {"DB": {"value": "$<env.DB>", "secret": True}}),
        ("-e 'H=Bearer swordfish'", {"H": {"value": "$<env.H>", "secret": True}}),
        ("-e X=ghp_swordfish123", {"X": {"value": "$<env.X>", "secret": True}}),
    ],
)  # fmt: skip
def test_what_looks_secret_becomes_one_and_is_never_copied(flags: str, expected: object) -> None:
    assert env(flags) == expected
    assert "swordfish" not in file_text([one(f"npx checkly trigger {flags}")])


@pytest.mark.parametrize(
    ("flags", "note"),
    [
        ("-e API_TOKEN=x", "The value of API_TOKEN was not copied"),
        ("-e A=$(curl -u x:swordfish)", "Set A in the environment to the output of the command"),
        ("-e A=$GITHUB_TOKEN", "Set A in the environment to what $GITHUB_TOKEN holds"),
        ("-e A=${{ secrets.B }}", "an env: with B: ${{ secrets.B }}"),
        ("-e A=${{ inputs.a }}", "an env: with A: ${{ inputs.a }}"),
        ("-e A=${{ secrets.B || 'swordfish' }}", "an env: with A: ${{ … }}"),
    ],
)
def test_what_is_left_to_do_is_said(flags: str, note: str) -> None:
    assert note in notes(flags)
    assert "swordfish" not in notes(flags)


def test_what_the_environment_has_already_needs_no_note() -> None:
    assert notes("-e A=${{ env.HOST }} -e B=$X") == ""


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        ("-n 'Smoke: Prod! (EU)'", "smoke-prod-eu"),
        ("-n '$$$'", "all-checks"),
        ("-t production,smoke -t '!flaky'", "production-smoke-flaky"),
        ("--check-id x", "some-checks"),
        ("-n " + "x" * 100, "x" * 50),
    ],
)
def test_a_profile_gets_a_name(flags: str, name: str) -> None:
    assert one(f"checkly trigger {flags}").name == name


def test_equal_names_are_told_apart_and_equal_commands_are_one() -> None:
    text = (
        "checkly trigger -t a -d\nchecklyx trigger\ncheckly trigger -t a\n"
        "checkly trigger -t a -l x\ncheckly test trigger\ncheckly trigger -t a -l y\n"
    )
    assert [profile.name for profile in import_command(text)] == ["a", "a-2", "a-3"]


WORKFLOW = """\
name: Deploy
on: push
jobs:
  smoke-job:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - name: Smoke tests (EU)
        continue-on-error: true
        env: {TOKEN: "${{ secrets.TOKEN }}"}
        run: |
          npm ci
          npx checkly trigger \\
            --tags production \\
            --env URL=${{ needs.deploy.outputs.url }}
          npx checkly test
      - run: npx checkly trigger --tags a,b --tags c || true
      - &again {run: npx checkly trigger --check-id x}
      - *again
"""


def test_a_workflow_gives_every_trigger_in_it() -> None:
    profiles = import_file("wf.yml", WORKFLOW)
    assert [(profile.name, profile.origin) for profile in profiles] == [
        ("smoke-tests-eu", "line 13 of wf.yml"),
        ("smoke-job", "line 17 of wf.yml"),
        ("smoke-job-2", "line 18 of wf.yml"),
    ]
    assert written(profiles) == {
        "smoke-tests-eu": {
            "runLocation": "eu-central-1",
            "target": {"matchTags": [["production"]]},
            "environmentVariables": {"URL": "$<env.URL>"},
            "allowFailure": True,
        },
        "smoke-job": {
            "runLocation": "eu-central-1",
            "target": {"matchTags": [["a", "b"], ["c"]]},
            "allowFailure": True,
        },
        "smoke-job-2": {"runLocation": "eu-central-1", "target": {"checkId": "x"}},
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"scripts": {"smoke": "checkly trigger -t x"}}', ["smoke@1"]),
        ("smoke-eu:\n  script:\n    - npx checkly trigger -t x\n", ["smoke-eu@3"]),
        ("eu:\n  script:\n    - !reference [a]\n    - npx checkly trigger -t x\n", ["eu@4"]),
        ("node {\n  sh 'npx checkly trigger -t x'\n}", ["x@2"]),
        ('node {\n  sh """\n npx checkly trigger\n"""\n}', ["all-checks@2"]),
        ("#!/bin/sh\nset -e\nnpx checkly trigger -t x\n", ["x@3"]),
        ("a: 1\n---\nb: npx checkly trigger -t x\n", ["x@3"]),
    ],
)  # fmt: skip
def test_other_files_are_read_too(text: str, expected: list[str]) -> None:
    profiles = import_file("file", text)
    assert [f"{profile.name}@{profile.origin.split()[1]}" for profile in profiles] == expected
    written(profiles)


@pytest.mark.parametrize("text", ["", "npx checkly test", "echo trigger", "checkly", "trigger"])
def test_without_a_trigger_there_is_nothing_to_import(text: str) -> None:
    with pytest.raises(UsageError, match="There is no `checkly trigger` in the command line"):
        import_command(text)
    with pytest.raises(UsageError, match=r"There is no `checkly trigger` in ci\.yml"):
        import_file("ci.yml", text)


NASTY = st.text(st.sampled_from("ab1 :#,[]{}&*!|>%@`\"'\\~-?$<=\n\té\u2028\x85\x7f."), max_size=12)


@given(st.lists(NASTY, min_size=1, max_size=4), NASTY)
def test_any_value_comes_through_as_it_is(tags: list[str], name: str) -> None:
    profile = ImportedProfile(
        "p", {"name": name, "target": {"matchTags": [tags]}, "n": 1}, (name, "x " * 90)
    )
    text = file_text([profile])
    diagnostics = Diagnostics()
    root = parse(Source("new.yaml", text), diagnostics)
    assert root is not None
    content = plain(root.values["profiles"])
    assert content == {"p": {"name": name, "target": {"matchTags": [tags]}, "n": 1}}


@settings(deadline=None)
@given(st.text(st.sampled_from("ab=$(){}<>|&;'\"`\\\n #-,x ") | st.characters(), max_size=60))
def test_no_text_makes_import_fail_otherwise(text: str) -> None:
    list(commands(text))
    for profile in import_command(f"checkly trigger {text}"):
        assert profile.name
    for profile in import_file("f", f"checkly trigger {text}"):
        file_text([profile])

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.config.formatting.formatter import format_text
from runner.config.yaml.nodes import Mapping, literal
from runner.config.yaml.parse import parse
from runner.diagnostics import Diagnostics
from runner.errors import UsageError
from runner.importer.find import import_command, import_file
from runner.importer.translate import ImportedProfile
from runner.importer.write import file_text
from runner.source import Source


def one(text: str) -> ImportedProfile:
    (profile,) = import_command(text).profiles
    return profile


def values(flags: str) -> dict[str, object]:
    return one(f"npx checkly trigger -l eu-west-1 {flags}").values


def notes(flags: str) -> str:
    return "\n".join(one(f"npx checkly trigger -l eu-west-1 {flags}").notes)


@pytest.mark.parametrize(
    "start",
    [
        "npx checkly trigger",
        "npx --yes checkly@latest trigger",
        "npx -y checkly trigger",
        "npx -p checkly checkly trigger",
        "npx checkly@${{ inputs.version }} trigger",
        "npx dotenv -e .env -- checkly trigger",
        "checkly trigger",
        "./node_modules/.bin/checkly trigger",
        "$(npm bin)/checkly trigger",
        "node node_modules/checkly/bin/run.js trigger",
        "pnpm exec checkly trigger",
        "pnpm --filter e2e exec checkly trigger",
        "yarn dlx checkly@8.1.0 trigger",
        "npm exec -- checkly trigger",
        "npm exec checkly -- trigger",
        "CI=1 FORCE_COLOR=1 npx checkly trigger",
        "env CI=1 timeout 10m npx checkly trigger",
        "cd e2e && npm ci; npx checkly trigger",
        "  # first\n\nnpx \\\n  checkly \\\n  trigger",
        'bash -c "npx checkly trigger"',
        "sh -ec 'cd e2e && npx checkly trigger'",
        "eval npx checkly trigger",
        "(npx checkly trigger)",
        "OUT=$(npx checkly trigger)",
        "if true; then npx checkly trigger > log.txt 2>&1; fi",
        "CMD='npx checkly trigger'; $CMD",
    ],
)
def test_the_command_is_found_however_it_is_started(start: str) -> None:
    profile = one(start)
    assert profile.values == {
        "runLocation": "eu-central-1",
        "target": "all",
        "retryStrategy": None,
    }
    assert profile.name == "all-checks"
    assert "eu-central-1 is the Checkly CLI's default" in profile.notes[0]
    assert "runs every check of the account" in profile.notes[1]


@pytest.mark.parametrize(
    "text",
    [
        "echo npx checkly trigger",
        "printf 'checkly trigger\\n'",
        "log 'checkly trigger'",
        "grep -q 'checkly trigger' log.txt",
        "# npx checkly trigger",
        "cat <<EOF\nnpx checkly trigger\nEOF",
        "cat <<'EOF'\nit's npx checkly trigger\nEOF",
        "git commit -m 'npx checkly trigger'",
        "docker run alpine echo checkly trigger",
        "sudo echo checkly trigger",
        "npx echo checkly trigger",
        "npx --yes prettier checkly trigger",
        "npm run checkly trigger",
        "xargs npx checkly trigger",
        "alias smoke='npx checkly trigger'",
        "MESSAGE='npx checkly trigger'",
        "assert_equals 'npx checkly trigger' x",
        "echo a; # npx checkly trigger",
        "$RUN checkly trigger",
        "checkly",
        "checkly --version",
        "trigger",
        "",
        "echo 'npx checkly trigger",
    ],
)
def test_what_is_not_surely_the_command_is_not_imported(text: str) -> None:
    with pytest.raises(UsageError, match="There is no `checkly trigger` command in the command"):
        import_command(text)
    with pytest.raises(UsageError, match=r"There is no `checkly trigger` command in ci\.sh"):
        import_file("ci.sh", text)


@pytest.mark.parametrize(
    ("flags", "key", "value"),
    [
        ("--tags a,b", "target", {"matchTags": [["a", "b"]]}),
        ("--tags a,b --tags c", "target", {"matchTags": [["a", "b"], ["c"]]}),
        ("-t 'a, b' -t '!c'", "target", {"matchTags": [["a", " b"], ["!c"]]}),
        ("-t a b,c --detach", "target", {"matchTags": [["a"], ["b", "c"]]}),
        ('-t "$TAGS"', "target", {"matchTags": ["$<env.TAGS.split(',')>"]}),
        ("-t${TAGS}", "target", {"matchTags": ["$<env.TAGS.split(',')>"]}),
        ("-t a$GITHUB_SHA", "target", {"matchTags": ["$<('a' ~ git.sha).split(',')>"]}),
        ("-t it\\'s,$A", "target", {"matchTags": ["$<('it\\'s,' ~ env.A).split(',')>"]}),
        ("--check-id x,y --check-id z", "target", {"checkId": ["x", "y", "z"]}),
        ("--check-id '\"x\", y'\",'z\"", "target", {"checkId": ["x", "y", "'z"]}),
        ("-dt=a -vtb", "target", {"matchTags": [["a"], ["b"]]}),
        ("-e 'A=\"x' -e 'y\" # z'", "environmentVariables", {"A": "x\ny"}),
        ("--check-id x -t a", "target", {"matchTags": [["a"]], "checkId": "x"}),
        ("-n 'My session'", "name", "My session"),
        ('--test-session-name "Smoke $GITHUB_SHA"', "name", "Smoke $<git.sha>"),
        ("--refresh-cache", "refreshCache", True),
        ("--timeout 300", "timeoutSeconds", 300),
        ("--timeout $T", "timeoutSeconds", "$<env.T>"),
        ("--no-fail-on-no-matching", "failOnNoMatching", False),
        ("--retries 0", "retryStrategy", None),
        ("--retries 2", "retryStrategy",
         {"type": "FIXED", "baseBackoffSeconds": 0, "maxRetries": 2}),
        ("-t a || true", "allowFailure", True),
        ("-t a || echo failed", "allowFailure", True),
    ],
)  # fmt: skip
def test_flags_with_a_counterpart(flags: str, key: str, value: object) -> None:
    assert values(flags)[key] == value


@pytest.mark.parametrize("flag", ["-l x", "-lx", "-l=x", "--location x", "--location=x"])
def test_spellings_of_a_value(flag: str) -> None:
    assert one(f"checkly trigger -dv {flag}").values["runLocation"] == "x"


def test_a_private_location_is_a_location() -> None:
    assert one("checkly trigger --private-location dc-1").values["runLocation"] == "dc-1"


@pytest.mark.parametrize(
    "flags",
    [
        "$ARGS",
        '"$ARGS"',
        '"$@"',
        "$*",
        '"${ARGS[@]}"',
        "${ARGS:+--tags x}",
        "$(flags)",
        "`flags`",
        "<(flags)",
        "-t $(flags)",
        '-t "${TAGS%,}"',
        '-t "${TAGS//;/,}"',
        "-t $((1 + 1))",
        "-t $1",
        "-t {a,b}",
        "-t {\\$x",
        "-t a{1..3}",
        "-t a $MORE",
        "-t a ${{ inputs.flags }}",
        "--$FLAG=a",
        "smoke",
        "-- smoke",
        "--tag a",
        "--new",
        "-x",
        "-dx",
        "--tags",
        "--tags=",
        "-t a,",
        "-t ,a",
        "--check-id ''",
        "'--tags a'",
        "-e A=1 --env-file x",
        "-l a -l b",
        "--retries x",
        "--detach=1",
        "-v=1",
        "-r list,foo",
        "--check-id 'a\\,b'",
        "^\n--tags a",
        "\\\\\n --tags a",
        "-t 'a",
        "-t a; for x in; do",
        'TAGS="-t a"',
        "-t \"${A:-'b'}\"",
        f"{'-t a ' * 600}",
    ],
)
def test_what_is_not_understood_leaves_the_target_out(flags: str) -> None:
    found = import_command(f"npx checkly trigger {flags}").profiles
    assert all("target" not in profile.values for profile in found)
    assert all("Write the target" in "".join(profile.notes) for profile in found)


@pytest.mark.parametrize(
    ("script", "groups"),
    [
        ("T=a,b", [["a", "b"]]),
        ("export T=a", [["a"]]),
        ("readonly T='a,b'", [["a", "b"]]),
        ("A=a; T=$A,b", [["a", "b"]]),
        ("cd x && T=a", None),
        ("T=a && cd x", [["a"]]),
        ("T=${T:-a,b}", ["$<(env.T or 'a,b').split(',')>"]),
        ("T=${1:-a}", None),
        ("T=a; T=b", None),
        ("T=a; T+=,b", None),
        ("if x; then T=a; fi", None),
        ("read -r T", None),
        ("T=$(cat tags)", None),
        ("f() { T=a; }; f", None),
        ("T=a f", ["$<env.T.split(',')>"]),
        ("T=a\necho", [["a"]]),
    ],
)
def test_variables_of_the_script_are_followed_in_plain_sight(
    script: str, groups: list[object] | None
) -> None:
    target = one(f'{script}\nnpx checkly trigger -t "$T"').values.get("target")
    assert target == ({"matchTags": groups} if groups else None)


@pytest.mark.parametrize(
    "line",
    [
        "source ./settings.sh",
        ". ./settings.sh",
        "command . ./settings.sh",
        "eval 'ARGS=--tags=smoke'",
        "printf -v ARGS -- '--tags=%s' smoke",
        "IFS= read -r ARGS < arguments.txt",
        "IFS=, builtin read ARGS",
        ': "${ARGS:=--tags=smoke}"',
        "declare -n OTHER=ARGS; OTHER=--tags=smoke",
        "unset -v ARGS",
        "unset 'ARGS'",
        'unset "$NAME"',
        "export $(cat .env | xargs)",
        'export "$NAME=--tags=smoke"',
        "export 'ARGS'=--tags=smoke",
        'readonly "ARGS=$OTHER"',
        "command export ARGS=--tags=smoke",
        'read -r "$NAME"',
        'printf -v "$NAME" x',
    ],
)
def test_what_may_set_a_variable_again_leaves_the_target_out(line: str) -> None:
    profile = one(f"ARGS=\n{line}\nnpx checkly trigger -l eu-west-1 $ARGS")
    assert "target" not in profile.values


@pytest.mark.parametrize(
    "text",
    [
        "npx checkly trigger \\ \n  --tags x",
        "npx checkly trigger \\\t\n  --tags x",
        "npx checkly trigger \\\n  \\ \n  --tags x",
        "npx checkly trigger -l eu-west-1 \\ \n  --tags x",
        "npx checkly trigger \\  --tags x",
        ": |\\ npx checkly trigger",
        "true &&\\ npx checkly trigger",
    ],
)
def test_a_blank_behind_the_backslash_of_a_line_is_a_word(text: str) -> None:
    profile = one(text)
    assert "target" not in profile.values


@pytest.mark.parametrize("use", ['eval "$CMD"', "eval $CMD", "$CMD", 'bash -c "checkly $SUB"'])
def test_a_command_in_a_variable_is_found(use: str) -> None:
    profile = one(f"SUB='trigger --tags x'\nCMD=\"npx checkly $SUB\"\n{use}\n")
    assert profile.values["target"] == {"matchTags": [["x"]]}


@pytest.mark.parametrize("more", ["--tags=x", "--tags x", "-t x", "-tx"])
def test_a_flag_behind_a_second_prompt_leaves_the_target_out(more: str) -> None:
    assert "target" not in one(f"npx checkly trigger \\\n> {more}").values


def test_what_is_set_after_a_sourced_file_is_followed() -> None:
    profile = one("source ./settings.sh\nTAGS=smoke\nnpx checkly trigger --tags $TAGS")
    assert profile.values["target"] == {"matchTags": [["smoke"]]}


@pytest.mark.parametrize(
    "settings",
    [
        "ARGS :=\nARGS += --tags smoke",
        "ARGS =\nARGS != cat arguments.txt",
        "ARGS =\ndefine ARGS\n--tags smoke\nendef",
        "ARGS =\noverride ARGS = --tags smoke",
        "ARGS =\nsmoke: ARGS = --tags smoke",
        "ARGS =\nsmoke: export ARGS := --tags smoke",
        "ARGS =\n-include local.mk",
        "ARGS =\n$(eval ARGS := --tags smoke)",
        "ARGS =\nNAME = ARGS\n$(NAME) += --tags smoke",
        "ifndef ALL\nARGS =\nendif",
        "ARGS = --tags smoke\nifdef ALL\nARGS =\nendif",
    ],
)
def test_a_variable_of_make_is_followed_only_if_it_is_set_once_for_all(settings: str) -> None:
    text = f"{settings}\nsmoke:\n\tnpx checkly trigger $(ARGS)\n"
    (profile,) = import_file("Makefile", text).profiles
    assert "target" not in profile.values


def test_a_variable_of_make_may_be_set_below_its_use() -> None:
    text = "ARGS =\nsmoke:\n\tnpx checkly trigger $(ARGS)\nARGS += --tags smoke\n"
    (profile,) = import_file("Makefile", text).profiles
    assert "target" not in profile.values


def test_a_comment_behind_a_variable_of_make_is_not_its_value() -> None:
    text = "WHERE = -l eu-west-1 # near\nall:\n\tnpx checkly trigger $(WHERE) --tags 'a b'\n"
    (profile,) = import_file("Makefile", text).profiles
    assert profile.values["target"] == {"matchTags": [["a b"]]}
    assert profile.values["runLocation"] == "eu-west-1"


@pytest.mark.parametrize(
    "page",
    [
        "```console\n$ npx checkly trigger \\\n> --tags=smoke\n```\n",
        "> ```sh\n> npx checkly trigger \\\n>   --tags=smoke\n> ```\n",
        "> ```console\n> $ npx checkly trigger \\\n> > --tags=smoke\n> ```\n",
        "1. Run\n\n    ```sh\n    npx checkly trigger --tags=smoke\n    ```\n",
        "```console\n$ npm exec checkly -- trigger --tags=smoke\n```\n",
    ],
)
def test_prompts_quotes_and_lists_of_a_page_are_not_part_of_a_command(page: str) -> None:
    (profile,) = import_file("page.md", page).profiles
    assert profile.values["target"] == {"matchTags": [["smoke"]]}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            ".gitlab-ci.yml",
            (
                "variables: {TAGS: production}\n.smoke: {variables: {TAGS: smoke}}\n"
                "job:\n  extends: .smoke\n  script: npx checkly trigger --tags $TAGS\n"
            ),
        ),
        (
            ".gitlab-ci.yml",
            (
                "variables: {TAGS: production}\njob:\n  parallel: {matrix: [{TAGS: [a, b]}]}\n"
                "  script: npx checkly trigger --tags $TAGS\n"
            ),
        ),
        (
            ".gitlab-ci.yml",
            (
                "variables: {TAGS: production}\njob:\n  script:\n  - export TAGS=smoke\n"
                "  - npx checkly trigger --tags $TAGS\n"
            ),
        ),
        (
            ".gitlab-ci.yml",
            (
                "variables: {TAGS: production}\njob:\n  before_script: [source settings.sh]\n"
                "  script: npx checkly trigger --tags $TAGS\n"
            ),
        ),
        (
            "smoke.yml",
            (
                "on: push\nenv: {TAGS: production}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n"
                '    steps:\n    - run: echo "TAGS=smoke" >> "$GITHUB_ENV"\n'
                "    - run: npx checkly trigger --tags $TAGS\n"
            ),
        ),
        (
            "smoke.yml",
            (
                "on: push\nenv: {TAGS: production}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n"
                "    steps:\n    - run: TAGS=smoke bash -c 'npx checkly trigger --tags $TAGS'\n"
            ),
        ),
        (
            "smoke.yml",
            (
                "on: push\nenv: {TAGS: production}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n"
                "    env: {TAGS: ''}\n    steps:\n    - run: npx checkly trigger --tags $TAGS\n"
            ),
        ),
        (
            "azure-pipelines.yml",
            (
                "variables: {TAGS: production}\nsteps:\n"
                "- bash: echo '##vso[task.setvariable variable=TAGS]smoke'\n"
                "- bash: npx checkly trigger --tags $TAGS\n"
            ),
        ),
    ],
)
def test_a_variable_that_a_ci_file_sets_again_is_not_followed(name: str, text: str) -> None:
    (profile,) = import_file(name, text).profiles
    assert profile.values["target"] == {"matchTags": ["$<env.TAGS.split(',')>"]}


def test_a_variable_that_is_only_passed_on_is_followed() -> None:
    text = (
        "on: push\nenv: {TAGS: production, URL: 'https://shop.example'}\njobs:\n  a:\n"
        "    runs-on: ubuntu-24.04\n    steps:\n"
        "    - run: npx checkly trigger --tags $TAGS --env URL=$URL\n"
    )
    (profile,) = import_file("smoke.yml", text).profiles
    assert profile.values["target"] == {"matchTags": [["production"]]}
    assert profile.values["environmentVariables"] == {"URL": "https://shop.example"}


GITHUB_SECRET = """\
on: push
env: {TOP: "${{ secrets.T }}"}
jobs:
  a:
    runs-on: ubuntu-24.04
    steps:
      - run: npx checkly trigger --tags x -e A=VALUE
        env: {S: "${{ secrets.Z }}"}
"""


@pytest.mark.parametrize(
    "value",
    [
        "${{ env.S }}",
        "${{ env.TOP }}",
        "${{ env['TOP'] }}",
        "${{ env.TOP || 'none' }}",
        "${{ format('{0}', env.S) }}",
        "${{ format('{0}', env.API_TOKEN) }}",
        "${S:0:3}",
        "$(echo $S | base64)",
        "$(echo ${{ secrets.X }} | base64)",
        "$(echo $API_TOKEN | base64)",
        "${API_TOKEN%x}",
        "${X:-$(echo $API_TOKEN)}",
    ],
)
def test_what_is_made_of_a_secret_is_a_secret(value: str) -> None:
    text = GITHUB_SECRET.replace("VALUE", value)
    (profile,) = import_file("smoke.yml", text).profiles
    variables = profile.values["environmentVariables"]
    assert isinstance(variables, dict)
    assert variables["A"]["secret"] is True


def test_secrets_of_a_gitlab_job_are_secrets() -> None:
    for key, kind in (("secrets", "vault"), ("id_tokens", "aud")):
        text = f"a:\n  {key}: {{DB: {{{kind}: db}}}}\n  script: npx checkly trigger -t x -e A=$DB\n"
        (profile,) = import_file(".gitlab-ci.yml", text).profiles
        secret = {"value": "$<env.DB>", "secret": True}
        assert profile.values["environmentVariables"] == {"A": secret}


@pytest.mark.parametrize("use", ["$(A)", "$$A", "$(shell echo $$API_TOKEN | base64)"])
def test_a_variable_of_make_that_reads_a_secret_is_a_secret(use: str) -> None:
    text = f'A = $(shell echo $$API_TOKEN | base64)\na:\n\tnpx checkly trigger -t x -e "B={use}"\n'
    (profile,) = import_file("Makefile", text).profiles
    assert profile.values["environmentVariables"] == {"B": {"value": "$<env.B>", "secret": True}}


@pytest.mark.parametrize("value", ["$API_TOKEN", "Bearer-$API_TOKEN", "${API_TOKEN}"])
def test_a_variable_of_a_ci_file_that_reads_a_secret_is_a_secret(value: str) -> None:
    text = f"a:\n  variables: {{S: '{value}'}}\n  script: npx checkly trigger -t x -e A=$S\n"
    (profile,) = import_file(".gitlab-ci.yml", text).profiles
    assert profile.values["environmentVariables"] == {"A": {"value": "$<env.S>", "secret": True}}


def test_a_powershell_task_is_refused() -> None:
    text = "steps:\n- task: PowerShell@2\n  inputs: {script: npx checkly trigger --tags x}\n"
    with pytest.raises(UsageError, match="PowerShell@2` can't be read"):
        import_file("azure-pipelines.yml", text)


def test_lists_and_unquoted_variables_become_words() -> None:
    text = 'A=(-t "a b" -d)\nB="-t c -l eu-west-1"\nE=\nnpx checkly trigger "${A[@]}" $B $E'
    assert one(text).values["target"] == {"matchTags": [["a b"], ["c"]]}
    text = 'A=(-t a)\nA+=(-t b)\nnpx checkly trigger "${A[@]}"'
    assert "target" not in one(text).values


def test_a_loop_over_written_words_becomes_a_matrix() -> None:
    profile = one("for t in a b; do npx checkly trigger -t $t -e A=$t; done")
    assert profile.values["matrix"] == {"t": ["a", "b"]}
    assert profile.values["target"] == {"matchTags": [["$<matrix.t>"]]}
    assert profile.values["environmentVariables"] == {"A": "$<matrix.t>"}
    for words in ("$LIST", "*.txt", "$(ls)", '"$@"'):
        assert "target" not in one(f"for t in {words}; do npx checkly trigger -t $t; done").values


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("npx checkly trigger & wait", "in the background"),
        ("npx checkly trigger || notify", "After a failure"),
        ("npx checkly trigger | tee x", "into a pipe"),
        ("! npx checkly trigger", "inverted its exit code"),
        ("f || npx checkly trigger", "under a condition, with `||`"),
        ("[ a ] && npx checkly trigger", "under a condition, with `&&`"),
        ("case a in a) npx checkly trigger;; esac", "inside a `case`"),
        ("while read x; do npx checkly trigger; done", "inside a loop"),
        ("OUT=$(npx checkly trigger)", "used its output"),
        ("CHECKLY_API_KEY=cu_swordfish npx checkly trigger", "CHECKLY_API_KEY was set:"),
        ("export CHECKLY_ACCOUNT_ID=$ACCOUNT\nnpx checkly trigger", "was set to $ACCOUNT"),
        ("npx checkly trigger -e 'A=b'\"'c\"", ""),
    ],
)
def test_what_the_script_does_around_it_is_said(text: str, note: str) -> None:
    assert note in "\n".join(one(text).notes)
    assert "swordfish" not in file_text([one(text)])


@pytest.mark.parametrize(
    ("flags", "key", "value"),
    [
        ('-e A="$(date)" -e B=`id` -e "C=$(x)-$(y)"', "environmentVariables",
         {"A": "$<env.A>", "B": "$<env.B>", "C": "$<env.C>-$<env.C_2>"}),
        ("-e A=${{inputs.url}} -e B=${{ inputs.url }} -e C=${{ vars.url }}", "environmentVariables",
         {"A": "$<env.URL>", "B": "$<env.URL>", "C": "$<env.url>"}),
        ("-e A=$URL -e B=${{ inputs.url }}", "environmentVariables",
         {"A": "$<env.URL>", "B": "$<env.URL_2>"}),
        ("-e A=${X:-ghp_swordfish1}", "environmentVariables",
         {"A": {"value": "$<env.A>", "secret": True}}),
        ("-n ghp_swordfish1", "name", "$<env.SESSION_NAME>"),
        ("-n ${X:-ghp_swordfish1}", "name", "$<env.SESSION_NAME>"),
        ("-e A=${{ inputs.a || 'ghp_swordfish1' }}", "environmentVariables", {"A": "$<env.A>"}),
    ],
)  # fmt: skip
def test_what_stands_for_a_value_has_a_name_of_its_own(flags: str, key: str, value: object) -> None:
    profile = one(f"checkly trigger -t x {flags}")
    assert profile.values[key] == value
    assert "swordfish" not in file_text([profile])


@pytest.mark.parametrize("after", ["|| exit 1", "&& echo done", "; echo done", ""])
def test_what_changes_nothing_is_not_said(after: str) -> None:
    assert notes(f"-t a {after}") == ""


def test_a_package_script_takes_more_words_as_its_runner_passes_them() -> None:
    package = (
        '{"scripts": {"t": "checkly trigger -l x", "a": "npm run t -- -t a", "b": "pnpm t -t b",'
        ' "c": "npm run t -t c", "d": "npm t -- -t d", "e": "yarn run t", "f": "npm run f",'
        ' "g": "checkly trigger && echo", "h": "npm run g -- -t h", "i": "yarn t -t \'a b\'",'
        ' "j": "npm run t j -- -t j", "l": "npm run t --x"}}'
    )
    profiles = import_file("package.json", package).profiles
    found = {profile.name: profile.values.get("target") for profile in profiles}
    assert found == {
        "t": "all",
        "a": {"matchTags": [["a"]]},
        "b": {"matchTags": [["b"]]},
        "g": "all",  # and so does h: echo gets its words
        "i": {"matchTags": [["a b"]]},
        "c": None,  # npm passes the word, and keeps the flag
        "j": None,
    }


def test_standard_input_is_read_by_what_it_holds() -> None:
    for text in (
        "npx checkly trigger -t x",
        '{"scripts": {"x": "npx checkly trigger -t x"}}',
        "on: push\njobs: {a: {steps: [{run: npx checkly trigger -t x}]}}",
        "npx checkly trigger\n```sh\nnpx checkly trigger -t x\n```\n",
    ):
        (profile,) = import_file("standard input", text).profiles
        assert profile.values["target"] == {"matchTags": [["x"]]}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Jenkinsfile", "node { sh 'npx checkly trigger' }"),
        ("a.ps1", "npx checkly trigger"),
        ("a.py", "npx checkly trigger"),
        ("a.txt", "npx checkly trigger"),
        ("a.json", '{"a": "npx checkly trigger"}'),
        ("a.json", "["),
        ("a.yml", "- npx checkly trigger"),
        ("a.yml", "run: npx checkly trigger"),
        ("a.yml", "{"),
    ],
)
def test_other_files_are_refused_with_advice(name: str, text: str) -> None:
    with pytest.raises(UsageError, match=r"is not (a file type|valid YAML)") as refused:
        import_file(name, text)
    assert "Give the command line itself" in (refused.value.hint or "")


def test_a_script_without_an_ending_is_known_by_its_first_line() -> None:
    text = "#!/usr/bin/env bash\nnpx checkly trigger -t a\n"
    assert import_file("smoke", text).profiles[0].origin == "line 2 of smoke"


def test_yaml_that_is_refused_is_called_so_however_its_ending_is_written() -> None:
    with pytest.raises(UsageError, match="is not valid YAML of a known CI system"):
        import_file("Taskfile.YML", "tasks: {}\n")


def test_more_than_can_be_meant_is_refused() -> None:
    with pytest.raises(UsageError, match="more than 500 commands"):
        import_file("a.sh", "".join(f"npx checkly trigger -t {n}\n" for n in range(502)))


def test_a_missing_parser_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from runner.importer import shell

    shell._parser.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "tree_sitter_bash", None)
    with pytest.raises(UsageError, match="shell parser that is not installed") as missing:
        import_command("npx checkly trigger")
    shell._parser.cache_clear()
    assert "[import]" in (missing.value.hint or "")


@pytest.mark.parametrize(
    "piece",
    [
        "${{", "${{ a }} ", "${{'", "(", "$(", '"$(', "`", '"', "'", "${", "{ ", "{,",
        "if a; then ", "a && ", "\\\n", "checkly@", "-e A=1 ", "<< parameters.x >> ",
        "$[[", "'x' ", "$X", "A=${A}${A}\n", "--tags ", "-", "- ",
    ],
)  # fmt: skip
def test_the_work_grows_with_the_text_and_not_faster(piece: str) -> None:
    """A text of 6 kB is refused or read, deep or long."""
    text = (piece * 6_000)[:6_000]
    for name in ("", "a.sh", "a.md", "Makefile", "Dockerfile"):
        try:
            script = f"npx checkly trigger {text}"
            import_file(name, script) if name else import_command(script)
        except UsageError:
            continue


def test_what_takes_the_parser_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runner.importer.shell._MAX_SECONDS", -1)
    with pytest.raises(UsageError, match="too complex"):
        import_file("a.sh", "npx checkly trigger -t a\n" * 100)
    monkeypatch.undo()
    assert import_command("npx checkly trigger -t a").profiles


NASTY = st.text(st.sampled_from("ab1 :#,[]{}&*!|>%@`\"'\\~-?$<=\n\té\u2028\x85\x7f."), max_size=12)


@given(st.lists(NASTY, min_size=1, max_size=4), NASTY)
def test_any_value_comes_through_as_it_is(tags: list[str], name: str) -> None:
    profile = ImportedProfile(
        "p", {"name": name, "target": {"matchTags": [tags]}, "n": 1}, (name, "x " * 90)
    )
    text = file_text([profile])
    diagnostics = Diagnostics()
    root = parse(Source("new.yaml", text), diagnostics)
    assert isinstance(root, Mapping)
    assert literal(root.values["profiles"]) == {
        "p": {"name": name, "target": {"matchTags": [tags]}, "n": 1}
    }
    assert format_text(Source("new.yaml", text), Diagnostics()) is not None

"""What a script does to its commands: other meanings, other programs, input, values of a matrix."""

import json

import pytest

from runner.errors import UsageError
from runner.importer.find import import_file

OTHER = "npx checkly trigger --tags other\n"


@pytest.mark.parametrize(
    "definition",
    [
        'checkly() { npx checkly "$@" --tags a; }',
        'function checkly { command checkly "$@" --tags a; }',
        "alias checkly='npx checkly'",
        'if [ -n "$CI" ]; then checkly() { echo; }; fi',
    ],
)
def test_a_command_that_the_script_defines_itself_is_not_imported(definition: str) -> None:
    with pytest.raises(UsageError, match="the script defines `checkly` itself"):
        import_file("smoke.sh", f"{definition}\ncheckly trigger\n")
    with pytest.raises(UsageError, match="the script defines `checkly` itself"):
        import_file("smoke.sh", f"{definition}\neval 'checkly trigger'\n")


@pytest.mark.parametrize(
    "script",
    [
        "bash <<EOF\nnpx checkly trigger --tags a\nEOF\n",
        "cat <<'EOF' | sudo bash\nnpx checkly trigger --tags a\nEOF\n",
        "ssh host <<EOF\nnpx checkly trigger --tags a\nEOF\n",
        "bash <<< 'npx checkly trigger --tags a'\n",
        "echo 'npx checkly trigger --tags a' | sh\n",
        "bash -c -l 'npx checkly trigger --tags a'\n",
        "bash -c '\"$@\"' _ npx checkly trigger --tags a\n",
        "npx $CLI trigger --tags a\n",
        'npx "$(name)" trigger --tags a\n',
        "npm run checkly -- trigger --tags a\n",
        "npx checkly $COMMAND --tags a\n",
        "${CLI:-npx checkly} trigger --tags a\n",
        "npx checkly@8.1.0 -- trigger --tags a\n",
        '"${CLI:-checkly}" trigger --tags a\n',
        "CMD='npx checkly trigger'; CMD+=' --tags a'; $CMD\n",
        'CMD=(npx checkly trigger); CMD+=(--tags a); "${CMD[@]}"\n',
        "if x; then CMD='npx checkly trigger --tags a'; fi; $CMD\n",
        "CMD='npx checkly trigger --tags a' ./run.sh\n",
    ],
)
def test_what_may_be_the_command_is_named_beside_those_that_are(script: str) -> None:
    (profile,), (note,) = import_file("smoke.sh", script + OTHER)
    assert profile.values["target"] == {"matchTags": [["other"]]}
    assert note.startswith("Line 1 of smoke.sh")


@pytest.mark.parametrize(
    "script",
    [
        "cat <<EOF\nnpx checkly trigger --tags a\nEOF\n",
        "npx checkly trigger --tags other | bash log.sh\n",
        "echo 'npx checkly trigger --tags a' | tee log\n",
        "foo trigger\n",
    ],
)
def test_text_and_other_programs_are_not_named(script: str) -> None:
    assert import_file("smoke.sh", script + OTHER).notes == []


@pytest.mark.parametrize("value", ["checkly", "checkly@8.1.0", "./node_modules/.bin/checkly"])
def test_the_program_may_be_in_a_variable(value: str) -> None:
    text = f"CLI={value}\nnpx $CLI trigger --tags a\n"
    workflow = {"on": "push", "env": {"CLI": value}, "jobs": {
        "a": {"steps": [{"run": "npx $CLI trigger --tags a"}]}}}  # fmt: skip
    for name, file in (("smoke.sh", text), ("smoke.yml", json.dumps(workflow))):
        (profile,) = import_file(name, file).profiles
        assert profile.values["target"] == {"matchTags": [["a"]]}


@pytest.mark.parametrize(
    ("start", "note"),
    [
        ("env CHECKLY_ACCOUNT_ID=5 npx", "CHECKLY_ACCOUNT_ID was set to 5"),
        ("npx cross-env CHECKLY_ACCOUNT_ID=5", "CHECKLY_ACCOUNT_ID was set to 5"),
        ("npx dotenv -e .env --", "started it with `dotenv`"),
        ("timeout 5m npx", "started it with `timeout`"),
    ],
)
def test_what_starts_the_program_is_said(start: str, note: str) -> None:
    (profile,) = import_file("smoke.sh", f"{start} checkly trigger --tags a\n").profiles
    assert note in "\n".join(profile.notes)
    assert profile.values["target"] == {"matchTags": [["a"]]}


@pytest.mark.parametrize(
    ("word", "values", "is_one_word"),
    [
        ("${{ matrix.t }}", ["a", "b-1.2,c"], True),
        ('"${{ matrix.t }}"', ["a b", "it's"], True),
        ("'${{ matrix.t }}'", ["a b", '"$X"'], True),
        ("${{ matrix.t }}", ["a b", "c"], False),
        ("x,${{ matrix.t }}", ["a;b", "c"], False),
        ("${{ matrix.t }}", ["a #", "c"], False),
        ('"${{ matrix.t }}"', ["$X", "c"], False),
        ("'${{ matrix.t }}'", ["it's", "c"], False),
    ],
)
def test_values_that_a_ci_system_writes_into_a_script(
    word: str, values: list[str], is_one_word: bool
) -> None:
    job = {
        "strategy": {"matrix": {"t": values}},
        "steps": [{"run": f"npx checkly trigger --tags {word}"}],
    }
    file = json.dumps({"on": "push", "jobs": {"a": job}}, ensure_ascii=False)
    (profile,) = import_file("smoke.yml", file).profiles
    assert ("target" in profile.values) is is_one_word
    assert "\ue000" not in str(profile)


def test_words_of_a_loop_are_split_where_they_have_no_quotes() -> None:
    text = "for t in 'a b' c; do npx checkly trigger --tags {}; done\n"
    (profile,) = import_file("smoke.sh", text.replace("{}", "$t")).profiles
    assert "target" not in profile.values
    (profile,) = import_file("smoke.sh", text.replace("{}", '"$t"')).profiles
    assert profile.values["target"] == {"matchTags": [["$<matrix.t>"]]}


def test_a_loop_that_only_repeats_a_command_is_said() -> None:
    text = "for i in 1 2 3; do npx checkly trigger --tags a && break; done\n"
    (profile,) = import_file("smoke.sh", text).profiles
    assert "It was inside a loop in the script." in profile.notes
    (profile,) = import_file("smoke.sh", text.replace("--tags a", "--tags $i")).profiles
    assert "It was inside a loop in the script." not in profile.notes


def test_commands_without_a_target_are_one_profile_only_if_they_read_the_same() -> None:
    text = "npx checkly trigger --tags $(a)\nnpx checkly trigger --tags $(b)\n"
    assert len(import_file("smoke.sh", text).profiles) == 2


@pytest.mark.parametrize("around", ["{}", "cd x && {}", "! {}", "a | {}", "[ x ] || {}", "({})"])
@pytest.mark.parametrize("redirection", ["> log", "2> log", "&> log", "< /dev/null", "2>&1"])
def test_words_behind_a_redirection_belong_to_the_command(around: str, redirection: str) -> None:
    text = around.format(f"npx checkly trigger {redirection} --tags a") + "\n"
    (profile,) = import_file("smoke.sh", text).profiles
    assert profile.values["target"] == {"matchTags": [["a"]]}


def test_a_redirection_of_another_command_is_not_its_own() -> None:
    for text in ("npx checkly trigger && b > log -t a\n", "{ npx checkly trigger; } > log\n"):
        (profile,) = import_file("smoke.sh", text).profiles
        assert profile.values["target"] == "all"
        assert "--report" not in str(profile.notes)


@pytest.mark.parametrize("line", ["let T=4", "((T = 4))", "echo $((T = 4))", "((T++))"])
def test_a_variable_that_arithmetic_sets_leaves_the_target_out(line: str) -> None:
    (profile,) = import_file("smoke.sh", f"{line}\nnpx checkly trigger -t ${{T:-q}}\n").profiles
    assert "target" not in profile.values


def test_what_a_sourced_file_may_set_has_no_default() -> None:
    text = "source settings.sh\nnpx checkly trigger --tags ${T:-q}\n"
    (profile,) = import_file("smoke.sh", text).profiles
    assert profile.values["target"] == {"matchTags": ["$<env.T.split(',')>"]}


def test_a_tilde_is_filled_in_by_the_shell() -> None:
    (profile,) = import_file("smoke.sh", "npx checkly trigger --tags ~\n").profiles
    assert "target" not in profile.values


@pytest.mark.parametrize(
    "words",
    ["a\\\n,b", "a\\\nb -l x", '"a"\\\n"b"', '"a"\\ b', "'a'\\ ", r"$'a\\' -l 'x'"],
)
def test_parts_of_a_word_that_the_parser_takes_apart_leave_the_target_out(words: str) -> None:
    (profile,) = import_file("smoke.sh", f"npx checkly trigger --tags {words}\n").profiles
    assert "target" not in profile.values


def test_blanks_between_variables_are_kept() -> None:
    text = 'V="$A  $B"\nnpx checkly trigger -n "$A $B" -t "$A\t$B" -e "C= $A $1 $B" -e "D=$V"\n'
    (profile,) = import_file("smoke.sh", text).profiles
    assert profile.values["name"] == "$<env.A> $<env.B>"
    assert profile.values["target"] == {"matchTags": ["$<(env.A ~ '\t' ~ env.B).split(',')>"]}
    assert profile.values["environmentVariables"] == {
        "C": "$<env.A> $<env.C> $<env.B>",
        "D": "$<env.A>  $<env.B>",
    }


def test_only_the_tilde_of_a_value_is_filled_in_by_the_shell() -> None:
    (profile,) = import_file("smoke.sh", "npx checkly trigger -t a -e HOME=~/x\n").profiles
    assert profile.values["environmentVariables"] == {"HOME": "$<env.HOME>"}


@pytest.mark.parametrize("line", ["T=o", "false || T=o", "eval T=o", "source settings.sh"])
@pytest.mark.parametrize("start", ["eval", "bash -c", "/bin/sh -c"])
def test_a_variable_that_the_script_around_may_set_has_no_default(line: str, start: str) -> None:
    text = f"{line}\n{start} 'npx checkly trigger --tags ${{T:-q}}'\n"
    (profile,) = import_file("smoke.sh", text).profiles
    assert profile.values["target"] == {"matchTags": ["$<env.T.split(',')>"]}


def test_words_are_not_split_where_the_script_says_how() -> None:
    text = "IFS=,\nT=a,b\nnpx checkly trigger --tags {}\n"
    for word, is_known in (("$T", False), ("x,$T", False), ('"$T"', True)):
        (profile,) = import_file("smoke.sh", text.format(word)).profiles
        assert ("target" in profile.values) is is_known


@pytest.mark.parametrize("word", ["x$V", "${V}x", "${W:-a b}", "A=$V"])
def test_what_may_be_several_words_leaves_the_target_out(word: str) -> None:
    text = "V='a --check-id y'\nnpx checkly trigger --tags x -n {}\n"
    (profile,) = import_file("smoke.sh", text.format(word)).profiles
    assert "target" not in profile.values
    (profile,) = import_file("smoke.sh", text.format(f'"{word}"')).profiles
    assert profile.values["target"] == {"matchTags": [["x"]]}

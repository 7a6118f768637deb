"""Whole files: right after its apply, an unchanged file plans nothing but reruns."""

import json
import random
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.config.compile.configuration import compile_alone
from runner.config.files.files import FolderFiles
from runner.diagnostics import Diagnostics
from runner.fingerprints import Fingerprinter
from runner.models.instance import Instance
from runner.models.marked import Marked, mapped
from runner.models.plan import Action
from runner.models.record import Record
from runner.plan.base_diff import compare
from runner.plan.normalize import normal_form
from runner.secrets import Redactor
from tests.plan.records import make_plan
from tests.plan.test_planner import AT

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "checkly-sessions.yaml", *sorted(ROOT.glob("examples/*/checkly-sessions.yaml"))]


class Text:
    """A file that is nowhere but here."""

    def __init__(self, text: str) -> None:
        self.text = text

    def name(self, path: PurePosixPath) -> str:
        return str(path)

    def read(self, _path: PurePosixPath) -> bytes:
        return self.text.encode()

    def entries(self, _folder: PurePosixPath) -> dict[str, bool]:
        return {}

    def identity(self, path: PurePosixPath) -> PurePosixPath:
        return path


def compiled(text: str) -> tuple[Instance, ...]:
    path = PurePosixPath("checkly-sessions.yaml")
    return compile_alone(path, Text(text), {}, Redactor(), Diagnostics()).instances


def fingerprint(secret: str) -> dict[str, str]:
    maker = Fingerprinter("key")
    return {"keyId": maker.key_id, "fingerprint": maker.fingerprint(secret, "account")}


def applied(instances: tuple[Instance, ...]) -> dict[str, Record]:
    """The records of an apply of all, as they come back from the state."""
    records = [
        Record(
            instance=instance.name,
            profile=instance.profile,
            apply_id="1",
            request=normal_form(instance.body, fingerprint),
            applied_at=AT,
        )
        for instance in instances
    ]
    return {
        record.instance: Record.model_validate_json(record.model_dump_json(by_alias=True))
        for record in records
    }


def actions(before: tuple[Instance, ...], after: tuple[Instance, ...]) -> set[Action]:
    plan = make_plan(after, applied(before), fingerprint, everything=True)
    return {planned.action for planned in plan.instances}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_every_example_is_all_reruns_right_after_its_apply(path: Path) -> None:
    files, inside = FolderFiles.around(path, path.parent)
    first, second = (
        compile_alone(inside, files, {}, Redactor(), Diagnostics()).instances for _ in range(2)
    )
    assert first
    assert actions(first, second) == {Action.RERUN}


words = st.sampled_from(["a", "b c", "$<env.HOST>", "x $<git.sha>", "$<var.v>", "{{H}}", "é"])
plain = st.sampled_from(["a", "b c", "$<env.HOST>", "$<var.v>", "{{H}}", "é"])
profile = st.fixed_dictionaries(
    {
        "target": st.just("all")
        | st.fixed_dictionaries(
            {
                "matchTags": st.lists(
                    st.lists(plain, min_size=1, max_size=3), min_size=1, max_size=3
                )
            },
            optional={"allowDeactivated": st.booleans()},
        ),
        "runLocation": plain,
    },
    optional={
        "name": words,
        "environmentVariables": st.dictionaries(
            st.sampled_from(["A", "B_URL", "secret", "unset", "a.b"]),
            words
            | st.fixed_dictionaries({"value": words}, optional={"locked": st.booleans()})
            | st.just({"value": "$<env.TOKEN>", "secret": True}),
            max_size=4,
        ),
        "retryStrategy": st.none()
        | st.fixed_dictionaries(
            {"type": st.sampled_from(["FIXED", "LINEAR", "EXPONENTIAL"])},
            optional={"maxRetries": st.integers(1, 10), "baseBackoffSeconds": st.integers(0, 99)},
        ),
        "refreshCache": st.booleans(),
        "metadata": st.dictionaries(
            st.sampled_from(["environment", "commitId", "branchName"]), words, max_size=2
        ),
        "timeoutSeconds": st.integers(1, 999),
    },
)
values = st.sampled_from(["w", "$<git.sha>-a", "$<git.sha>-b", "$<env.HOST>", "$$<env.HOST>"])
files = st.builds(
    lambda value, profiles: {
        "version": 1,
        "publicEnv": ["HOST"],
        "variables": {"v": value},
        "profiles": profiles,
    },
    values,
    st.dictionaries(st.sampled_from("pqrs"), profile, min_size=1, max_size=3),
)


def shuffled(tree: Any, chance: random.Random) -> Any:
    if isinstance(tree, dict):
        items = [(key, shuffled(child, chance)) for key, child in tree.items()]
        chance.shuffle(items)
        return dict(items)
    return tree


@settings(deadline=None, max_examples=40)
@given(files, st.randoms(use_true_random=False))
def test_a_generated_file_is_all_reruns_however_it_is_ordered(
    file: dict[str, Any], chance: random.Random
) -> None:
    first, second = compiled(json.dumps(file)), compiled(json.dumps(shuffled(file, chance)))
    assert actions(first, second) == {Action.RERUN}
    compared = compare(first, second)
    assert {planned.action for planned in compared.instances} == {Action.RERUN}


@settings(deadline=None, max_examples=40)
@given(files, files, values)
def test_two_generated_files_differ_where_their_requests_do(
    one: dict[str, Any], other: dict[str, Any], value: str
) -> None:
    assert_told(one, other)
    reads = one | {"profiles": {"v": {"name": "$<var.v>", "target": "all", "runLocation": "x"}}}
    assert_told(reads, reads | {"variables": {"v": value}})


def assert_told(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Assert that the plan from one file to the other tells what would be sent otherwise."""
    first, second = compiled(json.dumps(one)), compiled(json.dumps(other))
    before, sent = (
        {each.name: normal_form(by_value(each), fingerprint) for each in version}
        for version in (first, second)
    )
    forms = {each.name: normal_form(each.body, fingerprint) for each in first}
    plan = make_plan(second, applied(first), fingerprint)
    for planned in plan.instances:
        is_rerun = planned.action is Action.RERUN
        assert is_rerun == (forms.get(planned.name) == planned.request)
        assert not is_rerun or before[planned.name] == sent[planned.name]


def by_value(instance: Instance) -> Any:
    """The request without what says how it is compared."""

    def bare(leaf: Any) -> Any:
        return replace(leaf, template=None, inputs=()) if isinstance(leaf, Marked) else leaf

    return mapped(instance.body, bare)


def one_profile(variables: str) -> str:
    return (
        f"version: 1\nvariables: {{{variables}}}\nprofiles:\n  p:\n    runLocation: x\n"
        "    target: all\n    name: At $<var.x>\n    environmentVariables:\n"
        "      URL: $<var.x>/$<run.id>\n"
        "      KEY: {value: $<env.KEY ~ var.x>, secret: true}\n"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x: https://a/$<git.sha>", "x: https://b/$<git.sha>"),
        ("x: $<git.sha>", "x: $<git.branch>"),
        ("x: $<var.y ~ run.id>, y: $$<git.sha>", "x: $<var.y ~ run.id>, y: $<git.sha>"),
        ("x: $<var.y>, y: a-$<ci.runId>", "x: $<var.y>, y: b-$<ci.runId>"),
        ("x: $<var.y ~ run.id>, y: 1", "x: $<var.y ~ run.id>, y: 2"),
        ("x: $<var.y ~ run.id>, y: 1.1", "x: $<var.y ~ run.id>, y: 1.10"),
        ("x: '$<var.y[0] ~ run.id>', y: [1e1]", "x: '$<var.y[0] ~ run.id>', y: [10.0]"),
        ("x: $<var.y.a>, y: {a: $<run.id>, b: c}", "x: $<var.y.a>, y: {b: $<run.id>, a: c}"),
        ("x: $<var.y.0.a>, y: ['$<run.id>']", "x: $<var.y.0.a>, y: [a, '$<run.id>']"),
    ],
)
def test_what_a_volatile_text_reads_through_variables_is_compared(before: str, after: str) -> None:
    first, second = (compiled(one_profile(each)) for each in (before, after))
    (planned,) = make_plan(second, applied(first), fingerprint).instances
    paths = [f"environmentVariables.{key}.value" for key in ("URL", "KEY")]
    assert [change.path for change in planned.changes] == ["name", *paths]
    assert actions(first, compiled(one_profile(before))) == {Action.RERUN}
    (compared,) = compare(first, second).instances
    assert compared.action is Action.UPDATE


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ("timeoutSeconds: 60", "timeoutSeconds: $<env.T>", "timeoutSeconds"),
        ("timeoutSeconds: $<env.T>", "timeoutSeconds: $<env.U>", "timeoutSeconds"),
        ("", "allowFailure: $<env.LENIENT>", "allowFailure"),
        ("failOnDegraded: $<env.A>", "", "failOnDegraded"),
        ("labels: {a: b, c: $<git.branch>}", "labels: {a: x, c: $<git.branch>}", "labels.a"),
        ("expectChecks: {min: $<env.A>}", "expectChecks: {min: $<env.B>}", "expectChecks.min"),
        (
            "expectChecks: {min: $<env.A>}",
            "expectChecks: {min: $<env.A>, max: 9}",
            "expectChecks.max",
        ),
        ("expectChecks: null", "expectChecks: $<env.X>", "expectChecks"),
        (
            "quarantine: [{check: a, reason: $<env.A>, owner: o, until: 2030-01-01}]",
            "quarantine: [{check: b, reason: $<env.A>, owner: o, until: 2030-01-01}]",
            "quarantine",
        ),
    ],
)
def test_the_runners_own_keys_may_stand_for_themselves(before: str, after: str, path: str) -> None:
    first, second = (
        compiled(
            "version: 1\ndefaults: {runLocation: x, target: all, retryStrategy: {type: FIXED}}\n"
            f"profiles:\n  p:\n    name: x\n    {each}\n"
        )
        for each in (before, after)
    )
    (planned,) = compare(first, second).instances
    assert [change.path for change in planned.changes] == [path]
    (planned,) = compare(first, first).instances
    assert planned.changes == ()


@pytest.mark.parametrize(
    "text",
    [
        "name: $$<env.X>",
        "name: $$<env.X> of $<env.Y>",
        "name: $$<git.sha>",
        "metadata: {environment: $$<env.X>}",
        "environmentVariables: {A: $$<env.X>}",
        "environmentVariables: {A: $<var.literal>}",
        "environmentVariables: {A: $<var.literal>-$<env.Y>}",
        "environmentVariables: {A: $<var.literal>-$<run.id>}",
        "environmentVariables: {A: {value: $<var.literal ~ env.S>, secret: true}}",
        "target: {matchTags: [[$$<env.X>]]}",
        "target: {matchTags: $<var.groups>}",
        "labels: {a: $$<env.X>}",
        "matrix: {runLocation: [$$<env.X>]}",
    ],
)
def test_a_literal_is_told_from_a_name_that_stands_for_itself(text: str) -> None:
    whole = (
        "version: 1\nvariables: {literal: $$<env.X>, groups: [[$$<env.X>]]}\n"
        f"profiles:\n  base: {{abstract: true, target: {{matchTags: [[a]]}}}}\n"
        f"  p:\n    extends: base\n    {text}\n"
    )
    if "matrix" not in text:
        whole += "    runLocation: x\n"
    first, second = compiled(whole), compiled(whole.replace("$$<", "$<"))
    (planned,) = (one for one in compare(first, second).instances if one.instance)
    assert planned.action is not Action.RERUN
    assert {one.action for one in compare(first, first).instances} == {Action.RERUN}

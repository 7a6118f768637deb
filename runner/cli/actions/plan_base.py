"""Plan what a merge would change, from git's objects alone."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from runner.cli.options.common import Common
from runner.cli.services.configuration import file_of, overrides
from runner.config.compile.configuration import compile_alone
from runner.config.document.load import load
from runner.config.files.discover import NAMES
from runner.config.files.files import Files, FolderFiles, repository_root
from runner.config.files.git_tree import CommitFiles, Repository
from runner.config.selection import Selection, unknown_labels, unknown_name
from runner.diagnostics import Diagnostics
from runner.errors import CannotRun, ConfigurationError, UsageError, together
from runner.models.instance import Instance
from runner.models.plan import Plan
from runner.plan.base_diff import compare
from runner.reports.diagnostics.render import one_line_of
from runner.secrets import Redactor


def base_plan(common: Common, base: str, head: str | None) -> Plan:
    """The plan from where ``head`` left ``base`` to ``head``, or to the working tree.

    Nothing of the machine takes part: no environment, env-file, key, network or state.

    Raises:
        ConfigurationError: The newer version has errors.
        UsageError: A ref is not a commit, there is no repository, or a name matches nothing.
        CannotRun: git can't be run here, or lacks files that it would take.
    """
    path, console = file_of(common), common.console
    working_tree, inside = FolderFiles.around(path, Path.cwd())
    root = repository_root((Path.cwd() / path).parent.resolve())
    if root is None:
        raise UsageError(f"{path} is not in a git repository.", hint="--base compares commits.")
    repository = Repository(root)
    base_commit = repository.commit(base)
    parting = repository.merge_base(base_commit, repository.commit(head or "HEAD"))
    newer: Files = working_tree if head is None else repository.files(repository.commit(head))
    if head is None:
        _judge_checkout(repository, inside)
    variables = overrides(common)
    redactor, diagnostics = console.redactor, Diagnostics()
    after, moved = compile_alone(inside, newer, variables, redactor, diagnostics)
    console.diagnostics(list(diagnostics))
    before, warnings = _before(inside, repository.files(parting), variables, redactor)
    against = f"{base} at {parting[:12]}" + ("" if parting == base_commit else ", the merge base")
    plan = compare(before, after, moved)._replace(
        against=against,
        warnings=warnings,
        file_warnings=tuple(map(one_line_of, diagnostics.warnings)),
    )
    return _narrowed(plan, common.selection, before, after)


def _judge_checkout(repository: Repository, path: PurePosixPath) -> None:
    """Refuse a working tree that lacks files of the configuration: they would seem removed."""
    left_out = set(repository.not_checked_out(path.parent))
    if not left_out:
        return
    try:
        documents = load(path, repository.files(repository.commit("HEAD")), Diagnostics()) or ()
    except UsageError:
        return
    for document in documents:
        if document.path in left_out:
            raise CannotRun(
                f"The sparse checkout leaves out {document.path}, a part of the configuration.",
                hint="Compare commits with `--head HEAD`, or run `git sparse-checkout disable`.",
            )


def _before(
    path: PurePosixPath, files: CommitFiles, variables: dict[str, str], redactor: Redactor
) -> tuple[tuple[Instance, ...], tuple[str, ...]]:
    """The instances of the older version; none, and why, if it is missing or has errors."""
    names = (path, *(path.with_name(name) for name in NAMES if path.name in NAMES))
    found = next((name for name in names if files.exists(name)), None)
    if found is None:
        return (), (f"{files.name(path)} does not exist: everything is new",)
    try:
        return compile_alone(found, files, variables, redactor, Diagnostics()).instances, ()
    except ConfigurationError as error:
        first = next(found for found in error.diagnostics)
        where = f"{first.span}: " if first.span else ""
        why = f"{where}{first.message}"
    except UsageError as error:
        why = error.clause
    return (), (f"{files.name(path)} does not compile, so everything counts as new: {why}",)


def _narrowed(
    plan: Plan, selection: Selection, before: Iterable[Instance], after: Iterable[Instance]
) -> Plan:
    """The part of ``plan`` that is selected, in either version."""
    if selection.is_everything:
        return plan
    old, new = ({each.name: each for each in version} for version in (before, after))
    known = [*old.values(), *new.values()]
    unknown = [
        unknown_name(name, old | new)
        for name in (*selection.names, *selection.exclude)
        if not any(Selection((name,)).has_instance(each.profile, each.name) for each in known)
    ]
    if unknown:
        raise together(unknown)
    named = [each for each in known if selection.has_instance(each.profile, each.name)]
    selected = [each for each in named if selection.has_labels(_labels(each))]
    if not selected:
        raise unknown_labels(selection, map(_labels, named))
    names = {each.name for each in selected}
    return plan._replace(
        instances=tuple(
            planned
            for planned in plan.instances
            if (planned.name in names or planned.renamed_from in names)
            and not selection.excludes(planned.profile, planned.name)
        ),
    )


def _labels(instance: Instance) -> dict[str, str]:
    """The labels of an instance; any may stand for itself, as may all together."""
    labels = instance.own.get("labels")
    return labels if isinstance(labels, dict) else {}

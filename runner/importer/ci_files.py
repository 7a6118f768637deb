"""Find the scripts in YAML files of CI systems and of Kubernetes."""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from math import prod

from runner.config.yaml.nodes import Mapping as Tree
from runner.config.yaml.nodes import Node, Scalar, Sequence, items_of, pairs_of
from runner.config.yaml.parse import parse
from runner.diagnostics import Diagnostics
from runner.importer.placeholders import (
    MARK,
    Kind,
    Matrix,
    Placeholder,
    Placeholders,
    holds_token,
    without_marks,
)
from runner.importer.script import Script
from runner.secrets import key_looks_secret
from runner.source import Source

#: System → where its scripts are, as a path of keys through the file; ``/`` in a key is ``∕``.
_SCRIPTS = {
    "GitHub": r"(jobs/[^/]+/steps|runs/steps)/run",
    "CircleCI": r"(.*/)?(jobs|commands)/[^/]+/(.*/)?steps/(.*/)?run(/command)?",
    "Bitbucket": r"(pipelines|definitions)/.*/(script|after-script)",
    "Azure": r"(.*/)?(steps|preDeploy|postDeploy)/(script|bash|inputs/script)",
    "Kubernetes": r"(.*/)?(containers|initContainers)",
    "GitLab": r"([^/]+/)?(before_script|script|after_script)",
}
_ACTION = "checkly/checkly-action@"
_ENVIRONMENT = ("env", "variables", "environment")
#: What is kept as a comment: when it runs, and where.
_NOTED = ("if", "condition", "when", "rules", "only", "except", "unless", "deployment",
          "working-directory", "working_directory", "workingDirectory")  # fmt: skip
_TOLERANT = ("continue-on-error", "continueOnError", "allow_failure")
_TITLES = ("name", "displayName")
#: What GitHub allows.
_MAX_RUNS = 256
_OTHER_SHELLS = re.compile(r"pwsh|powershell|cmd|python|node|perl", re.IGNORECASE)
#: How Azure and Kubernetes write the variables they fill in themselves.
_MACRO = re.compile(r"\$\(([A-Za-z_][\w.]*)\)")
#: How a script sets a variable, for later lines, scripts and steps too; not ``--env NAME=…``.
_SET_BY_SCRIPT = re.compile(
    r"\bvariable=([A-Za-z_][\w.]*)"  # Azure
    r"|(?<![\w$-])(?<!-e )(?<!--env[ =])(?<!-e ['\"])(?<!--env[ =]['\"])([A-Za-z_]\w*)(?:\+?=|<<)"
)
_SOURCED = re.compile(r"(?:^|[-;&,'\"\[])[ \t]*(?:source|\.)[ \t]", re.MULTILINE)


def ci_scripts(text: str, table: Placeholders) -> list[Script] | None:
    """Return the scripts of a CI system's file; ``None`` if it is of no known system."""
    found: list[Script] = []
    known = False
    line = 0
    for document in re.split(r"^(?=---(?:\s|$))", text, flags=re.MULTILINE):
        source = Source("", document)
        root = parse(source, Diagnostics())
        if root is not None and (system := _system(root)):
            known = True
            found += _Reader(system, source, table, line).scripts(root)
        line += document.count("\n")
    return found if known else None


def _system(root: Tree) -> str | None:
    keys = root.values
    jobs = keys.get("jobs", keys.get("commands"))
    if "runs" in keys:
        return "GitHub"
    if isinstance(jobs, Tree):
        runs_on = any("runs-on" in pairs_of(job) for job in jobs.values.values())
        return "GitHub" if runs_on or "on" in keys else "CircleCI"
    if "pipelines" in keys:
        return "Bitbucket"
    if "apiVersion" in keys and "kind" in keys:
        return "Kubernetes"
    if any({"script", "before_script"} & set(pairs_of(job)) for job in (root, *keys.values())):
        return "GitLab"
    return "Azure" if {"steps", "stages", "jobs"} & set(keys) else None


class _Reader:
    def __init__(self, system: str, source: Source, table: Placeholders, line: int) -> None:
        self._system = system
        self._is_script = re.compile(_SCRIPTS[system]).fullmatch
        self._source = source
        self._table = table
        self._line = line
        self._set_by_scripts = {
            name for names in _SET_BY_SCRIPT.findall(source.text) for name in names if name
        }
        # Lines of a job are one script.
        self._is_sourced = system == "GitLab" and bool(_SOURCED.search(source.text))

    def scripts(self, root: Tree) -> Iterator[Script]:
        """Yield the scripts of a document, in order; one under an alias where it is first used."""
        seen: set[tuple[int, str]] = set()
        waiting: list[tuple[Node, str, Script]] = [(root, "", Script())]
        while waiting:
            node, path, around = waiting.pop()
            if (id(node), path) in seen:
                continue
            seen.add((id(node), path))
            if self._is_script(path) and not (path.endswith("run") and isinstance(node, Tree)):
                yield from self._script(node, around)
            elif isinstance(node, Sequence):
                waiting += [(item, path, around) for item in reversed(node.items)]
            elif isinstance(node, Tree):
                inside = self._inside(node, path, around)
                if self._system == "GitHub" and _text(node.values.get("uses")).startswith(_ACTION):
                    yield self._action(node, inside)
                is_jobs = path in ({""} if self._system == "GitLab" else {"jobs", "commands"})
                for key, value in reversed(node.values.items()):
                    below = f"{path}/{key.replace('/', '∕')}".removeprefix("/")
                    titles = (key, *inside.titles) if is_jobs else inside.titles
                    waiting.append((value, below, inside._replace(titles=titles)))

    def _inside(self, node: Tree, path: str, around: Script) -> Script:
        """Return what a mapping says of the scripts in it."""
        values = {**pairs_of(pairs_of(node.values.get("defaults")).get("run")), **node.values}
        given, matrix, unread = dict(around.given), around.matrix, around.unread
        if "matrix" in (strategy := pairs_of(values.get("strategy"))):
            matrix = _matrix(strategy["matrix"])
        for key in _ENVIRONMENT:
            given.update(self._variables(values.get(key), matrix))
        if self._system == "GitLab":
            for name in pairs_of(values.get("secrets")):
                secret = Placeholder(Kind.VARIABLE, name, f"${name}", secret=True)
                given[name] = self._table.mark(secret)
        task = _text(values.get("task"))
        if "powershell" in task.lower():
            unread = f"`task: {task}` can't be read"
        elif shell := _text(values.get("shell")):
            unread = f"`shell: {shell}` can't be read" if _OTHER_SHELLS.match(shell) else ""
        notes = [f"{key}: {_shown(values[key])}" for key in _NOTED if path and key in values]
        title = next((_text(values[key]) for key in _TITLES if path and key in values), "")
        return around._replace(
            titles=(title, *around.titles) if title else around.titles,
            notes=(*around.notes, *notes),
            given=given,
            matrix=matrix,
            tolerated=around.tolerated or any(_is_true(values.get(key)) for key in _TOLERANT),
            unread=unread,
        )

    def _variables(self, node: Node | None, matrix: Matrix) -> Iterator[tuple[str, str]]:
        pairs: list[tuple[str, Node | None]] = []
        if isinstance(node, Tree):
            pairs = list(node.values.items())
        elif isinstance(node, Sequence):  # Azure: a list of names and values
            items = map(pairs_of, node.items)
            pairs = [(_text(item.get("name")), item.get("value")) for item in items]
        for name, value in pairs:
            plain = pairs_of(value).get("value", value)  # GitLab: with a description
            text = self._table.mark_expressions(_text(plain), matrix)
            inside = self._table.inside(text)
            if MARK.fullmatch(text) and inside[0].kind is Kind.MATRIX:
                yield name, text
            elif inside or "$" in text or key_looks_secret(name) or self._may_change(name):
                secret = any(p.secret for p in inside) or key_looks_secret(name)
                if secret:
                    self._table.secret_env.add(name)
                shown = self._table.original(text) if inside else f"${name}"
                variable = Placeholder(Kind.VARIABLE, name, shown, secret=secret)
                yield name, self._table.mark(variable)
            else:  # an empty one hides that of its surroundings
                yield name, text

    def _may_change(self, name: str) -> bool:
        """Return whether a variable may be set again where the nesting of the file can't tell."""
        # `extends`, `parallel` and `rules` have variables of their own.
        keys = rf"(?<![\w-]){re.escape(name)}['\"]?[ \t]*:"
        is_again = self._system == "GitLab" and len(re.findall(keys, self._source.text)) > 1
        return is_again or self._is_sourced or name in self._set_by_scripts

    def _script(self, node: Node, around: Script) -> Iterator[Script]:
        if isinstance(node, Sequence):
            for item in node.items:
                yield from self._script(item, around)
        elif isinstance(node, Tree):  # a container of Kubernetes
            lists = [node.values.get(key) for key in ("command", "args")]
            items = [item for part in lists for item in items_of(part)]
            words = tuple(self._fill_macros(_text(item), {}) for item in items)
            yield around._replace(words=words, line=self._line_of(node))
        else:
            is_block = self._source.text[node.start : node.start + 1] in {"|", ">"}
            text = self._table.mark_expressions(node.text, around.matrix)
            if self._system == "Azure":
                text = self._fill_macros(text, around.given)
            yield around._replace(text=text, line=self._line_of(node) + is_block)

    def _fill_macros(self, text: str, given: Mapping[str, str]) -> str:
        def filled(found: re.Match[str]) -> str:
            name, secret = found[1], key_looks_secret(found[1])
            macro = Placeholder(Kind.EXPRESSION, name, found[0], secret=secret)
            return given.get(name) or self._table.mark(macro)

        return _MACRO.sub(filled, text)

    def _line_of(self, node: Node) -> int:
        return self._line + self._source.line_and_column(node.start)[0]

    def _action(self, node: Tree, around: Script) -> Script:
        """Return the command that ``checkly/checkly-action`` builds of its inputs."""
        inputs = {key: _text(value) for key, value in pairs_of(node.values.get("with")).items()}
        words = ["checkly", inputs.pop("command", "test").strip()]
        notes = list(around.notes)
        if inputs.pop("reporting", "auto") != "github-actions":
            notes.append("The action may have reported through Checkly's GitHub App.")
        for key in ("working-directory", "install-command"):
            notes += [f"{key}: {inputs.pop(key)}"] if key in inputs else []
        for key in ("cli-version", "github-check-name", "github-report"):
            inputs.pop(key, None)
        for key, text in inputs.items():
            value = self._table.mark_expressions(text, around.matrix).strip()
            if key in {"tags", "env"}:
                lines = filter(None, map(str.strip, value.splitlines()))
                words += [word for line in lines for word in (f"--{key}", line)]
            elif key in {"refresh-cache", "verbose", "fail-on-no-matching"}:
                flag = {"true": f"--{key}", "false": f"--no-{key}"}.get(value.lower(), f"--{key}=…")
                words += [flag] if flag != "--no-refresh-cache" else []
            elif value:
                words.append(f"--{key}={value}")
        line = self._line_of(node)
        return around._replace(words=tuple(words), notes=tuple(notes), line=line)


def _matrix(node: Node) -> Matrix:
    """Return a matrix that is written out; nothing for one that is computed at run time."""
    axes: dict[str, list[str]] = {}
    lists: dict[str, list[dict[str, str]]] = {"include": [], "exclude": []}
    for key, value in pairs_of(node).items():
        items = items_of(value)
        if key in lists:
            lists[key] = [{k: _text(v) for k, v in pairs_of(item).items()} for item in items]
            texts = [text for item in lists[key] for text in item.values()]
        else:
            texts = axes[key] = list(map(_text, items))
        if not texts or not all(text and "${{" not in text for text in texts):
            return ()
    if prod(map(len, axes.values())) > _MAX_RUNS:
        return ()
    rows = product(*axes.values()) if axes else ()
    runs = [dict(zip(axes, row, strict=True)) for row in rows]
    runs = [run for run in runs if not any(e.items() <= run.items() for e in lists["exclude"])]
    plain = [dict(run) for run in runs]
    for entry in lists["include"]:  # as GitHub does: into the runs that it fits, or one more run
        own = {key: value for key, value in entry.items() if key in axes}
        fitting = [run for run, was in zip(runs, plain, strict=False) if own.items() <= was.items()]
        for run in fitting:
            run.update(entry)
        if not fitting:
            runs.append(dict(entry))
    return tuple(runs)


def _text(node: Node | None) -> str:
    return without_marks(node.text) if isinstance(node, Scalar) and node.value is not None else ""


def _shown(node: Node) -> str:
    text = _text(node)
    return text if text and "secrets" not in text and not holds_token(text) else "…"


def _is_true(node: Node | None) -> bool:
    return isinstance(node, Scalar) and node.value is True

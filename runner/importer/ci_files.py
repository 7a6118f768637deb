"""Find the scripts in YAML files of CI systems and of Kubernetes."""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import product
from math import prod

from runner.config.yaml.nodes import Mapping as Tree
from runner.config.yaml.nodes import Node, Scalar, Sequence
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

#: System → where its scripts stand, as a way of keys through the file; ``/`` in a key is ``∕``.
_SCRIPTS = {
    "GitHub": r"(jobs/[^/]+/steps|runs/steps)/run",
    "CircleCI": r"(.*/)?(jobs|commands)/[^/]+/(.*/)?steps/(.*/)?run(/command)?",
    "Bitbucket": r"(pipelines|definitions)/.*/(script|after-script)",
    "Azure": r"(.*/)?(steps|preDeploy|postDeploy)/(script|bash|inputs/script)",
    "Kubernetes": r"(.*/)?(containers|initContainers)",
    "GitLab": r"([^/]+/)?(before_script|script|after_script)",
}
_ACTION = "checkly/checkly-action"
_ENVIRONMENT = ("env", "variables", "environment")
#: What is kept as a comment: when it runs, and where.
_NOTED = ("if", "condition", "when", "rules", "only", "except", "unless", "deployment",
          "working-directory", "working_directory", "workingDirectory")  # fmt: skip
_TOLERANT = ("continue-on-error", "continueOnError", "allow_failure")
_TITLES = ("name", "displayName")
#: What GitHub allows.
_MAX_RUNS = 256
_OTHER_SHELLS = re.compile(r"pwsh|powershell|cmd|python|node|perl", re.IGNORECASE)
#: Azure and Kubernetes write the variables they fill in themselves like this.
_MACRO = re.compile(r"\$\(([A-Za-z_][\w.]*)\)")


def ci_scripts(text: str, table: Placeholders) -> list[Script] | None:
    """The scripts of a CI system's file; ``None`` where it is of no known system."""
    found: list[Script] = []
    known = False
    line = 0
    for document in re.split(r"^(?=---(?:\s|$))", text, flags=re.MULTILINE):
        part = Source("", document)
        root = parse(part, Diagnostics())
        if root is not None and (system := _system(root)):
            known = True
            found += _Reader(system, part, table).scripts(root, line)
        line += document.count("\n")
    return found if known else None


def _system(root: Tree) -> str | None:
    keys = root.values
    jobs = keys.get("jobs", keys.get("commands"))
    if "runs" in keys:
        return "GitHub"
    if isinstance(jobs, Tree):
        runs_on = any("runs-on" in _tree(job) for job in jobs.values.values())
        return "GitHub" if runs_on or "on" in keys else "CircleCI"
    if "pipelines" in keys:
        return "Bitbucket"
    if "apiVersion" in keys and "kind" in keys:
        return "Kubernetes"
    if any({"script", "before_script"} & set(_tree(job)) for job in (root, *keys.values())):
        return "GitLab"
    return "Azure" if {"steps", "stages", "jobs"} & set(keys) else None


def _tree(node: Node | None) -> Mapping[str, Node]:
    return node.values if isinstance(node, Tree) else {}


class _Reader:
    def __init__(self, system: str, source: Source, table: Placeholders) -> None:
        self.system = system
        self.where = re.compile(_SCRIPTS[system])
        self.source = source
        self.table = table
        self.seen: set[tuple[int, str]] = set()

    def scripts(self, root: Tree, line: int) -> Iterator[Script]:
        waiting: list[tuple[Node, str, Script]] = [(root, "", Script(line=line))]
        while waiting:
            node, way, around = waiting.pop()
            if (id(node), way) in self.seen:
                continue  # an alias: the same script again
            self.seen.add((id(node), way))
            if self.where.fullmatch(way) and not (way.endswith("run") and isinstance(node, Tree)):
                yield from self._script(node, around)
            elif isinstance(node, Sequence):
                waiting += [(item, way, around) for item in reversed(node.items)]
            elif isinstance(node, Tree):
                inside = self._inside(node, way, around)
                if self.system == "GitHub" and _text(node.values.get("uses")).startswith(
                    f"{_ACTION}@"
                ):
                    yield self._action(node, inside)
                for key, value in reversed(node.values.items()):
                    below = f"{way}/{key.replace('/', '∕')}".removeprefix("/")
                    is_job = way in ({""} if self.system == "GitLab" else {"jobs", "commands"})
                    titled = (key, *inside.titles) if is_job else inside.titles
                    waiting.append((value, below, inside._replace(titles=titled)))

    def _inside(self, node: Tree, way: str, around: Script) -> Script:
        """What a mapping says of the scripts in it."""
        values = {**_tree(_tree(node.values.get("defaults")).get("run")), **node.values}
        given, matrix, unread = dict(around.given), around.matrix, around.unread
        if "matrix" in (strategy := _tree(values.get("strategy"))):
            matrix = _matrix(strategy["matrix"])
        notes = [f"{key}: {self._shown(values[key])}" for key in _NOTED if way and key in values]
        title = next((_text(values[key]) for key in _TITLES if way and key in values), "")
        for key in _ENVIRONMENT:
            given.update(self._variables(values.get(key), matrix))
        if shell := _text(values.get("shell")):
            unread = f"`shell: {shell}` can't be read" if _OTHER_SHELLS.match(shell) else ""
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
            items = [item for item in node.items if isinstance(item, Tree)]
            pairs = [(_text(i.values.get("name")), i.values.get("value")) for i in items]
        for name, value in pairs:
            plain = _tree(value).get("value", value)  # GitLab: with a description
            text = self.table.mark_expressions(_text(plain), matrix)
            inside = self.table.inside(text)
            if MARK.fullmatch(text) and inside[0].kind is Kind.MATRIX:
                yield name, text
            elif inside or "$" in text or key_looks_secret(name):
                secret = any(p.secret for p in inside) or key_looks_secret(name)
                shown = self.table.original(text) if inside else f"${name}"
                yield name, self.table.mark(Placeholder(Kind.VARIABLE, name, shown, secret=secret))
            elif text:
                yield name, text

    def _script(self, node: Node, around: Script) -> Iterator[Script]:
        if isinstance(node, Sequence):
            for item in node.items:
                yield from self._script(item, around)
        elif isinstance(node, Tree):  # a container of Kubernetes
            lists = [node.values.get(key) for key in ("command", "args")]
            items = [item for part in lists if isinstance(part, Sequence) for item in part.items]
            words = [_MACRO.sub(partial(self._macro, {}), _text(item)) for item in items]
            yield around._replace(words=tuple(words), line=around.line + self._line(node))
        elif isinstance(node, Scalar):
            is_block = self.source.text[node.start : node.start + 1] in {"|", ">"}
            text = self.table.mark_expressions(node.text, around.matrix)
            if self.system == "Azure":
                text = _MACRO.sub(partial(self._macro, around.given), text)
            yield around._replace(text=text, line=around.line + self._line(node) + is_block)

    def _macro(self, variables: Mapping[str, str], found: re.Match[str]) -> str:
        if found[1] in variables:
            return variables[found[1]]
        secret = key_looks_secret(found[1])
        return self.table.mark(Placeholder(Kind.EXPRESSION, found[1], found[0], secret=secret))

    def _line(self, node: Node) -> int:
        return self.source.line_and_column(node.start)[0]

    def _shown(self, node: Node) -> str:
        text = _text(node)
        return text if text and "secrets" not in text and not holds_token(text) else "…"

    def _action(self, node: Tree, around: Script) -> Script:
        """The command that ``checkly/checkly-action`` builds of its inputs."""
        inputs = {key: _text(value) for key, value in _tree(node.values.get("with")).items()}
        words = ["checkly", inputs.pop("command", "test").strip()]
        notes = list(around.notes)
        if inputs.pop("reporting", "auto") != "github-actions":
            notes.append("The action may have reported through Checkly's GitHub App.")
        kept = ("working-directory", "install-command")
        notes += [f"{key}: {inputs.pop(key)}" for key in kept if key in inputs]
        for key in ("cli-version", "github-check-name", "github-report"):
            inputs.pop(key, None)
        for key, text in inputs.items():
            value = self.table.mark_expressions(text, around.matrix).strip()
            if key in {"tags", "env"}:
                words += [
                    w for v in value.splitlines() if v.strip() for w in (f"--{key}", v.strip())
                ]
            elif key in {"refresh-cache", "verbose", "fail-on-no-matching"}:
                said = {"true": f"--{key}", "false": f"--no-{key}"}.get(value.lower(), f"--{key}=…")
                words += [] if said == "--no-refresh-cache" else [said]
            elif value:
                words.append(f"--{key}={value}")
        line = around.line + self._line(node)
        return around._replace(words=tuple(words), notes=tuple(notes), line=line)


def _matrix(node: Node) -> Matrix:
    """Return a matrix that is written out; nothing for one that is worked out at run time."""
    axes: dict[str, list[str]] = {}
    lists: dict[str, list[dict[str, str]]] = {"include": [], "exclude": []}
    for key, value in _tree(node).items():
        items = value.items if isinstance(value, Sequence) else []
        if key in lists:
            lists[key] = [{k: _text(v) for k, v in _tree(item).items()} for item in items]
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


def _is_true(node: Node | None) -> bool:
    return isinstance(node, Scalar) and node.value is True

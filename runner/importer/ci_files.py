"""Find the scripts in YAML files of CI systems and of Kubernetes."""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from math import prod

from runner.config.yaml.nodes import Mapping as Tree
from runner.config.yaml.nodes import Node, Scalar, Sequence, items_of, pairs_of
from runner.config.yaml.parse import parse
from runner.diagnostics import Diagnostics
from runner.errors import UsageError
from runner.importer.ci_variables import Variables, is_exact, text_of
from runner.importer.placeholders import (
    Kind,
    Matrix,
    Placeholder,
    Placeholders,
    holds_token,
)
from runner.importer.script import MENTION, SHELL, Script
from runner.source import Source

#: System → where its scripts are, as a path of keys through the file; ``/`` in a key is ``∕``.
_SCRIPTS = {
    "GitHub": r"(jobs/[^/]+/steps|runs/steps)/run",
    "CircleCI": r"(.*/)?(jobs|commands)/[^/]+/(.*/)?steps/(.*/)?run(/command)?",
    "Bitbucket": r"(pipelines|definitions)/.*/(script|after-script)",
    "Azure": r"(.*/)?(steps|preDeploy|postDeploy)/(script|bash|inputs/script)",
    "Kubernetes": r"(?!)",
    "GitLab": r"([^/]+/)?(before_script|script|after_script)",
}
_ACTION = "checkly/checkly-action@"
#: What is kept as a comment: when it runs, and where.
_NOTED = ("if", "condition", "when", "rules", "only", "except", "unless", "deployment",
          "working-directory", "working_directory", "workingDirectory", "envFrom")  # fmt: skip
_TOLERANT = ("continue-on-error", "continueOnError", "allow_failure")
#: The lists that make a command in Kubernetes.
_WORDS = ("command", "args")
_TITLES = ("name", "displayName")
#: What GitHub allows.
_MAX_RUNS = 256
_MAX_NODES = 100_000
#: Keys that tell on what a script runs: on Windows not in a shell that can be read.
_PLATFORM = {"runs-on", "pool", "executor", "machine", "resource_class", "tags"}
_WINDOWS = re.compile(r"\bwindows|\bwin/", re.IGNORECASE)
#: Keys whose text is for people.
_PROSE = {*_TITLES, *_NOTED, "description", "stage", "stages", "title"}
#: How Azure and Kubernetes write the variables they fill in themselves.
_MACRO = re.compile(r"\$?\$\(([A-Za-z_][\w.]*)\)")


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
        self._variables = Variables(system, source, table)

    def scripts(self, root: Tree) -> Iterator[Script]:
        """Yield the scripts of a document, in order, and other texts that name the command."""
        # A shell for all jobs: no other one comes with their machines.
        self._has_shell = "shell" in pairs_of(pairs_of(root.values.get("defaults")).get("run"))
        waiting: list[tuple[Node, str, Script]] = [(root, "", Script())]
        visited = 0
        while waiting:
            node, path, around = waiting.pop()
            visited += 1
            if visited > _MAX_NODES:
                raise UsageError(f"The file has more than {_MAX_NODES} values.")
            key = path.rpartition("/")[2]
            if isinstance(node, Sequence):
                if self._system == "Kubernetes" and key in _WORDS:
                    continue
                waiting += [(item, path, around) for item in reversed(node.items)]
            elif isinstance(node, Tree):
                inside = self._inside(node, path, around)
                yield from self._commands(node, inside)
                is_jobs = path in ({""} if self._system == "GitLab" else {"jobs", "commands"})
                for key, value in reversed(node.values.items()):
                    below = f"{path}/{key.replace('/', '∕')}".removeprefix("/")
                    if key.startswith("${{"):  # a condition of Azure
                        below = path
                    titles = (key, *inside.titles) if is_jobs else inside.titles
                    waiting.append((value, below, inside._replace(titles=titles)))
            elif self._is_script(path):
                yield self._script(node, around, key)
            elif key not in _PROSE and MENTION.search(node.text):
                why = f"import reads no commands under `{key}`"
                yield self._script(node, around._replace(unread=why), key)

    def _inside(self, node: Tree, path: str, around: Script) -> Script:
        """Return what a mapping says of the scripts in it."""
        values = {**pairs_of(pairs_of(node.values.get("defaults")).get("run")), **node.values}
        matrix = around.matrix
        if "matrix" in (strategy := pairs_of(values.get("strategy"))):
            matrix = _matrix(strategy["matrix"])
        tolerant = {key: text_of(values[key]).lower() for key in _TOLERANT if key in values}
        # Of a failure that is ignored only at times, the condition is kept.
        noted = (*_NOTED, *(k for k, text in tolerant.items() if text not in {"true", "false"}))
        notes = [f"{key}: {_shown(values[key])}" for key in noted if path and key in values]
        title = next((text_of(values[key]) for key in _TITLES if path and key in values), "")
        return around._replace(
            titles=(title, *around.titles) if title else around.titles,
            notes=(*around.notes, *notes),
            given=self._variables.inside(node, around.given, matrix),
            matrix=matrix,
            tolerated=around.tolerated or "true" in tolerant.values(),
            unread=self._unread(values, matrix, around.unread),
        )

    def _unread(self, values: Mapping[str, Node], matrix: Matrix, unread: str) -> str:
        """Return why the scripts in a mapping can't be read, or nothing if they can."""
        task = text_of(values.get("task"))
        if "powershell" in task.lower():
            return f"`task: {task}` can't be read"
        if shell := text_of(values.get("shell")):
            return "" if SHELL.search(shell) else f"`shell: {shell}` can't be read"
        platforms = [key for key in values if key in _PLATFORM]
        if self._has_shell or not platforms:
            return unread
        windows = [key for key in platforms if self._is_windows(values[key], matrix)]
        return f"the shell of Windows can't be read (`{windows[0]}`)" if windows else ""

    def _is_windows(self, platform: Node, matrix: Matrix) -> bool:
        written = self._source.text[platform.start : platform.end]
        text = self._table.mark_expressions(written, matrix)
        axes = [p for p in self._table.inside(text) if p.matrix]
        texts = [run.get(axes[0].name, "") for run in matrix] if axes else [text]
        return all(map(_WINDOWS.search, texts))

    def _commands(self, node: Tree, around: Script) -> Iterator[Script]:
        """Yield the command of a mapping that has no shell text for it."""
        uses = text_of(node.values.get("uses")).lower()
        if self._system == "GitHub" and uses.startswith(_ACTION):
            yield self._action(node, around)
        lists = [items_of(node.values.get(key)) for key in _WORDS]
        if self._system == "Kubernetes" and any(lists):
            texts = [text_of(item) for items in lists for item in items]
            words = tuple(self._fill_macros(text, around.given) for text in texts)
            yield around._replace(words=words, line=self._line_of(node))

    def _script(self, node: Scalar, around: Script, key: str) -> Script:
        is_block = self._source.text[node.start : node.start + 1] in {"|", ">"}
        text = self._table.mark_expressions(node.text, around.matrix)
        if self._system == "Azure":
            text = self._fill_macros(text, around.given)
            if key == "bash":  # on every machine
                around = around._replace(unread="")
        return around._replace(text=text, line=self._line_of(node) + is_block)

    def _fill_macros(self, text: str, given: Mapping[str, str]) -> str:
        def filled(found: re.Match[str]) -> str:
            if found[0].startswith("$$"):  # as Kubernetes writes `$(…)` itself
                return found[0][1:]
            macro = Placeholder(Kind.EXPRESSION, found[1], found[0])
            return given.get(found[1]) or self._table.mark(macro)

        return _MACRO.sub(filled, text)

    def _line_of(self, node: Node) -> int:
        return self._line + self._source.line_and_column(node.start)[0]

    def _action(self, node: Tree, around: Script) -> Script:
        """Return the command that ``checkly/checkly-action`` builds of its inputs."""
        inputs = {key: text_of(value) for key, value in pairs_of(node.values.get("with")).items()}
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
            lists[key] = [
                {k: text_of(v) if is_exact(v) else "" for k, v in pairs_of(item).items()}
                for item in items
            ]
            texts = [text for item in lists[key] for text in item.values()]
        else:
            texts = axes[key] = [text_of(item) if is_exact(item) else "" for item in items]
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


def _shown(node: Node) -> str:
    text = text_of(node)
    return text if text and "secrets" not in text and not holds_token(text) else "…"

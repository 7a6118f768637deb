"""Write text with placeholders as templates, and note what to set in the environment."""

import re
from itertools import chain, count, product
from math import prod

from runner.config.document.keys import MAX_INSTANCES, PROFILE_KEYS
from runner.config.templates.expressions.names import is_forbidden
from runner.importer.placeholders import MARK, Kind, Matrix, Placeholder, Placeholders, holds_token

#: Variables and expressions of CI systems that have their own name in templates.
_KNOWN = {
    "git.sha": "GITHUB_SHA CI_COMMIT_SHA CIRCLE_SHA1 BUILDKITE_COMMIT BITBUCKET_COMMIT"
    " Build.SourceVersion github.sha",
    "git.shortSha": "CI_COMMIT_SHORT_SHA",
    "git.branch": "GITHUB_REF_NAME GITHUB_HEAD_REF CI_COMMIT_REF_NAME CI_COMMIT_BRANCH"
    " CIRCLE_BRANCH BUILDKITE_BRANCH BITBUCKET_BRANCH github.ref_name github.head_ref",
    "git.tag": "CI_COMMIT_TAG",
    "ci.actor": "GITHUB_ACTOR github.actor",
    "ci.runId": "GITHUB_RUN_ID github.run_id",
    "ci.pullRequest": "github.event.pull_request.number",
}
_NAMES = {there: here for here, names in _KNOWN.items() for there in names.split()}
#: An expression that only refers to something: the prefix, and the name at its end.
_REFERENCE = re.compile(
    r"(?:(secrets|vars|env)\b)?(?:[\w-]+\.)*\.?([\w-]+|\[(['\"])[\w-]+\3\])(?:\s*\|.*)?"
)
#: Names that an axis may not have, since it would set the key.
_KEYS = PROFILE_KEYS | {"include", "exclude"}
_AXIS_VALUE = re.compile(r"[^\[\],\x00-\x1f\x7f]+|[^\[\]+\x00-\x1f\x7f]+")
_SIMPLE = re.compile(r"[\w.${}\[\]'\"\s-]*")


class Templates:
    """The templates of one profile.

    Attributes:
        table: All placeholders of the file.
        axes: The axes of the profile's matrix.
        notes: Takes what to set the environment variables to.
    """

    def __init__(self, table: Placeholders) -> None:
        self.table = table
        self.axes: dict[str, Matrix] = {}
        self.notes: list[str] = []

    def use_axes(self, words: list[str]) -> None:
        """Make a matrix of the axes in ``words``, unless it would have too many combinations."""
        for p in (p for word in words for p in self.table.inside(word)):
            if p.matrix and all(_AXIS_VALUE.fullmatch(run.get(p.name, "")) for run in p.matrix):
                self.axes.setdefault(p.name, p.matrix)
        sizes = [len({run[name] for run in runs}) for name, runs in self.axes.items()]
        if prod(sizes) > MAX_INSTANCES:
            self.axes = {}

    def matrix(self) -> dict[str, object]:
        """Return what is written under ``matrix``: axes, and which combinations are left out."""
        written: dict[str, object] = {}
        excluded: list[dict[str, str]] = []
        for runs in {id(runs): runs for runs in self.axes.values()}.values():
            names = [name for name, its in self.axes.items() if its is runs]
            rows = {tuple(run[name].replace(",", "+") for name in names): None for run in runs}
            axes = {name: list(dict.fromkeys(r[i] for r in rows)) for i, name in enumerate(names)}
            written |= {axis(name): values for name, values in axes.items()}
            missing = [row for row in product(*axes.values()) if row not in rows]
            excluded += [dict(zip(map(axis, names), row, strict=True)) for row in missing]
        return written | ({"exclude": excluded} if excluded else {})

    def text(self, text: str, fallback: str, *, secret: bool = False) -> str:
        """Return ``text`` with ``$<…>`` for what a shell or CI system would put there.

        Where there is no other way, the environment variable ``fallback`` is read.
        """
        if self.has_token(text) and not secret:
            return f"$<env.{self.not_copied(fallback)}>"
        written = ""
        for piece in self.table.pieces(text):
            if isinstance(piece, str):
                written += piece.replace("$<", "$$<")
                continue
            if written.endswith("$"):  # `$$<` would mean something else
                written = written[:-1] + "$<'$'>"
            written += f"$<{self._reference(piece, fallback, secret=secret)}>"
        return written

    def split(self, text: str, fallback: str) -> str:
        """Return a template that makes a list of ``text``, which may hold commas."""
        expression = self._expression(text, fallback)
        if " ~ " in expression:
            expression = f"({expression})"
        return f"$<{expression}.split(',')>"

    def not_copied(self, key: str) -> str:
        """Return the environment variable that holds a value which looks like a secret."""
        name = safe_name(key)
        why = f"The value of {key} was not copied, as it looks like a secret"
        self.notes.append(f"{why}: set {name} in the environment.")
        return name

    def looks_secret(self, text: str) -> bool:
        """Return whether ``text`` holds a secret, as far as names and well-known forms tell."""
        inside = self.table.inside(text)
        return self.has_token(text) or any(p.secret for p in inside)

    def has_token(self, text: str) -> bool:
        """Return whether ``text`` has a literal secret in it."""
        defaults = [p.default or "" for p in self.table.inside(text)]
        return any(holds_token(MARK.sub(" ", part)) for part in (text, *defaults))

    def shown(self, text: str) -> str:
        """Return ``text`` as it was, for people, but not an expression with a secret."""
        parts = [p.source for p in self.table.inside(text) if p.secret]
        hide = self.has_token(text) or not all(map(_SIMPLE.fullmatch, parts))
        return "…" if hide else self.table.original(text)

    def _expression(self, text: str, fallback: str) -> str:
        pieces = self.table.pieces(text)
        parts = [_string(p) if isinstance(p, str) else self._reference(p, fallback) for p in pieces]
        return " ~ ".join(parts) or "''"

    def _reference(self, p: Placeholder, fallback: str, *, secret: bool = False) -> str:
        if p.matrix and self.axes.get(p.name) == p.matrix:
            # The value of an axis can't hold commas.
            commas = ".replace('+', ',')" if has_commas(p) else ""
            return f"matrix.{axis(p.name)}{commas}"
        if p.name in _NAMES and p.kind is not Kind.SCRIPT and not p.secret:
            return _NAMES[p.name]
        name = self._env_name(p, fallback)
        if secret:
            self.table.secrets.add(name)
        elif name in self.table.secrets:
            name += "_PUBLIC"  # what feeds a secret may feed nothing else
        if p.kind is Kind.SCRIPT:
            self.notes.append(f"Set {name} in the environment: the script computed it.")
        elif p.name != f"env.{name}" and p.source.strip("${}") != name and not p.default:
            hide = holds_token(p.source) or (p.secret and not _SIMPLE.fullmatch(p.source))
            source = "the secret" if hide else p.source
            self.notes.append(f"Set {name} in the environment to {source}.")
        if secret or not p.default:
            return f"env.{name}"
        return f"(env.{name} or {self._expression(p.default, fallback)})"

    def _env_name(self, p: Placeholder, fallback: str) -> str:
        if p.kind is Kind.VARIABLE:
            return safe_name(p.name)
        found = _REFERENCE.fullmatch(p.name) if p.kind is not Kind.SCRIPT else None
        prefix = found[1] if found else None
        wanted = found[2].strip("[]'\"").replace("-", "_") if found else fallback
        if found and not prefix:
            wanted = wanted.upper()
        if wanted != safe_name(wanted):
            wanted = safe_name(fallback)
        if prefix == "env":
            return wanted
        names = self.table.env_names
        key = f"{p.kind} {p.name}" if p.kind is not Kind.SCRIPT else str(id(p))
        if key not in names:
            taken = {*names.values(), *(() if prefix else self.table.variables)}
            numbered = (f"{wanted}_{number}" for number in count(2))
            names[key] = next(name for name in chain([wanted], numbered) if name not in taken)
        return names[key]


def axis(name: str) -> str:
    """Return the name of a matrix axis."""
    name = re.sub(r"\W", "_", name, flags=re.ASCII)
    return f"matrix_{name}" if name in _KEYS or not re.match("[A-Za-z_]", name) else name


def has_commas(p: Placeholder) -> bool:
    """Return whether a value of a matrix axis has a comma."""
    return any("," in run.get(p.name, "") for run in p.matrix)


def safe_name(name: str) -> str:
    """Return a name that ``env.`` reads, made of ``name``."""
    name = re.sub(r"\W", "_", name, flags=re.ASCII)
    readable = re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) and not is_forbidden(name)
    return name if readable else f"SESSION_{name}"


def _string(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"

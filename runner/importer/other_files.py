"""Find the scripts in Makefiles, Dockerfiles, package.json and Markdown pages."""

import json
import re
from functools import partial

from runner.importer.placeholders import Kind, Placeholder, Placeholders
from runner.importer.script import Script
from runner.secrets import key_looks_secret

#: A line with those that continue it.
_LOGICAL_LINE = re.compile(r"(?:[^\n]*\\\n)*[^\n]*\n?")
_DOCKER_LINE = re.compile(r"(?:[^\n]*\\\n(?:[ \t]*#[^\n]*\n)*)*[^\n]*\n?")
_MAKE_SET = re.compile(
    r"(?P<target>[^\s:=#][^:=#]*:)?\s*(?:(?:export|override|private)\s+)*"
    r"(?P<name>\w+)\s*(?P<how>\?=|:{1,3}=|[+!]?=)"
    r"|(?:override\s+)?define\s+(?P<defined>\w+)"
)
_MAKE_BRANCH = re.compile(r"\s*(?:(if)n?(?:def|eq)|endif)\b")
#: What may set any variable.
_MAKE_SETS_ANY = re.compile(
    r"\s*[-s]?include\s|.*\$[({]eval\s|\$[({]\w+[)}]\w*\s*[:+?!]*=", re.DOTALL
)
_MAKE_COMMENT = re.compile(r"(?<!\\)#.*", re.DOTALL)
_MAKE_USE = re.compile(r"\$\$|\$\(([^(){}]*)\)|\$\{([^(){}]*)\}|\$([@<^*?%+])")
#: The dollar that the shell sees, where a Makefile has two.
_DOLLAR = "\ue002"
_INSTRUCTION = re.compile(r"\s*(RUN|CMD|ENTRYPOINT)\s+(?:--\S+\s+)*(.*)", re.DOTALL | re.IGNORECASE)
_QUOTED = re.compile(r"\A\s*> ?")
_FENCE = re.compile(r"\s*(?:> ?)?(`{3,}|~{3,})\s*\{?\.?([\w-]*)")
_SHELLS = {"sh", "bash", "shell", "zsh", "console", "terminal", "shell-session", "shellsession"}


def make_scripts(text: str, table: Placeholders) -> list[Script]:
    """Return the recipes of a Makefile."""
    lines = _LOGICAL_LINE.findall(text)
    variables = _make_variables(lines)
    scripts: list[Script] = []
    name, number = "", 1
    for line in lines:
        if line.startswith("\t"):
            command = line.strip().lstrip("@+-")
            shell = table.mark_expressions(command)
            for _ in range(3):  # references may be nested
                shell = _MAKE_USE.sub(partial(_make_use, table, variables), shell)
            script = Script(shell.replace(_DOLLAR, "$"), line=number, titles=(name,))
            tolerated = "-" in line.strip()[: -len(command) or None]
            scripts.append(script._replace(tolerated=tolerated))
        elif ":" in line and not _MAKE_SET.match(line) and not line.startswith("#"):
            name = line.partition(":")[0].strip().partition(" ")[0]
        number += line.count("\n")
    return scripts


def _make_variables(lines: list[str]) -> dict[str, tuple[str, str]]:
    """Return how variables are set and to what; two empty texts for what can't be followed."""
    variables: dict[str, tuple[str, str]] = {}
    depth = 0
    for line in lines:
        if branch := _MAKE_BRANCH.match(line):
            depth += 1 if branch[1] else -1
        elif _MAKE_SETS_ANY.match(line):
            variables = dict.fromkeys(variables, ("", ""))
        elif not line.startswith("\t") and (found := _MAKE_SET.match(line.lstrip())):
            name, how = found["name"] or found["defined"], found["how"] or ""
            value = _MAKE_COMMENT.sub("", line[found.end() :]).replace("\\#", "#").strip()
            is_plain = how in {"=", ":=", "::=", ":::=", "?="} and not found["target"]
            is_followed = is_plain and depth <= 0 and name not in variables
            variables[name] = (how, value) if is_followed else ("", "")
    return variables


def _make_use(
    table: Placeholders, variables: dict[str, tuple[str, str]], found: re.Match[str]
) -> str:
    if found[0] == "$$":
        return _DOLLAR
    name = found[1] or found[2] or ""
    how, value = variables.get(name, ("?=", ""))
    source = found[0].replace(_DOLLAR, "$$")
    if not re.fullmatch(r"\w+", name) or not how or "$" in value:
        return table.mark(Placeholder(Kind.SCRIPT, name, source if " " not in source else "$(…)"))
    if how != "?=" and not key_looks_secret(name):
        return value
    return table.mark(Placeholder(Kind.VARIABLE, name, source, value or None))


def docker_scripts(text: str, table: Placeholders) -> list[Script]:
    """Return what a Dockerfile runs, while it is built and as its command."""
    last: dict[str, Script] = {}
    scripts: list[Script] = []
    number = 1
    for line in [*_DOCKER_LINE.findall(text), "FROM"]:
        found = _INSTRUCTION.fullmatch(re.sub(r"\n[ \t]*#[^\n]*(?=\n)", "", line))
        if found:
            words = tuple(_words(found[2]))
            script = Script("" if words else table.mark_expressions(found[2]), words, number)
            if found[1].upper() == "RUN":
                scripts.append(script)
            else:
                last[found[1].upper()] = script
        elif last and re.match(r"FROM\b", line, re.IGNORECASE):
            entry, command = last.get("ENTRYPOINT", Script()), last.get("CMD", Script())
            if entry.words and command.words:  # one command line in two parts
                command = entry._replace(words=entry.words + command.words)
            elif entry.words or entry.text:
                command = entry
            scripts.append(command)
            last = {}
        number += line.count("\n")
    return scripts


def _words(text: str) -> list[str]:
    """Return the words of an instruction in JSON; none of one in shell."""
    try:
        words = json.loads(text)
    except (ValueError, RecursionError):
        return []
    strings = isinstance(words, list) and all(isinstance(word, str) for word in words)
    return words if strings else []


def package_scripts(text: str, table: Placeholders) -> list[Script] | None:
    """Return the scripts of a package.json; ``None`` if it is something else."""
    try:
        scripts = json.loads(text)["scripts"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not isinstance(scripts, dict):
        return None
    at, line, found = 0, 1, []
    for name, script in scripts.items():
        begin = max(text.find(json.dumps(name, ensure_ascii=False), at), at)
        line, at = line + text.count("\n", at, begin), begin
        if isinstance(script, str):
            found.append(Script(table.mark_expressions(script), line=line, titles=(name,)))
    return found


def markdown_scripts(text: str, table: Placeholders) -> list[Script]:
    """Return the fenced blocks of a Markdown page that are marked as shell."""
    scripts: list[Script] = []
    fence, begin, block, is_quoted = "", 0, list[str](), False
    for number, line in enumerate(text.splitlines(), 1):
        found = _FENCE.match(line)
        if not fence and found:
            fence, block, is_quoted = found[1], [], bool(_QUOTED.match(line))
            begin = number + 1 if found[2].lower() in _SHELLS else 0
        elif fence and line.strip(" >").startswith(fence) and not line.strip(" >" + fence[0]):
            if begin:
                text = "\n".join(_typed(block))
                scripts.append(Script(table.mark_expressions(text), line=begin))
            fence = ""
        elif fence:
            block.append(_QUOTED.sub("", line, count=1) if is_quoted else line)
    return scripts


def _typed(lines: list[str]) -> list[str]:
    """Return what was typed: only what follows the prompts, if there are any."""
    prompts = [re.match(r"\s*[$%] ", line) for line in lines]
    if not any(prompts):
        return lines
    typed, goes_on = [], False
    for line, prompt in zip(lines, prompts, strict=True):
        more = _QUOTED.sub("", line, count=1) if goes_on else ""  # without the second prompt
        typed.append(line[prompt.end() :] if prompt else more)
        goes_on = bool(typed[-1]) and line.endswith("\\")
    return typed

"""Find the scripts in Makefiles, Dockerfiles, package.json and Markdown pages."""

import json
import re
from functools import partial

from runner.importer.placeholders import Kind, Placeholder, Placeholders
from runner.importer.script import SHELL, Script
from runner.secrets import key_looks_secret

#: A line with those that continue it.
_LOGICAL_LINE = re.compile(r"(?:[^\n]*\\\n)*[^\n]*\n?")
#: In a Dockerfile comments and empty lines between them are skipped.
_DOCKER_LINE = re.compile(r"(?:[^\n]*\\[ \t]*\n(?:[ \t]*(?:#[^\n]*)?\n)*)*[^\n]*\n?")
_DOCKER_GAP = re.compile(r"\\[ \t]*\n(?:[ \t]*(?:#[^\n]*)?\n)*")
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
_MAKE_BREAK = re.compile(r"(?<![ \t])[ \t]*\\\n[ \t]*")
_MAKE_USE = re.compile(r"\$\$|\$\(([^(){}]*)\)|\$\{([^(){}]*)\}|\$([^\s(){}$])")
#: The dollar that the shell sees, where a Makefile has two.
_DOLLAR = "\ue002"
_MAKE_PREFIX = re.compile(r"^\.RECIPEPREFIX\s*[:?]*=[ \t]*(\S)", re.MULTILINE)
_INSTRUCTION = re.compile(r"\s*([A-Za-z]+)\s+(?:--\S+\s+)*(.*)", re.DOTALL)
_FROM = re.compile(r"(\S+)(?:\s+AS\s+(\S+))?\s*", re.IGNORECASE)
_QUOTED = re.compile(r"\A\s*> ?")
_FENCE = re.compile(r"\s*(?:> ?)?(`{3,}|~{3,})\s*\{?\.?([\w-]*)")
_SHELLS = {"sh", "bash", "shell", "zsh", "console", "terminal", "shell-session", "shellsession"}


def make_scripts(text: str, table: Placeholders) -> list[Script]:
    """Return the recipes of a Makefile, and other lines that name the command."""
    lines = _LOGICAL_LINE.findall(text)
    variables = _make_variables(lines)
    shell = variables.get("SHELL", ("", ""))[1].strip()
    unread = f"`SHELL = {shell}` can't be read" if shell and not SHELL.search(shell) else ""
    # Those that are exported are in the environment of recipes.
    given = {
        name: table.mark(Placeholder(Kind.SCRIPT, f"{name} {value}", f"$${name}"))
        for name, (_, value) in variables.items()
    }
    prefix = found[1] if (found := _MAKE_PREFIX.search(text)) else "\t"
    scripts: list[Script] = []
    name, number, depth = "", 1, 0
    for line in lines:
        if branch := _MAKE_BRANCH.match(line):
            depth += 1 if branch[1] else -1
        recipe = line[1:].strip() if line.startswith(prefix) else ""
        sets = _MAKE_SET.match(line)
        if not (recipe or sets or line.startswith("#")) and ":" in line:
            name = line.partition(":")[0].strip().partition(" ")[0]
            recipe = line.partition(":")[2].partition(";")[2].strip()
        if recipe:
            command = recipe.lstrip("@+-")
            shell = table.mark_expressions(command)
            for _ in range(3):  # references may be nested
                shell = _MAKE_USE.sub(partial(_make_use, table, variables), shell)
            shell = shell.replace(_DOLLAR, "$")
            is_tolerated = "-" in recipe[: -len(command) or None]
            notes = ("It was under a condition of the Makefile.",) if depth > 0 else ()
            script = Script(shell, (), number, (name,), notes, is_tolerated, given)
            scripts.append(script._replace(unread=unread))
        elif not (sets and any(variables.get(sets["name"], ()))) or "$(shell" in line:
            text = _MAKE_COMMENT.sub("", line)
            scripts.append(Script(text, line=number, unread="it is not in a recipe"))
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
            value = _MAKE_COMMENT.sub("", line[found.end() :]).replace("\\#", "#").lstrip()
            value = _MAKE_BREAK.sub(" ", value).rstrip("\n")  # blanks at its end stay
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
    if not re.fullmatch(r"[A-Za-z_]\w*", name) or not how or "$" in value:
        shown = source if " " not in source else "$(…)"
        return table.mark(Placeholder(Kind.SCRIPT, f"{name} {value}", shown))
    if how != "?=" and value.strip() and not key_looks_secret(name):
        return value  # an empty one is for whoever runs it to set
    return table.mark(Placeholder(Kind.VARIABLE, name, source, value or None))


def docker_scripts(text: str, table: Placeholders) -> list[Script]:
    """Return what a Dockerfile runs, while it is built and as the commands of its images.

    A stage that another one begins with has no command of its own.
    """
    unread = "its line breaks can't be read" if re.match(r"#\s*escape\s*=\s*`", text) else ""
    scripts: list[Script] = []
    stage: dict[str, Script] = {}
    inherited: dict[str, Script] = {}
    stages, bases = {"": stage}, set[str]()
    number = 1
    for line in _DOCKER_LINE.findall(text):
        found = _INSTRUCTION.fullmatch(_DOCKER_GAP.sub(lambda _: "\\\n", line))
        name, rest = (found[1].upper(), found[2].strip()) if found else ("", "")
        words = tuple(_words(rest))
        script = Script("" if words else table.mark_expressions(rest), words, number)
        script = script._replace(unread="" if words else unread)
        if name == "FROM" and (base := _FROM.fullmatch(rest)):
            bases.add(base[1].lower())
            inherited = stages.get(base[1].lower(), {})
            stage = stages[(base[2] or f"#{number}").lower()] = dict(inherited)
        elif name == "RUN":
            scripts.append(script)
        elif name in {"ENTRYPOINT", "CMD"}:
            if name == "ENTRYPOINT" and stage.get("CMD") is inherited.get("CMD"):
                stage.pop("CMD", None)  # inherited: its words are for another program
            stage[name] = script
        elif name == "SHELL":
            unread = "" if any(map(SHELL.search, words)) else f"`SHELL {rest}` can't be read"
        elif name != "LABEL" and not line.lstrip().startswith("#"):
            scripts.append(Script(line, line=number, unread="it is not in an instruction to run"))
        number += line.count("\n")
    return scripts + [_docker_command(stages[name]) for name in stages if name not in bases]


def _docker_command(stage: dict[str, Script]) -> Script:
    """Return what an image runs: one command line in two parts, or one of them."""
    entry, command = stage.get("ENTRYPOINT", Script()), stage.get("CMD", Script())
    if entry.words:
        more = command.words or (("/bin/sh", "-c", command.text) if command.text else ())
        return entry._replace(words=entry.words + more)
    return entry if entry.text else command


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
    """Return the fenced blocks of a Markdown page: those marked as shell can be read."""
    scripts: list[Script] = []
    fence, begin, block, is_quoted, why = "", 0, list[str](), False, ""
    for number, line in enumerate([*text.splitlines(), None], 1):
        found = _FENCE.match(line or "")
        if not fence and found and line:
            fence, block, is_quoted = found[1], [], bool(_QUOTED.match(line))
            begin = number + 1
            why = "" if found[2].lower() in _SHELLS else "its block is not marked as shell"
        elif fence and (line is None or _closes(line, fence)):
            script = "\n".join(block if why else _typed(block))
            scripts.append(Script(table.mark_expressions(script), line=begin, unread=why))
            fence = ""
        elif line is not None:
            block.append(_QUOTED.sub("", line, count=1) if is_quoted else line)
    return scripts


def _closes(line: str, fence: str) -> bool:
    return line.strip(" >").startswith(fence) and not line.strip(" >" + fence[0])


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

"""Promises of structure: who may import whom, which library has one user, what start-up costs."""

import ast
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import runner
from runner.cli.app import COMMANDS

ROOT = Path(runner.__file__).parent

#: Each package with the packages it may import, in the order the data takes. A name stands for the
#: packages inside it too; ``ground`` are the modules directly below ``runner``.
_CORE = "ground models config importer plan state checkly engine reports emulator"
PACKAGES = {
    "ground": "",
    "models": "ground",
    "config/yaml": "ground",
    "config/files": "ground",
    "config/templates/expressions": "ground config/yaml",
    "config/templates": "ground config/yaml config/files config/templates/expressions",
    "config/document": "ground models config/yaml config/files",
    "config/selection": "ground models",
    "config/compile": (
        "ground models config/yaml config/files config/templates config/document config/selection"
    ),
    "config/formatting": "ground config/yaml",
    "importer": "ground config/yaml config/document config/templates/expressions",
    "plan": "ground models",
    "state": "ground models",
    "checkly": "ground models",
    "engine/control": "ground models state checkly",
    "engine/lookup": "ground models state checkly engine/control",
    "engine/results": "ground models plan checkly engine/control",
    "engine": ("ground models plan state checkly engine/control engine/lookup engine/results"),
    "reports/text": "ground models",
    "reports/plan": "ground models plan reports/text",
    "reports/apply": "models reports/text",
    "reports/diagnostics": "ground reports/text",
    "reports/history": "models reports/text reports/apply",
    "reports/dashboard": "ground models reports/text reports/apply reports/history",
    "reports/progress": "ground models reports/text reports/apply reports/diagnostics",
    "emulator/files": "",
    "emulator/world": "emulator/files",
    "emulator/sessions": "emulator/world",
    "emulator/transport": "emulator/files emulator/world emulator/sessions",
    "emulator": "emulator/files emulator/world emulator/sessions emulator/transport",
    "cli/console": "ground reports/text reports/diagnostics",
    "cli/elsewhere": "ground",
    "cli/options": "ground config/files config/document config/templates config/compile"
    " config/selection state cli/console",
    "cli/services": f"{_CORE} cli/console cli/options",
    "cli/actions": f"{_CORE} cli/console cli/options cli/services",
    "cli/commands": f"{_CORE} cli/console cli/options cli/actions",
    "cli/error_handler": "ground reports/progress cli/console cli/elsewhere",
    "cli/app": "ground cli/options cli/commands cli/elsewhere",
    "cli": "cli/app cli/error_handler",
}

#: Libraries with the packages (or modules) that may use them.
USERS = {
    "ruamel": "config/yaml config/formatting emulator/files",
    "dotenv": "config/templates",
    "jinja2": "config/templates/expressions reports/text/page",
    "httpx": "checkly",
    "obstore": "state",
    "click": "cli",
    "rich": "reports/progress",
    "opentelemetry": "reports/progress/otel",
    "tree_sitter": "importer",
    "tree_sitter_bash": "importer",
    "starlette": "emulator",
    "uvicorn": "emulator/transport emulator/server",
    "jsonschema_rs": "emulator/transport emulator/world",
}

PATHS = {path.relative_to(ROOT).as_posix(): path for path in sorted(ROOT.rglob("*.py"))}
#: Modules that belong to the package itself, below everything or on top of it.
OUTSIDE = {"__init__.py", "__main__.py", "_version.py"}
MODULES = [name for name in PATHS if name not in OUTSIDE]
PLACED = [n for n in MODULES if not n.endswith("/__init__.py") or n == "cli/__init__.py"]
FOLDERS = sorted(set(MODULES) - set(PLACED))


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(PATHS[name].read_text(encoding="utf-8"))


def dotted(name: str) -> str:
    return "runner." + name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


BY_DOTTED = {dotted(name): name for name in PATHS if name != "__init__.py"}


def imports(name: str) -> Iterator[tuple[int, str]]:
    """Every module that ``name`` imports, anywhere in it, with the line."""
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}:{node.lineno}: relative import"
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            modules = {full if full in BY_DOTTED else node.module or "" for full in inside}
            yield from ((node.lineno, module) for module in modules)


def package_of(name: str) -> str:
    """The package of a module: the longest path of ``PACKAGES`` that it is in."""
    path = name.removesuffix(".py").removesuffix("/__init__")
    if "/" not in name:
        return "ground"
    while path not in PACKAGES and "/" in path:
        path = path.rpartition("/")[0]
    return path


def within(path: str, packages: str) -> bool:
    return any(path == package or path.startswith(package + "/") for package in packages.split())


def arrows(name: str) -> Iterator[tuple[int, str]]:
    """The modules of the package that ``name`` imports, with the line."""
    for line, module in imports(name):
        if module in BY_DOTTED and BY_DOTTED[module] not in OUTSIDE:
            yield line, BY_DOTTED[module]


def wrong_imports(name: str) -> Iterator[str]:
    here = package_of(name)
    for line, other in arrows(name):
        there = package_of(other)
        if there != here and not within(there, PACKAGES[here]):
            yield f"runner/{name}:{line}: {here} imports {there}"


def cycles(graph: Mapping[str, set[str]]) -> None:
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("name", PLACED)
def test_imports_run_one_way(name: str) -> None:
    assert not list(wrong_imports(name))


def test_every_module_has_a_package_and_every_package_a_module() -> None:
    assert {package_of(name) for name in PLACED} == PACKAGES.keys()


@pytest.mark.parametrize("name", FOLDERS)
def test_to_import_a_folder_imports_nothing_else(name: str) -> None:
    assert not list(arrows(name))


def test_the_packages_follow_the_order_of_the_data() -> None:
    """No package may import one that may import it, however many packages lie between."""
    cycles(
        {
            package: {other for other in PACKAGES if within(other, allowed)}
            for package, allowed in PACKAGES.items()
        }
    )


def test_no_modules_import_each_other_in_a_circle() -> None:
    cycles({name: {other for _, other in arrows(name)} - {name} for name in MODULES})


@pytest.mark.parametrize("name", MODULES)
def test_a_library_has_its_one_user(name: str) -> None:
    for line, module in imports(name):
        users = USERS.get(module.split(".")[0])
        if users is not None:
            assert within(name.removesuffix(".py"), users), f"runner/{name}:{line} uses {module}"


def test_the_ground_floor_needs_only_the_standard_library() -> None:
    for name in MODULES:
        if package_of(name) == "ground":
            for line, module in imports(name):
                top = module.split(".")[0]
                assert top in sys.stdlib_module_names or top == "runner", f"{name}:{line} {module}"


def test_a_folder_holds_at_most_16_modules() -> None:
    folders = defaultdict(list)
    for name in PLACED:
        folders[name.rpartition("/")[0]].append(name)
    assert {folder for folder, names in folders.items() if len(names) > 16} == set()


def test_a_module_has_at_most_330_lines() -> None:
    lengths = {name: len(PATHS[name].read_text("utf-8").splitlines()) for name in MODULES}
    assert [name for name, length in lengths.items() if length > 330] == []


@pytest.mark.parametrize("name", MODULES)
def test_the_docstring_says_what_a_module_does(name: str) -> None:
    """As an imperative or a noun phrase; a folder's stands in its ``__init__``."""
    docstring = ast.get_docstring(tree(name))
    assert docstring
    assert not re.match(r"(What|Whether|Who|Where|When|Which|How)\b", docstring), docstring
    assert (PATHS[name].parent / "__init__.py").exists()


#: Libraries that are slow to import, and modules of Python that they bring along.
HEAVY = [
    *("pydantic", "pydantic_core", "httpx", "jinja2", "ruamel", "obstore", "rich", "asyncio"),
    *("dotenv", "tree_sitter", "typing_extensions", "decimal", "email", "hashlib", "html"),
    *("logging", "socket", "ssl", "subprocess", "tempfile"),
]
NO_MORE_THAN_HELP = [["--version"], ["--help"], *([name, "--help"] for name in COMMANDS)]
#: With the sample, of which no value needs more.
OFFLINE = [["validate"], ["list"], ["plan", "--offline"], ["show", "smoke-prod"]]


@pytest.mark.parametrize("arguments", [*NO_MORE_THAN_HELP, *OFFLINE], ids=" ".join)
def test_start_up_imports_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    heavy = {*HEAVY} - ({"ruamel"} if arguments in OFFLINE else set())
    shutil.copy(ROOT.parent / "checkly-sessions.yaml", tmp_path)
    program = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "from runner.cli.app import runner\n"
        f"runner.main({arguments!r}, standalone_mode=False)\n"
        f"heavy = sorted({heavy!r} & set(sys.modules) - before)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(ROOT.parent), "SHOP_API_TOKEN": "not-a-real-token"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

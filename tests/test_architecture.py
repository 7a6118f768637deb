"""Promises of structure: who may import whom, which library has one user, what start-up costs."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import runner
from runner.cli.app import COMMANDS

ROOT = Path(runner.__file__).parent

#: Each part with the parts it may import: data travels from the left to the right, and back
#: only as values. ``ground`` are the modules directly below ``runner``.
MAY_IMPORT = {
    "ground": set(),
    "models": {"ground"},
    "config": {"ground", "models"},
    "importer": {"ground", "config"},
    "plan": {"ground", "models", "config"},
    "state": {"ground", "models"},
    "checkly": {"ground", "models"},
    "engine": {"ground", "models", "plan", "state", "checkly"},
    "reports": {"ground", "models", "plan"},
    "emulator": set(),
    "cli": {
        "ground",
        "models",
        "config",
        "importer",
        "plan",
        "state",
        "checkly",
        "engine",
        "reports",
        "emulator",
    },
}

#: Libraries with the parts (or modules) that may use them.
USERS = {
    "ruamel": {"config", "emulator"},
    "dotenv": {"config"},
    "jinja2": {"config", "reports/apply/html_.py"},
    "httpx": {"checkly"},
    "obstore": {"state"},
    "click": {"cli"},
    "rich": {"cli", "reports"},
    "starlette": {"emulator"},
    "uvicorn": {"emulator"},
}


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(ROOT.rglob("*.py")):
        inside = path.relative_to(ROOT)
        if inside.name in {"__init__.py", "__main__.py", "_version.py"} and len(inside.parts) == 1:
            continue
        yield (inside.parts[0] if len(inside.parts) > 1 else "ground"), path


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every module that ``path`` imports, anywhere in it, with the line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield node.lineno, node.module or ""


def part_of(module: str) -> str | None:
    """The part that ``runner.x.y`` belongs to; ``None`` for the package itself."""
    names = module.split(".")
    if len(names) == 1 or names[1] == "_version":
        return None
    return names[1] if (ROOT / names[1]).is_dir() else "ground"


MODULES = list(modules())
IDS = [str(path.relative_to(ROOT)) for _, path in MODULES]


@pytest.mark.parametrize(("part", "path"), MODULES, ids=IDS)
def test_imports_run_one_way(part: str, path: Path) -> None:
    for line, module in imports(path):
        if module.split(".")[0] == "runner" and (other := part_of(module)) not in {None, part}:
            assert other in MAY_IMPORT[part], f"{path}:{line}: {part} imports {other}"


@pytest.mark.parametrize(("part", "path"), MODULES, ids=IDS)
def test_a_library_has_its_one_user(part: str, path: Path) -> None:
    for line, module in imports(path):
        users = USERS.get(module.split(".")[0])
        if users is not None:
            assert users & {part, str(path.relative_to(ROOT))}, f"{path}:{line} uses {module}"


def test_the_ground_floor_needs_only_the_standard_library() -> None:
    for part, path in MODULES:
        if part == "ground":
            for line, module in imports(path):
                top = module.split(".")[0]
                assert top in sys.stdlib_module_names or top == "runner", f"{path}:{line} {module}"


HEAVY = ["pydantic", "httpx", "jinja2", "ruamel", "obstore", "rich", "asyncio", "dotenv"]


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], *([name, "--help"] for name in COMMANDS)]
)
def test_start_up_imports_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\n"
        "from runner.cli.app import runner\n"
        f"runner.main({arguments!r}, standalone_mode=False)\n"
        f"heavy = sorted(set({HEAVY!r}) & set(sys.modules))\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

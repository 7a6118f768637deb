"""The wheel and the source archive have everything: what they hold runs the sample, and tests."""

import hashlib
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def build(folder: Path, kind: str) -> Path:
    command = [sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir"]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1750000000"}
    command += [str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, env=environment)
    (path,) = folder.iterdir()
    return path


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("sdist"), "sdist")


@pytest.fixture(scope="module")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (inside,) = folder.iterdir()
    return inside


def test_the_wheel_holds_the_schemas_and_nothing_of_the_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "runner/schemas/checkly-api.openapi.yaml" in names
    assert "runner/py.typed" in names
    assert not [name for name in names if name.startswith(("tests", "runner/schemas/generate"))]


def test_the_installed_wheel_runs_the_sample(wheel: Path, tmp_path: Path) -> None:
    # The libraries come from the environment of the tests, so that nothing is downloaded;
    # a path file does not carry over the editable install that is there too.
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    site = next((tmp_path / "venv" / "lib").glob("python*/site-packages"))
    (site / "libraries.pth").write_text(sysconfig.get_paths()["purelib"])
    zipfile.ZipFile(wheel).extractall(site)
    project = tmp_path / "project"
    project.mkdir()
    (project / "checkly-sessions.yaml").write_text((ROOT / "checkly-sessions.yaml").read_text())
    run = [str(python), "-m", "runner", "apply", "smoke-prod", "--emulator", "--yes"]
    environment = {**os.environ, "SHOP_API_TOKEN": "demo-token", "PYTHONPATH": ""}
    done = subprocess.run(
        run, cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    where = "import runner, sys; sys.exit(runner.__file__)"
    found = subprocess.run(
        [str(python), "-c", where], cwd=project, capture_output=True, text=True, check=False
    )
    assert str(site) in found.stderr


def test_a_second_build_gives_the_same_bytes(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    for first, kind in ((wheel, "wheel"), (sdist, "sdist")):
        (tmp_path / kind).mkdir()
        again = build(tmp_path / kind, kind)
        digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (first, again)}
        assert len(digests) == 1, kind


def test_the_program_has_the_name_of_the_package_too() -> None:
    """So that `uvx checkly-sessions-runner` finds it."""
    scripts = {one.name: one.value for one in entry_points(group="console_scripts")}
    assert scripts["checkly-sessions-runner"] == scripts["runner"]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="the source archive itself")
def test_the_source_archive_holds_all_that_is_kept_in_git(unpacked: Path) -> None:
    listing = ["git", "ls-files", "-z", "--cached"]
    done = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True)
    kept = {name for name in done.stdout.split("\0") if name and (ROOT / name).exists()}
    held = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert kept <= held


def test_the_source_archive_runs_its_own_tests(unpacked: Path) -> None:
    run = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
    chosen = ["tests/plan/test_diff.py", "tests/config/test_cases.py", "tests/docs/test_pages.py"]
    done = subprocess.run(
        [*run, *chosen], cwd=unpacked, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.slow  # downloads what it installs
@pytest.mark.timeout(600)
def test_the_first_steps_of_the_readme_work_in_a_fresh_environment(
    unpacked: Path, tmp_path: Path
) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    text = (unpacked / "README.md").read_text(encoding="utf-8")
    section = text.partition("## Try it in a minute")[2].partition("\n## ")[0]
    blocks = re.findall(r"(?:<!-- run: (.+) -->\n)?```console\n(.*?)```", section, re.DOTALL)
    shown = [line for hidden, block in blocks for line in (f"$ {hidden}", *block.splitlines())]
    commands = [line.removeprefix("$ ") for line in shown if re.match(r"\$ \S", line)]
    assert commands[0].startswith("pipx install ")
    script = "\n".join(["set -e", *commands]).replace("pipx install", "python -m pip install -q")
    environment = {
        "PATH": f"{tmp_path / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=unpacked,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Sessions: 1 passed") == 2

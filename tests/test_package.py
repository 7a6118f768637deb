"""The wheel has everything: installed into an empty environment, it runs the sample."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_the_schemas_and_nothing_of_the_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "runner/schemas/checkly-api.openapi.yaml" in names
    assert "runner/py.typed" in names
    assert not [name for name in names if name.startswith("tests")]


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

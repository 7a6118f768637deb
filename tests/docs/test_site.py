"""The site builds from the pages without a warning."""

import html
import os
import subprocess
import sys
from pathlib import Path

from tests.config.codes import codes

ROOT = Path(__file__).parents[2]


def test_it_builds_strictly(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    built = {path.stem for path in tmp_path.glob("*.html")}
    assert {page.stem for page in (ROOT / "docs").glob("*.md")} <= built
    page = (tmp_path / "diagnostics.html").read_text(encoding="utf-8")
    assert not [code for code in codes() if f'<h3 id="{code}">' not in page]
    assert "[text|json]" in (tmp_path / "commands.html").read_text(encoding="utf-8")


def test_pages_name_the_package_once_it_is_published(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    environment = {**os.environ, "PACKAGE": "the-package"}
    subprocess.run(build, cwd=ROOT, env=environment, capture_output=True, check=True)
    page = html.unescape((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert "uv tool install 'the-package[emulator,import]'" in page
    assert "'.[emulator,import]'" not in page

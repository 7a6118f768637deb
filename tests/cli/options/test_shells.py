"""Completion in real shells: what the program is started with after a press of the tab key."""

import json
import os
import pty
import select
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

FILE = """\
version: 1
variables: {region: emea, host: null}
profiles:
  smoke:
    labels: {team: web & more, kind: "a:b=c"}
    target: all
    matrix: {runLocation: [emea, us-east-1]}
  nightly:
    target: all
    runLocation: eu-west-1
    matrix: {device: [iPhone 15, it's, 'say "hi"', "a:b=c", $HOME, "x*"]}
    name: $<matrix.device>
"""
START = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
PREPARE = {"bash": "", "zsh": "autoload -U compinit && compinit -u -D; ", "fish": ""}
SCRIPT = {
    "bash": 'eval "$(_RUNNER_COMPLETE=bash_source runner)"',
    "zsh": 'eval "$(_RUNNER_COMPLETE=zsh_source runner)"',
    "fish": "_RUNNER_COMPLETE=fish_source runner | source",
}


class Shell:
    """An interactive shell on a terminal, in which `runner` writes down its arguments."""

    def __init__(self, name: str, folder: Path) -> None:
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed")
        self.name = name
        self.started = folder / "started"
        self.asked = folder / "asked"
        bin_folder = folder / "bin"
        bin_folder.mkdir()
        program = bin_folder / "runner"
        program.write_text(
            f"#!{sys.executable}\n"
            "import json, os, sys\n"
            "if '_RUNNER_COMPLETE' in os.environ:\n"
            "    import subprocess\n"
            "    main = 'from runner.cli import main; main()'\n"
            "    subprocess.run([sys.executable, '-c', main])\n"
            f"    open({str(self.asked)!r}, 'w').close()\n"
            "    sys.exit()\n"
            f"with open({str(self.started)!r} + '~', 'w') as file:\n"
            "    json.dump(sys.argv[1:], file)\n"
            "os.rename(file.name, file.name[:-1])\n"
        )
        program.chmod(0o755)
        environ = {
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(Path(__file__).parents[3]),
            "HOME": str(folder),
            "TERM": "dumb" if name != "fish" else "xterm",
            "LC_ALL": "C.UTF-8",
        }
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.chdir(folder)
            os.execvpe(START[name][0], START[name], environ)
        self.seen = b""
        self._run(PREPARE[name] + SCRIPT[name])

    def _run(self, line: str) -> None:
        self.type(f"{line}\r")
        self.type("runner ready\r")
        self.arguments()

    def type(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def read(self, seconds: float = 0.05) -> None:
        while select.select([self._terminal], [], [], seconds)[0]:
            got = os.read(self._terminal, 65536)
            self.seen += got
            for question, answer in ((b"\x1b[c", b"\x1b[?62c"), (b"\x1b[6n", b"\x1b[1;1R")):
                if question in got:  # fish asks who it talks to
                    os.write(self._terminal, answer)

    def arguments(self) -> list[str]:
        """What `runner` was started with last; waits until it was."""
        self._wait_for(self.started)
        found: list[str] = json.loads(self.started.read_text())
        self.started.unlink()
        return found

    def completed(self, typed: str) -> list[str]:
        """What `runner` gets when ``typed`` is completed at its end, and sent off."""
        self.type(typed + "\t")
        self._wait_for(self.asked)
        self.asked.unlink()
        self.type("\r")
        return self.arguments()

    def _wait_for(self, path: Path) -> None:
        end = time.monotonic() + 20
        while not path.exists():
            assert time.monotonic() < end, self.seen.decode(errors="replace")
            self.read()

    def close(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._terminal)


@pytest.mark.parametrize("name", list(START))
def test_what_is_completed_arrives_as_it_is(name: str, tmp_path: Path) -> None:
    (tmp_path / "checkly-sessions.yaml").write_text(FILE)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "of the way.html").touch()
    shell = Shell(name, tmp_path)
    wanted = {
        "runner plan night": ["plan", "nightly"],
        "runner plan smoke[em": ["plan", "smoke[emea]"],
        "runner plan 'smoke[em": ["plan", "smoke[emea]"],
        'runner plan "nightly[iP': ["plan", "nightly[iPhone 15]"],
        r"runner plan nightly\[iPhone\ ": ["plan", "nightly[iPhone 15]"],
        r"runner plan nightly\[it": ["plan", "nightly[it's]"],
        'runner plan "nightly[say': ["plan", 'nightly[say "hi"]'],
        r"runner plan nightly\[a:b=": ["plan", "nightly[a:b=c]"],
        "runner plan 'nightly[$": ["plan", "nightly[$HOME]"],
        r"runner plan nightly\[x": ["plan", "nightly[x*]"],
        "runner plan -l team=": ["plan", "-l", "team=web & more"],
        "runner plan -l 'kind!": ["plan", "-l", "kind!=a:b=c"],
        "runner plan --label=team": ["plan", "--label=team=web & more"],
        "runner plan --var reg": ["plan", "--var", "region="],
        "runner apply --report=html=out/": ["apply", "--report=html=out/of the way.html"],
        "runner show --plan=che": ["show", "--plan=checkly-sessions.yaml"],
        "true; X='1 2' runner statu": ["status"],
    }
    if name == "zsh":  # takes a bracket outside of quotes for a pattern, and asks nobody
        del wanted["runner plan smoke[em"]
    try:
        got = {typed: shell.completed(typed) for typed in wanted}
    finally:
        shell.close()
    assert got == wanted

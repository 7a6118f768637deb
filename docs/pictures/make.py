"""Take the pictures of the README from the real program: ``make pictures``.

The sample configuration is applied twice against the emulator, before and after a release
broke something. The pictures are a plan of a changed configuration between the two, the second
apply while it runs, and its HTML report.
"""

import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from fcntl import ioctl
from io import StringIO
from pathlib import Path

import pyte
from rich.console import Console
from rich.text import Text

from tests.reports.browser import chromium, opened

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COLUMNS, ROWS = 100, 26
#: pyte's names of colours that rich calls otherwise.
COLORS = {"brown": "yellow", "default": None}


def main() -> None:
    """Take all pictures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(ROOT / "checkly-sessions.yaml", folder)
        world = (HERE / "world.yaml").read_text(encoding="utf-8")
        (folder / "world.yaml").write_text(world, encoding="utf-8")
        broken = world.replace("outcome: passed", "outcome: failed")
        broken = re.sub(r"(duration: )([\d.]+)", lambda at: f"{at[1]}{3 * float(at[2]):g}", broken)
        (folder / "broken.yaml").write_text(broken, encoding="utf-8")
        for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "Sell gift cards"]):
            who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
            subprocess.run(["git", *who, *command], cwd=folder, check=True)
        run(folder, "apply", "--yes", "--world=world.yaml")
        run(folder, "state", "forget", "smoke-prod", "--yes")
        file = folder / "checkly-sessions.yaml"
        sample = file.read_text(encoding="utf-8")
        changed = sample.replace("[[staging, regression]]", "[[staging]]")
        file.write_text(changed.replace("{type: FIXED,", "{type: LINEAR,"), encoding="utf-8")
        shown = run(folder, "plan", "--world=world.yaml")
        save("plan", "runner plan", Text.from_ansi(shown))
        file.write_text(sample, encoding="utf-8")
        screen = watch(folder, "apply", "--yes", "--world=broken.yaml", "--report=html=r.html")
        save("apply", "runner apply --yes", screen)
        run(folder, "dashboard", "--out=site")
        photograph("report", folder / "r.html")
        photograph("dashboard", folder / "site/index.html")


def environ() -> dict[str, str]:
    """A terminal with colours, and nothing of a CI system."""
    kept = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    given = {"TERM": "xterm-256color", "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS)}
    return {**kept, **given, "SHOP_API_TOKEN": "a-token-for-pictures"}


def program(*arguments: str) -> list[str]:
    """The command line of the program."""
    return [sys.executable, "-m", "runner", *arguments, "--emulator"]


def run(folder: Path, *arguments: str) -> str:
    """What the program prints."""
    done = subprocess.run(
        program(*arguments),
        cwd=folder,
        env=environ(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def watch(folder: Path, *arguments: str) -> Text:
    """The screen while the program runs, at a moment at which it shows much."""
    leader, follower = pty.openpty()
    ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    program_ = subprocess.Popen(
        program(*arguments),
        cwd=folder,
        env=environ(),
        stdin=follower,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    best, most = Text(), -1
    while True:
        try:
            chunk = os.read(leader, 1 << 16)
        except OSError:  # Linux says so when nobody writes any more
            break
        if not chunk:
            break
        stream.feed(chunk)
        shown = "\n".join(screen.display)
        much = 10 * shown.count(" after ") + 5 * len(re.findall(r" [1-9]/\d checks", shown))
        much += shown.count(" · ")
        if much > most and re.search(r"\d running, ", shown):
            best, most = picture_of(screen), much
    program_.wait()
    os.close(leader)
    return best


def picture_of(screen: pyte.Screen) -> Text:
    """What a screen shows, with its colours."""
    lines = []
    for number in range(screen.lines):
        line = Text()
        for column in range(screen.columns):
            char = screen.buffer[number][column]
            color = COLORS.get(char.fg, char.fg)
            line.append(char.data, " ".join(filter(None, ("bold" * char.bold, color))))
        line.rstrip()
        lines.append(line)
    while lines and not lines[-1]:
        lines.pop()
    return Text("\n").join(lines)


def save(name: str, title: str, text: Text) -> None:
    """Write a picture of a terminal that shows ``text``."""
    console = Console(
        record=True, width=COLUMNS, file=StringIO(), force_terminal=True, legacy_windows=False
    )
    console.print(text)
    svg = console.export_svg(title=title, unique_id=name)
    # The picture has to be whole without fetching a font.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    (HERE / f"{name}.svg").write_text(svg, encoding="utf-8")


def photograph(name: str, page: Path) -> None:
    """Write pictures of an HTML page, in light and in dark."""
    with chromium() as browser:
        for suffix, dark in (("", False), ("-dark", True)):
            with opened(browser, page, width=1100, height=1000, dark=dark) as shown:
                shown.screenshot(path=HERE / f"{name}{suffix}.png", full_page=True)


if __name__ == "__main__":
    main()

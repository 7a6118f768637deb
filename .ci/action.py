"""The parts of the action that are more than a line of shell. Python's own library only.

``arguments FILE`` reads the inputs and writes the command line, its words ended by NUL;
``comment FILE`` keeps a comment of the pull request up to date with the Markdown in the file.
"""

import json
import os
import shlex
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

COMMANDS = ("plan", "apply", "validate", "wait")
#: Commands that name an apply and no profiles, or take none.
MARKERS = {"plan": "<!-- checkly-sessions-plan -->", "apply": "<!-- checkly-sessions-result -->"}
MOST = 65_000


class Refused(Exception):
    """The inputs make no sense; the message says what to do."""


def arguments(inputs: Mapping[str, str], markdown: str) -> list[str]:
    """The words after ``runner``: the options as a shell reads them, the profiles as names.

    Raises:
        Refused: The command is not known, a quote is not closed, or an apply selects nothing.
    """
    command = inputs.get("COMMAND", "").strip()
    if command not in COMMANDS:
        raise Refused(f"The input `command` is one of {', '.join(COMMANDS)}.")
    try:
        options = [
            word
            for line in inputs.get("OPTIONS", "").splitlines()
            for word in shlex.split(line, comments=True)
        ]
    except ValueError as error:
        raise Refused(f"The input `options` can't be read: {error}.") from None
    profiles = inputs.get("PROFILES", "").split()
    selects = {"-y", "--yes", "-l", "--label", "--plan", "--help"}
    if command == "apply" and not profiles and not selects & {o.partition("=")[0] for o in options}:
        raise Refused(
            "An apply needs the input `profiles`, one a line or with spaces between them; "
            "to apply all of them, add `--yes` to `options`."
        )
    if command == "plan" and not any(option.startswith("--format") for option in options):
        options.append("--format=markdown")
    if command in {"apply", "wait"} and inputs.get("COMMENT") == "true":
        options.append(f"--report=markdown={markdown}")
    return [command, *options, *(["--", *profiles] if profiles else [])]


def comment(environ: Mapping[str, str], text: str) -> str:
    """Put ``text`` into the comment of the pull request; says what was done.

    Raises:
        Refused: There is no pull request, or the token may not write to it.
    """
    event = json.loads(Path(environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    pull = event.get("pull_request")
    if not pull:
        raise Refused("There is no comment to write: this run does not belong to a pull request.")
    repository = environ["GITHUB_REPOSITORY"]
    if (pull["head"].get("repo") or {}).get("full_name") != repository:
        raise Refused(
            "No comment was written: on a pull request from a fork the token may only read. "
            "See the workflow checkly-plan-comment.yml of the examples."
        )
    if not environ.get("GITHUB_TOKEN"):
        raise Refused("No comment was written: the input `token` is empty.")
    issues = f"{environ['GITHUB_API_URL']}/repos/{repository}/issues"
    marker = MARKERS["plan" if environ["COMMAND"] == "plan" else "apply"]
    body = text if text.startswith(marker) else f"{marker}\n{text}"
    body = body[:MOST]
    for known in comments(environ, f"{issues}/{pull['number']}/comments"):
        if str(known.get("body")).startswith(marker):
            ask(environ, "PATCH", f"{issues}/comments/{known['id']}", {"body": body})
            return "The comment was updated."
    ask(environ, "POST", f"{issues}/{pull['number']}/comments", {"body": body})
    return "A comment was written."


def comments(environ: Mapping[str, str], url: str) -> Iterator[Mapping[str, Any]]:
    """All comments, page by page."""
    for page in range(1, 31):
        found = ask(environ, "GET", f"{url}?per_page=100&page={page}")
        yield from found
        if len(found) < 100:
            return


def ask(environ: Mapping[str, str], method: str, url: str, body: object = None) -> Any:
    """Ask GitHub.

    Raises:
        Refused: It did not answer, or refused.
    """
    request = urllib.request.Request(
        url,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {environ['GITHUB_TOKEN']}",
            "Content-Type": "application/json",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        why = " The workflow needs `permissions: {pull-requests: write}`." * (error.code == 403)
        raise Refused(f"No comment was written: GitHub answered {error.code}.{why}") from None
    except OSError as error:
        raise Refused(f"No comment was written: GitHub did not answer ({error}).") from None


def main(words: Sequence[str], environ: Mapping[str, str]) -> int:
    """Do what the first word says; returns the exit code."""
    what, path = words
    try:
        if what == "arguments":
            found = arguments(environ, environ["MARKDOWN"])
            Path(path).write_bytes("".join(f"{word}\0" for word in found).encode())
        elif Path(path).exists() and Path(path).stat().st_size:
            print(comment(environ, Path(path).read_text(encoding="utf-8")))
    except Refused as error:
        # A missing comment never fails the step; wrong inputs do.
        level = "error" if what == "arguments" else "warning"
        print(f"::{level}::{str(error).replace('%', '%25')}")
        return 2 if what == "arguments" else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))

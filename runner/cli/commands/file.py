"""Commands that create, check and convert the file."""

import click

from runner.cli.options.command import command
from runner.cli.options.completion import files
from runner.cli.options.kinds import flag, format_option
from runner.cli.options.parameters import EXCLUDE_OPTION, LABEL_OPTION, PROFILE_ARGUMENT
from runner.cli.options.shared import runs


@command()
@runs("file:init")
def init() -> None:
    """Write a commented starter file, and the JSON Schema that editors read beside it.

    Nothing is overwritten.
    """


@command("runner validate --strict", "runner validate 'smoke-*'")
@PROFILE_ARGUMENT
@LABEL_OPTION
@EXCLUDE_OPTION
@flag("--files", help="Treat the arguments as files, as hooks pass them.")
@flag("--strict", help="Treat an unset variable as an error.")
@format_option("text", "concise", "json", "github", what="what was found")
@runs("validate:validate")
def validate() -> None:
    """Check the file like a compiler: everything that can be known without the network.

    With --files, the arguments are files: each one that is a configuration, or is included by
    one, has that configuration checked. Other files are skipped.
    """


@command("runner fmt", "runner fmt --check")
@click.argument("paths", metavar="[FILE]...", nargs=-1, shell_complete=files)
@flag("--check", help="Change nothing; exit 1 if something would change.")
@flag("--diff", help="Change nothing; print what would change.")
@runs("file:fmt")
def fmt() -> None:
    """Format files and their includes, keeping comments, anchors and blank lines.

    Without FILE, it formats the file that the other commands use.
    """


@command(
    'runner import "npx checkly trigger --tags=production,smoke"',
    "runner import .github/workflows/smoke.yml > checkly-sessions.yaml",
    name="import",
    context_settings={"allow_interspersed_args": False},
)
@click.argument("command_line", metavar="COMMAND|FILE", nargs=-1, required=True)
@runs("import_:import_")
def import_() -> None:
    """Turn `npx checkly trigger …` into profiles, and print them as a file.

    Give the command line in quotes, or a file with such commands: a workflow of GitHub, GitLab,
    CircleCI, Bitbucket or Azure, a shell script, package.json, a Makefile, a Dockerfile, a
    Kubernetes manifest or a Markdown page. Use - to read standard input.
    """


@command()
@runs("file:schema")
def schema() -> None:
    """Print the JSON Schema of the file, for editors."""

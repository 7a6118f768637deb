"""Commands that look after the file."""

from typing import Any

import click

from runner.cli.options.common import Common
from runner.cli.options.completion import files
from runner.cli.options.parameters import EXCLUDE_OPTION, LABEL_OPTION, PROFILE_ARGUMENT
from runner.cli.options.shared import common_options


@click.command()
@common_options
def init(common: Common) -> None:
    """Write a commented starter file, and the JSON Schema that editors read beside it.

    Nothing is overwritten.
    """
    from runner.cli.actions.init import init

    init(common)


@click.command()
@PROFILE_ARGUMENT
@LABEL_OPTION
@EXCLUDE_OPTION
@click.option("--files", is_flag=True, help="Take the arguments for files, as hooks pass them.")
@click.option("--strict", is_flag=True, help="Take an unset variable for an error.")
@click.option(
    *("--format", "form"),
    type=click.Choice(["text", "concise", "json", "github"]),
    default="text",
    help="How to print what was found.",
)
@common_options
def validate(common: Common, **options: Any) -> int:
    """Check the file like a compiler: everything that can be known without the network.

    With --files, each configuration that the given files are, or are included by, is checked;
    files that belong to none are passed over.
    """
    from runner.cli.actions.validate import validate

    return validate(common, **options)


@click.command()
@click.argument("paths", metavar="[FILE]...", nargs=-1, shell_complete=files)
@click.option("--check", is_flag=True, help="Change nothing; exit 1 if something would change.")
@click.option("--diff", is_flag=True, help="Change nothing; print what would change.")
@common_options
def fmt(common: Common, **options: Any) -> int:
    """Format files and their includes, keeping comments, anchors and blank lines.

    Without FILE it is the one that the other commands take.
    """
    from runner.cli.actions.fmt import fmt

    return fmt(common, **options)


@click.command("import", context_settings={"allow_interspersed_args": False})
@click.argument("command_line", metavar="COMMAND|FILE", nargs=-1, required=True)
@common_options
def import_(common: Common, command_line: tuple[str, ...]) -> None:
    """Turn `npx checkly trigger …` into profiles, and print them as a file.

    Give the command line, in quotes, or a file with such commands: a workflow of GitHub, GitLab,
    CircleCI, Bitbucket or Azure, a shell script, package.json, Makefile, Dockerfile, manifest of
    Kubernetes or Markdown page. - is standard input.
    """
    from runner.cli.actions.import_ import import_

    import_(common, command_line)


@click.command()
@common_options
def schema(common: Common) -> None:
    """Print the JSON Schema of the file, for editors."""
    from runner.config.document.starter import SCHEMA_NAME
    from runner.models.contract.rules import schema_text

    common.console.write(schema_text(SCHEMA_NAME))

"""Makes commands.md, environment.md and keys.md from the code (`make docs`)."""

import json
import re
from collections.abc import Iterator, Sequence
from inspect import cleandoc
from pathlib import Path
from typing import Any, Final

import click

from runner.cli.app import COMMANDS, runner
from runner.cli.options.shared import shared_options
from runner.config.templates import ci
from runner.config.templates.expressions import language
from runner.models.contract.request import MAX_EXACT
from schemas.generate.json_schema import file_schema

FOLDER: Final = Path(__file__).parent
_MADE: Final = "<!-- Made by docs/reference.py: change the code, then run `make docs`. -->\n"

#: What each environment variable means, by subject. A test compares the names with the code.
VARIABLES: Final[dict[str, dict[str, str]]] = {
    "The API": {
        "CHECKLY_API_KEY": "The API key. It is sent to the API and nowhere else.",
        "CHECKLY_ACCOUNT_ID": "The account that the key is used for.",
        "CHECKLY_API_URL": "Another address of the API. It must be https, except on loopback.",
        "CHECKLY_ENV": "The address by name, as in the Checkly CLI: `production` (the default), "
        "`staging`, `development` or `local`.",
        "XDG_CONFIG_HOME": "Where the login of the Checkly CLI is; `~/.config` if not set.",
        "APPDATA": "The same on Windows.",
        "HTTPS_PROXY": "A proxy for https addresses; `HTTP_PROXY` and `ALL_PROXY` likewise.",
        "NO_PROXY": "Hosts that are reached without the proxy. Loopback always is.",
        "SSL_CERT_FILE": "Certificates to trust instead of the usual ones. `REQUESTS_CA_BUNDLE` "
        "and `CURL_CA_BUNDLE` mean the same.",
        "SSL_CERT_DIR": "A folder of such certificates.",
        "NODE_EXTRA_CA_CERTS": "Certificates to trust as well, such as those of a company's proxy.",
    },
    "The runner": {
        "CHECKLY_SESSIONS_STATE": "Where the state is, like `--state`; wins over `state:` in the "
        "file.",
        "CHECKLY_SESSIONS_SCOPE": "The part of the state to work in, like `--scope`.",
        "CHECKLY_SESSIONS_ENV_ALLOW": "Globs of the names that `env.*` may read, separated by "
        "commas or spaces, like `--env-allow`.",
        "CHECKLY_SESSIONS_VAR_NAME": "Sets the variable `NAME` of the file, whichever name it is; "
        "`--var` wins.",
        "CHECKLY_SESSIONS_FINGERPRINT_KEY": "The key of the fingerprints that tell whether a "
        "secret changed; the API key if not set.",
        "CHECKLY_SESSIONS_LEASE_SECONDS": "Seconds for which a lock outlives its owner, 1 to 3600.",
    },
    "The commit, for `git.*` and the metadata of sessions": {
        "CHECKLY_REPO_SHA": "The commit.",
        "CHECKLY_REPO_URL": "Address of the repository.",
        "CHECKLY_REPO_BRANCH": "The branch.",
        "CHECKLY_REPO_COMMIT_OWNER": "The author of the commit.",
        "CHECKLY_REPO_COMMIT_MESSAGE": "The commit message.",
        "CHECKLY_TEST_REPO_SHA": "Used if `CHECKLY_REPO_SHA` is not set; the same goes for "
        "`…_URL`, `…_BRANCH`, `…_COMMIT_OWNER` and `…_COMMIT_MESSAGE`.",
        "CHECKLY_GITHUB_SHA": "The commit, if none of the above is set.",
        "CHECKLY_GITHUB_REPOSITORY": "The repository as `owner/name`, if no address is set.",
        "CHECKLY_GITHUB_SERVER_URL": "Where that repository is; `https://github.com` if not set.",
        "CHECKLY_GITHUB_REPORT": "`true` or `1` sends `metadata.github`, which describes the "
        "GitHub Actions job, from `CHECKLY_GITHUB_SHA` and the like, or from `GITHUB_SHA`.",
        "CHECKLY_TEST_ENVIRONMENT": "`metadata.environment` for profiles that do not set it.",
    },
    "Reports and the terminal": {
        "CHECKLY_REPORTER_GITHUB_OUTPUT": "A file for the Markdown report.",
        "CHECKLY_REPORTER_JSON_OUTPUT": "A file for the JSON report.",
        "CHECKLY_REPORTER_JUNIT_OUTPUT": "A file for the JUnit report.",
        "NO_COLOR": "Print without colour, whatever its value.",
        "FORCE_COLOR": "Print with colour even without a terminal; `0` turns colour off.",
        "CLICOLOR_FORCE": "The same as `FORCE_COLOR`, which decides first.",
        "CLICOLOR": "`0` prints without colour, unless one of these two turns it on.",
        "FORCE_HYPERLINK": "Turn names into links (OSC 8) in all output with colour; `0` turns "
        "links off.",
        "TERM_PROGRAM": "Tells whether the terminal shows links, as do `VTE_VERSION`, "
        "`WT_SESSION`, `KITTY_WINDOW_ID`, `DOMTERM` and `KONSOLE_VERSION`.",
        "TERM": "`dumb` turns off colour, live progress and the pager.",
        "COLUMNS": "The width to print in if there is no terminal.",
        "PAGER": "Shows long plans on a terminal: `less` if not set, none if empty or `cat`.",
        "CI": "Set by CI systems: plain lines instead of live progress, and a warning if the "
        "state is a folder, which is lost with the machine.",
    },
    "GitHub Actions": {
        "GITHUB_ACTIONS": "`true` turns on step summary, annotations and outputs.",
        "GITHUB_STEP_SUMMARY": "The file of the step summary.",
        "GITHUB_EVENT_PATH": "The file of the event: on pull requests it names the commit that was "
        "pushed.",
        "GITHUB_OUTPUT": "The file of the outputs.",
        "GITHUB_TOKEN": "Writes the check run of `--report github-check`.",
        "GITHUB_REPOSITORY": "The repository that the check run belongs to.",
        "GITHUB_SHA": "The commit of the check run, except on pull requests.",
        "GITHUB_API_URL": "Where GitHub's API is; `https://api.github.com` if not set.",
        "GITHUB_WORKSPACE": "The folder that the paths of annotations are relative to.",
    },
    "OpenTelemetry": {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "The collector; turns on traces and metrics. The other "
        "`OTEL_` variables of the SDK work too.",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "A separate address for traces.",
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "A separate address for metrics.",
        "OTEL_TRACES_EXPORTER": "`none` sends no traces.",
        "OTEL_METRICS_EXPORTER": "`none` sends no metrics.",
        "OTEL_SERVICE_NAME": "The name of the service; `checkly-sessions-runner` if not set.",
        "OTEL_SDK_DISABLED": "`true` turns all of it off.",
        "TRACEPARENT": "The span of the pipeline that the trace of an apply continues.",
        "TRACESTATE": "Vendor data that goes with `TRACEPARENT`.",
    },
    "State in a bucket": {
        "AWS_ACCESS_KEY_ID": "For `s3://`, with the library's other usual variables.",
        "AWS_SECRET_ACCESS_KEY": "For `s3://`.",
        "AWS_REGION": "For `s3://`.",
        "AWS_ENDPOINT_URL": "For `s3://`: another S3-compatible store. `AWS_ENDPOINT` means the "
        "same; `AWS_ENDPOINT_URL_S3` wins.",
        "AWS_PROFILE": "For `s3://`: a profile of `~/.aws`, with the extra `aws`.",
        "GOOGLE_APPLICATION_CREDENTIALS": "For `gs://`.",
        "GOOGLE_BASE_URL": "For `gs://`: another server.",
        "STORAGE_EMULATOR_HOST": "For `gs://`: an emulator, which is sent no credentials.",
        "AZURE_STORAGE_ACCOUNT_NAME": "For `az://`.",
        "AZURE_STORAGE_ACCOUNT_KEY": "For `az://`.",
        "AZURE_STORAGE_ENDPOINT": "For `az://`: another compatible store.",
    },
    "Shells": {"_RUNNER_COMPLETE": "Set by the shell while it [completes](completion.md)."},
}


def pages() -> dict[str, str]:
    """The text of each page by the name of its file."""
    return {
        "commands.md": "\n".join(_commands()),
        "environment.md": "\n".join(_environment()),
        "keys.md": "\n".join(_keys()),
        "expressions.md": _expressions(),
    }


def _cell(text: str) -> str:
    text = text.replace("|", "\\|").replace("``", "`").replace("\n", " ")
    return re.sub(r"\$<[^>]*>", r"`\g<0>`", text) if "`" not in text else text


# --- commands.md


def _commands() -> Iterator[str]:
    yield "# Commands\n"
    yield _MADE
    yield "Profiles are named exactly (`smoke-prod`), by instance (`'smoke-prod[us-east-1]'`; the"
    yield "bare name means all of its instances) or by wildcard (`'smoke-*'`), and narrowed by"
    yield "`--label`; an instance must match all labels that are given. A name or label that"
    yield "matches nothing is an error. See also [exit codes](exit-codes.md).\n"
    yield "## Options of every command\n"
    yield "They can be given before or after the command's name.\n"
    yield from _options(_shared())
    yield ""
    shared = {option.name for option in _shared()}
    for name in COMMANDS:
        command = runner.get_command(click.Context(runner), name)
        assert command is not None  # noqa: S101 # it stands in the table
        yield from _command(f"runner {name}", command, shared, "##")


def _shared() -> list[click.Parameter]:
    @click.command()
    @shared_options
    def shared() -> None:
        """Has the shared options and no other."""

    return shared.params


def _command(name: str, command: click.Command, shared: set[str], mark: str) -> Iterator[str]:
    context = click.Context(command, info_name=name)
    pieces = " ".join(command.collect_usage_pieces(context))
    yield f"{mark} {name}\n"
    yield f"```text\n{name} {pieces}\n```\n"
    yield cleandoc(command.help or "") + "\n"
    if examples := getattr(command, "examples", ()):
        yield "```console\n" + "".join(f"$ {example}\n" for example in examples) + "```\n"
    own = [
        one
        for one in command.params
        if isinstance(one, click.Option) and (one.name not in shared or one.name == "help")
    ]
    if own:
        yield from _options(own)
        yield ""
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None  # noqa: S101 # the group lists it
            yield from _command(f"{name} {inner}", found, shared, "###")


def _options(options: Sequence[click.Parameter]) -> Iterator[str]:
    yield "| option | what it does |"
    yield "|---|---|"
    for option in options:
        record = option.get_help_record(click.Context(runner))
        if record:
            names, text = record
            yield f"| `{_cell(names)}` | {_cell(text)} |"


# --- environment.md


def _environment() -> Iterator[str]:
    yield "# Environment variables\n"
    yield _MADE
    yield "A variable that is empty counts as not set. Templates read others as `$<env.NAME>`: see"
    yield "[expressions](expressions.md). Files given with `--env-file` feed `env.*`; of the"
    yield "variables below they set only the credentials.\n"
    yield "## Credentials\n"
    yield "`CHECKLY_API_KEY` and `CHECKLY_ACCOUNT_ID` are each taken from the first place that has"
    yield "them:\n"
    yield "1. the environment;"
    yield "2. the files given with `--env-file`, the last one first. A `.env` file is not read"
    yield "   unless it is given. The key's file may also set `CHECKLY_API_URL` or `CHECKLY_ENV`,"
    yield "   which apply to that key only: no file can send another key somewhere else;"
    yield "3. the login of the Checkly CLI: `npx checkly login` keeps one for each `CHECKLY_ENV` in"
    yield "   `auth.json` and `config.json`, in `~/.config/@checkly/cli`; on macOS in"
    yield "   `~/Library/Preferences/@checkly/cli`, on Windows in"
    yield "   `%APPDATA%\\@checkly\\cli\\Config`.\n"
    for subject, variables in VARIABLES.items():
        yield f"## {subject}\n"
        yield "| variable | what it does |"
        yield "|---|---|"
        for name, text in variables.items():
            yield f"| `{name}` | {_cell(text)} |"
        yield ""
    yield "## CI systems\n"
    yield "Where `git.*` and `ci.*` come from if the variables above are not set. git is asked"
    yield "last.\n"
    yield "| system | recognised by | reads |"
    yield "|---|---|---|"
    for system, mark, names in ci_systems():
        listed = ", ".join(f"`{name}`" for name in names)
        yield f"| {system} | `{mark}` | {listed} |"
    yield ""


def ci_systems() -> Iterator[tuple[str, str, list[str]]]:
    """Each CI system, the variable that gives it away, and those that are read then."""
    for system in ci.systems():
        rules = [rule for table in (system.rules, system.fallbacks) for rule in table.values()]
        names = set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", json.dumps(rules)))
        yield system.name, system.mark, sorted(names)


# --- expressions.md


def _expressions() -> str:
    """The page with the tables of filters, tests and methods made again."""
    page = (FOLDER / "expressions.md").read_text(encoding="utf-8")
    for title, kind in (("Filters", "filter"), ("Tests", "test"), ("Methods of text", "method")):
        table = language.TABLES[kind].values()
        rows = "".join(f"| `{usage.text}` | {usage.summary} |\n" for usage in table)
        start = page.index("|---|---|\n", page.index(f"## {title}\n")) + len("|---|---|\n")
        page = page[:start] + rows + page[page.index("\n\n", start) + 1 :]
    return page


# --- keys.md


def _keys() -> Iterator[str]:
    schema = file_schema()
    profile = schema["definitions"]["profile"]["properties"]
    yield "# Keys of the file\n"
    yield _MADE
    yield "This page is generated from `schemas/checkly-sessions.schema.json`, as editors use it."
    yield "`runner validate` checks more than the schema can: see [diagnostics](diagnostics.md)."
    yield "Most values may be [templates](expressions.md).\n"
    yield "Each profile needs a `runLocation` and a `target` once its layers are merged. A file"
    yield "needs at least one profile, its own or an included one. Names may not be empty.\n"
    yield "## At the top\n"
    yield from _table(schema["properties"], {"version"})
    yield "| `x-…` | anything | | Ignored: a place for anchors. |\n"
    yield "## In a profile, and in `defaults`\n"
    alone = [key for key in profile if key not in schema["definitions"]["defaults"]["properties"]]
    yield f"{_listed(alone)} are allowed in profiles only.\n"
    yield from _table(profile, {"runLocation", "target"})
    yield ""
    for key, value in profile.items():
        inner = dict(_inner(value))
        if key == "environmentVariables":
            inner = schema["definitions"]["variable"]["properties"]
        if inner or "examples" in value:
            yield f"### {key}\n"
        if inner:
            yield from _table(inner, _REQUIRED.get(key, set()))
            yield ""
        for example in value.get("examples", []):
            yield f"```yaml\n{key}: {json.dumps(example)}\n```\n"


def _listed(keys: list[str]) -> str:
    names = [f"`{key}`" for key in keys]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _inner(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The keys inside a key's mapping, or inside the mappings of its list."""
    for kind in schema.get("anyOf", []):
        yield from kind.get("properties", {}).items()
        if isinstance(kind.get("items"), dict):
            yield from _inner(kind["items"])
    if isinstance(schema.get("properties"), dict):
        yield from schema["properties"].items()


#: Keys that have to be given once a mapping's layers are merged.
_REQUIRED = {
    "environmentVariables": {"value"},
    "retryStrategy": {"type"},
    "quarantine": {"check", "reason", "owner", "until"},
}


def _table(properties: dict[str, Any], required: set[str]) -> Iterator[str]:
    yield "| key | value | default | what it says |"
    yield "|---|---|---|---|"
    for key, value in properties.items():
        if value is False:
            continue
        default = value.get("default")
        shown = f"`{json.dumps(default)}`" if default not in (None, "") else ""
        shown = "required" if key in required else shown
        about = value.get("description", "")
        yield f"| `{key}` | {_cell(_kind(value))} | {shown} | {_cell(about)} |"


def _kind(schema: dict[str, Any]) -> str:
    """What a value may be, in words."""
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if "$ref" in schema:
        return {"template": ""}.get(schema["$ref"].rpartition("/")[2], "mapping")
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(filter(None, map(_kind, schema["anyOf"]))))
    kinds = schema.get("type", "anything")
    words = {"object": "mapping", "array": "list", "string": "text"}
    kinds = [kinds] if isinstance(kinds, str) else kinds
    low, high = (
        bound if bound is not None and abs(bound) < MAX_EXACT else None
        for bound in (schema.get("minimum"), schema.get("maximum"))
    )
    low = f"over {schema['exclusiveMinimum']}" if "exclusiveMinimum" in schema else low
    bounds = ""
    if low is not None:
        bounds = f" ({low} to {high})" if high is not None else f" ({low})"
        bounds = bounds if high is not None or "over" in str(low) else f" (at least {low})"
    if schema.get("format") == "uuid":
        return "UUID"
    if items := _items(schema):
        bounds = f" of {items}"
    return " or ".join(words.get(kind, kind) for kind in kinds) + bounds


def _items(schema: dict[str, Any]) -> str:
    """What a list holds, where that is a closed set of values."""
    items = schema.get("items", {})
    kinds = items.get("anyOf", [items]) if isinstance(items, dict) else []
    return " or ".join(_kind(kind) for kind in kinds if {"enum", "const", "format"} & kind.keys())


if __name__ == "__main__":
    for file, text in pages().items():
        (FOLDER / file).write_text(text.rstrip() + "\n", encoding="utf-8")

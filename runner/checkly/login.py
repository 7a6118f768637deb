"""Credentials beside the environment: env files, and the files of ``npx checkly login``.

Those files are where npm's ``conf`` and ``env-paths`` put them for the Checkly CLI.
"""

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from runner.checkly.account import ADDRESS_NAMES, NAMES, Settings, missing_credentials
from runner.errors import os_reason
from runner.listing import listed

_FILES = (("auth.json", "apiKey"), ("config.json", "accountId"))
_MAX_BYTES = 1 << 16
#: The env file that the Checkly CLI reads on its own.
_DOTENV = Path(".env")


def account_settings(
    process: Mapping[str, str], env_file: Mapping[str, str], env_files: Iterable[str]
) -> Settings:
    """Find the credentials and the address: in the environment, env files, and the CLI's login.

    An env file sets the address only for its own key: a key from elsewhere must not be sent to an
    address that a file of the repository chooses.
    """
    key = NAMES[0]
    found = _set(process, (*NAMES, *ADDRESS_NAMES))
    own_key = key not in found
    found = _set(env_file, NAMES) | found
    if own_key and key in found:
        found = _set(env_file, ADDRESS_NAMES) | found
    looked_at, advice = ["the environment", *env_files], ""
    if missing_credentials(found):
        folder = login_folder(process)
        login, problem = _login(folder)
        found = login | found
        looked_at.append(f"the login of `npx checkly login` ({_shown(folder)})")
        if missing := missing_credentials(found):
            advice = problem or _unused(missing)
    return Settings(found, tuple(looked_at), advice)


def login_folder(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Return the folder of ``npx checkly login``; each ``CHECKLY_ENV`` has its own."""
    home, suffix = _home(), environ.get("CHECKLY_ENV", "")
    name = f"cli-{suffix}" if suffix else "cli"
    if platform == "darwin":
        return home / "Library" / "Preferences" / "@checkly" / name
    if platform == "win32":
        roaming = environ.get("APPDATA") or home / "AppData" / "Roaming"
        return Path(roaming, "@checkly", name, "Config")
    return Path(environ.get("XDG_CONFIG_HOME") or home / ".config", "@checkly", name)


def _login(folder: Path) -> tuple[dict[str, str], str]:
    """Read the files of the login; the text is a sentence about one that can't be used."""
    found, problem = {}, ""
    for name, (file, key) in zip(NAMES, _FILES, strict=True):
        path = folder / file
        try:
            document = _document(path)
            value = document.get(key, "") if isinstance(document, dict) else None
        except FileNotFoundError:
            continue
        except OSError as error:
            problem = f"{_shown(path)} can't be read: {os_reason(error)}."
            continue
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, str):
            found[name] = value
        else:
            problem = f"{_shown(path)} is damaged: run `npx checkly login` again."
    return _set(found, NAMES), problem


def _document(path: Path) -> object:
    if path.exists() and not path.is_file():
        raise ValueError  # a pipe would wait for its other end
    with path.open("rb") as file:
        return json.loads(file.read(_MAX_BYTES))


def _unused(missing: list[str]) -> str:
    """Return a sentence about an env file that sets what is missing, but was not given."""
    try:
        if not _DOTENV.is_file():
            return ""
        text = _DOTENV.read_bytes()[:_MAX_BYTES].decode(errors="replace")
    except OSError:
        return ""
    # Compiled here, because it takes a hundredth of a start.
    assigned = re.findall(r"""(?m)^[ \t]*(?:export[ \t]+)?(\w+)[ \t]*=[ \t]*["']?[^\s#"']""", text)
    there = [name for name in missing if name in assigned]
    return f"{_DOTENV} sets {listed(there)}: pass --env-file {_DOTENV} to use it." if there else ""


def _set(values: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Return those of ``names`` that are set to something."""
    return {name: values[name] for name in names if values.get(name, "").strip()}


def _home() -> Path:
    return Path(os.path.expanduser("~"))  # noqa: PTH111 # Path.home fails without a home folder


def _shown(path: Path) -> str:
    home = _home()
    return f"~{os.sep}{path.relative_to(home)}" if path.is_relative_to(home) else str(path)

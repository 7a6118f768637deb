"""The options that commands share, as they were given."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.cli.console import Console

if TYPE_CHECKING:
    from runner.config.selection import Selection


def _setting(name: str) -> Any:
    """A field that the environment variable ``name`` sets unless an option does."""
    return field(default_factory=lambda: os.environ.get(name) or None)


@dataclass(eq=False, repr=False)  # fewer methods to make: start-up is measured
class Common:
    """The shared options, and the console that a command prints on.

    Attributes:
        file: The configuration file; looked for when ``None``.
        variables: ``NAME=VALUE`` texts, the last one of a name wins.
        var_files: Files of variables, which ``variables`` win over.
        env_files: Files that feed ``env.*`` and the credentials, the last one of a name wins.
        env_allow: Globs that names in ``env.*`` must match.
        state: Address of the state; the folder beside the file when ``None``.
        named_scope: The scope that was asked for.
        require_shared_state: Whether a folder is refused as state in CI.
        names: Profiles, instances or wildcards; everything when empty.
        labels: Labels that the selected instances have, or do not have.
        excluded: Profiles, instances or wildcards that are left out.
        prune: Whether records of what the file no longer declares are included.
        emulated: Whether an emulator inside the process takes the account's place.
        world: The world that this emulator serves.
        console: Prints everything, and learns the secrets of the configuration.
    """

    file: str | None = None
    variables: tuple[str, ...] = ()
    var_files: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    env_allow: tuple[str, ...] = ()
    state: str | None = _setting("CHECKLY_SESSIONS_STATE")
    named_scope: str | None = _setting("CHECKLY_SESSIONS_SCOPE")
    require_shared_state: bool = False
    names: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    prune: bool = False
    emulated: bool = False
    world: Path | None = None
    quiet: bool = False
    verbose: int = 0
    console: Console = field(default_factory=Console.of_process)

    @property
    def verbosity(self) -> int:
        """-1 for ``-q``, else the number of ``-v``."""
        return -1 if self.quiet else self.verbose

    @property
    def scope(self) -> str:
        """The part of the state to work in."""
        return self.named_scope or "default"

    @property
    def readable_names(self) -> tuple[str, ...]:
        """Globs of the names that ``env.*`` may read; everything when empty."""
        allowed = os.environ.get("CHECKLY_SESSIONS_ENV_ALLOW", "")
        return self.env_allow or tuple(allowed.replace(",", " ").split())

    @property
    def selection(self) -> "Selection":
        """The instances that the command line selects."""
        from runner.config.selection import selection  # noqa: PLC0415 # not for ``--version``

        return selection(self.names, self.labels, self.excluded)

    @property
    def as_given(self) -> tuple[str, ...]:
        """The options that lead another command to the same file, account and state."""
        given = [("-f", self.file), ("--state", self.state), ("--scope", self.named_scope)]
        # The pipe of `<(command)` is gone by then.
        files = [name for name in self.env_files if not name.startswith("/dev/")]
        given += [("--env-file", name) for name in files]
        return tuple(part for name, value in given if value for part in (name, value))

"""The environment variables that templates read, and those that set variables of the file.

Those of the process come first, then those of ``--env-file``. An empty variable counts as not set,
since CI systems pass an absent secret as empty text.
"""

import re
from collections.abc import Iterable, Mapping
from fnmatch import translate

from runner.config.templates.expressions.errors import TemplateError

_VARIABLE_PREFIX = "CHECKLY_SESSIONS_VAR_"


class Environment:
    """The values of ``env.NAME``, and the variables that are set through the environment.

    Only names that match one of the globs ``allow`` can be read; all, if there are none.
    """

    def __init__(
        self,
        process: Mapping[str, str],
        env_file: Mapping[str, str] | None = None,
        allow: Iterable[str] = (),
    ) -> None:
        self._process = process
        self._file = env_file or {}
        self._globs = tuple(allow)
        self._allowed = re.compile("|".join(map(translate, self._globs)))

    def value(self, name: str) -> str | None:
        """Return the value of a variable; ``None`` if it is not set, or empty.

        Raises:
            TemplateError: ``--env-allow`` does not include it, or it is not UTF-8.
        """
        if not self._allowed.match(name):
            globs = ", ".join(filter(None, self._globs)) or "nothing"
            message = f"env.{name} can't be read: --env-allow is limited to {globs}"
            raise TemplateError(message, length=len(name) + 4)
        value = self._process.get(name) or self._file.get(name) or None
        if value is not None and not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise TemplateError(f"the value of env.{name} is not UTF-8") from None
        return value

    def variables(self) -> dict[str, str]:
        """Return the file's variables that the process sets as ``CHECKLY_SESSIONS_VAR_NAME``."""
        return {
            name.removeprefix(_VARIABLE_PREFIX): value
            for name, value in self._process.items()
            if name.startswith(_VARIABLE_PREFIX) and value
        }

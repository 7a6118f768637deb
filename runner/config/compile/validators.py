"""Load what checking a request needs of ``pydantic_core``, without what only type checkers need.

The package loads the types of all schemas, more than 80 classes, which takes an eighth of a short
command. They are left out here; whoever imports ``pydantic_core.core_schema`` later gets them.
"""

import sys
from contextlib import suppress
from types import ModuleType

_TYPES = "pydantic_core.core_schema"


class _Unloaded(ModuleType):
    def __getattr__(self, name: str) -> type[object]:
        if name.startswith("__"):
            raise AttributeError(name)
        return object


if "pydantic_core" not in sys.modules:
    sys.modules[_TYPES] = _Unloaded(_TYPES)
    with suppress(Exception):  # a release that can't do without is imported as usual below
        import pydantic_core  # noqa: F401
    del sys.modules[_TYPES]

from pydantic_core import ErrorDetails, SchemaValidator, ValidationError  # noqa: E402

__all__ = ["ErrorDetails", "SchemaValidator", "ValidationError"]

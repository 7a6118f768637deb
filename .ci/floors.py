"""Print the lowest version that ``pyproject.toml`` allows of each dependency, as constraints."""

import re
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"


def floors(pyproject: str) -> list[str]:
    """``name==version`` for each ``name>=version`` of the package and its extras."""
    project = tomllib.loads(pyproject)["project"]
    extras = project["optional-dependencies"].values()
    stated = [*project["dependencies"], *(one for extra in extras for one in extra)]
    return [re.sub(r"^([\w.-]+)(\[\w+\])?>=([\w.]+).*$", r"\1==\3", one) for one in stated]


if __name__ == "__main__":
    print("\n".join(floors(PYPROJECT.read_text(encoding="utf-8"))))

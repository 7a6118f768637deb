"""Write the generated schemas: ``python -m schemas.generate``."""

import json
from pathlib import Path

from schemas.generate.json_schema import file_schema
from schemas.generate.rules import rules

FOLDER = Path(__file__).parents[1]


def main() -> None:
    """Write the rules of the models and the JSON Schema of the file."""
    made = (("rules.json", rules(), 1), ("checkly-sessions.schema.json", file_schema(), 2))
    for name, data, indent in made:
        text = json.dumps(data, indent=indent) + "\n"
        (FOLDER / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

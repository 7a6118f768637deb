"""docs/plan.md says what there is."""

import json
import re
from pathlib import Path

import jsonschema

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "plan.md").read_text(encoding="utf-8")


def test_the_json_of_the_page_is_what_the_schema_says() -> None:
    schema = json.loads((ROOT / "schemas" / "plan.schema.json").read_text(encoding="utf-8"))
    (shown,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    jsonschema.validate(json.loads(shown), schema)


def test_its_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((\.\./[^)]+)\)", PAGE):
        assert (ROOT / "docs" / target).exists(), target

import json

import pytest

from runner.reports.text.json_ import harmless_json
from tests.reports.test_hostile import TEXTS, harmless


@pytest.mark.parametrize("text", [*TEXTS.values(), "ü \U0001f600 ## ### \x9b\u2028"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_json_stays_the_same_in_harmless_characters(text: str, ascii_only: bool) -> None:
    written = json.dumps({text: [text]}, ensure_ascii=ascii_only)
    shown = harmless_json(written)
    assert shown.isascii()
    assert "##" not in shown
    assert json.loads(shown) == {text: [text]}
    harmless(shown)

"""The filters, tests and text methods that expressions may use, read from ``language.toml``."""

import tomllib
from pathlib import Path
from typing import NamedTuple


class Usage(NamedTuple):
    """How a filter, test or method is used.

    Attributes:
        text: As it is written: ``replace(old, new, count=-1)``.
        summary: What it does, in one sentence.
    """

    text: str
    summary: str

    @property
    def parameters(self) -> list[str]:
        """What it takes besides the value it is applied to: ``count=-1``, ``arguments…``."""
        inside = self.text.partition("(")[2].rstrip(")")
        return inside.split(", ") if inside else []

    def accepts(self, count: int, keywords: list[str]) -> bool:
        """Whether it takes ``count`` positional arguments and these keywords."""
        names = [parameter.partition("=")[0] for parameter in self.parameters]
        required = {parameter for parameter in self.parameters if parameter.isidentifier()}
        return (
            (count <= len(names) or names[-1:] == ["arguments…"])
            and set(keywords) <= set(names[count:])
            and required <= {*names[:count], *keywords}
        )


def _read() -> dict[str, dict[str, Usage]]:
    text = Path(__file__).with_name("language.toml").read_text(encoding="utf-8")
    return {
        kind: {usage.partition("(")[0]: Usage(usage, summary) for usage, summary in rows.items()}
        for kind, rows in tomllib.loads(text).items()
    }


#: What there is, by kind (``filter``, ``test``, ``method``) and name.
TABLES = _read()
#: The filters that apply another function to each item, and its kind.
INNER = {"map": "filter", "select": "test", "reject": "test"}

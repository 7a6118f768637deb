"""Values → YAML text, for people to read."""

from io import StringIO
from typing import Any

from ruamel.yaml import YAML


def yaml_text(value: Any, title: str) -> str:
    """``value`` as one YAML document in block style, below a comment that says ``title``."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment] # typed as None
    stream = StringIO()
    yaml.dump(value, stream)
    return f"---  # {title}\n{stream.getvalue()}"

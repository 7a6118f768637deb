"""Write values as YAML text for people to read."""

import re
import sys
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import SafeRepresenter

#: Text that a reader of YAML 1.1 misreads: booleans, numbers in base 60, dates.
AMBIGUOUS = re.compile(
    r"y|n|yes|no|on|off|=|<<|[-+]?\.?[0-9][0-9_,.:xobXOBa-fA-F]*|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*",
    re.IGNORECASE,
)


class _Representer(SafeRepresenter):
    """Quotes what another reader, a terminal or a log would misread."""

    def represent_str(self, data: str) -> ScalarNode:
        style = "'" if AMBIGUOUS.fullmatch(data) else None
        if not data.replace("\n", "").isprintable() or "::" in data or "##" in data:
            style = '"'
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Representer.add_representer(str, _Representer.represent_str)


def yaml_text(value: Any, title: str) -> str:
    """Return ``value`` as one YAML document in block style, below the comment ``title``."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = _Representer
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.width = sys.maxsize
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment] # typed as None
    stream = StringIO()
    yaml.dump(value, stream)
    # Only double-quoted text has such characters, and there each may be written as its number.
    written = "".join(
        char if char == "\n" or char.isprintable() else f"\\U{ord(char):08x}"
        for char in stream.getvalue()
    )
    return f"---  # {title}\n" + written.replace("::", ":\\x3a").replace("##", "#\\x23")

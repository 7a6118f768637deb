"""What the site's generator has to be told about the pages."""

import re
from typing import Any


def on_page_markdown(markdown: str, *, config: Any, **_: object) -> str:
    r"""Name the published package, and take the backslash from ``\|`` in tables.

    Pages install from a checkout, ``pip install '.[emulator]'``; once there is a package, the
    variable ``package`` of ``mkdocs.yml`` names it. GitHub needs the backslash, the generator
    shows it.
    """
    if package := config["extra"]["package"]:
        markdown = re.sub(r"(install (?:--\w+ )?'?)\.(?=[\[`'\n])", rf"\g<1>{package}", markdown)
    return re.sub(
        r"^\|.*$",
        lambda row: re.sub(r"`[^`]+`", lambda code: code[0].replace(r"\|", "|"), row[0]),
        markdown,
        flags=re.MULTILINE,
    )

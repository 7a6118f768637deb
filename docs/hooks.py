"""What the site's generator has to be told about the pages."""

import re


def on_page_markdown(markdown: str, **_: object) -> str:
    r"""Take the backslash from ``\|`` in tables: GitHub needs it, the generator shows it."""
    return re.sub(
        r"^\|.*$",
        lambda row: re.sub(r"`[^`]+`", lambda code: code[0].replace(r"\|", "|"), row[0]),
        markdown,
        flags=re.MULTILINE,
    )

"""JSON as every report and renderer writes it."""

import json


def dump_json(document: object) -> str:
    """``document`` as indented JSON with a line break at the end.

    In ASCII, so that it survives every log and no character in it can do anything; and without
    ``##``, which CI systems look for in logs (``##[command]``).
    """
    return json.dumps(document, indent=2, allow_nan=False).replace("##", "#\\u0023") + "\n"

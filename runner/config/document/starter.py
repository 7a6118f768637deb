"""The file that ``runner init`` writes: small, valid, and explained."""

from pathlib import Path

SCHEMA_NAME = "checkly-sessions.schema.json"
STARTER = Path(__file__).with_name("starter.yaml").read_text(encoding="utf-8")

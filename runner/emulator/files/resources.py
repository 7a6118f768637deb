"""Finds the files the emulator brings along: the contract and the world's schema."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[2]


def schema_path(name: str) -> Path:
    """Return the file `name` of `schemas/`: from the installed package, or from the checkout.

    A wheel carries the folder inside the package; a checkout (and an editable install of one) has
    it beside the package.

    Raises:
        FileNotFoundError: The installation is incomplete.
    """
    for folder in (_PACKAGE / "schemas", _PACKAGE.parent / "schemas"):
        path = folder / name
        if path.is_file():
            return path
    raise FileNotFoundError(f"schemas/{name} is missing from this installation")


def default_world_path() -> Path:
    """Return the file of the world that is served when no other is named."""
    return Path(__file__).with_name("default.world.yaml")

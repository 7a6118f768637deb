"""New ids: unlike any other, or the same ones again for the same seed."""

from __future__ import annotations

import random
import uuid


class Ids:
    """Hands out UUIDs.

    Args:
        seed: The same seed gives the same ids in the same order; None gives ids never seen before.
    """

    def __init__(self, seed: int | None = None) -> None:
        # S311: the ids name things, they guard nothing.
        self._dice = None if seed is None else random.Random(f"ids/{seed}")  # noqa: S311

    def __call__(self) -> str:
        """Return the next id."""
        if self._dice is None:
            return str(uuid.uuid4())
        return str(uuid.UUID(int=self._dice.getrandbits(128), version=4))

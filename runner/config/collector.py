"""Keeps Python's garbage collector out of the way while a big tree is made."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_collector() -> Iterator[None]:
    """Pause the collector, and restore it as it was.

    A tree of a million nodes has no cycles to find, yet makes the collector walk all of it over
    and over: that takes longer than building it.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()

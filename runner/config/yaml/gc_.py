"""Keeps Python's garbage collector out of the way while a big tree is made."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: From how many new objects on a tree is set aside for good.
MANY_OBJECTS = 10_000


@contextmanager
def paused_collector() -> Iterator[None]:
    """Pause the collector, and let it go on as before.

    A tree of a million nodes has no cycles to find, yet makes the collector walk all of it over
    and over: that takes longer than building it. A tree that large is also set aside when it is
    done, so that the collector never looks at it (it is freed all the same when nobody needs it).
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if gc.get_count()[0] > MANY_OBJECTS:
            gc.freeze()
        if was_enabled:
            gc.enable()

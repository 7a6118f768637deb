"""Keep Python's garbage collector out of the way while a big tree is built."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: A tree of more new objects than this is set aside for good.
MANY_OBJECTS = 10_000


@contextmanager
def paused_collector() -> Iterator[None]:
    """Pause the collector, and restore it afterwards.

    A tree of a million nodes has no cycles, yet the collector would walk it over and over, which
    takes longer than building it. A tree that large is also set aside once it is complete, so
    that the collector never visits it; it is still freed when it is no longer used.
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

"""Python's cycle collector: paused while a replay makes a million values that hold no cycles, and
spared what is loaded for good."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_pauses = 0  # of several threads at once: the last one to end turns it on again
_was_on = True


@contextmanager
def collector_paused() -> Iterator[None]:
    """Nothing is frozen at the end: that would spare a long replay a third of its time, and keep
    the garbage of a service that pauses with every pull."""
    global _pauses, _was_on
    with _lock:
        if not _pauses:
            _was_on = gc.isenabled()
            gc.disable()
        _pauses += 1
    try:
        yield
    finally:
        with _lock:
            _pauses -= 1
            if _was_on and not _pauses:
                gc.enable()


def spare_what_stands() -> None:
    """After the last import: modules and classes are no garbage, and to walk them would hold every
    thread for a quarter of a second at each full collection."""
    gc.collect()
    gc.freeze()

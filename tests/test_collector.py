"""The collector goes on after pauses, however they overlap."""

from __future__ import annotations

import gc
import threading

from syncer.collector import collector_paused


def test_pauses_of_two_threads_end_with_the_last() -> None:
    """Found by hours of the service: two that overlapped turned the collector off for good, and
    memory grew by a megabyte every three seconds."""
    began, may_end = threading.Event(), threading.Event()

    def second() -> None:
        with collector_paused():
            began.set()
            may_end.wait(5)

    other = threading.Thread(target=second)
    with collector_paused():
        other.start()
        began.wait(5)
    assert not gc.isenabled()  # the second one still needs it so
    may_end.set()
    other.join()
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with collector_paused(), collector_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()

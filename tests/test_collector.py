"""The collector goes on after pauses, however they overlap."""

from __future__ import annotations

import gc
import threading
import weakref

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


def test_what_is_in_cycles_goes_between_pauses() -> None:
    """Freezing what a pause made put all other garbage among the oldest, where nothing asked for
    it to be looked through again."""

    class Ring:
        def __init__(self) -> None:
            self.me, self.much = self, [object() for _ in range(50)]

    left = []
    for _ in range(20_000):
        left.append(weakref.ref(Ring()))
        with collector_paused():
            pass
    assert sum(one() is not None for one in left) < 10_000


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with collector_paused(), collector_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()

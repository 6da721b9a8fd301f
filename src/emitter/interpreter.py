"""Settings of the interpreter for a server: its garbage collector, and the turns of its threads.

What a server makes for an order (rows, promises, messages) is freed by counting references. The
collector walks it all the same, again and again while a thousand orders are in flight; its own
thresholds are for programs that hold little.

A thread that runs Python lets others in after a turn of 5 ms, unless it waits for something before.
A check of one code gives way at each of its look-ups and would wait a turn of a large batch's for
each; with short turns it is done in a third of the time, and orders a second are the same.
"""

from __future__ import annotations

import gc
import sys

_TURN_S = 0.0001
_THRESHOLDS = (50_000, 20, 50)  # new objects before the youngest are walked; then each older kind


def collect_rarely() -> None:
    """Let the collector of this process pass over all there is now, and look seldom after that.

    Meant for programs (the server), not for libraries: it is a setting of the process.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


def take_short_turns() -> None:
    """Let the threads of this process take turns that are shorter than usual."""
    sys.setswitchinterval(_TURN_S)

"""Python's garbage collector, told that a server makes much that lives briefly and has no cycles.

What a server makes for an order (rows, futures, messages) is freed by counting references. The
collector walks it all the same, again and again while a thousand orders are in flight; its own
thresholds are for programs that hold little.
"""

from __future__ import annotations

import gc

_THRESHOLDS = (50_000, 20, 50)  # new objects before the youngest are walked; then each older kind


def collect_rarely() -> None:
    """Let the collector of this process pass over all there is now, and look seldom after that.

    Meant for programs (the server), not for libraries: it is a setting of the process.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)

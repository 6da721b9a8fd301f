"""Named places where a test may end the process, as a power cut or ``kill -9`` would.

``EMITTER_FAILPOINT=batch.committed:3`` kills the process the third time it reaches the place
``batch.committed``. Without the variable `reach` costs one look at a dictionary that is empty.
"""

from __future__ import annotations

import os
import signal

_armed: dict[str, int] = {}

if _place := os.environ.get("EMITTER_FAILPOINT"):
    _name, _, _count = _place.partition(":")
    _armed[_name] = int(_count or 1)


def reach(place: str) -> None:
    """Die here if the environment says so."""
    if place in _armed:
        _armed[place] -= 1
        if _armed[place] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

"""Who holds a code: only its owner moves it, and goods in a box or on the way not one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from emitter.engine.box_naming import boxed_apart
from emitter.errors import Reason
from emitter.store.code_rows import IN_VAIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from emitter.engine.locating import Place
    from emitter.engine.work import Work
    from emitter.trade.circulation import Move


def held_back(
    work: Work, place: Place, bin_: int, move: Move, named: NDArray[np.void]
) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """Split what a participant names in a buffer: runs it may move, `IN_VAIN` those it may not.

    Both are sorted by index; of a run that is held in part each part is in its array.
    """
    lost = np.zeros(len(named) if place.bin != bin_ else 0, IN_VAIN)
    if place.bin == bin_:
        return boxed_apart(work, place, named) if move.breaks_box else (named, lost)
    for field in ("item", "first", "count"):
        lost[field] = named[field]
    lost["reason"] = Reason.CODE_NOT_OWNED
    return named[:0], lost

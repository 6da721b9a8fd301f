"""Codes that a document named in vain, in the order in which they are kept and read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def joined(lost: NDArray[np.void]) -> NDArray[np.void]:
    """Return codes named in vain by item and buffer, neighbours that are alike as one run."""
    lost = lost[np.lexsort((lost["first"], lost["place"], lost["item"]))]
    goes_on = np.zeros(len(lost), bool)
    goes_on[1:] = lost["first"][1:] == (lost["first"] + lost["count"])[:-1]
    for field in ("item", "reason", "state", "place"):
        goes_on[1:] &= lost[field][1:] == lost[field][:-1]
    starts = np.flatnonzero(~goes_on)
    joined = lost[starts]
    if len(lost):
        joined["count"] = np.add.reduceat(lost["count"], starts)
    return joined


def without_places(lost: NDArray[np.void], untold: NDArray[np.bool_]) -> NDArray[np.void]:
    """Say nothing of where some codes lie that were named in vain."""
    lost["place"][untold] = 0
    lost["first"][untold & (lost["count"] == 1)] = 0
    return joined(lost)

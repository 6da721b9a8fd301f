"""Verdicts on many codes: the calls they are asked in, and their answers as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from emitter.v1 import code_pb2
    from emitter.v1.code_pb2 import IssuedBuffer

_VERIFY_CODES = 50_000  # codes a call: half of what servers allow
_VERIFY_BYTES = 8 << 20  # bytes a call: half of what servers take in a message


class VerifiedCodes(NamedTuple):
    """One verdict a code, in columns: `CodeReason` (0: genuine), `CodeState`, index of a buffer.

    ``reasons`` and ``states`` are uint8, ``buffer_index`` int32 with -1 for none; ``utilised`` is
    true for codes that the line has reported as put on goods.
    """

    reasons: NDArray[np.uint8]
    states: NDArray[np.uint8]
    buffer_index: NDArray[np.int32]
    buffers: list[IssuedBuffer]
    utilised: NDArray[np.bool_]


def batches(codes: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield the codes in batches that fit into a call; a longer single code is a batch itself."""
    batch: list[bytes] = []
    size = 0
    for code in codes:
        if batch and (len(batch) == _VERIFY_CODES or size + len(code) >= _VERIFY_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(code)
        size += len(code) + 1
    if batch:
        yield batch


def merged(columns: list[code_pb2.VerifyCodesResponse]) -> VerifiedCodes:
    """Return the columns of several answers as one; each buffer stays there once an owner."""
    buffers: dict[tuple[str, str, str], IssuedBuffer] = {}
    places: dict[tuple[str, str, str], int] = {}
    index: list[NDArray[np.int32]] = []
    for answer in columns:
        place_of = np.empty(len(answer.buffers) + 1, np.int32)
        place_of[-1] = -1  # what -1 leads to
        for number, issued in enumerate(answer.buffers):
            key = (issued.order_id, issued.gtin, issued.owner_bin)
            buffers.setdefault(key, issued)
            place_of[number] = places.setdefault(key, len(places))
        index.append(place_of[np.array(answer.buffer_index, np.int32)])
    reasons = b"".join([answer.reasons for answer in columns])
    states = b"".join([answer.states for answer in columns])
    utilised = b"".join([answer.utilised for answer in columns])
    return VerifiedCodes(
        np.frombuffer(reasons, np.uint8),
        np.frombuffer(states, np.uint8),
        np.concatenate([np.empty(0, np.int32), *index]),
        list(buffers.values()),
        np.frombuffer(utilised, np.bool_),
    )

"""The states of codes: what the buffer says, and where codes have departed from it.

A code below the delivered mark is APPLIED_AND_PAID, above it EMITTED, or ANNULLED once its buffer
is closed. Whatever happened later is kept by chunks of 1,024 codes: the life of a buffer has a byte
for each chunk, which is 0 (as the buffer says), the one byte of all its codes, or `OWN_ROW`: the
chunk has a row of its own, packed by the core, in which 0 again means "as the buffer says". A code
costs a byte or a few only where it departs from its neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter import _core
from emitter.engine.lives import life_of
from emitter.engine.staged_rows import valid_row, valid_rows
from emitter.store import schema
from emitter.store.code_rows import RUN, LifeRow
from emitter.trade.states import BufferState, CodeState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from emitter.engine.locating import Place
    from emitter.engine.work import Work
    from emitter.store.port import Reader
    from emitter.store.rows import BufferRow

CHUNK = _core.CHUNK_CODES
OWN_ROW = 0xFF
"""In a life: the codes of the chunk are not alike, and have a row."""


def undelivered(buffer: BufferRow) -> CodeState:
    """Return the state of the codes above the delivered mark."""
    if buffer.state in (BufferState.CLOSED, BufferState.EXPIRED):
        return CodeState.ANNULLED
    return CodeState.EMITTED


def read_states(
    reader: Reader,
    places: Sequence[Place],
    buffers: Sequence[BufferRow],
    slots: NDArray[np.integer],
    indexes: NDArray[np.int64],
    *,
    lives: Sequence[bytes | None],
) -> NDArray[np.uint8]:
    """Return the byte of each code: number of its buffer in ``slots``, index in it.

    ``lives`` are the rows of the buffers' lives; a chunk with a row costs one look-up more.
    """
    states = _departed(reader, places, lives, slots, indexes)
    plain = states == 0
    states[plain] = plain_states(buffers, slots[plain], indexes[plain])
    return states


def plain_states(
    buffers: Sequence[BufferRow], slots: NDArray[np.integer], indexes: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """Return the byte of each code as its buffer says."""
    delivered = np.array([buffer.delivered for buffer in buffers], np.int64)
    beyond = np.array([undelivered(buffer) for buffer in buffers], np.uint8)
    applied = np.uint8(CodeState.APPLIED_AND_PAID)
    return np.where(indexes < delivered[slots], applied, beyond[slots])


def _departed(
    reader: Reader,
    places: Sequence[Place],
    lives: Sequence[bytes | None],
    slots: NDArray[np.integer],
    indexes: NDArray[np.int64],
) -> NDArray[np.uint8]:
    """Return the byte of each code, 0 where it is as its buffer says."""
    states = np.zeros(len(slots), np.uint8)
    touched = np.array([slot for slot, life in enumerate(lives) if life is not None], np.int64)
    if not len(touched):
        return states
    tracts = [LifeRow.unpack(lives[slot] or b"").tracts for slot in touched.tolist()]
    starts = np.zeros(len(places) + 1, np.int64)  # of each buffer's chunks in all chunks
    starts[touched + 1] = [len(tract) for tract in tracts]
    starts = np.cumsum(starts)
    codes = np.flatnonzero(np.isin(slots, touched))
    chunk = starts[slots[codes]] + indexes[codes] // CHUNK
    found = np.concatenate(tracts)[chunk]
    states[codes] = np.where(found == OWN_ROW, 0, found)
    own = found == OWN_ROW
    codes = codes[own]
    wanted, row_index = np.unique(chunk[own], return_inverse=True)
    owners = np.searchsorted(starts, wanted, side="right") - 1
    chunks = (wanted - starts[owners]).tolist()
    keys = [
        schema.chunk_key(place.bin, place.order_id, place.gtin, number)
        for place, number in zip([places[slot] for slot in owners.tolist()], chunks, strict=True)
    ]
    rows = valid_rows(reader, reader.get_many(keys))
    states[codes] = _core.read_chunks(rows, row_index, indexes[codes] % CHUNK)
    return states


class Moved(NamedTuple):
    """What a move would do: runs of the codes it takes, runs it refuses with the byte of each."""

    taken: NDArray[np.void]
    refused: NDArray[np.void]
    refused_bytes: NDArray[np.uint8]


class BufferMove:
    """A move of codes of one buffer inside a transaction: first judged, then perhaps carried out.

    ``runs`` are sorted and do not overlap. `chunk_keys` names the rows to fetch before `judge`.
    """

    def __init__(self, work: Work, place: Place, buffer: BufferRow, runs: NDArray[np.void]) -> None:
        self._work = work
        self._place = place
        self._buffer = buffer
        self.life = life_of(work, place) or LifeRow.new(buffer.quantity)
        self._partial, full = _split(runs, buffer.quantity)
        tracts = self.life.tracts
        mark = buffer.delivered // CHUNK if buffer.delivered % CHUNK else -1
        by_row = (tracts[full] == OWN_ROW) | ((full == mark) & (tracts[full] == 0))
        self._alike = full[~by_row]
        self._all = full[by_row]
        self._chunks = np.union1d(np.unique(self._partial // CHUNK), self._all)

    def chunk_keys(self) -> list[bytes]:
        """Return the keys of the chunks that have rows."""
        own = self._chunks[self.life.tracts[self._chunks] == OWN_ROW]
        return [schema.chunk_key(*self._place, chunk) for chunk in own.tolist()]

    def judge(self, table: bytes) -> Moved:
        """Look each code up in ``table``: the byte after its move, 0 for a refusal."""
        after = np.frombuffer(table, np.uint8)
        self._codes = self._load()
        indexes = np.concatenate([self._partial, *_whole(self._all, self._buffer.quantity)])
        rows = np.searchsorted(self._chunks, indexes // CHUNK)
        self._flat = rows * CHUNK + indexes % CHUNK
        before = self._codes.reshape(-1)[self._flat]
        self._plain(before, indexes)
        self._after = after[before]
        alike = self.life.tracts[self._alike].copy()
        self._plain(alike, self._alike * CHUNK)
        self._alike_after = after[alike]
        refused, refused_bytes = self._refused(indexes, before, alike)
        good, kept = indexes[self._after != 0], self._alike[self._alike_after != 0]
        return Moved(merged(codes=good, chunks=self._runs(kept)), refused, refused_bytes)

    def settle(self) -> None:
        """Write what was judged; refused codes stay as they are."""
        life, rows = self.changes()
        for key, row in rows.items():
            if row is None:
                self._work.delete(key)
            else:
                self._work.put(key, row)
        self._work.change(schema.life_key(*self._place), life)

    def changes(self) -> tuple[LifeRow, dict[bytes, bytes | None]]:
        """Return the life and the rows of chunks after the move, None for those that go."""
        taken = self._after != 0
        flat = self._codes.reshape(-1)
        flat[self._flat[taken]] = self._after[taken]
        tracts = self.life.tracts.copy()
        moved = self._alike_after != 0
        tracts[self._alike[moved]] = self._alike_after[moved]
        rows = self._rows(tracts)
        return self.life._replace(tracts=tracts), rows

    def _load(self) -> NDArray[np.uint8]:
        """Return the codes of the chunks that are moved code by code."""
        tracts = self.life.tracts[self._chunks]
        own = tracts == OWN_ROW
        codes = np.empty((len(self._chunks), CHUNK), np.uint8)
        codes[:] = tracts[:, None]
        rows = [valid_row(self._work, self._work.get(key)) for key in self.chunk_keys()]
        codes[own] = _core.unpack_chunks(rows)
        return codes

    def _plain(self, states: NDArray[np.uint8], indexes: NDArray[np.int64]) -> None:
        """Write what the buffer says where nothing else is said."""
        plain = states == 0
        states[plain] = np.where(
            indexes[plain] < self._buffer.delivered,
            CodeState.APPLIED_AND_PAID,
            undelivered(self._buffer),
        )

    def _refused(
        self, indexes: NDArray[np.int64], before: NDArray[np.uint8], alike: NDArray[np.uint8]
    ) -> tuple[NDArray[np.void], NDArray[np.uint8]]:
        """Return the runs of refused codes and the byte of each: a code or a chunk a run."""
        bad = self._after == 0
        singles = np.empty(np.count_nonzero(bad), RUN)
        singles["first"], singles["count"] = indexes[bad], 1
        worse = self._alike_after == 0
        runs = np.concatenate([singles, self._runs(self._alike[worse])])
        return runs, np.concatenate([before[bad], alike[worse]])

    def _runs(self, chunks: NDArray[np.int64]) -> NDArray[np.void]:
        """Return whole chunks as runs; the last chunk of a buffer may be short."""
        runs = np.empty(len(chunks), RUN)
        runs["first"] = chunks * CHUNK
        runs["count"] = np.minimum((chunks + 1) * CHUNK, self._buffer.quantity) - chunks * CHUNK
        return runs

    def _rows(self, tracts: NDArray[np.uint8]) -> dict[bytes, bytes | None]:
        """Return rows for chunks whose codes differ, and None where alike codes had one."""
        live = np.minimum(self._buffer.quantity - self._chunks * CHUNK, CHUNK)
        differs = self._codes != self._codes[:, :1]
        if len(live) and live[-1] < CHUNK:
            differs[-1, live[-1] :] = False
        own = differs.any(axis=1)
        before = self.life.tracts[self._chunks]
        tracts[self._chunks] = np.where(own, OWN_ROW, self._codes[:, 0])
        packed = _core.pack_chunks(self._codes[own])
        rows: dict[bytes, bytes | None] = {
            schema.chunk_key(*self._place, chunk): row or b""
            for chunk, row in zip(self._chunks[own].tolist(), packed, strict=True)
        }
        for chunk in self._chunks[~own & (before == OWN_ROW)].tolist():
            rows[schema.chunk_key(*self._place, chunk)] = None
        return rows


def chunks_by_row(
    runs: NDArray[np.void], life: LifeRow | None, quantity: int
) -> NDArray[np.int64]:
    """Return the chunks that a move of runs would look at code by code, but for the mark's."""
    partial, full = _split(runs, quantity)
    own = full[life.tracts[full] == OWN_ROW] if life else full[:0]
    return np.union1d(partial // CHUNK, own)


def _split(runs: NDArray[np.void], quantity: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the indexes that runs have in chunks they cover in part, and the chunks they fill."""
    first = runs["first"].astype(np.int64)
    end = first + runs["count"]
    low, high = -(-first // CHUNK), np.where(end == quantity, -(-end // CHUNK), end // CHUNK)
    fills = high > low
    head = _spread(first, np.where(fills, np.minimum(low * CHUNK, end), end))
    tail = _spread(np.where(fills, np.minimum(high * CHUNK, end), end), end)
    chunks = _spread(low[fills], high[fills])
    return np.unique(np.concatenate([head, tail])), chunks


def _spread(first: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the integers of all [first, end), one run after another."""
    counts = end - first
    before = np.cumsum(counts) - counts
    spread: NDArray[np.int64] = np.arange(counts.sum()) + np.repeat(first - before, counts)
    return spread


def _whole(chunks: NDArray[np.int64], quantity: int) -> list[NDArray[np.int64]]:
    """Return the indexes of all codes of chunks."""
    if not len(chunks):
        return []
    return [_spread(chunks * CHUNK, np.minimum((chunks + 1) * CHUNK, quantity))]


def merged(*, codes: NDArray[np.int64], chunks: NDArray[np.void]) -> NDArray[np.void]:
    """Return single codes and runs as sorted runs that do not touch."""
    codes = np.sort(codes)
    breaks = np.flatnonzero(np.diff(codes) != 1) + 1
    starts = np.concatenate([[0], breaks]).astype(np.int64) if len(codes) else breaks
    first = np.concatenate([codes[starts], chunks["first"].astype(np.int64)])
    count = np.concatenate([np.diff(starts, append=len(codes)), chunks["count"].astype(np.int64)])
    order = np.argsort(first, kind="stable")
    first, count = first[order], count[order]
    starts = np.flatnonzero(np.append(True, first[1:] != (first + count)[:-1])[: len(first)])
    runs = np.empty(len(starts), RUN)
    runs["first"] = first[starts]
    runs["count"] = np.add.reduceat(count, starts) if len(starts) else 0
    return runs

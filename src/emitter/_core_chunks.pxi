# The part of the glass that keeps the states of codes: chunks of 1,024, packed and unpacked.

cdef extern from "chunks.h" nogil:
    uint32_t CHUNK_CODES_ "CHUNK_CODES"
    uint32_t CHUNK_ROW_MAX
    int chunk_is_row(const uint8_t *row, uint64_t size)
    void chunk_unpack(const uint8_t *row, uint64_t size, uint8_t *codes)
    uint8_t chunk_byte(const uint8_t *row, uint64_t size, uint32_t offset)
    uint32_t chunk_pack(const uint8_t *codes, uint8_t *row)

CHUNK_CODES = CHUNK_CODES_


cdef class _ChunkRows:
    """Rows of chunks one after another, and where each begins; None is a row of no bytes."""

    cdef bytes joined
    cdef cnp.ndarray starts

    def __cinit__(self, rows):
        cdef list held = [row or b"" for row in rows]
        self.joined = b"".join(held)
        self.starts = np.zeros(len(held) + 1, np.uint64)
        np.cumsum([len(row) for row in held], out=self.starts[1:])
        cdef const uint8_t *at = self.joined
        cdef const uint64_t *starts = <const uint64_t *>cnp.PyArray_DATA(self.starts)
        cdef uint64_t count = len(held)
        cdef uint64_t i
        cdef int good = 1
        with nogil:
            for i in range(count):
                if starts[i + 1] > starts[i]:
                    good = good and chunk_is_row(at + starts[i], starts[i + 1] - starts[i])
        if not good:
            raise ValueError("a row is not the row of a chunk")


def unpack_chunks(rows):
    """Unpack rows of chunks to their codes, one row of CHUNK_CODES bytes each."""
    cdef _ChunkRows held = _ChunkRows(rows)
    cdef uint64_t count = len(held.starts) - 1

    cdef cnp.ndarray codes = np.empty((count, CHUNK_CODES), np.uint8)
    cdef const uint8_t *at = held.joined
    cdef const uint64_t *starts = <const uint64_t *>cnp.PyArray_DATA(held.starts)
    cdef uint8_t *target = <uint8_t *>cnp.PyArray_DATA(codes)
    cdef uint64_t i

    with nogil:
        for i in range(count):
            chunk_unpack(at + starts[i], starts[i + 1] - starts[i], target + i * CHUNK_CODES_)
    return codes


def read_chunks(rows, row_index, offsets):
    """Read single codes of packed chunks: for each the byte at an offset of a row."""
    cdef _ChunkRows held = _ChunkRows(rows)
    cdef uint64_t count = len(offsets)
    cdef cnp.ndarray index_column = _read_column(row_index, np.int64, count, 0,
                                                 len(held.starts) - 2)
    cdef cnp.ndarray offset_column = _read_column(offsets, np.uint16, count, 0, CHUNK_CODES - 1)

    cdef cnp.ndarray states = np.empty(count, np.uint8)
    cdef const uint8_t *at = held.joined
    cdef const uint64_t *starts = <const uint64_t *>cnp.PyArray_DATA(held.starts)
    cdef const int64_t *index = <const int64_t *>cnp.PyArray_DATA(index_column)
    cdef const uint16_t *offset = <const uint16_t *>cnp.PyArray_DATA(offset_column)
    cdef uint8_t *target = <uint8_t *>cnp.PyArray_DATA(states)
    cdef uint64_t i

    with nogil:
        for i in range(count):
            target[i] = chunk_byte(at + starts[index[i]], starts[index[i] + 1] - starts[index[i]],
                                   offset[i])
    return states


def pack_chunks(codes):
    """Pack the codes of chunks to the shortest rows; None for a chunk of zeros."""
    cdef cnp.ndarray given = np.ascontiguousarray(codes)
    if given.ndim != 2 or given.shape[1] != CHUNK_CODES or given.dtype != np.uint8:
        raise ValueError(f"chunks are rows of {CHUNK_CODES} bytes")
    cdef uint64_t count = given.shape[0]

    cdef cnp.ndarray rows = np.empty((count, CHUNK_ROW_MAX), np.uint8)
    cdef cnp.ndarray sizes = np.empty(count, np.uint32)
    cdef const uint8_t *source = <const uint8_t *>cnp.PyArray_DATA(given)
    cdef uint8_t *target = <uint8_t *>cnp.PyArray_DATA(rows)
    cdef uint32_t *size = <uint32_t *>cnp.PyArray_DATA(sizes)
    cdef uint64_t i

    with nogil:
        for i in range(count):
            size[i] = chunk_pack(source + i * CHUNK_CODES_, target + i * CHUNK_ROW_MAX)
    return [PyBytes_FromStringAndSize(<char *>target + i * CHUNK_ROW_MAX, size[i])
            if size[i] else None for i in range(count)]

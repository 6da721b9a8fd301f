# The part of the glass that reads what scanners, forms and files make of codes.

cdef extern from "readings.h" nogil:
    int READINGS_MAX_ "READINGS_MAX"
    ctypedef struct reading_tile "struct reading_tile":
        pass
    ctypedef struct reading_call "struct reading_call":
        const uint8_t *text
        const parsed_row *items
        const uint8_t *wanted
        uint64_t count
        int identification
        uint8_t *readings
        int64_t *origins
        uint64_t count_max, size_max
        uint64_t readings_count, readings_size
    void readings_of_items(cpu_form cpu, reading_call *call, reading_tile *tile)

READINGS_MAX = READINGS_MAX_


def readings(bytes text not None, parsed, wanted, *, bint identification=False):
    """Find the codes that noisy items may have been."""
    cdef cnp.ndarray rows = _read_parsed(text, parsed)
    cdef cnp.ndarray wanted_column = _read_column(
        np.asarray(wanted, bool).view(np.uint8), np.uint8, len(rows), 0, 1)
    cdef reading_tile tile
    cdef reading_call call
    call.text = text
    call.items = <const parsed_row *>cnp.PyArray_DATA(rows)
    call.wanted = <const uint8_t *>cnp.PyArray_DATA(wanted_column)
    call.count = len(rows)
    call.identification = identification
    cdef uint64_t count = np.count_nonzero(wanted_column)
    cdef uint64_t size = len(text) + 8 * count
    cdef bytes lines
    cdef cnp.ndarray origins

    while True:  # once; again where items have several readings, which takes more room
        lines = PyBytes_FromStringAndSize(NULL, size)
        origins = np.empty(count, np.int64)
        call.readings, call.origins = lines, <int64_t *>cnp.PyArray_DATA(origins)
        call.count_max, call.size_max = count, size
        with nogil:
            readings_of_items(_cpu, &call, &tile)
        if call.readings_count <= count and call.readings_size <= size:
            break
        count, size = call.readings_count, call.readings_size
    return lines[:call.readings_size], origins[:call.readings_count]

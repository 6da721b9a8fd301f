# The part of the glass that packs rows of the store: many values of a kind in one call.
#
# One at a time a row costs a method, a `struct`, a key, and a dictionary or two: 1.5 us. In bulk it
# costs the bytes objects that come out. The formats are those of `struct` without repeats (B H I Q
# unsigned, q signed), U for the 16 bytes of a UUID, s for bytes of any size, and brackets around
# the fields of a tuple of tuples. Keys are big-endian, so that they sort; rows are little-endian.

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE


cdef struct _Place:
    const char *letter  # of the format, up to its end
    Py_ssize_t item  # of the tuple
    uint8_t *out  # NULL while sizes are added up
    Py_ssize_t size
    bint big_endian


cdef int _width(char letter) except -1:
    """Return the bytes of a field of fixed size."""
    if letter == b"B":
        return 1
    if letter == b"H":
        return 2
    if letter == b"I":
        return 4
    if letter == b"Q" or letter == b"q":
        return 8
    raise ValueError("a format has the letters B H I Q q U s and brackets")


cdef int _put_bytes(_Place *place, value, Py_ssize_t size) except -1:
    if not isinstance(value, bytes) or (size >= 0 and PyBytes_GET_SIZE(value) != size):
        raise ValueError("a field must be bytes, a UUID 16 of them")
    size = PyBytes_GET_SIZE(value)
    if place.out != NULL:
        memcpy(place.out + place.size, PyBytes_AS_STRING(value), size)
    place.size += size
    return 0


cdef int _put_number(_Place *place, value, char letter) except -1:
    cdef int width = _width(letter)
    cdef uint64_t number
    cdef int i
    if place.out != NULL:
        number = <uint64_t><int64_t>value if letter == b"q" else <uint64_t>value
        if width < 8 and number >> (8 * width):
            raise OverflowError("a number does not fit its field")
        for i in range(width):
            place.out[place.size + (width - 1 - i if place.big_endian else i)] = (
                <uint8_t>(number >> (8 * i)))
    place.size += width
    return 0


cdef int _put_tuples(_Place *place, values) except -1:
    """Pack the tuples of a bracket; ends behind the closing one."""
    cdef const char *first = place.letter
    cdef Py_ssize_t item = place.item
    for value in values:
        place.letter, place.item = first, 0
        _put(place, value)
        if place.item != PyTuple_GET_SIZE(value):
            raise ValueError("more values than the formats have fields")
    while place.letter[0] != b")":
        if not place.letter[0]:
            raise ValueError("a bracket of a format is not closed")
        place.letter += 1
    place.letter, place.item = place.letter + 1, item
    return 0


cdef int _put(_Place *place, fields) except -1:
    """Pack fields from the place on, to the end of the format or of its bracket."""
    if not isinstance(fields, tuple):
        raise ValueError("a value is a tuple")
    cdef char letter
    cdef object value
    while place.letter[0] and place.letter[0] != b")":
        if place.item >= PyTuple_GET_SIZE(fields):
            raise ValueError("fewer values than the format has fields")
        letter = place.letter[0]
        value = <object>PyTuple_GET_ITEM(fields, place.item)
        place.letter += 1
        place.item += 1
        if letter == b"(":
            _put_tuples(place, value)
        elif letter == b"U":
            _put_bytes(place, value, 16)
        elif letter == b"s":
            _put_bytes(place, value, -1)
        else:
            _put_number(place, value, letter)
    return 0


cdef bytes _packed(const char *letters, fields, Py_ssize_t *item, bytes head, bint big_endian):
    """Pack fields from ``item`` on behind ``head``, and move ``item`` behind them."""
    cdef _Place place
    cdef Py_ssize_t first = item[0]
    place.letter, place.item, place.out, place.size = letters, first, NULL, len(head)
    place.big_endian = big_endian
    _put(&place, fields)
    cdef bytes packed = PyBytes_FromStringAndSize(NULL, place.size)
    place.letter, place.item, place.size = letters, first, len(head)
    place.out = <uint8_t *>PyBytes_AS_STRING(packed)
    memcpy(place.out, PyBytes_AS_STRING(head), len(head))
    _put(&place, fields)
    item[0] = place.item
    return packed


def pack_rows(kind: bytes, key_format: bytes, row_format: bytes, values):
    """Pack values, the fields of a key and then those of its row, to pairs (key, row)."""
    cdef list pairs = []
    cdef Py_ssize_t item
    for fields in values:
        item = 0
        key = _packed(key_format, fields, &item, kind, True)
        row = _packed(row_format, fields, &item, b"", False)
        if item != PyTuple_GET_SIZE(fields):
            raise ValueError("more values than the formats have fields")
        pairs.append((key, row))
    return pairs

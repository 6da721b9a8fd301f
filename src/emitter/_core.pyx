"""The glass: the only door to native code.

Every public function has the same five paragraphs: check lengths and ranges (`ValueError` for a
programmer error) · own the output · release the GIL for one kernel call over the whole batch ·
read the verdicts · return. Below are pointers and lengths; nothing native keeps memory or raises.
"""

cimport numpy as cnp
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.pystate cimport PyThreadState
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

import os

import numpy as np

cnp.import_array()

cdef extern from "Python.h":
    PyThreadState *PyEval_SaveThread()
    void PyEval_RestoreThread(PyThreadState *state)

cdef extern from "cpu.h" nogil:
    ctypedef enum cpu_form "enum cpu":
        pass
    int CPU_FORMS
    const char **CPU_NAMES
    cpu_form cpu_best()

cdef extern from "sodium.h" nogil:
    int sodium_init()
    const char *sodium_version_string()
    void sodium_memzero(void *pointer, size_t size)

cdef extern from "aes.h" nogil:
    ctypedef struct aes_key "struct aes_key":
        pass
    void aes_expand(aes_key *key, const uint8_t *secret, uint32_t size)

cdef extern from "ff1.h" nogil:
    ctypedef struct ff1_shape "struct ff1_shape":
        pass
    ctypedef struct ff1_tile "struct ff1_tile":
        pass
    int ff1_shape_of(ff1_shape *shape, uint32_t radix, uint32_t size)
    void ff1_apply(cpu_form cpu, ff1_tile *tile, const aes_key *key, const ff1_shape *shape,
                   const uint8_t *tweak, uint32_t tweak_size, const uint8_t *source,
                   uint8_t *target, uint64_t count, int inverse)

cdef extern from "alphabet.h" nogil:
    uint32_t SERIAL_SIZE_MIN_ "SERIAL_SIZE_MIN"
    uint32_t SERIAL_SIZE_MAX_ "SERIAL_SIZE_MAX"
    uint32_t FORM_COUNT_ "FORM_COUNT"
    uint32_t FORM_NONE_ "FORM_NONE"
    uint32_t FORM_GS1_ "FORM_GS1"
    uint32_t FORM_GS1_COUNTRY_ "FORM_GS1_COUNTRY"
    uint32_t FORM_ALNUM_ "FORM_ALNUM"
    uint32_t form_radix(uint32_t form)
    uint32_t form_prefix_size(uint32_t form)

cdef extern from "check_code.h" nogil:
    uint32_t CHECK_MAC_ "CHECK_MAC"
    uint32_t CHECK_SIGNATURE_ "CHECK_SIGNATURE"
    uint32_t CHECK_SHORT_ "CHECK_SHORT"
    uint32_t CHECK_SECRET_SIZE
    ctypedef struct ed25519_eight:
        pass
    ctypedef struct ed25519_key "struct ed25519_key":
        ed25519_eight *sign_eight
        uint8_t[32] public_ "public"
    int ed25519_eight_agrees(ed25519_eight *sign_eight)
    ctypedef struct check_key "struct check_key":
        uint32_t kind
        ed25519_key signature
    uint32_t check_code_size(uint32_t kind)
    int check_key_expand(check_key *key, uint32_t kind, const uint8_t *secret)

cdef extern from "emit.h" nogil:
    uint32_t GTIN_SIZE
    uint32_t RECORD_SIZE_MAX_ "RECORD_SIZE_MAX"
    ctypedef struct recipe "struct recipe":
        const uint8_t *record
        const uint8_t *gtin
        uint32_t form
        uint32_t record_size
        uint32_t serial_at
        uint32_t serial_size
        uint32_t message_size
        uint32_t check_at
    ctypedef struct emit_tile "struct emit_tile":
        pass
    void emit_codes(cpu_form cpu, const recipe *recipe, const ff1_shape *shape,
                    const aes_key *serial_key, const check_key *check_key, emit_tile *tile,
                    uint64_t first, uint64_t count, uint8_t *records)
    void emit_given(cpu_form cpu, const recipe *recipe, const check_key *check_key,
                    emit_tile *tile, const uint8_t *serials, uint64_t count, uint8_t *records)

cdef extern from "parse.h" nogil:
    ctypedef struct parsed_row "struct parsed":
        pass
    uint64_t parse_count(const uint8_t *text, uint64_t size)
    void parse_items(cpu_form cpu, const uint8_t *text, uint64_t size, int identification,
                     parsed_row *items)
    int parsed_lies_within(const parsed_row *items, uint64_t count, uint64_t text_size)

cdef extern from "invert.h" nogil:
    ctypedef struct invert_tile "struct invert_tile":
        pass
    ctypedef struct inversion "struct inversion":
        const aes_key *key
        const uint8_t *text
        uint64_t text_size
        const parsed_row *items
        const uint8_t *forms
        uint64_t count
        uint64_t *counters
        uint8_t *reasons
    void invert_items(cpu_form cpu, const inversion *call, invert_tile *tile)

cdef extern from "check.h" nogil:
    ctypedef struct checking "struct checking":
        const uint8_t *text
        uint64_t text_size
        const parsed_row *items
        const int16_t *key_index
        uint64_t count
        uint8_t *reasons
    ctypedef struct check_tile "struct check_tile":
        pass
    void check_items(cpu_form cpu, const checking *call, const check_key *const *keys,
                     check_tile *tile)
    void check_signatures(const checking *call, const uint8_t *public_keys)

cdef extern from "ledger.h" nogil:
    uint32_t ACCOUNT_SIZE_ "ACCOUNT_SIZE"
    uint32_t ESCROW_SIZE_ "ESCROW_SIZE"
    ctypedef struct movement "struct movement":
        pass
    int ledger_is_well_formed(const movement *movements, uint64_t count, uint64_t accounts,
                              uint64_t escrows)
    void ledger_post(uint8_t *accounts, uint8_t *escrows, const movement *movements,
                     uint64_t count, uint8_t *reasons, int64_t *missing)

if sodium_init() < 0:
    raise ImportError("libsodium could not be initialised")

_FORMS = tuple(CPU_NAMES[i].decode() for i in range(<int>cpu_best() + 1))
_forced = os.environ.get("EMITTER_CPU") or _FORMS[-1]
if _forced not in _FORMS:
    raise ImportError(
        f"EMITTER_CPU={_forced!r}: this machine has the forms {', '.join(_FORMS)}")
cdef cpu_form _cpu = <cpu_form><int>_FORMS.index(_forced)  # set once, here


def kernel_form():
    """Name the form in which the kernels run."""
    return _FORMS[<int>_cpu]


def kernel_forms():
    """Name the forms that this machine can run, the plainest first."""
    return _FORMS


cdef ed25519_eight *_sign_eight = NULL  # set once, when the first key of signatures is made
_signatures_by = ""
_EIGHT_NEEDS = ("libintlc.so.5", "libimf.so", "libirng.so", "libsvml.so")  # the wheel names no path


def _load_eight():
    """Load the function that signs eight at a time: its address, and its library; or 0.

    The packages ipp-crypto and intel-cmplr-lib-rt put their libraries where no loader looks; one
    that is loaded already is found by its name, so those that the last one needs come first.
    """
    from ctypes import CDLL, c_void_p, cast
    from importlib import metadata

    try:
        packages = [metadata.files(name) or () for name in ("intel-cmplr-lib-rt", "ipp-crypto")]
        paths = {file.name: str(file.locate()) for files in packages for file in files}
        loaded = [CDLL(paths[name]) for name in (*_EIGHT_NEEDS, "libcrypto_mb.so")]
        address = cast(loaded[-1].mbx_ed25519_sign_mb8, c_void_p).value
    except (metadata.PackageNotFoundError, KeyError, OSError, AttributeError):
        return 0, ""
    return address, f"crypto_mb of ipp-crypto {metadata.version('ipp-crypto')}, eight at a time"


cdef _choose_signatures():
    """Decide who signs, when that is first asked: loading the library takes a tenth of a second."""
    global _sign_eight, _signatures_by
    if _signatures_by:
        return
    address, name = _load_eight() if kernel_form() == "avx512" else (0, "")
    if address and ed25519_eight_agrees(<ed25519_eight *><size_t>address):
        _sign_eight = <ed25519_eight *><size_t>address
        _signatures_by = name
    else:
        _signatures_by = f"libsodium {sodium_version_string().decode()}"


def signature_library():
    """Name the library that makes Ed25519 signatures, and its version."""
    _choose_signatures()
    return _signatures_by


CHECK_MAC = CHECK_MAC_
CHECK_SIGNATURE = CHECK_SIGNATURE_
CHECK_SHORT = CHECK_SHORT_
FORM_GS1 = FORM_GS1_
FORM_GS1_COUNTRY = FORM_GS1_COUNTRY_
FORM_ALNUM = FORM_ALNUM_
FORM_NONE = FORM_NONE_
CREDIT, RESERVE, CAPTURE, RELEASE, ADJUST, REFUND, BANK_COST = range(1, 8)
ESCROW_NONE = 0xFFFFFFFF
ACCOUNT_SIZE = ACCOUNT_SIZE_
ESCROW_SIZE = ESCROW_SIZE_
RECORD_SIZE_MAX = RECORD_SIZE_MAX_
TWEAK_SIZE_MAX = 65535
KEYS_MAX = 32767
cdef enum:
    FEW_ITEMS = 8  # a quarter of a millisecond at most, if all of them are signatures

PARSED = np.dtype({
    "names": ["start", "size", "issued_size", "reason", "serial_at", "serial_size", "message_size",
              "check_at", "check_size", "price_size", "key_id", "gtin"],
    "formats": ["<i8", "<u2", "<u2", "u1", "u1", "u1", "u1", "u1", "u1", "u1", "<i4", "<u8"],
    "offsets": [0, 8, 10, 12, 13, 14, 15, 16, 17, 18, 20, 24],
    "itemsize": 32,
}, align=True)
MOVEMENT = np.dtype({
    "names": ["kind", "account", "escrow", "amount"],
    "formats": ["u1", "<u4", "<u4", "<i8"],
    "offsets": [0, 4, 8, 16],
    "itemsize": 24,
}, align=True)


cdef class SerialKey:
    """The key of the serials: an AES key schedule for FF1, zeroed when it dies."""

    cdef aes_key key

    def __cinit__(self, bytes key not None):
        if len(key) not in (16, 24, 32):
            raise ValueError("a serial key has 16, 24 or 32 bytes")
        aes_expand(&self.key, <const uint8_t *>key, <uint32_t>len(key))

    def __dealloc__(self):
        sodium_memzero(&self.key, sizeof(self.key))

    def __reduce__(self):
        raise TypeError("a serial key is not pickled")


cdef class CheckKey:
    """One key of check codes: HMAC midstates or an Ed25519 secret, zeroed when it dies."""

    cdef check_key key

    def __cinit__(self, kind: int, bytes secret not None):
        if kind not in (CHECK_MAC, CHECK_SIGNATURE, CHECK_SHORT):
            raise ValueError(f"there is no kind {kind} of check key")
        if len(secret) != CHECK_SECRET_SIZE:
            raise ValueError(f"the secret of a check key has {CHECK_SECRET_SIZE} bytes")
        check_key_expand(&self.key, kind, <const uint8_t *>secret)
        if kind == CHECK_SIGNATURE:
            _choose_signatures()
        self.key.signature.sign_eight = _sign_eight

    def __dealloc__(self):
        sodium_memzero(&self.key, sizeof(self.key))

    def __reduce__(self):
        raise TypeError("a check key is not pickled")

    @property
    def kind(self) -> int:
        """CHECK_MAC, CHECK_SIGNATURE or CHECK_SHORT."""
        return self.key.kind

    @property
    def public_key(self) -> bytes:
        """The 32-byte Ed25519 public key; empty unless the kind is CHECK_SIGNATURE."""
        if self.key.kind != CHECK_SIGNATURE_:
            return b""
        return PyBytes_FromStringAndSize(<char *>self.key.signature.public_, 32)


cdef PyThreadState *_release(uint64_t items) noexcept:
    """Release the GIL for a kernel call over so many items, unless they are few.

    Few are done before another thread could make use of the GIL, and who gives it away beside a
    busy thread waits for it up to the interpreter's switch interval, milliseconds.
    """
    return PyEval_SaveThread() if items > FEW_ITEMS else NULL


cdef void _take_back(PyThreadState *state) noexcept:
    """Take the GIL again, if it was released."""
    if state is not NULL:
        PyEval_RestoreThread(state)


cdef cnp.ndarray _read_numbers(values, dtype, least, most):
    """Check that every number is within `least` to `most` and return them contiguous."""
    if values.size and not (
            values.dtype.kind in "iu" and least <= values.min() and values.max() <= most):
        raise ValueError(f"a value is not an integer within {least}..{most}")
    return np.ascontiguousarray(values, dtype=dtype)


def ff1(SerialKey key not None, radix: int, bytes tweak not None, numerals, *,
        inverse: bool = False):
    """Encrypt rows of numerals by FF1, or decrypt them."""
    cdef cnp.ndarray given = np.asarray(numerals)
    cdef ff1_shape shape
    cdef ff1_tile tile
    if given.ndim != 2 or not 2 <= radix <= 255 or len(tweak) > TWEAK_SIZE_MAX:
        raise ValueError("ff1 takes rows of numerals, a radix of 2..255, a tweak within its limit")
    if not ff1_shape_of(&shape, radix, min(given.shape[1], 255)):
        raise ValueError(f"ff1 cannot have {given.shape[1]} numerals in radix {radix}")
    cdef cnp.ndarray source = _read_numbers(given, np.uint8, 0, radix - 1)

    cdef cnp.ndarray target = np.empty_like(source)
    cdef uint64_t count = source.shape[0]
    cdef const uint8_t *tweak_at = tweak
    cdef uint32_t tweak_size = <uint32_t>len(tweak)
    cdef int is_inverse = inverse

    with nogil:
        ff1_apply(_cpu, &tile, &key.key, &shape, tweak_at, tweak_size,
                  <const uint8_t *>cnp.PyArray_DATA(source), <uint8_t *>cnp.PyArray_DATA(target),
                  count, is_inverse)
    return target


cdef int _read_recipe(recipe *target, ff1_shape *shape, uint32_t check_size, bytes record,
                      bytes gtin, form, serial_at, serial_size, message_size, check_at) except -1:
    """Check the places of a recipe and fill its struct and shape; the bytes stay the caller's."""
    if len(record) > RECORD_SIZE_MAX:
        raise ValueError(f"a record has at most {RECORD_SIZE_MAX} bytes")
    if len(gtin) != GTIN_SIZE or not gtin.isdigit():
        raise ValueError("a GTIN has 14 ASCII digits")
    if not 0 <= form < FORM_COUNT_:
        raise ValueError(f"there is no form {form}")
    if not SERIAL_SIZE_MIN_ <= serial_size <= SERIAL_SIZE_MAX_:
        raise ValueError("a serial has 5 to 20 characters")
    if not 0 <= serial_at <= serial_at + serial_size <= message_size <= check_at:
        raise ValueError("serial, message and check must follow one another")
    if check_at + check_size > len(record):
        raise ValueError("the check code lies outside the record")
    target.record = record
    target.gtin = gtin
    target.form = form
    target.record_size = <uint32_t>len(record)
    target.serial_at = serial_at
    target.serial_size = serial_size
    target.message_size = message_size
    target.check_at = check_at
    ff1_shape_of(shape, form_radix(form), target.serial_size - form_prefix_size(form))
    return 0


def emit(SerialKey serial_key not None, CheckKey check_key not None, *, bytes record not None,
         bytes gtin not None, form: int, serial_at: int, serial_size: int, message_size: int,
         check_at: int, first: int, count: int, bytes head not None = b""):
    """Make `count` codes of the recipe from counter `first` on, behind `head`."""
    cdef recipe made_of
    cdef ff1_shape shape
    cdef emit_tile tile
    _read_recipe(&made_of, &shape, check_code_size(check_key.key.kind), record, gtin, form,
                 serial_at, serial_size, message_size, check_at)
    space = form_radix(made_of.form) ** (serial_size - form_prefix_size(made_of.form))
    if not 0 <= first <= first + count <= min(space, 2**64):
        raise ValueError("counters lie outside the space of the serial")
    if len(head) + count * len(record) > 2**62:
        raise ValueError("so many codes do not fit in memory")

    cdef bytes codes = PyBytes_FromStringAndSize(NULL, len(head) + count * len(record))
    cdef char *out = codes
    cdef uint64_t counter = first if count else 0, total = count
    cdef size_t head_size = len(head)
    memcpy(out, <const char *>head, head_size)

    with nogil:
        emit_codes(_cpu, &made_of, &shape, &serial_key.key, &check_key.key, &tile, counter, total,
                   <uint8_t *>out + head_size)
    return codes


def emit_serials(CheckKey check_key not None, *, bytes record not None, bytes gtin not None,
                 form: int, serial_at: int, serial_size: int, message_size: int, check_at: int,
                 bytes serials not None, bytes head not None = b""):
    """Make the codes of given serials, without their country digits, behind `head`."""
    cdef recipe made_of
    cdef ff1_shape shape
    cdef emit_tile tile
    _read_recipe(&made_of, &shape, check_code_size(check_key.key.kind), record, gtin, form,
                 serial_at, serial_size, message_size, check_at)
    count, rest = divmod(len(serials), serial_size - form_prefix_size(made_of.form))
    if rest:
        raise ValueError("serials are whole and of one size")

    cdef bytes codes = PyBytes_FromStringAndSize(NULL, len(head) + count * len(record))
    cdef char *out = codes
    cdef const uint8_t *given = serials
    cdef uint64_t total = count
    cdef size_t head_size = len(head)
    memcpy(out, <const char *>head, head_size)

    with nogil:
        emit_given(_cpu, &made_of, &check_key.key, &tile, given, total,
                   <uint8_t *>out + head_size)
    return codes


def parse(bytes text not None, *, bint identification=False):
    """Read the items of a text, separated by LF, into rows of PARSED."""
    cdef const uint8_t *text_at = text
    cdef uint64_t size = len(text)
    cdef uint64_t count = parse_count(text_at, size)

    cdef cnp.ndarray items = np.zeros(count, PARSED)

    cdef PyThreadState *others = _release(max(count, size >> 10))
    parse_items(_cpu, text_at, size, identification, <parsed_row *>cnp.PyArray_DATA(items))
    _take_back(others)
    return items


cdef cnp.ndarray _read_parsed(bytes text, items):
    """Check that `items` are rows of `text` and return them contiguous."""
    if not isinstance(items, np.ndarray) or items.dtype != PARSED or items.ndim != 1:
        raise ValueError("parsed is a one-dimensional array of PARSED")
    cdef cnp.ndarray rows = np.require(items, PARSED, ["C", "A"])
    if not parsed_lies_within(<const parsed_row *>cnp.PyArray_DATA(rows), len(rows), len(text)):
        raise ValueError("a row of parsed does not lie within the text")
    return rows


cdef cnp.ndarray _read_column(values, dtype, Py_ssize_t count, least, most):
    """Check that `values` are one number of `least` to `most` an item; return them contiguous."""
    column = np.asarray(values)
    if column.shape != (count,):
        raise ValueError("each item of parsed needs one value")
    return _read_numbers(column, dtype, least, most)


def invert(SerialKey key not None, bytes text not None, parsed, forms):
    """Turn the serials of parsed codes back to counters."""
    cdef cnp.ndarray rows = _read_parsed(text, parsed)
    cdef cnp.ndarray form_column = _read_column(forms, np.uint8, len(rows), 0, FORM_NONE)
    cdef invert_tile tile
    if not ((form_column < FORM_COUNT_) | (form_column == FORM_NONE)).all():
        raise ValueError("there is no such form")

    cdef cnp.ndarray counters = np.empty(len(rows), np.uint64)
    cdef cnp.ndarray reasons = np.empty(len(rows), np.uint8)
    cdef inversion call
    call.key = &key.key
    call.text = text
    call.text_size = len(text)
    call.items = <const parsed_row *>cnp.PyArray_DATA(rows)
    call.forms = <const uint8_t *>cnp.PyArray_DATA(form_column)
    call.count = len(rows)
    call.counters = <uint64_t *>cnp.PyArray_DATA(counters)
    call.reasons = <uint8_t *>cnp.PyArray_DATA(reasons)

    cdef PyThreadState *others = _release(call.count)
    invert_items(_cpu, &call, &tile)
    _take_back(others)
    return counters, reasons


def check(bytes text not None, parsed, keys, key_index):
    """Make the check codes of parsed codes again and compare."""
    cdef tuple held = tuple(keys)
    cdef cnp.ndarray rows = _read_parsed(text, parsed)
    if len(held) > KEYS_MAX:
        raise ValueError(f"at most {KEYS_MAX} keys a call")
    cdef cnp.ndarray index_column = _read_column(key_index, np.int16, len(rows), -1, len(held) - 1)

    cdef cnp.ndarray reasons = np.empty(len(rows), np.uint8)
    cdef cnp.ndarray table = np.empty(len(held), np.uintp)
    cdef const check_key **key_table = <const check_key **>cnp.PyArray_DATA(table)
    for i in range(len(held)):
        key_table[<size_t>i] = &(<CheckKey?>held[i]).key
    cdef check_tile tile
    cdef checking call
    call.text = text
    call.text_size = len(text)
    call.items = <const parsed_row *>cnp.PyArray_DATA(rows)
    call.key_index = <const int16_t *>cnp.PyArray_DATA(index_column)
    call.count = len(rows)
    call.reasons = <uint8_t *>cnp.PyArray_DATA(reasons)

    cdef PyThreadState *others = _release(call.count)
    check_items(_cpu, &call, key_table, &tile)
    _take_back(others)
    return reasons


def verify_signatures(bytes text not None, parsed, public_keys, key_index):
    """Verify the Ed25519 tails of parsed codes with public keys alone."""
    cdef tuple held = tuple(public_keys)
    cdef cnp.ndarray rows = _read_parsed(text, parsed)
    if len(held) > KEYS_MAX or any(len(key) != 32 for key in held):
        raise ValueError(f"at most {KEYS_MAX} public keys a call, of 32 bytes each")
    cdef bytes key_bytes = b"".join(held)
    cdef cnp.ndarray index_column = _read_column(key_index, np.int16, len(rows), -1, len(held) - 1)

    cdef cnp.ndarray reasons = np.empty(len(rows), np.uint8)
    cdef const uint8_t *key_at = key_bytes
    cdef checking call
    call.text = text
    call.text_size = len(text)
    call.items = <const parsed_row *>cnp.PyArray_DATA(rows)
    call.key_index = <const int16_t *>cnp.PyArray_DATA(index_column)
    call.count = len(rows)
    call.reasons = <uint8_t *>cnp.PyArray_DATA(reasons)

    with nogil:
        check_signatures(&call, key_at)
    return reasons


cdef cnp.ndarray _read_movements(movements):
    """Rows of MOVEMENT, from an array or from their bytes."""
    if not isinstance(movements, np.ndarray):
        movements = np.frombuffer(movements, MOVEMENT)
    if movements.dtype != MOVEMENT or movements.ndim != 1:
        raise ValueError("movements are a one-dimensional array of MOVEMENT")
    return np.require(movements, MOVEMENT, ["C", "A"])


def post(accounts: bytearray, escrows: bytearray, movements):
    """Apply a batch of money movements, in order, to packed accounts and escrows in place."""
    cdef cnp.ndarray rows = _read_movements(movements)
    cdef const movement *first = <const movement *>cnp.PyArray_DATA(rows)
    cdef uint64_t count = len(rows)
    if len(accounts) % ACCOUNT_SIZE or len(escrows) % ESCROW_SIZE:
        raise ValueError("accounts and escrows are whole rows")
    if not ledger_is_well_formed(first, count, len(accounts) // ACCOUNT_SIZE,
                                 len(escrows) // ESCROW_SIZE):
        raise ValueError("a movement names a kind, an account or an escrow that is not there")

    cdef cnp.ndarray reasons = np.empty(count, np.uint8)
    cdef cnp.ndarray missing = np.empty(count, np.int64)
    cdef cnp.ndarray account_rows = np.frombuffer(accounts, np.uint8)
    cdef cnp.ndarray escrow_rows = np.frombuffer(escrows, np.uint8)

    with nogil:
        ledger_post(<uint8_t *>cnp.PyArray_DATA(account_rows),
                    <uint8_t *>cnp.PyArray_DATA(escrow_rows), first, count,
                    <uint8_t *>cnp.PyArray_DATA(reasons), <int64_t *>cnp.PyArray_DATA(missing))
    return reasons, missing


# ---- Rows of the store ---------------------------------------------------------------------------

include "_core_rows.pxi"

# ---- States of codes ----------------------------------------------------------------------------

include "_core_chunks.pxi"

# ---- Scanner noise ------------------------------------------------------------------------------

include "_core_scans.pxi"

# ---- Symbols: GS1 DataMatrix --------------------------------------------------------------------

include "_core_symbols.pxi"

# ---- Digests ------------------------------------------------------------------------------------

include "_core_digests.pxi"

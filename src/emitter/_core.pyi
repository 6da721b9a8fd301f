# ruff: noqa: PYI021 - promises are read here; the glass keeps to its five paragraphs
"""The native core, as the rest of the house sees it.

Batches go in as bytes and arrays and come out as bytes and arrays; the GIL is released for the one
kernel call of each function. A programmer error is `ValueError` (or `TypeError`); what a code or a
movement is refused for is a number of `errors.Reason`, one an item.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

CHECK_MAC: Final = 1
CHECK_SIGNATURE: Final = 2
CHECK_SHORT: Final = 3

FORM_GS1: Final = 0
FORM_GS1_COUNTRY: Final = 1
FORM_ALNUM: Final = 2
FORM_NONE: Final = 255

CREDIT: Final = 1
RESERVE: Final = 2
CAPTURE: Final = 3
RELEASE: Final = 4
ADJUST: Final = 5
REFUND: Final = 6
BANK_COST: Final = 7

ACCOUNT_SIZE: Final = 56
ESCROW_SIZE: Final = 24
ESCROW_NONE: Final = 0xFFFFFFFF

RECORD_SIZE_MAX: Final = 255
TWEAK_SIZE_MAX: Final = 65535
KEYS_MAX: Final = 32767

PARSED: np.dtype[np.void]
"""A parsed item, 32 bytes: start, size, issued_size, reason, serial_at, serial_size, message_size,
check_at, check_size, price_size, key_id (AI 91, -1 none), gtin. Offsets count from `start`."""

MOVEMENT: np.dtype[np.void]
"""A movement of money, 24 bytes: kind, account and escrow (indices of rows), amount in tiyn."""

def kernel_form() -> str:
    """Name the form in which the kernels run: `portable`, `x86-64-v3` or `avx512`.

    It is the highest that CPU and operating system allow, or the one that the environment variable
    EMITTER_CPU names; it is read once, at import, which fails with `ImportError` where the machine
    lacks that form. Bytes are the same in every form.
    """

def kernel_forms() -> tuple[str, ...]:
    """Name the forms that this machine can run, the plainest first."""

def signature_library() -> str:
    """Name the library that makes Ed25519 signatures, and its version.

    libsodium, or, in the form `avx512`, crypto_mb of the optional packages ipp-crypto and
    intel-cmplr-lib-rt (`pip install emitter[ipp]`) if it signs a sample as libsodium does.
    """

class SerialKey:
    """The key of the serials: an AES key schedule for FF1, zeroed when it dies.

    16, 24 or 32 bytes (FIPS 197); the product uses 32. `ValueError` for any other length.
    """

    def __init__(self, key: bytes) -> None: ...

class CheckKey:
    """One key of check codes: HMAC midstates or an Ed25519 secret, zeroed when it dies.

    `kind` is CHECK_MAC, CHECK_SIGNATURE or CHECK_SHORT, `secret` has 32 bytes; `ValueError`
    otherwise. For CHECK_SIGNATURE the secret is the seed of RFC 8032 section 5.1.5.
    """

    def __init__(self, kind: int, secret: bytes) -> None: ...
    @property
    def kind(self) -> int:
        """CHECK_MAC, CHECK_SIGNATURE or CHECK_SHORT."""

    @property
    def public_key(self) -> bytes:
        """The 32-byte Ed25519 public key; empty unless the kind is CHECK_SIGNATURE."""

def ff1(
    key: SerialKey,
    radix: int,
    tweak: bytes,
    numerals: ArrayLike,
    *,
    inverse: bool = False,
) -> NDArray[np.uint8]:
    """Encrypt rows of numerals by FF1, or decrypt them (NIST SP 800-38G, algorithms 7 and 8).

    `numerals` has shape (count, n), each below `radix` (2..255), the most significant first; the
    answer has the same shape. `ValueError` if radix**n is below 100 (section 5), a half of the
    string does not fit 64 bits, or the tweak is longer than TWEAK_SIZE_MAX bytes.
    """

def emit(
    serial_key: SerialKey,
    check_key: CheckKey,
    *,
    record: bytes,
    gtin: bytes,
    form: int,
    serial_at: int,
    serial_size: int,
    message_size: int,
    check_at: int,
    first: int,
    count: int,
    head: bytes = b"",
) -> bytes:
    """Make `count` codes of the recipe from counter `first` on, behind `head`, in one allocation.

    A code is `record` with its serial (`serial_size` characters at `serial_at`, the country digit
    included; made by FF1 of the counter under the tweak `gtin`, 14 ASCII digits) and its check
    code (at `check_at`, over the first `message_size` bytes) filled in. The answer has
    len(head) + count * len(record) bytes. `ValueError` if a place lies outside the record, the
    counters outside the space of the serial or 64 bits, or the answer outside the address space.
    """

def emit_serials(
    check_key: CheckKey,
    *,
    record: bytes,
    gtin: bytes,
    form: int,
    serial_at: int,
    serial_size: int,
    message_size: int,
    check_at: int,
    serials: bytes,
    head: bytes = b"",
) -> bytes:
    """Make the codes of self-made serials: as `emit`, with the serials instead of counters.

    `serials` are one after the other, of `serial_size` characters each, less the country digit,
    which is put in front. `ValueError` if they are not whole; their alphabet is the caller's care.
    """

def parse(text: bytes, *, identification: bool = False) -> NDArray[np.void]:
    """Read the items of a text, separated by LF, into rows of PARSED.

    A final LF is optional, an empty text has no items, an empty line is an item that cannot be
    parsed. Reasons: 0, CODE_UNPARSABLE (start and size are told, nothing else), CODE_GTIN_INVALID
    (everything is told). Structures: `native/parse.h`. GS1 General Specifications section 7.8.

    With ``identification`` an identification code alone, 01 GTIN 21 serial or a pack's first 21
    characters, is an item too: its ``check_size`` is 0, and `check` never finds it genuine.
    """

def invert(
    key: SerialKey, text: bytes, parsed: NDArray[np.void], forms: ArrayLike
) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Turn the serials of parsed codes back to counters: (counters, reasons).

    `forms` has one FORM_* an item, FORM_NONE leaves the item alone. Reasons: 0, the item's own
    from parsing, CODE_OTHER_OPERATOR, CODE_NEVER_ISSUED; the counter of a refused or skipped item
    is 0, one beyond 64 bits is 2**64 - 1. `ValueError` if rows do not fit the text.
    """

def check(
    text: bytes, parsed: NDArray[np.void], keys: Sequence[CheckKey], key_index: ArrayLike
) -> NDArray[np.uint8]:
    """Make the check codes of parsed codes again and compare in constant time.

    `key_index` has one index into `keys` an item, -1 leaves the item alone. Reasons: 0, the
    item's own from parsing, CODE_FORGED (also where the size is not that of the key's kind).
    `ValueError` if rows do not fit the text or an index does not fit the keys.
    """

def verify_signatures(
    text: bytes, parsed: NDArray[np.void], public_keys: Sequence[bytes], key_index: ArrayLike
) -> NDArray[np.uint8]:
    """Verify the Ed25519 tails of parsed codes with public keys alone (RFC 8032 section 5.1.7).

    As `check`, with raw public keys of 32 bytes. The base64 must be canonical.
    """

def post(
    accounts: bytearray, escrows: bytearray, movements: bytes | NDArray[np.void]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Apply a batch of money movements, in order, to packed accounts and escrows in place.

    Rows are ACCOUNT_SIZE bytes (available, reserved, credited, adjusted, captured, refunded,
    bank_costs) and ESCROW_SIZE bytes (held, captured, released), little-endian 64-bit tiyn;
    `movements` is an array of MOVEMENT or its bytes. Answers (reasons, missing). A refused
    movement changes nothing: FUNDS_INSUFFICIENT (`missing` is what lacks, else 0),
    ESCROW_INSUFFICIENT, AMOUNT_OUT_OF_RANGE (not positive, zero for ADJUST, or beyond 64 bits).
    `ValueError`, and nothing applied, if a length, kind or index is not one (RESERVE, CAPTURE and
    RELEASE name an escrow, the other kinds ESCROW_NONE).
    """

def pack_rows(
    kind: bytes, key_format: bytes, row_format: bytes, values: Iterable[tuple[object, ...]]
) -> list[tuple[bytes, bytes]]:
    """Pack values to rows of the store: for each the pair (key, row).

    A value has the fields of the key and then those of the row. A format has a letter a field:
    B, H, I, Q (unsigned) and q (signed) as in `struct`, U for 16 bytes, s for bytes of any size,
    and brackets around the fields of a tuple of tuples. Keys are big-endian behind ``kind``, rows
    little-endian. `ValueError` if values do not fit the formats, `OverflowError` for a number that
    does not fit its field.
    """

# ---- States of codes ----------------------------------------------------------------------------

CHUNK_CODES: Final = 1024
"""Codes of a chunk. A row of a chunk is at most one byte longer (`native/chunks.h`)."""

def unpack_chunks(rows: Sequence[bytes | None]) -> NDArray[np.uint8]:
    """Unpack rows of chunks to their codes: an array of shape (count, CHUNK_CODES).

    None or an empty row is a chunk of zeros. `ValueError` for what `pack_chunks` cannot have made.
    """

def read_chunks(
    rows: Sequence[bytes | None], row_index: ArrayLike, offsets: ArrayLike
) -> NDArray[np.uint8]:
    """Read single codes of packed chunks: for each the byte at ``offsets`` of a row."""

def pack_chunks(codes: NDArray[np.uint8]) -> list[bytes | None]:
    """Pack rows of CHUNK_CODES bytes to the shortest rows; None for a chunk of zeros."""

# ---- Scanner noise ------------------------------------------------------------------------------

READINGS_MAX: Final = 8
"""Readings of an item at most."""

def readings(
    text: bytes, parsed: NDArray[np.void], wanted: ArrayLike, *, identification: bool = False
) -> tuple[bytes, NDArray[np.int64]]:
    """Find the codes that items may have been before scanners spoilt them: (readings, origins).

    ``readings`` is a text as `parse` takes it, LF behind each; reading i is one of the item
    ``origins[i]``, an index into ``parsed``, in rising order. Of one item those with less undone
    come first, READINGS_MAX at most; the item as it stands is none of them. Only items with a true
    value in ``wanted`` are looked at. Each reading can be parsed, and is a guess: an exact code
    goes before, and a check code decides (`native/readings.h` has the rules). ``identification`` as
    in `parse`. `ValueError` if rows do not fit the text.
    """

# ---- Symbols: GS1 DataMatrix --------------------------------------------------------------------

SYMBOL_GS1: Final = 0
"""FNC1 in front, separators as FNC1: read as "]d2"."""

SYMBOL_GS1_GS: Final = 1
"""FNC1 in front, separators as the ASCII character GS: read as "]d2", with the same bytes."""

SYMBOL_PLAIN: Final = 2
"""No FNC1 at all: read as "]d1"."""

def symbol_sizes(codes: bytes, size: int, *, kind: int = ...) -> NDArray[np.uint8]:
    """Find the side, in modules, of the smallest square symbol of each code; 0 where there is none.

    `codes` are codes of `size` bytes each, without separators between them; `kind` is SYMBOL_GS1
    (the default), SYMBOL_GS1_GS or SYMBOL_PLAIN. `ValueError` if the bytes are no whole number of
    codes or the kind is none.
    """

def symbols(
    codes: bytes, size: int, *, modules: int = 0, columns: int = 0, kind: int = ...
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draw each code as a Data Matrix ECC 200 symbol (ISO/IEC 16022): (rows, reasons).

    Codes and kind as in `symbol_sizes`. All symbols have one size: squares of `modules` a side (an
    even number of the standard's 24 sizes, 10..144), or rectangles of `modules` x `columns` (8 x 18
    or 32, 12 x 26 or 36, 16 x 36 or 48; `ValueError` if there is no such size), or the smallest
    square that holds every code. `rows` has shape (count, rows, row bytes): rows of bits, the first
    module in the top bit, 1 dark, without quiet zone. Reasons: 0, CODE_UNPARSABLE (a character that
    no code has), CODE_TOO_LONG (for the size, or for the largest symbol); the rows of a refused
    code are zero.
    """

SYMBOL_PX_MAX: Final = 30
"""Pixels, or dots, of a module at most."""

SYMBOL_QUIET_ZONE_MAX: Final = 16
"""Modules of a quiet zone at most."""

def symbol_pngs(
    codes: bytes,
    size: int,
    *,
    modules: int = 0,
    columns: int = 0,
    kind: int = ...,
    module_px: int = 4,
    quiet_zone: int = 2,
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.uint8]]:
    """Draw each code as a PNG file, one bit a pixel: (bytes of all files, ends, reasons).

    Sizes as in `symbols`, but 0 modules is the smallest square of each code. A module is
    ``module_px`` pixels a side (1..30); ``quiet_zone`` light modules stand around (0..16). File i
    ends before byte ends[i], where the next one begins; a refused code has a file of no bytes.
    """

def symbol_svgs(
    codes: bytes,
    size: int,
    *,
    modules: int = 0,
    columns: int = 0,
    kind: int = ...,
    module_px: int = 4,
    quiet_zone: int = 2,
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.uint8]]:
    """Draw each code as an SVG file, a unit of its view box a module; all else as `symbol_pngs`."""

ZPL_TEXT: Final = 0
"""Piece (ZPL_TEXT, text): bytes as they are."""

ZPL_SYMBOL: Final = 1
"""Piece (ZPL_SYMBOL,): the symbol as a graphic field ^GFA."""

ZPL_PART: Final = 2
"""Piece (ZPL_PART, start, size): bytes of the code, escaped for ^FH."""

ZPL_DATA: Final = 3
"""Piece (ZPL_DATA,): the whole code for ^BX with the escape character "_"."""

ZPL_NUMBER: Final = 4
"""Piece (ZPL_NUMBER,): the number of the code."""

def zpl_labels(
    codes: bytes,
    size: int,
    columns: Sequence[Sequence[tuple[object, ...]]],
    *,
    head: bytes = b"",
    tail: bytes = b"",
    modules: int = 0,
    kind: int = ...,
    module_px: int = 4,
    number: int = 1,
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.uint8]]:
    """Write codes as rows of ZPL labels side by side: (bytes, ends of the rows, reasons).

    ``columns`` has the pieces of each label of a row (ZPL_*; equally many in each). A row is
    ``head``, the pieces of its labels and ``tail``; the last one may hold fewer labels. Code i has
    the number ``number + i``. Sizes as in `symbol_pngs`; a refused code leaves its place empty.
    `ValueError` for a piece that is none or a part outside the code.
    """

# ---- Digests ------------------------------------------------------------------------------------

DIGEST_PIECE: Final = 16384

def piece_digests(text: bytes | memoryview) -> bytes:
    """Hash each piece of DIGEST_PIECE bytes by SHA-256 (FIPS 180-4): 32 bytes a piece, in order.

    The last piece is as long as what is left; no text has no pieces. Many pieces are hashed at a
    time, which is three times as fast as one digest of the whole (`native/digest.h`).
    """

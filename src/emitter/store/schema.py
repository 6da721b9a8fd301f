"""Every key of the store; the rows behind them are in `rows` and its neighbours.

A key is one letter for the kind of row and then big-endian fields, so that rows sort as they are
read. A participant is its BIN or IIN as a number. Whatever belongs to a participant has the BIN in
its key: another's object is not refused but simply not found.

    m                                     store: format version, keys it was made with
    k  key id                             fingerprint of a check key the store was opened with
    t  token hash                         who a bearer token is
    E  token hash                         when a bearer token ends or has ended (`token_rows`)
    p  bin                                participant
    a  bin                                account: money (packed for the core), counters
    j  bin  sequence                      journal transaction of an account
    o  bin  order                         order with its buffers
    e  bin  order                         escrow of an order (packed for the core)
    b  bin  order  gtin  first index      block, in the order of delivery
    q  bin  kind  id                      request: digest and verdict (bin 0: bank payments)
    x  expiry  request key                verdicts to forget, by time
    g  bin  gtin                          product of a participant (`product_rows`)
    g  0  gtin                            whose product a GTIN is: it has one owner
    s  gtin  serial size                  series: form, source, next counter
    r  gtin  serial size  first counter   range: which buffer holds these counters
    d  bin  order                         details of an order that came with it, as JSON
    u  omsId                              order station: participant, registration key, policy
    c  connection                         connection of a station: policy, its one live token
    n  omsId                              how many connections a station has
    v  token hash                         which connection a station's clientToken belongs to
    l  bin  order  gtin                   life of a buffer: where its codes left their first state
    h  bin  order  gtin  chunk            states of 1,024 codes that are not alike
    D  bin  document                      document: what was reported, and what came of it
    R  bin  document  part                codes of a document, in runs
    N  bin  document  part                codes that a document named in vain, with reasons
    F  bin  order  gtin  document         a document of a buffer
    O  what  bin  order  gtin             who holds codes of a buffer (`holding_keys`): root of map
    O  what  bin  order  gtin  first      page of such a map
    T  bin  side  document                transfer: under the sender and under the recipient
    i  job                                job: work larger than a transaction, and how far it is
    i  job  part                          keys of the rows that a job has staged
    w  gtin  serial                       whose a self-made serial is
    y  bin  order  gtin  part             self-made serials of a buffer, in the order of its codes
    B  box                                box (`trade.packing`: SSCC, or a participant's own number)
    H  bin  state  document               outermost boxes of a participant (`held_boxes`)
    C  box  what  part                    content of a box that does not fit into its row
    Z  bin  order  gtin                   in which boxes codes of a buffer lie: root of a map
    Z  bin  order  gtin  first index      page of such a map
    S  prefix                             next counter of the SSCCs of a GS1 company prefix
    S  prefix  first counter              whose a range of SSCCs is
"""

from __future__ import annotations

import enum
import struct
from functools import lru_cache
from uuid import UUID

_U64 = struct.Struct(">Q")
_u64 = _U64.pack


META_KEY = b"m"

# What the keys of all rows of a kind start with.
CHECK_KEYS, TOKENS, PARTICIPANTS, ACCOUNTS, JOURNALS = b"k", b"t", b"p", b"a", b"j"
ORDERS, ESCROWS, BLOCKS, SERIES, RANGES = b"o", b"e", b"b", b"s", b"r"
DETAILS, STATIONS, CONNECTIONS, CLIENT_TOKENS = b"d", b"u", b"c", b"v"
REQUESTS, CONNECTION_COUNTS = b"q", b"n"
LIVES, CHUNKS, DOCUMENTS, RUNS, IN_VAIN, TRACES = b"l", b"h", b"D", b"R", b"N", b"F"
JOBS, OWN_SERIALS, SERIAL_PARTS = b"i", b"w", b"y"
BOXES, CONTENTS, BOXED, SSCCS = b"B", b"C", b"Z", b"S"
CODES_INSIDE, BOXES_INSIDE = b"c", b"x"


def check_key_key(key_id: int) -> bytes:
    """Return the key of a check key's fingerprint."""
    return b"k" + key_id.to_bytes(2, "big")


def token_key(digest: bytes) -> bytes:
    """Return the key of a bearer token by its SHA-256."""
    return TOKENS + digest


@lru_cache(4_096)  # asked for several times an order
def participant_key(bin_: int) -> bytes:
    """Return the key of a participant."""
    return PARTICIPANTS + _u64(bin_)


@lru_cache(4_096)
def account_key(bin_: int) -> bytes:
    """Return the key of a participant's account."""
    return ACCOUNTS + _u64(bin_)


def journal_key(bin_: int, sequence: int) -> bytes:
    """Return the key of one journal transaction; sequences of an account start at 1."""
    return JOURNALS + _u64(bin_) + _u64(sequence)


def journal_prefix(bin_: int) -> bytes:
    """Return what the keys of an account's journal start with."""
    return JOURNALS + _u64(bin_)


def order_key(bin_: int, order_id: UUID) -> bytes:
    """Return the key of an order."""
    return ORDERS + _u64(bin_) + order_id.bytes


def orders_prefix(bin_: int) -> bytes:
    """Return what the keys of all orders of a participant start with."""
    return ORDERS + _u64(bin_)


def escrows_prefix(bin_: int) -> bytes:
    """Return what the keys of all escrows of a participant start with."""
    return ESCROWS + _u64(bin_)


def escrow_key(bin_: int, order_id: UUID) -> bytes:
    """Return the key of an order's escrow."""
    return ESCROWS + _u64(bin_) + order_id.bytes


def details_key(bin_: int, order_id: UUID) -> bytes:
    """Return the key of what came with an order."""
    return DETAILS + _u64(bin_) + order_id.bytes


def near_orders_prefix(bin_: int, block_id: UUID) -> bytes:
    """Return what the keys of the orders start with that a station's block may belong to.

    The block ids made for stations begin as the ids of their orders do (`engine.delivery`).
    """
    return ORDERS + _u64(bin_) + block_id.bytes[:6]


def station_key(oms_id: UUID) -> bytes:
    """Return the key of an order station."""
    return STATIONS + oms_id.bytes


def connection_key(connection_id: UUID) -> bytes:
    """Return the key of a station's connection."""
    return CONNECTIONS + connection_id.bytes


def connections_key(oms_id: UUID) -> bytes:
    """Return the key of the count of a station's connections."""
    return CONNECTION_COUNTS + oms_id.bytes


def client_token_key(digest: bytes) -> bytes:
    """Return the key of a station's clientToken by its SHA-256."""
    return CLIENT_TOKENS + digest


def uuid_of(key: bytes) -> UUID:
    """Return the id in a key of kind u or c."""
    return UUID(bytes=key[1:17])


def buffer_prefix(bin_: int, order_id: UUID, gtin: int) -> bytes:
    """Return what the keys of all blocks of a buffer start with."""
    return BLOCKS + _u64(bin_) + order_id.bytes + _u64(gtin)


def participant_blocks_prefix(bin_: int) -> bytes:
    """Return what the keys of all blocks of a participant start with."""
    return BLOCKS + _u64(bin_)


def block_key(bin_: int, order_id: UUID, gtin: int, first: int) -> bytes:
    """Return the key of the block whose first code has index ``first`` in its buffer."""
    return buffer_prefix(bin_, order_id, gtin) + _u64(first)


def life_key(bin_: int, order_id: UUID, gtin: int) -> bytes:
    """Return the key of the life of a buffer."""
    return LIVES + _u64(bin_) + order_id.bytes + _u64(gtin)


def chunk_key(bin_: int, order_id: UUID, gtin: int, chunk: int) -> bytes:
    """Return the key of the states of the codes from index ``chunk * CHUNK_CODES`` on."""
    return chunks_prefix(bin_, order_id, gtin) + chunk.to_bytes(4, "big")


def chunks_prefix(bin_: int, order_id: UUID, gtin: int) -> bytes:
    """Return what the keys of all chunks of a buffer start with."""
    return CHUNKS + _u64(bin_) + order_id.bytes + _u64(gtin)


def chunk_of(key: bytes) -> int:
    """Return the chunk in a key of kind h."""
    return int.from_bytes(key[-4:], "big")


def buffer_of(key: bytes) -> tuple[int, UUID, int]:
    """Return participant, order and GTIN in a key of kind b, l, h, F or Z."""
    return owner(key), order_of(key), int(_U64.unpack_from(key, 25)[0])


def document_key(bin_: int, document_id: UUID) -> bytes:
    """Return the key of a document of a participant."""
    return DOCUMENTS + _u64(bin_) + document_id.bytes


def documents_prefix(bin_: int) -> bytes:
    """Return what the keys of all documents of a participant start with."""
    return DOCUMENTS + _u64(bin_)


def runs_key(bin_: int, document_id: UUID, part: int) -> bytes:
    """Return the key of a part of a document's runs."""
    return RUNS + _u64(bin_) + document_id.bytes + part.to_bytes(4, "big")


def in_vain_key(bin_: int, document_id: UUID, part: int) -> bytes:
    """Return the key of a part of what a document named in vain."""
    return IN_VAIN + _u64(bin_) + document_id.bytes + part.to_bytes(4, "big")


def trace_key(bin_: int, order_id: UUID, gtin: int, document_id: UUID) -> bytes:
    """Return the key by which a buffer leads to one of its documents."""
    return traces_prefix(bin_, order_id, gtin) + document_id.bytes


def traces_prefix(bin_: int, order_id: UUID, gtin: int) -> bytes:
    """Return what the keys of all traces of a buffer start with."""
    return TRACES + _u64(bin_) + order_id.bytes + _u64(gtin)


def trace_document(key: bytes) -> UUID:
    """Return the document in a key of kind F."""
    return UUID(bytes=key[33:49])


def job_key(job_id: UUID) -> bytes:
    """Return the key of a job."""
    return JOBS + job_id.bytes


def job_part_key(job_id: UUID, part: int) -> bytes:
    """Return the key of the list of what a step of a job has staged."""
    return job_key(job_id) + part.to_bytes(4, "big")


def job_of(key: bytes) -> UUID:
    """Return the job in a key of kind i."""
    return UUID(bytes=key[1:17])


def own_serials_prefix(gtin: int) -> bytes:
    """Return what the keys of all self-made serials of a GTIN start with."""
    return OWN_SERIALS + _u64(gtin)


def own_serial_key(gtin: int, serial: bytes) -> bytes:
    """Return the key of a self-made serial; the serial is the one in the code, all of it."""
    return own_serials_prefix(gtin) + serial


def serials_prefix(bin_: int, order_id: UUID, gtin: int) -> bytes:
    """Return what the keys of the self-made serials of a buffer start with."""
    return SERIAL_PARTS + _u64(bin_) + order_id.bytes + _u64(gtin)


def serials_key(bin_: int, order_id: UUID, gtin: int, part: int) -> bytes:
    """Return the key of one part of the self-made serials of a buffer."""
    return serials_prefix(bin_, order_id, gtin) + part.to_bytes(4, "big")


def box_key(box: int) -> bytes:
    """Return the key of a box."""
    return BOXES + _u64(box)


def content_key(box: int, what: bytes, part: int) -> bytes:
    """Return the key of a part of a box's content: `CODES_INSIDE` or `BOXES_INSIDE`."""
    return CONTENTS + _u64(box) + what + part.to_bytes(4, "big")


def box_of(key: bytes) -> int:
    """Return the box in a key of kind B or C."""
    return int(_U64.unpack_from(key, 1)[0])


def boxed_key(bin_: int, order_id: UUID, gtin: int) -> bytes:
    """Return the key of the map (`spans`) that says in which boxes the codes of a buffer lie."""
    return BOXED + _u64(bin_) + order_id.bytes + _u64(gtin)


def sscc_series_key(prefix: str) -> bytes:
    """Return the key of the SSCCs of a GS1 company prefix."""
    return SSCCS + f"{prefix:>12}".encode()


def sscc_range_key(prefix: str, first: int) -> bytes:
    """Return the key of the range of SSCCs that starts at a counter."""
    return sscc_series_key(prefix) + _u64(first)


def parse_sscc_key(key: bytes) -> tuple[str, int | None]:
    """Return prefix and first counter of a key of kind S, None for the prefix's own row."""
    first = int(_U64.unpack_from(key, 13)[0]) if len(key) > 13 else None
    return key[1:13].decode().strip(), first


class RequestKind(enum.IntEnum):
    """What an idempotency id names; ids of different kinds do not meet."""

    CREATE_ORDER = 1
    DELIVER_BLOCK = 2
    CLOSE = 3
    PAYMENT = 4
    REPORT = 5
    AGGREGATION = 7
    TRANSFER = 8


_KINDS = {kind: bytes((kind,)) for kind in RequestKind}


def request_key(bin_: int, kind: RequestKind, request_id: bytes) -> bytes:
    """Return the key of a request row."""
    return REQUESTS + _u64(bin_) + _KINDS[kind] + request_id


def requests_prefix(bin_: int, kind: RequestKind) -> bytes:
    """Return what the keys of all requests of a kind of a participant start with."""
    return REQUESTS + _u64(bin_) + _KINDS[kind]


def delivery_id(order_id: UUID, gtin: int, block_id: str) -> bytes:
    """Return the request id of a delivery: a block id is unique within its buffer."""
    return order_id.bytes + _u64(gtin) + block_id.encode()


def expiry_key(expires_us: int, request: bytes) -> bytes:
    """Return the key that reminds to forget a verdict at ``expires_us``."""
    return b"x" + _u64(expires_us) + request


def request_of(key: bytes) -> bytes:
    """Return the request key that a reminder names."""
    return key[9:]


def series_key(gtin: int, serial_size: int) -> bytes:
    """Return the key of a GTIN's series of serials of one length."""
    return SERIES + _u64(gtin) + bytes((serial_size,))


def parse_series_key(key: bytes) -> tuple[int, int]:
    """Return GTIN and serial size of a series key."""
    return _U64.unpack_from(key, 1)[0], key[9]


def range_prefix(gtin: int, serial_size: int) -> bytes:
    """Return what the keys of all ranges of a series start with."""
    return RANGES + _u64(gtin) + bytes((serial_size,))


def range_key(gtin: int, serial_size: int, first: int) -> bytes:
    """Return the key of the range that starts at counter ``first``."""
    return range_prefix(gtin, serial_size) + _u64(first)


def parse_range_key(key: bytes) -> tuple[int, int, int]:
    """Return GTIN, serial size and first counter of a range key."""
    return _U64.unpack_from(key, 1)[0], key[9], _U64.unpack_from(key, 10)[0]


def owner(key: bytes) -> int:
    """Return the BIN in a key of kind p, a, j, o, e, b, d, q, l, h, D, R, N or F."""
    return int(_U64.unpack_from(key, 1)[0])


def order_of(key: bytes) -> UUID:
    """Return the order in a key of kind o, e, b, d, l, h or F, the document of D, R or N."""
    return UUID(bytes=key[9:25])


def sequence_of(key: bytes) -> int:
    """Return the last field of a key of kind j, b or r."""
    return int(_U64.unpack_from(key, len(key) - 8)[0])


def after(prefix: bytes) -> bytes:
    """Return the least key above every key that starts with ``prefix``."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes((stripped[-1] + 1,))

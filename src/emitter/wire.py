"""What servers and clients share of the wire: refusals as statuses, and packed records.

One mapping leads from `Reason` to google.rpc.Status and back (AIP-193). A status holds the gRPC
code of the reason, the English sentence for developers, and as details ErrorInfo (domain
``emitter``, the reason's name, the values the sentence names), LocalizedMessage in the caller's
language, and RetryInfo where a repeat of the same request can help.

A message of records is written and read here without a copy: the field ``records`` comes last, so
the bytes before it are a head that the core puts in front of the codes it makes.
"""

from __future__ import annotations

import errno
import hashlib
import ipaddress
import os
import socket
import ssl
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import duration_pb2
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from emitter import _core
from emitter.config import SettingsError
from emitter.errors import Reason, Refusal, Refused
from emitter.language import t
from emitter.v1.code_pb2 import DeliverBlockResponse

if TYPE_CHECKING:
    from pathlib import Path

DOMAIN = "emitter"

_PORT_MAX = 65_535
_NOT_OURS = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)

_RECORDS_TAG = bytes((DeliverBlockResponse.RECORDS_FIELD_NUMBER << 3 | 2,))  # a sized field
_DETAIL_CHARS_MAX = 256  # a caller's own text comes back cut, so that a status fits into headers
_RETRY_DELAY_MS = 100
_REPLAYED = "replayed"  # the mark of a remembered verdict among the metadata of ErrorInfo


def language_of(accept_language: str) -> str:
    """Return ``ru`` or ``en``: the first of the two in an Accept-Language list, else ``en``."""
    for item in accept_language.lower().split(","):
        tag = item.partition(";")[0].strip().partition("-")[0]
        if tag in ("en", "ru"):
            return tag
    return "en"


def status_of(refusal: Refusal, language: str) -> status_pb2.Status:
    """Return the status of a refusal, its localized message in ``en`` or ``ru``."""
    refusal = Refusal(
        refusal.reason,
        {name: text[:_DETAIL_CHARS_MAX] for name, text in refusal.details.items()},
        refusal.replayed,
    )
    reason = refusal.reason
    info = error_details_pb2.ErrorInfo(
        reason=reason.name, domain=DOMAIN, metadata=dict(refusal.details)
    )
    if refusal.replayed:
        info.metadata[_REPLAYED] = "true"
    status = status_pb2.Status(
        code=grpc.StatusCode[reason.meaning.grpc].value[0], message=refusal.sentence()
    )
    status.details.add().Pack(info)
    status.details.add().Pack(
        error_details_pb2.LocalizedMessage(locale=language, message=refusal.sentence(language))
    )
    if reason.meaning.retry:
        seconds = int(refusal.details.get("retry_after_s", 0))
        delay = duration_pb2.Duration(
            seconds=seconds, nanos=0 if seconds else _RETRY_DELAY_MS * 1_000_000
        )
        status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
    return status


def refused_of(status: status_pb2.Status) -> Refused | None:
    """Return the refusal that a status carries, None if it is not one of ours."""
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info) and info.domain == DOMAIN and info.reason in Reason.__members__:
            details = dict(info.metadata)
            replayed = details.pop(_REPLAYED, "") == "true"
            return Refused.again(Refusal(Reason[info.reason], details, replayed))
    return None


def refused_of_call(error: Any) -> Refused | None:
    """Return the refusal that a failed call carries, None if it failed for another cause."""
    try:
        status = rpc_status.from_call(error)
    except ValueError:  # the details do not fit the code: not our server's
        return None
    return None if status is None else refused_of(status)


def host_and_port(address: str) -> tuple[str, int]:
    """Return the parts of a ``host:port``, IPv6 without its brackets; `SettingsError` if none."""
    host, colon, port = address.rpartition(":")
    number = int(port) if port.isascii() and port.isdecimal() and len(port) <= 5 else -1
    is_bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not 0 <= number <= _PORT_MAX or (":" in host and not is_bracketed):
        raise SettingsError(
            t(
                f"{address}: нужен адрес вида host:port, порт от 0 до {_PORT_MAX}",
                f"{address}: not an address host:port with a port from 0 to {_PORT_MAX}",
            )
        )
    return host.strip("[]"), number


def require_address(address: str) -> None:
    """Refuse (`SettingsError`) what is neither ``host:port`` nor ``unix:path``."""
    if not address.startswith("unix:"):
        host_and_port(address)


def require_loopback(address: str) -> None:
    """Refuse (`SettingsError`) an address that is not of this machine: plain text stays at home."""
    if address.startswith("unix:"):
        return
    host, _ = host_and_port(address)
    try:
        found = {item[4][0] for item in socket.getaddrinfo(host or "::", None)}
    except OSError:
        raise SettingsError(t(f"{address}: нет такого узла", f"{address}: no such host")) from None
    if not host or not all(ipaddress.ip_address(each).is_loopback for each in found):
        raise SettingsError(
            t(
                f"{address}: без TLS – только адреса этой машины (loopback): задайте сертификаты"
                " или 127.0.0.1",
                f"{address}: without TLS only loopback addresses are served and called;"
                " give certificates, or use 127.0.0.1",
            )
        )


def require_free(address: str) -> None:
    """Raise the system's `OSError`, with the address in place of a file, if it cannot be bound.

    A name may stand for addresses that this machine does not have, as ``::1`` without IPv6, as long
    as it has one of them.
    """
    if address.startswith("unix:"):
        return
    host, port = host_and_port(address)
    try:
        found = socket.getaddrinfo(host or "::", port, type=socket.SOCK_STREAM)
    except socket.gaierror:
        found = []
    lacking = errno.EADDRNOTAVAIL
    for each in found:
        code = _bound(each)
        if code == 0:
            lacking = 0
        elif code not in _NOT_OURS:
            raise OSError(code, os.strerror(code), address)
    if lacking:
        raise OSError(lacking, os.strerror(lacking), address)


def _bound(address: tuple[Any, ...]) -> int:
    """Return 0 if an address that was looked up can be bound, else the system's number."""
    family, kind, protocol, _, where = address
    try:
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError as error:
        return error.errno or errno.EADDRNOTAVAIL
    return 0


def certificates(file: Path) -> bytes:
    """Return the PEM of the authorities in a file; `SettingsError` if there are none."""
    pem = file.read_bytes()
    text = pem.decode("ascii", "ignore")  # between certificates there may be words
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        raise SettingsError(
            t(f"{file}: нет сертификатов PEM", f"{file}: no certificates in PEM")
        ) from None
    return pem


def chain_and_key(chain: Path, key: Path) -> tuple[bytes, bytes]:
    """Return the PEM of a chain of certificates and of its private key.

    `SettingsError` if they are not that, do not belong together, or the key has a password.
    """
    pair = chain.read_bytes(), key.read_bytes()
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key, password="")
    except ssl.SSLError:
        raise SettingsError(
            t(
                f"{chain}, {key}: это не цепочка сертификатов и её закрытый ключ без пароля, PEM",
                f"{chain}, {key}: not a certificate chain and its private key without a password,"
                " PEM",
            )
        ) from None
    return pair


class RecordsDigest:
    """The digest of a stream of records: SHA-256 over the SHA-256 of the pieces of each message.

    A single digest of all records would take as long as making them does; pieces of 16 KiB are
    hashed many at a time.
    """

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def update(self, records: memoryview) -> None:
        """Take the records of the next message."""
        self.update_hashed(_core.piece_digests(records))

    def update_hashed(self, pieces: bytes) -> None:
        """Take the digests of the pieces of the next message."""
        self._digest.update(pieces)

    def digest(self) -> bytes:
        """Return the 32 bytes for all messages so far."""
        return self._digest.digest()


def records_head(before: DeliverBlockResponse, size: int) -> bytes:
    """Return the bytes of a message up to its ``size`` bytes of records."""
    return before.SerializeToString() + _RECORDS_TAG + _varint(size)


def split_records(message: bytes) -> tuple[DeliverBlockResponse, memoryview]:
    """Return a message without its records, and its records as a view of the same bytes.

    Reads fields in any order, as every protobuf reader must: what is not the records is parsed by
    the library. ValueError for bytes that are no message.
    """
    view = memoryview(message)
    records, rest, at = view[:0], b"", 0
    while at < len(view):
        start = at
        tag, at = _read_varint(view, at)
        if tag & 7 == 2:
            size, at = _read_varint(view, at)
            at += size
            if tag == _RECORDS_TAG[0] and at <= len(view):
                records = view[at - size : at]
                continue
        elif tag & 7 == 0:
            _, at = _read_varint(view, at)
        else:
            raise ValueError("a field of a kind that the message does not have")
        rest += view[start:at]
    try:
        return DeliverBlockResponse.FromString(rest), records
    except DecodeError:
        raise ValueError("not a message of records") from None


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _read_varint(view: memoryview, at: int) -> tuple[int, int]:
    number = shift = 0
    while shift < 64:
        if at >= len(view):
            break
        byte = view[at]
        number |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return number, at
        shift += 7
    raise ValueError("a number without an end")

"""Rows of jobs: work larger than one transaction, and the rows that it stages.

A staged row of a report stands in the place of the row that it will replace and holds both, so
that readers are led to one or the other by the status of the job, and the whole job takes effect in
the one transaction that changes its status. Serials of an order need no such row: they lead to an
order that is there or not.
"""

from __future__ import annotations

import enum
import struct
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterable


class JobKind(enum.IntEnum):
    """What a job does, and so how it is swept."""

    ORDER = 1  # an order with self-made serials; its id is the order's
    REPORT = 2  # a report of codes in more buffers or chunks than one transaction changes


class JobStatus(enum.IntEnum):
    """How far a job is: only `EFFECTIVE` work is seen by anybody."""

    STAGING = 1
    EFFECTIVE = 2
    DISCARDED = 3


_JOB = struct.Struct("<BBQq")


class JobRow(NamedTuple):
    """A job: whose it is and how far.

    What it has staged is listed in the rows of its parts, or follows from the kind's ``payload``.
    """

    kind: int
    status: int
    bin: int
    created_us: int
    payload: bytes = b""

    def pack(self) -> bytes:
        """Return the row."""
        return _JOB.pack(*self[:4]) + self.payload

    @classmethod
    def unpack(cls, row: bytes) -> JobRow:
        """Return the value of a row."""
        return cls._make((*_JOB.unpack_from(row), row[_JOB.size :]))


STAGED = 4
"""First byte of a staged row; no row that is staged begins so by itself."""

_STAGED = struct.Struct("<B16s?I")


class StagedRow(NamedTuple):
    """What stands in the place of a row while a job is carried out; None is 'no row'."""

    job_id: UUID
    old: bytes | None
    new: bytes | None

    def pack(self) -> bytes:
        """Return the row."""
        size = 0 if self.old is None else 1 + len(self.old)
        head = _STAGED.pack(STAGED, self.job_id.bytes, self.new is not None, size)
        return head + (self.old or b"") + (self.new or b"")

    @classmethod
    def unpack(cls, row: bytes) -> StagedRow:
        """Return the value of a row that `is_staged`."""
        _, job, has_new, size = _STAGED.unpack_from(row)
        end = _STAGED.size + max(0, size - 1)
        return cls(
            UUID(bytes=job),
            row[_STAGED.size : end] if size else None,
            row[end:] if has_new else None,
        )

    def seen(self, status: int) -> bytes | None:
        """Return the row that is valid while the job has this status."""
        return self.new if status == JobStatus.EFFECTIVE else self.old


def is_staged(row: bytes | None) -> bool:
    """Return whether a row is a job's; only for kinds of rows that jobs stage."""
    return bool(row) and row is not None and row[0] == STAGED


_KEY_SIZE = struct.Struct("<H")


def pack_keys(keys: Iterable[bytes]) -> bytes:
    """Return the row of a part: the keys it has staged."""
    return b"".join([_KEY_SIZE.pack(len(key)) + key for key in keys])


def unpack_keys(row: bytes) -> list[bytes]:
    """Return the keys in the row of a part."""
    keys, at = [], 0
    while at < len(row):
        start = at + _KEY_SIZE.size
        at = start + _KEY_SIZE.unpack_from(row, at)[0]
        keys.append(row[start:at])
    return keys

"""Checking codes without a server: the signatures of 88-character tails, with public keys alone.

A code of 88 characters carries its proof (RFC 8032; the format is in docs/offline.md). Tails of 44
and of 4 characters are MACs under a secret of the operator: only a server can check them. Neither
states nor copies of a code are seen offline.

Texts are judged as they stand; what is not genuine is tried as each code it may have been before a
scanner spoilt it, and judged as strictly.
"""

from __future__ import annotations

import base64
import enum
import json
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emitter import _core
from emitter.errors import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_PUBLIC_SIZE = 32
_SIGNED_SIZE = 88


class OfflineVerdict(enum.IntEnum):
    """What can be said of a code without a server."""

    GENUINE = 1  # signed with a key of the operator
    FORGED = 2  # the signature is not that of the named key
    KEY_UNKNOWN = 3  # AI 91 names a key that the file lacks
    NEEDS_SERVER = 4  # a tail of 44 or 4 characters
    UNREADABLE = 5  # no marking code


class OfflineVerdicts(NamedTuple):
    """A verdict for each text, and what was taken for it: rows of PARSED in ``texts``.

    ``source`` says which of ``texts`` a row is of: 0 the one that was given, 1 its readings.
    """

    verdicts: NDArray[np.uint8]
    parsed: NDArray[np.void]
    source: NDArray[np.uint8]
    texts: tuple[bytes, bytes]

    def identity(self, index: int) -> bytes:
        """Return the identification code of a text, b'' of one that is no code."""
        row = self.parsed[index]
        start = int(row["start"])
        end = start + int(row["serial_at"]) + int(row["serial_size"])
        return self.texts[int(self.source[index])][start:end]


def read_public_keys(text: bytes) -> dict[int, bytes]:
    """Return raw public keys by key id (AI 91) from ``public-keys.json``; ValueError if it is none.

    Keys of other algorithms than Ed25519 are left out: another version of the file may have them.
    """
    try:
        entries = [entry for entry in json.loads(text)["keys"] if entry["algorithm"] == "ED25519"]
        raw = {
            int(entry["id"], 16): base64.b64decode(entry["public_key"], validate=True)
            for entry in entries
        }
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"not a file of public keys: {error!r}") from None
    if any(len(key) != _PUBLIC_SIZE for key in raw.values()):
        raise ValueError("not a file of public keys: a key has 32 bytes")
    return raw


def check_offline(text: bytes, keys: Mapping[int, bytes]) -> OfflineVerdicts:
    """Check codes separated by LF; ``keys`` are public keys by key id."""
    parsed = _core.parse(text)
    verdicts = _judge(text, parsed, keys)
    source = np.zeros(len(parsed), np.uint8)
    # No other verdict changes: noise touches neither the key id nor the size of a tail.
    wanted = (verdicts == OfflineVerdict.FORGED) | (verdicts == OfflineVerdict.UNREADABLE)
    lines, origins = _core.readings(text, parsed, wanted)
    if len(origins):
        read = _core.parse(lines)
        found = _judge(lines, read, keys)
        genuine = np.flatnonzero(found == OfflineVerdict.GENUINE)
        items, first = np.unique(origins[genuine], return_index=True)
        chosen = genuine[first]
        readable, first = np.unique(origins, return_index=True)
        unread = verdicts[readable] == OfflineVerdict.UNREADABLE
        unread &= ~np.isin(readable, items)
        items = np.concatenate([items, readable[unread]])
        chosen = np.concatenate([chosen, first[unread]])
        verdicts[items], parsed[items], source[items] = found[chosen], read[chosen], 1
    return OfflineVerdicts(verdicts, parsed, source, (text, lines))


def _judge(text: bytes, parsed: NDArray[np.void], keys: Mapping[int, bytes]) -> NDArray[np.uint8]:
    """Return the verdict on each row as it stands."""
    ids = np.array(sorted(keys), np.int32)
    place = np.searchsorted(ids, parsed["key_id"])
    known = np.zeros(len(parsed), np.bool_)
    if len(ids):
        known = ids[np.minimum(place, len(ids) - 1)] == parsed["key_id"]
    signed = parsed["check_size"] == _SIGNED_SIZE
    index = np.where(signed & known, place, -1)
    public = [keys[key_id] for key_id in ids.tolist()]
    forged = _core.verify_signatures(text, parsed, public, index) == Reason.CODE_FORGED
    verdicts = np.where(forged, OfflineVerdict.FORGED, OfflineVerdict.GENUINE).astype(np.uint8)
    verdicts[~known] = OfflineVerdict.KEY_UNKNOWN
    verdicts[~signed] = OfflineVerdict.NEEDS_SERVER
    verdicts[parsed["reason"] != 0] = OfflineVerdict.UNREADABLE
    return verdicts

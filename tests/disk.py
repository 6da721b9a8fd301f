"""What a power cut leaves on a disk: the writes that a server made, played up to a moment.

`Recorder` compiles ``recorder.c`` and says how a process is started under it. `Disk` reads the
record and answers what the store's file may hold if the power fails at a moment:

- a write is certain once a sync that began after it has returned, or once it has itself returned
  where the descriptor syncs every write;
- any other write that has begun is a matter of chance, each of its sectors of 512 bytes for
  itself: as a whole, in part, in any order, not at all;
- the file's name is certain once its directory was synced, and its size, where writes have not
  been synced, is what chance makes of it.

For one sector there is nothing between its old and its new content: that is what disks promise.
"""

from __future__ import annotations

import os
import random
import struct
import subprocess
from bisect import bisect_left
from dataclasses import dataclass
from enum import Enum, IntEnum
from pathlib import Path
from typing import NamedTuple

SECTOR = 512
DATA_NAME = "data.mdb"
_RECORD = struct.Struct("<IIqqqq")
_NEVER_NS = 1 << 62


class Kind(IntEnum):
    """What a record tells; the values are those of ``recorder.c``."""

    WRITE = 1
    WRITE_THROUGH = 2
    SYNC = 3
    RESIZE = 4
    RENAME = 5
    UNKNOWN = 6


_CHANGES = (Kind.WRITE, Kind.WRITE_THROUGH, Kind.RESIZE)


class Fate(Enum):
    """What becomes of the writes that no sync has made certain."""

    LOST = "all lost"
    KEPT = "all kept"
    FIRST = "the first ones kept, one torn"
    LAST = "the last ones kept, one torn"
    SOME = "some kept"
    SECTORS = "each sector by chance"


class Operation(NamedTuple):
    """One recorded call."""

    kind: Kind
    name: str
    offset: int
    begin_ns: int
    end_ns: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Recorder:
    """The compiled recorder, the directory it watches and its log."""

    library: Path
    directory: Path
    log: Path

    @classmethod
    def build(cls, work: Path, directory: Path) -> Recorder:
        """Compile the recorder into ``work``, for a store in ``directory``."""
        library = work / "recorder.so"
        source = Path(__file__).with_name("recorder.c")
        command = ["cc", "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl", "-lpthread"]
        subprocess.run(command, check=True)
        return cls(library, directory.resolve(), work / "recorder.log")

    def environment(self, *, dies_in_write: int = 0) -> dict[str, str]:
        """Return the variables of a process to be recorded; see ``recorder.c`` for its death."""
        variables = {
            "LD_PRELOAD": os.fspath(self.library),
            "RECORDER_DIRECTORY": os.fspath(self.directory),
            "RECORDER_LOG": os.fspath(self.log),
        }
        return variables | ({"RECORDER_DIES": str(dies_in_write)} if dies_in_write else {})

    def operations(self) -> list[Operation]:
        """Return what was recorded, in order."""
        log = memoryview(self.log.read_bytes())
        operations, at = [], 0
        while at < len(log):
            kind, name_size, offset, size, begin_ns, end_ns = _RECORD.unpack_from(log, at)
            name_end = at + _RECORD.size + name_size
            name = bytes(log[at + _RECORD.size : name_end]).decode()
            at = name_end + size
            data = bytes(log[name_end:at])
            operations.append(Operation(Kind(kind), name, offset, begin_ns, end_ns, data))
        return operations


class Disk:
    """The store's file through time."""

    def __init__(self, operations: list[Operation]) -> None:
        strange = {each.name for each in operations if each.kind == Kind.UNKNOWN}
        if strange:
            raise AssertionError(f"calls that this model does not know changed {strange}")
        renames = [each for each in operations if each.kind == Kind.RENAME]
        if any(each.data.decode() != DATA_NAME for each in renames) or len(renames) > 1:
            raise AssertionError(f"this model knows one renaming of the file, not {renames}")
        names = {DATA_NAME, *(each.name for each in renames)}
        self._operations = [each for each in operations if each.name in names]
        syncs = [each for each in self._operations if each.kind == Kind.SYNC]
        self._changes = [each for each in self._operations if each.kind in _CHANGES]
        self._certain_ns = [_certain_ns(each, syncs) for each in self._changes]
        born = renames[0] if renames else self._changes[0]
        self._named_ns = born.begin_ns
        named = [each for each in operations if each.kind == Kind.SYNC and not each.name]
        self._name_certain_ns = _certain_ns(born, named)

    def file_at(self, at_ns: int, fate: Fate, chance: random.Random) -> bytes | None:
        """Return what the file holds after a power cut at ``at_ns``; None where it is not there."""
        if at_ns < self._named_ns:
            return None
        if at_ns < self._name_certain_ns and fate != Fate.KEPT and chance.random() < 0.5:
            return None
        begun = [index for index, each in enumerate(self._changes) if each.begin_ns <= at_ns]
        doubtful = [index for index in begun if self._certain_ns[index] > at_ns]
        kept = _kept(len(doubtful), fate, chance)
        shares = dict(zip(doubtful, kept, strict=True))
        file = bytearray()
        for index in begun:
            _apply(file, self._changes[index], shares.get(index, 1.0), chance)
        if fate != Fate.LOST and chance.random() < 0.5:
            _grow(
                file, max(each.offset + len(each.data) for each in self._changes[: begun[-1] + 1])
            )
        return bytes(file)

    def edges(self) -> list[int]:
        """Return the moments when writes and syncs began and ended."""
        return [ns for each in self._operations for ns in (each.begin_ns, each.end_ns)]

    def at_end(self) -> bytes:
        """Return what the file holds if nothing happens: what the recorder must have seen whole."""
        file = bytearray()
        for each in self._changes:
            _apply(file, each, 1.0, random.Random(0))
        return bytes(file)

    def doubtful_at(self, at_ns: int) -> int:
        """Return how many writes are a matter of chance at a moment."""
        return sum(
            each.begin_ns <= at_ns < certain_ns
            for each, certain_ns in zip(self._changes, self._certain_ns, strict=True)
        )


def _certain_ns(change: Operation, syncs: list[Operation]) -> int:
    """Return when a change is certain: after the first sync to return of those begun after it."""
    if change.kind == Kind.WRITE_THROUGH:
        return change.end_ns
    later = syncs[bisect_left(syncs, change.end_ns, key=lambda sync: sync.begin_ns) :]
    return min((sync.end_ns for sync in later), default=_NEVER_NS)


def _kept(count: int, fate: Fate, chance: random.Random) -> list[float]:
    """Return for each doubtful write what share of it is kept."""
    if fate in (Fate.LOST, Fate.KEPT):
        return [float(fate == Fate.KEPT)] * count
    if fate == Fate.SOME:
        return [float(chance.random() < 0.5) for _ in range(count)]
    if fate == Fate.SECTORS:
        return [chance.random() for _ in range(count)]
    whole = chance.randrange(count + 1)
    shares = [1.0] * whole + [0.5] * (whole < count)
    shares += [0.0] * (count - len(shares))
    return shares if fate == Fate.FIRST else shares[::-1]


def _apply(file: bytearray, change: Operation, share: float, chance: random.Random) -> None:
    """Make a change, or each of its sectors with probability ``share``."""
    if change.kind == Kind.RESIZE:
        if chance.random() < share:
            _grow(file, change.offset)
            del file[change.offset :]
        return
    end = change.offset + len(change.data)
    at = change.offset
    while at < end:
        stop = end if share in (0.0, 1.0) else min(end, (at // SECTOR + 1) * SECTOR)
        if share == 1.0 or chance.random() < share:
            _grow(file, stop)
            file[at:stop] = change.data[at - change.offset : stop - change.offset]
        at = stop


def _grow(file: bytearray, size: int) -> None:
    file.extend(bytes(max(0, size - len(file))))

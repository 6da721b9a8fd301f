"""The model of a disk that the power tests stand on, on histories written by hand."""

from __future__ import annotations

import random

from disk import DATA_NAME, SECTOR, Disk, Fate, Kind, Operation

OLD, NEW = b"o" * SECTOR, b"n" * SECTOR


def write(begin_ns: int, offset: int, data: bytes, kind: Kind = Kind.WRITE) -> Operation:
    """A write that takes 10 ns."""
    return Operation(kind, DATA_NAME, offset, begin_ns, begin_ns + 10, data)


def sync(begin_ns: int, end_ns: int, name: str = DATA_NAME) -> Operation:
    return Operation(Kind.SYNC, name, 0, begin_ns, end_ns, b"")


FIRST = [write(0, 0, OLD * 4), sync(20, 30), sync(40, 50, "")]


def outcomes(operations: list[Operation], at_ns: int, fate: Fate) -> set[bytes | None]:
    disk = Disk([*FIRST, *operations])
    return {disk.file_at(at_ns, fate, random.Random(seed)) for seed in range(400)}


def test_a_synced_write_is_kept_whatever_happens() -> None:
    operations = [write(100, 0, NEW), sync(120, 130)]
    for fate in Fate:
        assert outcomes(operations, 130, fate) == {NEW + OLD * 3}


def test_a_write_is_in_doubt_until_its_sync_has_returned() -> None:
    operations = [write(100, 0, NEW), sync(120, 130)]
    assert outcomes(operations, 129, Fate.LOST) == {OLD * 4}
    assert outcomes(operations, 129, Fate.KEPT) == {NEW + OLD * 3}
    assert outcomes(operations, 129, Fate.SOME) == {OLD * 4, NEW + OLD * 3}


def test_a_write_that_has_not_begun_is_not_there() -> None:
    assert outcomes([write(100, 0, NEW)], 99, Fate.KEPT) == {OLD * 4}


def test_a_sync_covers_no_write_that_ended_after_it_began() -> None:
    operations = [write(100, 0, NEW), sync(105, 130)]
    assert outcomes(operations, 200, Fate.LOST) == {OLD * 4}


def test_a_write_through_is_certain_when_it_returns_and_covers_no_other() -> None:
    operations = [write(100, 0, NEW), write(120, SECTOR, NEW, Kind.WRITE_THROUGH)]
    assert outcomes(operations, 130, Fate.LOST) == {OLD + NEW + OLD * 2}
    assert outcomes(operations, 129, Fate.LOST) == {OLD * 4}


def test_a_write_is_torn_between_sectors_only_and_each_is_old_or_new() -> None:
    torn = outcomes([write(100, 0, NEW * 4)], 200, Fate.SECTORS)
    assert len(torn) == 2**4
    assert all(
        file[at : at + SECTOR] in (OLD, NEW) for file in torn for at in range(0, 4 * SECTOR, SECTOR)
    )


def test_a_later_write_may_be_kept_where_an_earlier_one_is_lost() -> None:
    operations = [write(100, 0, NEW), write(120, SECTOR, NEW)]
    assert OLD + NEW + OLD * 2 in outcomes(operations, 200, Fate.LAST)
    assert NEW + OLD * 3 in outcomes(operations, 200, Fate.FIRST)


def test_a_file_may_be_short_or_end_in_zeros_where_writes_beyond_it_were_lost() -> None:
    files = outcomes([write(100, 5 * SECTOR, NEW)], 200, Fate.SOME)
    assert files >= {OLD * 4, OLD * 4 + bytes(2 * SECTOR)}
    assert OLD * 4 + bytes(SECTOR) + NEW in files


def test_a_name_is_certain_once_its_directory_is_synced() -> None:
    assert outcomes([], 45, Fate.LOST) == {None, OLD * 4}
    assert outcomes([], 50, Fate.LOST) == {OLD * 4}


def test_a_renamed_file_has_its_name_only_afterwards() -> None:
    operations = [
        write(0, 0, NEW)._replace(name="partial"),
        sync(20, 30)._replace(name="partial"),
        Operation(Kind.RENAME, "partial", 0, 40, 50, DATA_NAME.encode()),
        sync(60, 70, ""),
    ]
    disk = Disk(operations)
    assert disk.file_at(39, Fate.KEPT, random.Random(1)) is None
    assert {disk.file_at(69, Fate.LOST, random.Random(seed)) for seed in range(9)} == {None, NEW}
    assert disk.file_at(70, Fate.LOST, random.Random(1)) == NEW

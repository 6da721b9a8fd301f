"""Reading many rows in order, page by page, so that no view stays open for long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emitter.store import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from emitter.store.port import Reader, Store

    Page = Callable[[bytes, bytes], list[tuple[bytes, bytes]]]

PAGE_ROWS = 5_000


def scan_store(store: Store, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield all rows with a prefix, each page from a view of its own: not one snapshot."""

    def page(start: bytes, stop: bytes) -> list[tuple[bytes, bytes]]:
        return store.view(lambda reader: reader.scan(start, stop, limit=PAGE_ROWS))

    return _pages(page, prefix)


def scan_view(reader: Reader, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield all rows with a prefix as one view sees them."""

    def page(start: bytes, stop: bytes) -> list[tuple[bytes, bytes]]:
        return reader.scan(start, stop, limit=PAGE_ROWS)

    return _pages(page, prefix)


def _pages(page: Page, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
    start, stop = prefix, schema.after(prefix)
    while True:
        rows = page(start, stop)
        yield from rows
        if len(rows) < PAGE_ROWS:
            return
        start = rows[-1][0] + b"\0"

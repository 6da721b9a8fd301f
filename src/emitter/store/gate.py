"""Who is inside a store: no nesting, no use after close or fork, an orderly end."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from emitter.store.port import StoreClosed

if TYPE_CHECKING:
    from collections.abc import Iterator


class Gate:
    """Lets transactions in, one a thread, and keeps them out while somebody must be alone.

    ``with gate:`` is one transaction. It raises `ValueError` inside another one of the same thread
    and `StoreClosed` once the gate is closed or the process is a fork of the one that made it: the
    locks, the mapped pages and the reader slots of a store belong to the process that opened it.
    """

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._turn = threading.Condition(self._lock)
        self._inside: set[int] = set()
        self._taken = False
        self._closed = ""

    @property
    def closed(self) -> bool:
        """Whether nobody is let in any more."""
        return bool(self._closed) or os.getpid() != self._pid

    def check(self) -> None:
        """Raise what entering would raise at once."""
        self._check_caller()
        if self._closed:
            raise StoreClosed(self._closed)

    def __enter__(self) -> None:
        self.check()
        with self._lock:
            while self._taken:
                self._turn.wait()
            if self._closed:
                raise StoreClosed(self._closed)
            self._inside.add(threading.get_ident())

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside.discard(threading.get_ident())
            if self._taken:
                self._turn.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until nobody is inside and keep all others waiting until the block ends."""
        self._check_caller()
        with self._lock:
            while self._taken:
                self._turn.wait()
            self._taken = True
        try:
            with self._lock:
                while self._inside:
                    self._turn.wait()
            yield
        finally:
            with self._lock:
                self._taken = False
                self._turn.notify_all()

    def close(self, why: str) -> None:
        """Let nobody in from now on; called by who is alone."""
        self._closed = why

    def _check_caller(self) -> None:
        if os.getpid() != self._pid:  # before any lock: a fork copies locks as they were
            raise StoreClosed(f"the store was opened in process {self._pid}, before a fork")
        if threading.get_ident() in self._inside:
            raise ValueError("transactions do not nest, and none may close its store")

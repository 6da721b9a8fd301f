"""Whether the store takes commits: asked all the time, so that health can say it before callers do.

Every second an update that changes nothing looks whether the store is there. When the writer has
lost a batch to the store, and as long as the store takes nothing, a row is written as it stands: a
commit like any other. So a server with nothing to do finds out, too, and one that nobody calls any
more, because its health is bad, finds out that it can go on. A store that hangs, or is held by a
commit that does, is found out when its time is over: the try itself waits on.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from emitter.store import schema
from emitter.store.port import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from emitter.store.port import Store, Writer

_log = logging.getLogger(__name__)
_TICK_S: Final = 1.0
_PATIENCE_S: Final = 10.0
"""How long a try may take: a disk that is only slow may sync for seconds."""


class StoreWatch:
    """Tries the store in a thread of its own, from `start` to `stop`; before, it thinks well of it.

    ``takes_commits`` is what was found last. Who listens hears of every change, in a thread of it.
    """

    def __init__(self, store: Store, patience_s: float = _PATIENCE_S) -> None:
        self.takes_commits = True
        self._store = store
        self._patience_s = patience_s
        self._listener: Callable[[], None] = lambda: None
        self._doubted = False
        self._stopping = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store-watch", daemon=True)

    def start(self, listener: Callable[[], None]) -> None:
        """Begin to try the store."""
        self._listener = listener
        self._thread.start()

    def stop(self) -> None:
        """Try no more."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def doubt(self) -> None:
        """Try the store at once: it has just failed a commit."""
        self._doubted = True
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.wait(_TICK_S)
            self._wake.clear()
            if self._stopping:
                return
            doubted, self._doubted = self._doubted, False
            change = _rewrite if doubted or not self.takes_commits else _nothing
            hangs = TimeoutError(f"it has been busy for {self._patience_s:g} s")
            alarm = threading.Timer(self._patience_s, self._found, (hangs,))
            alarm.daemon = True
            alarm.start()
            failure = self._try(change)
            alarm.cancel()
            alarm.join()  # it may be saying so just now; the last word is that of the try
            self._found(failure)

    def _try(self, change: Callable[[Writer], None]) -> Exception | None:
        """Return why an update fails, None for one that goes through."""
        try:
            self._store.update(change)
        except StoreError as error:
            return error
        except Exception as error:  # noqa: BLE001 - memory may be short; the watch goes on
            _log.exception("the store could not be tried")
            return error
        return None

    def _found(self, failure: Exception | None) -> None:
        """Tell who listens what was found, if it is news."""
        if (failure is None) is self.takes_commits:
            return
        self.takes_commits = failure is None
        if failure is None:
            _log.warning("the store takes commits again")
        else:
            _log.error("the store takes no commits: %s", failure)
        self._listener()


def _nothing(_writer: Writer) -> None:
    """Change nothing: the store is entered for writing and left."""


def _rewrite(writer: Writer) -> None:
    """Write a row as it stands."""
    row = writer.get_many((schema.META_KEY,))[0]
    writer.put_many([(schema.META_KEY, row or b"")])

"""The access log: who did what when, one line of JSON a call of either door.

    {"time":"2026-03-02T09:15:00.123Z","door":"grpc","method":"OrderService/CreateOrder",
     "participant":"990140000384","role":"STATION","token":"1f0c5be2a97d4e63",
     "peer":"ipv4:10.0.0.7:51832","outcome":"OK","duration_ms":2.417,"items":1}

``token`` is the id of a bearer token, at the stations' door that of the connection; ``outcome`` is
``OK``, the name of a `Reason`, or ``CANCELLED`` where the client has gone. There are no tokens, no
codes and nothing of what was asked in it. ``items``: codes delivered, checked or named by a
document, orders or products of a call for many, rows of a list; otherwise 1.

Lines are written by a thread of their own, ten times a second. A write by the call's thread would
hand Python's lock to another thread: 50 µs a call instead of 6. A log that cannot be written stops
nobody: the server's own log says so, once a minute, and how many calls are not in it.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
import threading
import time
from collections import deque
from logging.handlers import WatchedFileHandler
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TextIO, cast

from emitter.trade.parties import format_bin

if TYPE_CHECKING:
    from pathlib import Path

    from google.protobuf.descriptor import Descriptor

    from emitter.engine.participants import Principal

OK: Final = "OK"
CANCELLED: Final = "CANCELLED"

_log = logging.getLogger(__name__)
_encode = json.JSONEncoder(separators=(",", ":")).encode
_COMPLAINT_S: Final = 60.0
_EVERY_S: Final = 0.1
_CALLS_MAX: Final = 100_000  # noted and not yet written: 30 MB, a minute of a disk that hangs


class Who(NamedTuple):
    """A caller as the log names it; None for what is not known."""

    participant: str | None = None
    role: str | None = None
    token: str | None = None


NOBODY: Final = Who()


def who_is(caller: Principal) -> Who:
    """Return a caller of the gRPC door as the log names it."""
    bin_ = None if caller.bin is None else format_bin(caller.bin)
    return Who(bin_, caller.role.name, caller.token_id)


def lists_of(kind: Descriptor) -> tuple[str, ...]:
    """Return the names of the fields that hold the rows of a page; none if it is no page."""
    if "next_page_token" not in kind.fields_by_name:
        return ()
    return tuple(field.name for field in kind.fields if field.is_repeated)


class _Complaining(logging.Handler):
    """Raises what a line is not written for, as `AccessLog` expects it."""

    def handleError(self, _record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        raise  # noqa: PLE0704 - called where an exception is being handled


class _Stream(_Complaining, logging.StreamHandler[TextIO]):
    pass


class _File(_Complaining, WatchedFileHandler):
    pass


class AccessLog:
    """Writes lines to a handler of the standard library; use it from any thread."""

    def __init__(self, handler: logging.Handler) -> None:
        handler.setFormatter(logging.Formatter("%(message)s"))
        self._handler = handler
        self._calls: deque[tuple[object, ...]] = deque()
        self._lost = 0
        self._failure: Exception | None = None
        self._complain_at = 0.0
        self._closing = threading.Event()
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)
        self._thread.start()

    def tell(
        self,
        *,
        door: str,
        method: str,
        who: Who,
        peer: str,
        outcome: str,
        seconds: float,
        items: int,
    ) -> None:
        """Note a call that has just ended."""
        if len(self._calls) >= _CALLS_MAX:
            self._lost += 1
            return
        self._calls.append((time.time(), door, method, *who, peer, outcome, seconds, items))

    def flush(self) -> None:
        """Write what was noted so far."""
        with self._writing:
            lines = [_line(*self._calls.popleft()) for _ in range(len(self._calls))]
            if lines:
                self._write(lines)
            if self._lost and time.monotonic() >= self._complain_at:
                self._complain()

    def close(self) -> None:
        """Write what was noted, and no more."""
        self._closing.set()
        self._thread.join()
        self.flush()
        if self._lost:
            self._complain()
        self._handler.close()

    def _write(self, lines: list[str]) -> None:
        text = "\n".join(lines)
        record = logging.LogRecord("access", logging.INFO, "", 0, text, None, None)
        try:
            self._handler.handle(record)
        except Exception as error:  # noqa: BLE001 - whatever it is, it stops no call
            self._lost += len(lines)
            self._failure = error

    def _complain(self) -> None:
        _log.error("the access log lacks %d calls", self._lost, exc_info=self._failure)
        self._lost, self._failure = 0, None
        self._complain_at = time.monotonic() + _COMPLAINT_S

    def _run(self) -> None:
        while not self._closing.wait(_EVERY_S):
            self.flush()


def _line(at_s: Any, *fields: object) -> str:
    door, method, participant, role, token, peer, outcome, seconds, items = fields
    at = dt.datetime.fromtimestamp(at_s, dt.UTC)
    return _encode(
        {
            "time": at.isoformat(timespec="milliseconds")[:-6] + "Z",
            "door": door,
            "method": method,
            "participant": participant,
            "role": role,
            "token": token,
            "peer": peer,
            "outcome": outcome,
            "duration_ms": round(cast("float", seconds) * 1000, 3),
            "items": items,
        }
    )


def open_access_log(place: str | Path) -> AccessLog | None:
    """Return the log of a setting: ``stderr``, ``off`` (None), or a file, which is appended to.

    A file that was moved away is made anew with the next line, so the platform may rotate it.
    `OSError` if it cannot be opened.
    """
    if str(place) == "off":
        return None
    if str(place) == "stderr":
        return AccessLog(_Stream(sys.stderr))
    return AccessLog(_File(place, encoding="utf-8"))

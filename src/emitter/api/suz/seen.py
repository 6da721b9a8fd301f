"""What is seen of a request of the stations' door, for the access log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from emitter.api.access_log import CANCELLED, NOBODY, OK, Who
from emitter.trade.parties import format_bin

if TYPE_CHECKING:
    from starlette.types import Scope

    from emitter.api.access_log import AccessLog
    from emitter.api.suz.calls import Call
    from emitter.errors import Reason

_UNSERVED = 400


class Seen:
    """Filled in by whoever answers; ``call`` stays None where no dialect is spoken.

    ``path`` is one that is served, as we spell it: any other is the caller's text, codes maybe.
    """

    def __init__(self) -> None:
        self.path = "-"
        self.call: Call | None = None
        self.reason: Reason | None = None
        self.status: int | None = None  # None: there is no answer, the client has gone
        self._started = time.perf_counter()

    def tell(self, log: AccessLog, scope: Scope) -> None:
        """Write the line. The query stays out of it: it may hold codes."""
        client = scope.get("client")
        log.tell(
            door="stations",
            method=f"{scope['method']} {self.path}",
            who=self._who(),
            peer=f"{client[0]}:{client[1]}" if client else "",
            outcome=self._outcome(),
            seconds=time.perf_counter() - self._started,
            items=1 if self.call is None else self.call.items,
        )

    def _outcome(self) -> str:
        if self.reason is not None:
            return self.reason.name
        if self.status is None:
            return CANCELLED
        return OK if self.status < _UNSERVED else f"HTTP_{self.status}"

    def _who(self) -> Who:
        session = None if self.call is None else self.call.known_session
        if session is None:
            return NOBODY
        return Who(format_bin(session.bin), "STATION", str(session.connection_id))

"""The stations' door on a real socket for the tests, and a station that calls it."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from urllib.parse import urlencode
from uuid import uuid4

from conftest import BIN, DAY, OTHER_BIN, STOCK
from emitter.api.suz.door import station_app
from emitter.api.suz.listener import StationServer
from emitter.engine.commands import (
    ActivateParticipant,
    CreditAccount,
    IssueClientToken,
    OpenConnection,
    RegisterParticipant,
    RegisterStation,
)
from emitter.engine.engine import Engine
from emitter.engine.invariants import check_store
from emitter.store.memory import MemoryStore
from emitter.store.rows import SignaturePolicy
from emitter.trade.gs1 import format_gtin
from stock import stock

if TYPE_CHECKING:
    from uuid import UUID

    from emitter.api.access_log import AccessLog
    from emitter.api.suz.signatures import Anchors
    from emitter.config import Limits
    from emitter.engine.keys import KeyRing

FUNDS_TIYN = 10**12
SHOES, LP, MILK = "04670033010053", "04640088090997", "03041094787443"


class Reply(NamedTuple):
    """What a call was answered with."""

    status: int
    body: bytes
    headers: http.client.HTTPMessage

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Station:
    """Calls as station software does: one connection, a token, an omsId."""

    def __init__(self, port: int, oms_id: UUID | str, token: str) -> None:
        self.port, self.oms_id, self.token = port, str(oms_id), token
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
        **query: object,
    ) -> Reply:
        """Call a path with token and omsId; a body is sent as JSON, bytes as they are."""
        query = {"omsId": self.oms_id} | query
        given = {name: str(value) for name, value in query.items() if value is not None}
        raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        everything = {"clientToken": self.token, "Content-Type": "application/json"}
        return self.raw(
            method, f"/api/{path}?{urlencode(given)}", raw, everything | (headers or {})
        )

    def raw(self, method: str, target: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        """Send a request as it is."""
        try:
            self._http.request(method, target, body, headers)
            response = self._http.getresponse()
            return Reply(response.status, response.read(), response.headers)
        except (http.client.HTTPException, OSError):
            self._http.close()
            raise

    def get(self, path: str, **query: object) -> Any:
        """Return the JSON of a GET that must succeed."""
        reply = self.call("GET", path, **query)
        assert reply.status == 200, reply.body
        return reply.json

    def post(self, path: str, body: object = None, **query: object) -> Any:
        """Return the JSON of a POST that must succeed."""
        reply = self.call("POST", path, body, **query)
        assert reply.status == 200, reply.body
        return reply.json

    def close(self) -> None:
        self._http.close()


class Door:
    """An engine over a store in memory behind the stations' door, with two participants' stations.

    At the end every invariant of the store is checked.
    """

    def __init__(
        self,
        keys: KeyRing,
        limits: Limits | None = None,
        *,
        anchors: Anchors | None = None,
        sandbox: bool = False,
        access_log: AccessLog | None = None,
    ) -> None:
        self.store = MemoryStore()
        self.engine = Engine(self.store, keys, limits=limits)
        limits = self.engine.limits
        app = station_app(
            self.engine, limits, anchors=anchors, sandbox=sandbox, access_log=access_log
        )
        self.server = StationServer(app, self.engine.limits)
        self.port = self.server.start("127.0.0.1", 0, 5)
        self._stations: list[Station] = []
        self.station = self.join(BIN)
        self.other = self.join(OTHER_BIN)

    def join(self, bin_: int, policy: SignaturePolicy = SignaturePolicy.OPTIONAL) -> Station:
        """Register, activate and credit a participant with a station; return the station."""
        self.engine.execute(RegisterParticipant(bin_, f"ТОО {bin_}", DAY))
        self.engine.execute(ActivateParticipant(bin_, DAY))
        stock(self.engine, bin_, STOCK.get(bin_, ()))
        self.engine.execute(CreditAccount(bin_, FUNDS_TIYN, f"payment-{bin_}"))
        return self.connect(bin_, policy)

    def connect(
        self, bin_: int = BIN, policy: SignaturePolicy = SignaturePolicy.OPTIONAL
    ) -> Station:
        """Give a participant one more station, and return it connected."""
        self.registered = self.engine.execute(RegisterStation(bin_, "цех", policy)).value
        oms_id = self.registered.oms_id
        made = self.engine.execute(OpenConnection(bin_, oms_id, "линия")).value
        token = self.engine.execute(IssueClientToken(bin_, made.connection_id)).value
        self._stations.append(Station(self.port, oms_id, token))
        return self._stations[-1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for station in self._stations:
            station.close()
        self.server.stop()
        rows = self.store.view(lambda reader: reader.scan(b"", b"\xff", limit=10**9))
        self.engine.close()
        copy = MemoryStore()
        copy.update(lambda writer: writer.put_many(rows))
        check_store(copy, whole=True)


def shoes_order(quantity: object = 10, gtin: str = SHOES, **more: object) -> dict[str, Any]:
    """An order of v2 as the published example has it."""
    product = {
        "gtin": gtin, "quantity": quantity, "serialNumberType": "OPERATOR", "templateId": 1,
    }  # fmt: skip
    return {
        "contactPerson": "Иванов Петр Сидорович",
        "releaseMethodType": "IMPORT",
        "createMethodType": "CEM",
        "productionOrderId": str(uuid4()),
        "products": [product],
    } | more


def v3_order(quantity: int = 10, gtin: int | str = MILK, **more: object) -> dict[str, Any]:
    """An order of v3."""
    text = gtin if isinstance(gtin, str) else format_gtin(gtin)
    product = {
        "gtin": text, "quantity": quantity, "serialNumberType": "OPERATOR", "templateId": 20,
        "cisType": "UNIT",
    }  # fmt: skip
    return {"productGroup": "milk", "products": [product | more]}

"""Stations under bad weather: lost answers, duplicates, crossing requests and restarts.

Every station runs the whole cycle and trusts only what it has read. At the end it counts: every
code once, every code genuine, and money taken for exactly the codes that were handed over.
"""

from __future__ import annotations

import http.client
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from conftest import BIN, DAY, OTHER_BIN, OTHER_SHOES, STOCK
from emitter.api.suz.door import station_app
from emitter.api.suz.listener import StationServer
from emitter.config import Limits
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
from emitter.store.lmdb_engine import open_lmdb
from emitter.store.rows import SignaturePolicy
from emitter.trade.gs1 import format_gtin
from emitter.trade.ledger import Cost
from fuzzing import amount, seeds
from stock import stock
from suz import SHOES, Station, shoes_order

if TYPE_CHECKING:
    from pathlib import Path

FUNDS_TIYN = 10**9
OTHER_GTIN = format_gtin(OTHER_SHOES)
LIMITS = Limits(active_orders_max=0, station_requests_max=5000, station_burst_max=5000)


class Home:
    """A server on a store on disk that comes and goes on one port."""

    def __init__(self, path: Path, keys: Any) -> None:
        self._path, self._keys, self.port = path, keys, 0
        self.start()

    def start(self) -> None:
        self.engine = Engine(open_lmdb(self._path, sync=False), self._keys, limits=LIMITS)
        self._server = StationServer(station_app(self.engine, LIMITS), LIMITS)
        self.port = self._server.start("127.0.0.1", self.port, 1)

    def stop(self) -> None:
        self._server.stop()
        self.engine.close()

    def join(self, bin_: int) -> tuple[str, str]:
        """Join a participant; return omsId and clientToken."""
        self.engine.execute(RegisterParticipant(bin_, f"ТОО {bin_}", DAY))
        self.engine.execute(ActivateParticipant(bin_, DAY))
        stock(self.engine, bin_, STOCK[bin_])
        self.engine.execute(CreditAccount(bin_, FUNDS_TIYN, f"payment-{bin_}"))
        policy = SignaturePolicy.OPTIONAL
        oms_id = self.engine.execute(RegisterStation(bin_, "цех", policy)).value.oms_id
        made = self.engine.execute(OpenConnection(bin_, oms_id, "линия")).value
        token = self.engine.execute(IssueClientToken(bin_, made.connection_id)).value
        return str(oms_id), token


class Weather:
    """A station whose answers get lost, whose requests are doubled, and that tries again."""

    def __init__(self, home: Home, oms_id: str, token: str, chance: random.Random) -> None:
        self._chance = chance
        self._one, self._two = (Station(home.port, oms_id, token) for _ in range(2))
        self.lost = 0

    def ask(self, method: str, path: str, body: object = None, **query: object) -> Any:
        """Call until an answer was read; the JSON of it, None where too many were asked for."""
        for _ in range(400):
            try:
                reply = self._try(method, path, body, query)
            except (http.client.HTTPException, OSError):
                time.sleep(0.02)
                continue
            if reply is not None and reply.status == 200:
                return reply.json
            if reply is not None and reply.status == 400 and "quantity" in query:
                return None  # what got lost or doubled has taken more than the station knows
            if reply is not None:
                assert reply.status == 500, reply.body  # the server is going down
        raise AssertionError("no answer in any weather")

    def _try(self, method: str, path: str, body: object, query: dict) -> Any:
        headers = {"X-Request-Id": query["request"]} if "request" in query else {}
        given = {name: value for name, value in query.items() if name != "request"}
        dice = self._chance.random()
        if dice < 0.25:
            self.lost += 1
            self._one.call(method, path, body, headers, **given)  # answered, and lost
            return None
        if dice < 0.45:
            with ThreadPoolExecutor(2) as pool:  # the same twice, crossing each other
                both = [
                    pool.submit(station.call, method, path, body, headers, **given)
                    for station in (self._one, self._two)
                ]
            return both[self._chance.random() < 0.5].result()
        return self._one.call(method, path, body, headers, **given)

    def close(self) -> None:
        self._one.close()
        self._two.close()


def run_acknowledging(weather: Weather, number: int, quantity: int, chance: random.Random):
    """A station that names its last block: it may ask as often as it likes."""
    sent = shoes_order(quantity)
    order = weather.ask("POST", "v2/shoes/orders", sent, request=f"order-{number}")["orderId"]
    at = {"orderId": order, "gtin": SHOES}
    codes, last, left = [], "0", chance.choice((quantity, quantity - 5))
    while left:
        take = min(left, chance.randint(1, 12))
        block = weather.ask("GET", "v2/shoes/codes", quantity=take, lastBlockId=last, **at)
        codes += block["codes"]
        last, left = block["blockId"], left - len(block["codes"])
    weather.ask("POST", "v2/shoes/buffer/close", **at)
    return order, codes


def run_listing(weather: Weather, number: int, quantity: int, chance: random.Random):
    """A station that does not: it finds what it lost in the list of blocks."""
    product = {
        "gtin": OTHER_GTIN, "quantity": quantity, "serialNumberType": "OPERATOR", "templateId": 1,
    }  # fmt: skip
    sent = {"productGroup": "shoes", "products": [product]}
    order = weather.ask("POST", "v3/order", sent, request=f"order-{number}")["orderId"]
    at = {"orderId": order, "gtin": OTHER_GTIN}
    while True:
        (info,) = weather.ask("GET", "v3/order/status", orderId=order)
        if info["leftInBuffer"] < 5:
            break
        take = chance.randint(1, min(10, info["leftInBuffer"] // 2))
        weather.ask("GET", "v3/codes", quantity=take, **at)
    blocks = weather.ask("GET", "v3/order/codes/blocks", **at)["blocks"]
    codes = []
    for block in blocks:
        again = weather.ask("GET", "v3/order/codes/retry", blockId=block["blockId"])
        assert len(again["codes"]) == block["quantity"]
        codes += again["codes"]
    weather.ask("POST", "v3/order/close", {"orderId": order})
    return order, codes


@pytest.mark.parametrize("seed", seeds(1, 20))
def test_no_weather_costs_a_code_or_a_tiyn(tmp_path: Path, keys, seed: int) -> None:
    home = Home(tmp_path / "store", keys)
    runners = [(BIN, run_acknowledging), (OTHER_BIN, run_listing)]
    count = amount(5, 40)
    stations = [
        (bin_, run, Weather(home, *home.join(bin_), random.Random(f"{seed}-{bin_}")))
        for bin_, run in runners
    ]

    def cycle(bin_: int, run: Any, weather: Weather) -> list[tuple[str, list[str]]]:
        chance = random.Random(f"{seed}-{bin_}-choices")
        return [run(weather, n, chance.randint(20, 60), chance) for n in range(count)]

    stop = threading.Event()

    def restart() -> None:
        chance = random.Random(f"{seed}-restarts")
        while not stop.wait(chance.uniform(0.15, 0.5)):
            home.stop()
            home.start()

    with ThreadPoolExecutor(3) as pool:
        restarting = pool.submit(restart)
        running = [(bin_, pool.submit(cycle, bin_, run, w)) for bin_, run, w in stations]
        try:
            ended = {bin_: future.result() for bin_, future in running}
        finally:
            stop.set()
        restarting.result()
    assert sum(weather.lost for *_, weather in stations) > 0
    for *_, weather in stations:
        weather.close()
    every_code = [code for orders in ended.values() for _, codes in orders for code in codes]
    assert len(every_code) == len(set(every_code))
    verdicts = home.engine.verify("\n".join(every_code).encode())
    assert not verdicts.reasons.any()
    for bin_, orders in ended.items():
        _settle(home.engine, bin_, orders, count)
    home.stop()
    store = open_lmdb(tmp_path / "store")
    check_store(store, whole=True)
    store.close()


def _settle(engine: Engine, bin_: int, orders: list[tuple[str, list[str]]], count: int) -> None:
    """Compare what a station holds with what the engine has handed over and charged."""
    views, _ = engine.orders(bin_, page_size=1000)
    assert len(views) == count, "a repeated order made no second one"
    delivered = {str(view.order_id): view.row.buffers[0].delivered for view in views}
    assert delivered == {order: len(codes) for order, codes in orders}
    account = engine.account(bin_)
    cost = Cost(views[0].row.buffers[0].price_net_tiyn, views[0].row.buffers[0].vat_bp)
    assert account.captured_tiyn == sum(cost.gross(len(codes)) for _, codes in orders)
    assert account.reserved_tiyn == 0
    assert account.available_tiyn == FUNDS_TIYN - account.captured_tiyn

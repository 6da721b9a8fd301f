"""How long an order takes: at 1,000 a second beside deliveries, and beside a greedy neighbour.

An order waits for the batch before it and for its own: two commits of 1–5 ms each, and a message
each way. At 1,000 orders/s the server uses 0.7 of a core and the client 0.4 (gRPC's messages, see
"Orders through the server"), so the median should be near 5 ms and the 99th percentile below 50 ms
as long as there are two cores to be had and nobody holds the interpreter: a delivery makes and
sends its codes without it.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from contest import Sample, bound_of, percentiles
from serving import line, serving

from emitter.client import Client, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contest import Section
    from serving import Served

    from conftest import Contest

STATIONS = 4
OFFERED = 1_000  # orders a second, over all stations
DELIVERED = 500_000  # codes a second beside them
WARMING_S = 2  # while connections and threads come up; counted as orders, not as times


@contextlib.contextmanager
def greedy(server: Served, token: str, *pace: int) -> Iterator[None]:
    """Let a process take codes meanwhile; it has begun when the block is entered."""
    command = [sys.executable, str(Path(__file__).with_name("greedy.py")), server.target, token,
               line(63, 1, server.tokens.index(token)).gtin, *map(str, pace)]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "receiving\n"
            yield
        finally:
            process.kill()


class Load:
    """Orders offered at their times, whether or not those before them are answered."""

    def __init__(
        self, client: Client, per_second: float, count: int, name: str, station: int
    ) -> None:
        self._client = client
        self._period_s = 1 / per_second
        self._count = count
        self._name = name
        self._station = station
        self._due: dict[str, float] = {}
        self.waited_s: list[float] = []
        self.thread = threading.Thread(target=self._run)

    def _orders(self) -> Iterator[tuple[str, list]]:
        start = time.perf_counter()
        for number in range(self._count):
            due = start + number * self._period_s
            while (early := due - time.perf_counter()) > 0:
                time.sleep(early)
            request_id = f"{self._name}-{number}"
            self._due[request_id] = due
            yield request_id, [line(number, 10, self._station)]

    def _run(self) -> None:
        for request_id, verdict in self._client.stream_orders(self._orders()):
            assert not isinstance(verdict, Refused), verdict
            self.waited_s.append(time.perf_counter() - self._due.pop(request_id))


def offer(server: Served, seconds: int, turn: str) -> list[float]:
    """Offer orders for so long, after warming up; return how long each took since it was due."""
    clients = [Client(server.target, token) for token in server.tokens[:STATIONS]]
    each = OFFERED * (seconds + WARMING_S) // STATIONS
    loads = [Load(client, OFFERED / STATIONS, each, f"{turn}-{index}", index)
             for index, client in enumerate(clients)]  # fmt: skip
    for load in loads:
        load.thread.start()
    for load in loads:
        load.thread.join()
    for client in clients:
        client.close()
    assert sum(len(load.waited_s) for load in loads) == each * STATIONS
    warming = OFFERED * WARMING_S // STATIONS
    return [waited for load in loads for waited in load.waited_s[warming:]]


def _row(section: Section, what: str, waited_s: list[float], asked: int) -> None:
    half, most, last = percentiles(waited_s)
    slow = sum(each > 1 for each in waited_s)
    section.row(
        what, Sample(tuple(each * 1e3 for each in waited_s)), "ms",
        note=f"p50 {half:.1f}, p99 {most:.1f}, p99.9 {last:.1f} ms; "
        f"{asked - len(waited_s)} lost, {slow} over 1 s",
    )  # fmt: skip


def test_orders_at_a_thousand_a_second(contest: Contest) -> None:
    seconds = 3 if contest.smoke else 60
    alone: list[float] = []
    beside: list[float] = []
    with serving(STATIONS + 1) as server:

        def turn() -> float:
            alone.extend(offer(server, max(3, seconds // 4), "alone"))
            with greedy(server, server.tokens[STATIONS], DELIVERED):
                beside.extend(offer(server, seconds, "beside"))
            return percentiles(beside)[1]

        contest.turns({"p99": turn}, 1)
    section = contest.section("Latency at 1,000 orders/s", bound_of(__doc__))
    name = f"{OFFERED:,} orders/s offered on {STATIONS} streams, after {WARMING_S} s"
    _row(section, name, alone, OFFERED * max(3, seconds // 4))
    _row(section, f"{name}, {DELIVERED:,} codes/s delivered beside", beside, OFFERED * seconds)
    assert len(beside) == OFFERED * seconds
    assert sum(each > 1 for each in beside) <= len(beside) * (0.1 if contest.smoke else 0.001)


def test_small_ones_beside_a_greedy_one(contest: Contest) -> None:
    count = 40 if contest.smoke else 300
    waited: dict[str, list[float]] = {}

    def ask(client: Client, name: str) -> float:
        orders, blocks = waited.setdefault(f"{name} orders", []), waited.setdefault(name, [])
        for number in range(count):
            started = time.perf_counter()
            order = client.create_order([line(number, 10)])
            ordered = time.perf_counter()
            codes = client.deliver(order.order_id, line(number, 1).gtin).codes()
            blocks.append(time.perf_counter() - ordered)
            orders.append(ordered - started)
            assert len(codes) == 10
        return percentiles(orders[-count:])[1]

    with serving(3) as server, Client(server.target, server.tokens[0]) as client:

        def beside(name: str, *pace: int) -> float:
            with greedy(server, server.tokens[1], *pace):
                return ask(client, name)

        contest.turns(
            {
                "alone": lambda: ask(client, "alone"),
                "beside": lambda: beside("beside"),
                "paced": lambda: beside("paced", DELIVERED),
            },
            3,
        )
    section = contest.section(
        "Small ones beside a delivery of 10 million",
        "One station orders and takes 10 codes, again and again, while another takes blocks of 10"
        " million as fast as it can. Server and both clients share the cores, so with two of them"
        " the greedy pair uses both and a small call gets its turn among three: at most three"
        " times as long plus the scheduler's slices of 3 ms.",
    )
    for key, what in (("alone", "nobody beside"), ("paced", f"{DELIVERED:,} codes/s beside"),
                      ("beside", "a delivery at full speed beside")):  # fmt: skip
        _row(section, f"order of 10 codes, {what}", waited[f"{key} orders"],
             len(waited[f"{key} orders"]))  # fmt: skip
        _row(section, f"block of 10 codes, {what}", waited[key], len(waited[key]))
    assert percentiles(waited["beside orders"])[0] < 1000

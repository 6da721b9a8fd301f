"""Orders through the server: one a call, a stream of them, and many a call.

gRPC in Python takes 150–600 µs of CPU for a call and 200–400 µs for a message of a stream, on each
side and whatever the message does; an order in the engine takes 30–40. So one a call is bound by
2,000 orders/s of a core, a stream by twice that, and only a call that carries many comes near the
engine. Client and server share the cores of this machine.
"""

from __future__ import annotations

import tempfile
import time
from typing import TYPE_CHECKING

from contest import Sample, bound_of
from serving import Served, line, serving

from emitter.client import Client, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Contest
    from emitter.client import Order


def count_orders(verdicts: Iterator[tuple[str, Order | Refused]]) -> int:
    count = 0
    for _, verdict in verdicts:
        assert not isinstance(verdict, Refused), verdict
        count += 1
    return count


def test_orders_by_call(contest: Contest) -> None:
    size = 5 if contest.smoke else 1
    cpu: dict[str, list[float]] = {"unary": [], "stream": [], "batch": []}
    with serving() as server, Client(server.target, server.tokens[0]) as client:

        def measured(name: str, count: int, create: Callable[[int], int]) -> Callable[[], float]:
            def turn() -> float:
                before, started = server.cpu_s(), time.perf_counter()
                assert create(count) == count
                seconds = time.perf_counter() - started
                cpu[name].append((server.cpu_s() - before) / count * 1e6)
                return count / seconds

            return turn

        got = contest.turns(
            {
                "unary": measured(
                    "unary", 500 // size,
                    lambda n: len([client.create_order([line(i, 10)]) for i in range(n)]),
                ),
                "stream": measured(
                    "stream", 4_000 // size,
                    lambda n: count_orders(client.stream_orders([line(i, 10)] for i in range(n))),
                ),
                "batch": measured(
                    "batch", 20_000 // size,
                    lambda n: count_orders(client.create_orders([line(i, 10)] for i in range(n))),
                ),
            },
            7,
        )  # fmt: skip
    section = contest.section("Orders through the server", bound_of(__doc__))
    names = {"unary": "CreateOrder, one client, one after the other",
             "stream": "StreamOrders, one stream",
             "batch": "BatchCreateOrders, 500 a call, two calls on their way"}  # fmt: skip
    for key, name in names.items():
        against = None if key == "unary" else ("CreateOrder", got["unary"])
        used = Sample(tuple(cpu[key])).median
        note = f"{used:.0f} µs of the server's CPU an order"
        section.row(name, got[key], "orders/s", against=against, note=note)
    assert got["stream"].over(got["unary"]) > 3
    assert got["batch"].over(got["stream"]) > 2


def test_what_the_access_log_costs(contest: Contest) -> None:
    """Two servers take turns, one with the log in a file; what is compared is their CPU a call."""
    count = 1_000  # the clock of a process ticks every 10 ms
    with (
        tempfile.NamedTemporaryFile() as file,
        serving(access_log="off") as silent,
        serving(access_log=file.name) as telling,
        Client(silent.target, silent.tokens[0]) as unheard,
        Client(telling.target, telling.tokens[0]) as heard,
    ):

        def measured(server: Served, call: Callable[[], object]) -> Callable[[], float]:
            def turn() -> float:
                before = server.cpu_s()
                for _ in range(count):
                    call()
                return (server.cpu_s() - before) / count * 1e6

            return turn

        got = contest.turns(
            {
                "read": measured(silent, unheard.account),
                "read, logged": measured(telling, heard.account),
                "order": measured(silent, lambda: unheard.create_order([line(0, 10)])),
                "order, logged": measured(telling, lambda: heard.create_order([line(0, 10)])),
            },
            15,
        )
    bound = "A line takes 6 µs of a core, a call that reads 300 and more."
    section = contest.section("The access log", bound)
    for name, call in (("read", "GetAccount"), ("order", "CreateOrder")):
        logged = f"{name}, logged"
        section.row(call, got[name], "µs of the server's CPU")
        least = min(got[logged].values) / min(got[name].values)
        section.row(
            f"{call}, logged", got[logged], "µs of the server's CPU",
            against=(name, got[name]), note=f"{least:.3f} × of the least",
        )  # fmt: skip
        assert least < 1.3  # less than the gap between a quiet and a busy machine

"""Orders through the server: one a call, a stream of them, and many a call.

gRPC in Python takes 150–600 µs of CPU for a call and 200–400 µs for a message of a stream, on each
side and whatever the message does; an order in the engine takes 30–40. So one a call is bound by
2,000 orders/s of a core, a stream by twice that, and only a call that carries many comes near the
engine. Client and server share the cores of this machine.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from contest import Sample, bound_of
from serving import line, serving

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

"""A greedy station, in a process of its own: takes blocks of 10 million codes until it is ended.

    python bench/greedy.py TARGET TOKEN GTIN [codes a second at most]
"""

from __future__ import annotations

import sys
import time

import goods

from emitter.client import Client, OrderLine

QUANTITY = 10_000_000


def main() -> None:
    """Order and receive, without end."""
    target, token, gtin, *pace = sys.argv[1:]
    codes_per_s = float(pace[0]) if pace else float("inf")
    with Client(target, token) as client:
        while True:
            line = OrderLine(gtin=gtin, quantity=QUANTITY, template_id=goods.TEMPLATE)
            order = client.create_order([line])
            started, received = time.perf_counter(), 0
            for records in client.deliver(order.order_id, gtin):
                if not received:
                    print("receiving", flush=True)
                received += len(records)
                ahead_s = received / codes_per_s - (time.perf_counter() - started)
                if ahead_s > 0:
                    time.sleep(ahead_s)


if __name__ == "__main__":
    main()

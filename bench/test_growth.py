"""Cost as work grows: size of an order, orders in the store, accounts, streams.

An order is a range of counters whatever its size, so latency and bytes must not move from 10 codes
to 10 million. A look-up in the store's tree goes one level deeper for every hundredfold: from a
thousand orders to a million that is one page more for each of a dozen rows, in memory, and 20
comparisons instead of 10 in the sorted ranges, so costs should stay within 2 ×. Accounts are rows
like any others. A stream costs the server a thread and the messages it holds.
"""

from __future__ import annotations

import itertools
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import goods
from contest import Sample, bound_of, rate
from serving import line, serving

from emitter.client import Client
from emitter.engine.commands import CreateOrder, DeliverBlock, OrderLine
from emitter.engine.engine import Engine
from emitter.store.lmdb_engine import open_lmdb

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Contest

_CHUNK = 20_000  # commands on their way while a store is built
_ASKED = 256  # orders a turn: few beside those that are there
_tags = itertools.count()


def used_bytes(folder: Path) -> int:
    """Return the disk that a store takes."""
    return (folder / "data" / "data.mdb").stat().st_blocks * 512


def median_ms(work: Callable[[int], object], times: int) -> float:
    """Return the median time of a call in milliseconds."""
    took = []
    for number in range(times):
        started = time.perf_counter()
        work(number)
        took.append(time.perf_counter() - started)
    return statistics.median(took) * 1e3


def test_size_of_an_order(contest: Contest, tmp_path: Path) -> None:
    times = 40 if contest.smoke else 400
    owners = goods.bins(4)
    engine = goods.make_engine(tmp_path, owners)
    stored: dict[int, list[float]] = {}

    def turn(quantity: int) -> float:
        tag = next(_tags)
        before = used_bytes(tmp_path)
        commands = goods.orders(owners, times, f"size-{tag}", quantity)
        took = median_ms(lambda number: engine.execute(commands[number]), times)
        goods.carry_out(engine, goods.orders(owners, 10 * times, f"bytes-{tag}", quantity))
        stored.setdefault(quantity, []).append((used_bytes(tmp_path) - before) / (11 * times))
        return took

    sizes = (10, 1_000, 100_000, 10_000_000)
    got = contest.turns({str(size): lambda size=size: turn(size) for size in sizes}, 5)
    engine.close()
    section = contest.section("Size of an order", bound_of(__doc__))
    for size in sizes:
        section.row(
            f"order of {size:,} codes, durable", got[str(size)], "ms",
            against=("10 codes", got["10"]),
            note=f"{statistics.mean(stored[size]):,.0f} bytes stored an order",
        )  # fmt: skip
    assert got["10000000"].over(got["10"]) < 2


def test_orders_in_the_store(contest: Contest, tmp_path: Path) -> None:
    steps = (1_000, 5_000) if contest.smoke else (1_000, 10_000, 100_000, 1_000_000)
    owners = goods.bins(100)
    engine = goods.make_engine(tmp_path, owners)
    keys = engine.keys
    engine.close()
    there = 0
    samples: dict[str, dict[int, Sample]] = {"create": {}, "verify": {}, "start": {}}
    stored: dict[int, int] = {}
    for orders in steps:
        _build(tmp_path, keys, owners, orders - there)
        there = orders
        if orders == steps[-1]:
            stored[orders] = used_bytes(tmp_path) // orders
        started = time.perf_counter()
        engine = Engine(open_lmdb(tmp_path / "data"), keys, limits=goods.LIMITS)
        samples["start"][orders] = Sample((time.perf_counter() - started,))
        codes = _codes(engine, owners)
        got = {
            "create": lambda engine=engine: rate(
                _ASKED,
                lambda: goods.carry_out(engine, goods.orders(owners, _ASKED, f"t-{next(_tags)}")),
            ),
            "verify": lambda engine=engine, codes=codes: rate(
                codes.count(b"\n"), lambda: engine.verify(codes)
            ),
        }
        for name, sample in _measure(contest, got, last=orders == steps[-1]).items():
            samples[name][orders] = sample
        engine.close()
    section = contest.section("Orders in the store", "See the bound above.")
    units = (("create", "orders/s, group commit"), ("verify", "codes/s checked, 64 buffers"),
             ("start", "s to open the store and read its ranges"))  # fmt: skip
    for (name, unit), orders in itertools.product(units, steps):
        sample = samples[name][orders]
        section.row(f"{orders:,} orders in the store", sample, unit,
                    against=(f"{steps[0]:,} orders", samples[name][steps[0]]),
                    note=f"{stored[orders]:,} bytes an order"
                    if name == "create" and orders in stored else "")  # fmt: skip
    for name in ("create", "verify"):
        assert samples[name][steps[-1]].over(samples[name][steps[0]]) > 0.25


def _measure(
    contest: Contest, contestants: dict[str, Callable[[], float]], *, last: bool
) -> dict[str, Sample]:
    """Take turns; pytest-benchmark allows one measured call a test, so only the last is its."""
    if last:
        return contest.turns(contestants, 5)
    rounds = [{name: work() for name, work in contestants.items()} for _ in range(5)]
    return {name: Sample(tuple(each[name] for each in rounds)) for name in contestants}


def _build(folder: Path, keys: object, owners: list[int], count: int) -> None:
    """Add orders through the engine, without waiting for the disk."""
    engine = Engine(open_lmdb(folder / "data", sync=False), keys, limits=goods.LIMITS)
    for start in range(0, count, _CHUNK):
        chunk = min(_CHUNK, count - start)
        goods.carry_out(engine, goods.orders(owners, chunk, f"build-{next(_tags)}"))
    engine.close()


def _codes(engine: Engine, owners: list[int]) -> bytes:
    """Return 20,000 codes out of 64 buffers, in no order that helps."""
    codes = []
    for index in range(goods.GTINS):
        owner = owners[index % len(owners)]
        gtin = goods.gtin(owner, index // len(owners))
        line = OrderLine(gtin, 400, goods.TEMPLATE)
        view = engine.execute(CreateOrder(owner, f"check-{next(_tags)}", (line,))).value
        block = engine.execute(DeliverBlock(owner, view.order_id, gtin, "1")).value
        size = block.record_size
        records = engine.records(block, 0, 400)
        codes += [records[at : at + size] for at in range(0, len(records), size)]
    return b"\n".join(codes[index * 7919 % len(codes)] for index in range(20_000)) + b"\n"


def test_accounts(contest: Contest) -> None:
    steps = (1, 100, 1_000) if contest.smoke else (1, 1_000, 100_000)
    everyone = goods.bins(steps[-1])
    count = 2_000 if contest.smoke else 10_000
    with tempfile.TemporaryDirectory(prefix="emitter-accounts-") as place:
        engines: dict[int, Engine] = {}
        for accounts in steps:
            engines[accounts] = goods.make_engine(Path(place) / str(accounts), everyone[:accounts])

        def turn(accounts: int) -> float:
            owners = everyone[:: max(1, len(everyone) // count)] if accounts > count else everyone
            commands = goods.orders(owners[:accounts], count, f"acc-{next(_tags)}")
            return rate(count, lambda: goods.carry_out(engines[accounts], commands))

        got = contest.turns({str(each): lambda each=each: turn(each) for each in steps}, 5)
        for engine in engines.values():
            engine.close()
    section = contest.section("Accounts", "See the bound above. Every account orders in turn.")
    for accounts in steps:
        section.row(f"{accounts:,} accounts", got[str(accounts)], "orders/s, group commit",
                    against=("1 account", got["1"]))  # fmt: skip
    assert got[str(steps[-1])].over(got["1"]) > 0.3


def test_streams(contest: Contest) -> None:
    steps = (1, 8) if contest.smoke else (1, 4, 16, 64)
    codes = 400_000 if contest.smoke else 8_000_000
    memory: dict[int, float] = {}
    with serving(steps[-1], threads_max=160, streams_max=80) as server:
        rest = server.memory_bytes()

        def turn(streams: int) -> float:
            clients = [Client(server.target, token) for token in server.tokens[:streams]]
            each = codes // streams
            threads = [
                threading.Thread(target=_receive, args=(client, index, each))
                for index, client in enumerate(clients)
            ]

            def run() -> None:
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()

            got = rate(each * streams, run)
            for client in clients:
                client.close()
            memory[streams] = server.memory_bytes("VmRSS") / 2**20
            return got

        got = contest.turns({str(each): lambda each=each: turn(each) for each in steps}, 5)
        most = server.memory_bytes("VmHWM") / 2**20
    section = contest.section("Streams", "See the bound above. All streams go to one client.")
    section.row("server at rest", Sample((rest / 2**20,)), "MB")
    for streams in steps:
        section.row(f"{streams} streams", got[str(streams)], "codes/s, all together",
                    against=("1 stream", got["1"]),
                    note=f"{memory[streams]:.0f} MB in the server")  # fmt: skip
    section.row("the most memory the server had", Sample((most,)), "MB")
    assert got[str(steps[-1])].over(got["1"]) > 0.35


def _receive(client: Client, index: int, count: int) -> None:
    order = client.create_order([line(index, count, index)])
    gtin = line(index, 1, index).gtin
    received = sum(len(records) for records in client.deliver(order.order_id, gtin))
    assert received == count

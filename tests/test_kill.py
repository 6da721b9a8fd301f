"""``kill -9`` under load, at labelled places and at any moment: nothing that was answered is lost.

An episode is one store and one crowd of clients over several lives of a server. Each life ends in
a kill; then the store is opened, held to its invariants and to everything that any client was ever
told, and the next life begins, in which the clients ask again for what was left unanswered.
"""

from __future__ import annotations

import random
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crowd import Load
from emitter.engine.engine import Engine
from emitter.store.lmdb_engine import open_lmdb
from fuzzing import seeds, tell
from home import SSCC_PREFIX, Home
from promises import goods_of, keep, settle_up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emitter.engine.commands import Command
    from emitter.store.port import Store

_AT_ANY_MOMENT = ""
_PLACES = {  # where to kill, and how often the place is passed before at most
    "batch.judged": 80,
    "batch.written": 80,
    "batch.committed": 80,
    "batch.answered": 80,
    "delivery.streaming": 60,
    "job.step": 15,
    "job.effective": 5,
    _AT_ANY_MOMENT: 0,
}
_KILLS_EACH = 2
_LIFE_S = 20.0
_kills: Counter[str] = Counter()
_totals: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def _summary(pytestconfig: pytest.Config) -> Iterator[None]:
    yield
    tell(pytestconfig, f"{_kills.total()} kills: {dict(_kills)}; {dict(_totals)}")


@pytest.mark.parametrize("seed", seeds(1, 40))
def test_a_killed_server_keeps_every_promise(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    places = [place for place in _PLACES for _ in range(_KILLS_EACH)]
    chance.shuffle(places)
    undone = 0
    with Home(tmp_path / "home") as home, Load(chance.getrandbits(32)) as load:
        load.meet(home.start())
        load.start()
        _die(home, load, _AT_ANY_MOMENT, chance)
        for place in places:
            failpoint = f"{place}:{chance.randint(1, _PLACES[place])}" if place else ""
            load.meet(home.start({"EMITTER_FAILPOINT": failpoint}))
            done, left = _die(home, load, place, chance)
            if place == "batch.committed":
                assert done, "the clients of a batch had heard of it before it was committed"
            elif place in ("batch.judged", "batch.written"):
                undone += len(left)
        load.meet(home.start())
        load.finish()
        home.stop()
        with closing(open_lmdb(home.data)) as store:
            keep(store, home.keys, load.promises)
            sums = settle_up(Engine(store, home.keys, threaded=False), load.promises)
        goods = goods_of(load.promises)
        _totals.update(sums, deliveries_resumed=load.resumed)
        _totals.update(goods)
    assert undone, "batches that were never committed were carried out"
    assert min(sums.values()) > 0
    assert {"AGGREGATION", "SHIPMENT", "ACCEPTANCE"} <= (+goods).keys()


def _die(
    home: Home, load: Load, place: str, chance: random.Random
) -> tuple[list[Command], list[Command]]:
    """Wait for the kill, or kill; check what is left.

    Return the unanswered commands that were carried out, and those that were not.
    """
    if place:
        assert home.wait(_LIFE_S), f"not killed at {place}"
    else:
        home.wait(chance.uniform(0.05, 0.6))
        home.kill()
        assert home.wait(_LIFE_S), "the server had died by itself"
    load.part()
    load.raise_failure()
    unanswered = load.unanswered()
    with closing(open_lmdb(home.data)) as store:
        kept = keep(store, home.keys, list(load.promises))
        engine = Engine(store, home.keys, threaded=False, sscc_prefix=SSCC_PREFIX)
        done = [command for command in unanswered if _is_carried_out(store, engine, command)]
    left = [command for command in unanswered if command not in done]
    _kills[place or "any moment"] += 1
    _totals.update(unanswered_carried_out=len(done), unanswered_not_carried_out=len(left))
    _totals.update(promises_compared=kept.promises, codes_compared=kept.codes)
    return done, left


def _is_carried_out(store: Store, engine: Engine, command: Command) -> bool:
    """Return whether a command left its request row."""
    request = engine._step(command).request
    return store.view(lambda reader: reader.get_many((request,)))[0] is not None

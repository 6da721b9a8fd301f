"""Power cuts: whatever the disk kept, everything that was answered is there.

A server runs under a recorder of its writes and syncs (``recorder.c``), loaded by real clients that
note when they heard each answer. Then its file is rebuilt as of many moments, with what no sync had
made certain lost, kept, torn or reordered by chance (``disk.py``), and held to its invariants and
to every answer heard before that moment (``promises.py``). In between the server dies in the middle
of syncs, so that the next one finds writes in the cache of the system that the disk may not have.

The same trial with the syncs turned off must find losses, or it would prove nothing.
"""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from itertools import cycle
from typing import TYPE_CHECKING, NamedTuple

import pytest

from crowd import Load
from disk import DATA_NAME, Disk, Fate, Recorder
from fuzzing import amount, seeds, tell
from home import Home, ServerDiedError
from judge import Judge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promises import Promise

_LIFE_S = 10.0
_totals: Counter[str] = Counter()


class History(NamedTuple):
    """What happened: to the disk, and to the clients; and when each server began to serve."""

    disk: Disk
    promises: list[Promise]
    lives_ns: list[int]


@pytest.fixture(scope="module", autouse=True)
def _summary(pytestconfig: pytest.Config) -> Iterator[None]:
    yield
    tell(pytestconfig, f"{dict(_totals)}")


@pytest.mark.parametrize("seed", seeds(1, 40))
def test_what_was_answered_survives_a_power_cut(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    with Home(tmp_path / "home") as home:
        deaths = [chance.randint(10, 60), 1, chance.randint(10, 60)]
        history = _play(home, tmp_path, chance, deaths=deaths)
        assert history.disk.at_end() == (home.data / DATA_NAME).read_bytes(), (
            "the recorder is blind"
        )
        wrong = _cut(home, history, chance, amount(60, 200))
    assert not wrong, f"seed {seed}: {len(wrong)} power cuts lost something; the first:\n{wrong[0]}"


def test_without_syncs_power_cuts_lose_answers(tmp_path: Path) -> None:
    chance = random.Random(7)
    with Home(tmp_path / "home") as home:
        history = _play(home, tmp_path, chance, sync=False)
        wrong = _cut(home, history, chance, 20)
    assert len(wrong) > 10


def _play(
    home: Home,
    work: Path,
    chance: random.Random,
    *,
    sync: bool = True,
    deaths: list[int] | None = None,
) -> History:
    """Let a server live under load, and die in the n-th write that syncs by itself, each n."""
    recorder = Recorder.build(work, home.data)
    lives_ns = []
    with Load(chance.getrandbits(32)) as load:
        for life, dies_in_write in enumerate([*(deaths or []), 0]):
            try:
                load.meet(home.start(recorder.environment(dies_in_write=dies_in_write), sync=sync))
            except ServerDiedError:
                assert dies_in_write == 1  # the write with which a store is opened
                continue
            lives_ns.append(time.monotonic_ns())
            if not life:
                load.start()
            if dies_in_write:
                assert home.wait(_LIFE_S), "the server did not die"
                load.part()
        home.wait(1.0)
        load.finish()
        home.stop()
    operations = recorder.operations()
    return History(Disk(operations), sorted(load.promises, key=_heard), lives_ns)


def _heard(promise: Promise) -> int:
    return promise.heard_ns


def _cut(home: Home, history: History, chance: random.Random, count: int) -> list[str]:
    """Cut the power at many moments; return what was lost."""
    path = home.data.with_name("after")
    wrong = []
    with Judge(home, history.promises) as judge:
        for at_ns, fate in zip(_moments(history, chance, count), cycle(Fate), strict=False):
            path.mkdir()
            file = history.disk.file_at(at_ns, fate, chance)
            if file is not None:
                (path / DATA_NAME).write_bytes(file)
            verdict, kept = judge.verdict(path, at_ns)
            if verdict:
                wrong.append(f"{fate.value} at {at_ns}: {verdict}")
            shutil.rmtree(path)
            _totals.update(
                power_cuts=1,
                promises=kept.promises,
                codes=kept.codes,
                found_carried_out=kept.carried_out,
                writes_in_doubt=history.disk.doubtful_at(at_ns),
            )
    return wrong


def _moments(history: History, chance: random.Random, count: int) -> list[int]:
    """Draw moments: as answers are heard, as writes and syncs begin and end, and any."""
    heard = [promise.heard_ns for promise in history.promises]
    edges = [ns for each in history.disk.operations for ns in (each.begin_ns, each.end_ns)]
    edges = [ns for ns in edges if ns > heard[0]]
    firsts = [ns for life in history.lives_ns for ns in [n for n in heard if n > life][:4]]
    moments = firsts + [
        chance.choice(
            (chance.choice(heard), chance.choice(edges), chance.randint(heard[0], heard[-1]))
        )
        for _ in range(count - len(firsts))
    ]
    chance.shuffle(moments)
    return moments

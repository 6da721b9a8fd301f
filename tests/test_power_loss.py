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
from itertools import cycle, islice
from typing import TYPE_CHECKING, NamedTuple

import pytest

from crowd import Load
from disk import DATA_NAME, Disk, Fate, Recorder
from fuzzing import amount, seeds, tell
from home import Home, ServerDiedError
from judge import Judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from promises import Promise

_LIFE_S = 20.0
_LAST_LIFE_S = 1.0
_totals: Counter[str] = Counter()


class History(NamedTuple):
    """What happened: to the disk, and to the clients; and when each server began to serve."""

    disk: Disk
    promises: list[Promise]
    lives_ns: list[int]

    def first_answers(self, count: int) -> list[int]:
        """Return when the first answers of each server were heard."""
        heard = [promise.heard_ns for promise in self.promises]
        return [ns for life in self.lives_ns for ns in [n for n in heard if n > life][:count]]


@pytest.fixture(scope="module", autouse=True)
def _summary(pytestconfig: pytest.Config) -> Iterator[None]:
    yield
    tell(pytestconfig, f"{_totals.pop('power_cuts', 0)} power cuts: {dict(_totals)}")


@pytest.mark.parametrize("seed", seeds(1, 40))
def test_what_was_answered_survives_a_power_cut(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    with Home(tmp_path / "home") as home:
        deaths = [chance.randint(34, 74), 1, chance.randint(10, 60)]
        history = _play(home, tmp_path, chance, deaths=deaths)
        wrong = _cut(home, history, _draw_cuts(history, chance, amount(60, 200)), chance)
    assert not wrong, f"{len(wrong)} power cuts lost something; the first:\n{wrong[0]}"


def test_a_power_cut_while_a_store_is_made_leaves_none_or_a_whole_one(tmp_path: Path) -> None:
    chance = random.Random(2)
    with Home(tmp_path / "home") as home:
        history = _play(home, tmp_path, chance, stations_each=0)
        first_ns = history.promises[0].heard_ns
        cuts = [(ns, fate) for ns in history.disk.edges() if ns < first_ns for fate in Fate]
        wrong = _cut(home, history, cuts, chance)
    assert not wrong, f"{len(wrong)} power cuts left something else; the first:\n{wrong[0]}"


def test_an_answer_from_memory_survives_a_power_cut(tmp_path: Path) -> None:
    """A killed server's last commit is read by the next one, whether the disk has it or not."""
    chance = random.Random(1)
    with Home(tmp_path / "home") as home:
        history = _play(home, tmp_path, chance, deaths=[34, 5, 5], stations_each=0)
        cuts = [(heard_ns, fate) for heard_ns in history.first_answers(1) for fate in Fate]
        wrong = _cut(home, history, cuts, chance)
    assert not wrong, f"{len(wrong)} power cuts lost something; the first:\n{wrong[0]}"


def test_without_syncs_power_cuts_lose_answers(tmp_path: Path) -> None:
    chance = random.Random(7)
    with Home(tmp_path / "home") as home:
        history = _play(home, tmp_path, chance, sync=False)
        wrong = _cut(home, history, _draw_cuts(history, chance, 20), chance)
    assert len(wrong) > 10


def _play(
    home: Home,
    work: Path,
    chance: random.Random,
    *,
    deaths: Sequence[int] = (),
    stations_each: int = 2,
    sync: bool = True,
) -> History:
    """Let servers live under load; all but the last die in their n-th write that syncs itself."""
    recorder = Recorder.build(work, home.data)
    lives_ns = []
    with Load(chance.getrandbits(32), stations_each) as load:
        for life, dies_in_write in enumerate([*deaths, 0]):
            try:
                load.meet(home.start(recorder.environment(dies_in_write=dies_in_write), sync=sync))
            except ServerDiedError:
                if dies_in_write != 1:  # the write with which a store is opened
                    raise
                continue
            lives_ns.append(time.monotonic_ns())
            if not life:
                load.start()
            if dies_in_write:
                assert home.wait(_LIFE_S), "the server did not die"
                load.part()
        home.wait(_LAST_LIFE_S)
        load.finish()
        home.stop()
    disk = Disk(recorder.operations())
    assert disk.at_end() == (home.data / DATA_NAME).read_bytes(), "the recorder is blind"
    return History(disk, sorted(load.promises, key=lambda each: each.heard_ns), lives_ns)


def _draw_cuts(history: History, chance: random.Random, count: int) -> list[tuple[int, Fate]]:
    """Draw moments: as answers are heard, as writes and syncs begin and end, and any."""
    heard = [promise.heard_ns for promise in history.promises]
    edges = [ns for ns in history.disk.edges() if ns > heard[0]]
    cuts = [(heard_ns, Fate.LOST) for heard_ns in history.first_answers(3)]
    for fate in islice(cycle(Fate), count - len(cuts)):
        any_ns = chance.randint(heard[0], heard[-1])
        cuts.append((chance.choice((chance.choice(heard), chance.choice(edges), any_ns)), fate))
    return cuts


def _cut(
    home: Home, history: History, cuts: Sequence[tuple[int, Fate]], chance: random.Random
) -> list[str]:
    """Cut the power at moments; return what was lost."""
    path = home.data.with_name("after")
    wrong = []
    with Judge(home, history.promises) as judge:
        for at_ns, fate in cuts:
            path.mkdir()
            file = history.disk.file_at(at_ns, fate, chance)
            if file is not None:
                (path / DATA_NAME).write_bytes(file)
            verdict, kept = judge.verdict(path, at_ns)
            if verdict:
                wrong.append(f"{fate.value} at {at_ns}: {verdict}")
            shutil.rmtree(path)
            doubtful = history.disk.doubtful_at(at_ns)
            _totals.update(power_cuts=1, of_them_amid_writes=doubtful > 0, losses=bool(verdict))
            _totals.update(promises_compared=kept.promises, codes_compared=kept.codes)
            _totals.update(unanswered_carried_out=kept.carried_out)
    return wrong

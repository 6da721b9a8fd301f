"""The gate of a store: who is alone, and what an interruption leaves behind."""

from __future__ import annotations

import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from emitter.store.gate import Gate
from emitter.store.port import StoreClosed


def enter(gate):
    with gate:
        return "inside"


def test_who_is_alone_keeps_the_others_waiting():
    gate = Gate()
    with ThreadPoolExecutor(2) as pool:
        with gate.alone():
            waiting = [pool.submit(enter, gate) for _ in range(2)]
            with pytest.raises(TimeoutError):
                waiting[0].result(0.05)
        assert [future.result(10) for future in waiting] == ["inside"] * 2


def test_who_waited_at_a_gate_that_was_closed_meanwhile_is_refused():
    gate = Gate()
    with ThreadPoolExecutor(1) as pool:
        with gate.alone():
            waiting = pool.submit(enter, gate)
            with pytest.raises(TimeoutError):
                waiting.result(0.05)
            gate.close("because")
        with pytest.raises(StoreClosed, match="because"):
            waiting.result(10)


def test_an_interrupted_wait_to_be_alone_leaves_the_gate_open():
    gate, inside, leave = Gate(), threading.Event(), threading.Event()

    def stay():
        with gate:
            inside.set()
            return leave.wait(10)

    def wait_to_be_alone():
        with gate.alone():
            raise AssertionError("somebody is inside")

    with ThreadPoolExecutor(1) as pool:
        staying = pool.submit(stay)
        assert inside.wait(10)
        main = threading.main_thread().ident
        timer = threading.Timer(0.05, signal.pthread_kill, (main, signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            wait_to_be_alone()
        timer.join()
        assert enter(gate) == "inside"
        leave.set()
        assert staying.result(10)

"""Promises: a verdict reaches everybody who waits, before and after it is there."""

from __future__ import annotations

import threading

import pytest

from emitter.engine.batch import Answer
from emitter.engine.promise import Promise
from emitter.errors import Reason, Refused


def test_whoever_waits_in_whatever_thread_gets_the_one_verdict() -> None:
    promise, heard = Promise(), []
    threads = [threading.Thread(target=lambda: heard.append(promise.result(10))) for _ in range(4)]
    for thread in threads:
        thread.start()
    answer = Answer("order")
    promise.settle(answer)
    for thread in threads:
        thread.join(10)
    assert heard == [answer] * 4
    assert promise.result() is answer
    assert promise.exception() is None


def test_waiting_ends_in_time_and_the_verdict_can_be_had_later() -> None:
    promise = Promise()
    with pytest.raises(TimeoutError):
        promise.result(0.01)
    assert not promise.done()
    promise.settle(Refused(Reason.OVERLOADED))
    with pytest.raises(Refused, match="OVERLOADED"):
        promise.result(0)


def test_listeners_are_told_once_and_one_that_fails_harms_nobody() -> None:
    promise, told = Promise(), []

    def failing(_: Promise) -> None:
        told.append("failing")
        raise RuntimeError

    promise.add_done_callback(failing)
    promise.add_done_callback(lambda p: told.append(p.result().value))
    promise.settle(Answer("early"))
    promise.add_done_callback(lambda p: told.append(p.result().value))
    assert told == ["failing", "early", "early"]

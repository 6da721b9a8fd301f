"""Who owns a code now, and who owned it when."""

from __future__ import annotations

import pytest

from conftest import BIN, OTHER_BIN, Bench
from trading import THIRD_BIN, Trade


@pytest.fixture
def trade(bench: Bench) -> Trade:
    return Trade(bench)


def test_a_check_tells_the_owner_of_each_code(trade: Trade):
    engine, text = trade.bench.engine, b"\n".join([*trade.codes, b"?"])
    whose = [BIN] * 20

    def told() -> list[int]:
        verified = engine.verify(text)
        assert verified.buffer_index[-1] == -1
        assert {*range(len(verified.buffers))} == {*verified.buffer_index.tolist()} - {-1}
        names = {buffer.owner_bin: buffer.owner_name for buffer in verified.buffers}
        assert all(name == f"ТОО {bin_}" for bin_, name in names.items())
        return [verified.buffers[index].owner_bin for index in verified.buffer_index[:-1]]

    for first, count, sender, recipient in (
        (2, 5, BIN, OTHER_BIN), (4, 1, OTHER_BIN, THIRD_BIN), (5, 1, OTHER_BIN, BIN),
        (0, 2, BIN, THIRD_BIN), (7, 13, BIN, THIRD_BIN),
    ):  # fmt: skip
        indexes = range(first, first + count)
        made = trade.ship(trade.text(*indexes), recipient, sender)
        assert told() == whose  # on the way they are the sender's
        trade.accept(made.transfer.transfer_id, recipient)
        whose[first : first + count] = [recipient] * count
        assert told() == whose

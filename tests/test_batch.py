"""What commands of one batch do to each other: as if they came one after the other.

Each row is played as one batch, in batches of two, and one by one: how commands happen to be
batched must not show. At the start orders A and B of 100 codes are open, two more of that size
are paid for, and the limit of open orders is four.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conftest import BIN, DAY, GROSS_100, SHOES, SHOES_2, Clock
from emitter.config import Limits
from emitter.engine.commands import (
    ActivateParticipant,
    CloseOrder,
    CreateOrder,
    CreditAccount,
    DeliverBlock,
    OrderLine,
    RegisterParticipant,
)
from emitter.engine.engine import Engine
from emitter.engine.invariants import check_store
from emitter.store.memory import MemoryStore
from emitter.trade.templates import Group
from stock import product

if TYPE_CHECKING:
    from emitter.engine.commands import Command
    from emitter.engine.keys import KeyRing

NEWCOMER = 100140012344

# order: request, codes · deliver: order, block, codes · close: request, order · pay: reference,
# hundreds of codes. "again" is a remembered acceptance; a star is a remembered refusal.
ROWS = """
    order 1 100, order 2 101, order 3 100             OK, FUNDS_INSUFFICIENT, OK
    order 1 201, order 2 200                          FUNDS_INSUFFICIENT, OK
    order 1 201, pay p 1, order 2 201                 FUNDS_INSUFFICIENT, OK, OK
    pay p 1, order 1 300                              OK, OK
    pay p 1, pay p 1, pay p 2                         OK, again, REQUEST_DIFFERS
    order 1 200, close x A, order 2 100               OK, OK, OK
    order 1 300, close x A, order 1 300               FUNDS_INSUFFICIENT, OK, FUNDS_INSUFFICIENT*
    order 1 100, order 1 100, order 1 99              OK, again, REQUEST_DIFFERS
    deliver A b 60, deliver A c 60                    OK, QUANTITY_LEFT
    deliver A b 60, deliver A b 60, deliver A b 61    OK, again, REQUEST_DIFFERS
    deliver A b 60, deliver A c 0, deliver A d 0      OK, OK, TRANSITION_REFUSED
    deliver A b 60, close x A, deliver A c 1          OK, OK, TRANSITION_REFUSED
    close x A, deliver A b 1, close y A               OK, TRANSITION_REFUSED, TRANSITION_REFUSED
    deliver A b 60, close x A, close x B              OK, OK, REQUEST_DIFFERS
    deliver A b 60, close x B, close x A              OK, OK, REQUEST_DIFFERS
    order 1 1, order 2 1, order 3 1                   OK, OK, ORDERS_ACTIVE_LIMIT
    order 1 1, order 2 1, close x A, order 3 1        OK, OK, OK, OK
    order 1 1, order 2 201, order 3 1, order 4 1  OK, FUNDS_INSUFFICIENT, OK, ORDERS_ACTIVE_LIMIT
    register, activate, pay p 1                       OK, OK, OK
    register, product shoes, activate, new 1 1, pay p 1  OK, OK, OK, FUNDS_INSUFFICIENT, OK
    pay p 1, register, product shoes, new 1 1  PARTICIPANT_NOT_FOUND, OK, OK, PARTICIPANT_NOT_ACTIVE
    product shoes, register, new 1 1  PARTICIPANT_NOT_FOUND, OK, PRODUCT_NOT_FOUND
    new 1 5, product shoes, new 1 5, product shoes  PRODUCT_NOT_FOUND, OK, OK, OK
    product shoes, new 1 5, product lp, new 2 5  OK, OK, PRODUCT_GROUP, OK
    product shoes, product lp, new 1 5, product shoes, new 2 5  OK, OK, PRODUCT_GROUP, OK, OK
    product lp, new 1 5, order A 1  OK, PRODUCT_GROUP, REQUEST_DIFFERS
"""


def rows() -> list[tuple[str, str]]:
    """Return what is said and what is heard, row by row."""
    pairs = [line.strip().split("  ", 1) for line in ROWS.strip().splitlines()]
    return [(said, heard.strip()) for said, heard in pairs]


class Scene:
    """An engine with the two orders, and the words of the table as commands."""

    def __init__(self, keys: KeyRing, batch_commands_max: int, bin_: int) -> None:
        self.bin = bin_
        self.store = MemoryStore()
        limits = Limits(batch_commands_max=batch_commands_max, active_orders_max=4)
        self.engine = Engine(self.store, keys, clock=Clock(), limits=limits, threaded=False)
        self.orders = {}
        self.engine.execute(RegisterParticipant(BIN, "ТОО", DAY))
        self.engine.execute(ActivateParticipant(BIN, DAY))
        self.engine.execute(product(BIN, SHOES, Group.SHOES))
        self.engine.execute(CreditAccount(BIN, 4 * GROSS_100, "payment"))
        for name in "AB":
            command = CreateOrder(BIN, name, (OrderLine(SHOES, 100, 1),))
            self.orders[name] = self.engine.execute(command).value.order_id

    def command(self, words: str) -> Command:
        match words.split():
            case "order", request_id, count:
                return CreateOrder(self.bin, request_id, (OrderLine(SHOES, int(count), 1),))
            case "deliver", name, block_id, count:
                return DeliverBlock(self.bin, self.orders[name], SHOES, block_id, int(count))
            case "close", request_id, name:
                return CloseOrder(self.bin, request_id, self.orders[name])
            case "pay", reference, hundreds:
                return CreditAccount(self.bin, int(hundreds) * GROSS_100, reference)
            case "new", request_id, count:
                return CreateOrder(self.bin, request_id, (OrderLine(SHOES_2, int(count), 1),))
            case "product", group:
                wanted = Group.SHOES if group == "shoes" else Group.LIGHT_INDUSTRY
                return product(self.bin, SHOES_2, wanted)
            case ["register"]:
                return RegisterParticipant(self.bin, "ТОО", DAY)
            case ["activate"]:
                return ActivateParticipant(self.bin, DAY)
        raise ValueError(words)

    def play(self, said: str) -> str:
        """Submit everything, let it be carried out, and return what is heard."""
        futures = [self.engine.submit(self.command(words)) for words in said.split(",")]
        self.engine.work_off()
        heard = []
        for future in futures:
            if refused := future.exception():
                star = "*" if refused.refusal.replayed else ""
                heard.append(f"{refused.reason.name}{star}")
            else:
                heard.append("again" if future.result().replayed else "OK")
        check_store(self.store, whole=True)
        return ", ".join(heard)


@pytest.mark.parametrize("batch_commands_max", [256, 2, 1])
@pytest.mark.parametrize(("said", "heard"), rows(), ids=[said for said, _ in rows()])
def test_commands_are_carried_out_as_if_one_after_the_other(
    keys: KeyRing, said: str, heard: str, batch_commands_max: int
) -> None:
    bin_ = NEWCOMER if "register" in said else BIN
    assert Scene(keys, batch_commands_max, bin_).play(said) == heard

"""One scenario through gRPC, v2 and v3: the same codes, the same states, the same money."""

from __future__ import annotations

from typing import NamedTuple

from conftest import BIN
from emitter.client import DropoutReason, OrderLine
from emitter.trade.circulation import UTILISED, DocumentStatus
from emitter.trade.states import BufferState, CodeState, OrderState
from served import Served
from suz import Door, shoes_order

GTINS = ("04670033010053", "04060477697987")
QUANTITY, TAKEN, CLOSED = 40, (7, 13), GTINS[1]

V2_MORE = {
    "usageType": "VERIFIED", "expirationDate": "2026-12-31", "seriesNumber": "1",
    "participantId": f"{BIN:012}", "withChild": False,
}  # fmt: skip


class Ended(NamedTuple):
    """What a scenario leaves behind; of each code its state, 16 more if it was put on goods."""

    codes: dict[str, list[bytes]]
    code_states: list[int]
    reports: list[tuple[int, int, int, int, int]]  # kind, status, reason, moved, in vain
    states: list[str]
    buffers: dict[str, tuple[str, int, int]]  # state, delivered, blocks
    money: tuple[int, ...]


def left_by(engine, codes: dict[str, list[bytes]]) -> Ended:
    """Read what a scenario has left, from the engine itself."""
    views, _ = engine.orders(BIN, page_size=100)
    buffers = {}
    for view in views:
        for buffer in view.row.buffers:
            gtin = f"{buffer.gtin:014}"
            blocks, _ = engine.blocks(BIN, view.order_id, buffer.gtin, page_size=100)
            state = BufferState(buffer.state).name
            buffers[f"{gtin}/{buffer.quantity}"] = (state, buffer.delivered, len(blocks))
    verified = engine.verify(b"\n".join(code for each in codes.values() for code in each))
    code_states = (verified.states | verified.utilised * UTILISED).tolist()
    rows = [view.row for view in engine.documents(BIN, page_size=100)[0]]
    reports = [(row.kind, row.status, row.reason, row.moved, row.in_vain) for row in rows]
    account = engine.account(BIN)
    states = sorted(OrderState(view.row.state).name for view in views)
    return Ended(codes, code_states, reports, states, buffers, tuple(account[5:]))


def through_grpc(keys) -> Ended:
    with Served(keys) as served:
        client = served.client
        order = client.create_order(
            [OrderLine(gtin=gtin, quantity=QUANTITY, template_id=1) for gtin in GTINS]
        )
        codes: dict[str, list[bytes]] = {gtin: [] for gtin in GTINS}
        for gtin in GTINS:
            for number, quantity in enumerate(TAKEN):
                delivery = client.deliver(
                    order.order_id, gtin, block_id=str(number), quantity=quantity
                )
                for records in delivery:
                    codes[gtin] += [row.tobytes() for row in records]
        client.close_buffer(order.order_id, CLOSED)
        other = client.create_order([OrderLine(gtin=GTINS[0], quantity=5, template_id=1)])
        client.close_order(other.order_id)
        client.report_utilisation(codes[CLOSED])
        client.write_off(codes[CLOSED][:3], DropoutReason.DROPOUT_REASON_DEFECT)
        client.write_off(codes[CLOSED][2:4], DropoutReason.DROPOUT_REASON_OTHER)  # one is, already
        return left_by(served.engine, codes)


def through_http(keys, dialect: str) -> Ended:
    with Door(keys) as door:
        station = door.station
        product = {"quantity": QUANTITY, "serialNumberType": "OPERATOR", "templateId": 1}
        products = [product | {"gtin": gtin} for gtin in GTINS]
        if dialect == "v2":
            prefix, order_path = "v2/shoes", "v2/shoes/orders"
            whole = shoes_order(products=products)
            small = shoes_order(5, GTINS[0])
        else:
            prefix, order_path = "v3", "v3/order"
            whole = {"productGroup": "shoes", "products": products}
            small = whole | {"products": [product | {"gtin": GTINS[0], "quantity": 5}]}
        order_id = station.post(order_path, whole)["orderId"]
        codes: dict[str, list[bytes]] = {gtin: [] for gtin in GTINS}
        for gtin in GTINS:
            for quantity in TAKEN:
                taken = station.get(
                    f"{prefix}/codes", orderId=order_id, gtin=gtin, quantity=quantity
                )
                codes[gtin] += [code.encode() for code in taken["codes"]]
        other = station.post(order_path, small)["orderId"]
        if dialect == "v2":
            station.post("v2/shoes/buffer/close", orderId=order_id, gtin=CLOSED)
            station.post("v2/shoes/buffer/close", orderId=other)
        else:
            station.post("v3/order/close", {"orderId": order_id, "gtin": CLOSED})
            station.post("v3/order/close", {"orderId": other})
        told = [code.decode() for code in codes[CLOSED]]
        # In v2 shoes have no reports of their own: other groups' paths take any codes.
        path, more = ("v3", {"productGroup": "shoes"})
        if dialect == "v2":
            path, more = ("v2/milk", V2_MORE)
        station.post(f"{path}/utilisation", more | {"sntins": told})
        for reason, some in (("DEFECT", told[:3]), ("OTHER", told[2:4])):
            station.post(f"{path}/dropout", more | {"sntins": some, "dropoutReason": reason})
        return left_by(door.engine, codes)


def test_every_door_leads_to_the_same_codes_states_and_money(keys) -> None:
    grpc, v2, v3 = through_grpc(keys), through_http(keys, "v2"), through_http(keys, "v3")
    assert grpc == v2 == v3
    assert grpc.states == ["CLOSED", "READY"]
    assert grpc.buffers[f"{CLOSED}/{QUANTITY}"] == ("CLOSED", sum(TAKEN), len(TAKEN))
    written_off, paid = CodeState.WRITTEN_OFF | UTILISED, CodeState.APPLIED_AND_PAID
    taken = sum(TAKEN)
    assert grpc.code_states == (
        [paid] * taken + [written_off] * 3 + [paid | UTILISED] * (taken - 3)
    )
    assert [report[1:] for report in grpc.reports] == [
        (DocumentStatus.REJECTED, DropoutReason.DROPOUT_REASON_OTHER, 0, 1),
        (DocumentStatus.ACCEPTED, DropoutReason.DROPOUT_REASON_DEFECT, 3, 0),
        (DocumentStatus.ACCEPTED, 0, taken, 0),
    ]
    assert len({code for codes in grpc.codes.values() for code in codes}) == 2 * sum(TAKEN)

"""Orders and their buffers in the stations' words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from emitter.api.suz.answers import Dialect
from emitter.api.suz.identity import document_identity
from emitter.api.suz.shapes import Fault, MisshapenError, write_json
from emitter.api.suz.words import GROUP_WORDS
from emitter.engine.commands import CloseOrder, CreateOrder, OrderLine
from emitter.errors import Reason, Refused
from emitter.trade.gs1 import format_gtin, require_gtin
from emitter.trade.states import BufferState
from emitter.trade.templates import TEMPLATES, Group, Price

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from emitter.api.suz.calls import Call
    from emitter.config import Limits
    from emitter.engine.orders import OrderView
    from emitter.store.rows import BufferRow

_PAGE_ORDERS = 100
_DAY_MS = 86_400_000
_UNCOUNTED = {BufferState.PENDING, BufferState.REJECTED}


async def create_order(call: Call, order: dict[str, Any], group: Group) -> tuple[OrderView, bool]:
    """Emit the order of a body that has the contract's shape.

    Returns it, and whether it was there before: known by X-Request-Id, or by the same signed body
    within the window.
    """
    lines = _lines(order["products"], group, call)
    details = {name: value for name, value in order.items() if name != "products"}
    details["products"] = [
        {n: v for n, v in item.items() if n not in ("quantity", "serialNumbers")}
        for item in order["products"]
    ]
    text = write_json(details)
    request_id, memory_us = await document_identity(call)
    # X-Request-Id names a document: what is refused for money today, a top-up lets through.
    command = CreateOrder(call.bin, request_id, lines, text, memory_us, remembers_refusals=False)
    answer = await call.execute(command, apart=command.is_self_made)
    return answer.value, answer.replayed


def _lines(products: list[dict[str, Any]], group: Group, call: Call) -> tuple[OrderLine, ...]:
    lines, faults = [], []
    most = _quantity_max(call.limits, call.dialect, len(products))
    for index, product in enumerate(products):
        field = f"products[{index}]"
        template = TEMPLATES.get(product["templateId"])
        serials = ()
        if product["serialNumberType"] == "SELF_MADE":
            serials = tuple(product.get("serialNumbers", ()))
            if not serials:
                raise Refused(Reason.FIELD_REQUIRED, field=f"{field}.serialNumbers")
        if template is None or template.group is not group:
            faults.append(
                Fault(
                    f"{field}.templateId",
                    "the template does not belong to the product group",
                    "шаблон не относится к товарной группе",
                )
            )
            continue
        quantity = product["quantity"]
        if not 1 <= quantity <= most:
            raise Refused(
                Reason.QUANTITY_OUT_OF_RANGE, field=f"{field}.quantity", least=1, limit=most
            )
        price = product.get("mrp", product.get("attributes", {}).get("mrp"))
        if template.price is not Price.NONE and not _is_price(price):
            faults.append(
                Fault(
                    f"{field}.mrp",
                    "the maximum retail price in tiyn is required",
                    "нужна максимальная розничная цена в тиынах",
                )
            )
            continue
        lines.append(
            OrderLine(
                require_gtin(product["gtin"], f"{field}.gtin"),
                quantity,
                template.template_id,
                None if template.price is Price.NONE else int(price),
                serials,
            )
        )
    if faults:
        raise MisshapenError(*faults)
    return tuple(lines)


def _quantity_max(limits: Limits, dialect: Dialect, count: int) -> int:
    single = dialect is Dialect.V3 and count == 1
    return limits.station_single_quantity_max if single else limits.station_quantity_max


def _is_price(price: object) -> bool:
    if isinstance(price, str):
        return price.isascii() and price.isdecimal() and len(price) < 10
    return isinstance(price, int) and not isinstance(price, bool)


def order_result(call: Call, view: OrderView) -> dict[str, Any]:
    """Return what a new order is answered with: its codes are ready at once."""
    return {"omsId": call.oms_id, "orderId": str(view.order_id), "expectedCompleteTimestamp": 0}


def buffer_info(call: Call, view: OrderView, buffer: BufferRow) -> dict[str, Any]:
    """Return the state of a buffer; counters are -1 until it is ready, and when it is rejected."""
    state = BufferState(buffer.state)
    left = buffer.quantity - buffer.delivered
    counters = {
        "leftInBuffer": left if state is BufferState.ACTIVE else 0,
        "totalCodes": buffer.quantity,
        "totalPassed": buffer.delivered,
        "unavailableCodes": 0 if state is BufferState.ACTIVE else left,
        "availableCodes": left if state is BufferState.ACTIVE else 0,
    }
    if state in _UNCOUNTED:
        counters = dict.fromkeys(counters, -1)
    info = {
        "omsId": call.oms_id,
        "orderId": str(view.order_id),
        "gtin": format_gtin(buffer.gtin),
        "bufferStatus": state.name,
        **counters,
        "poolsExhausted": state is not BufferState.PENDING and counters["leftInBuffer"] == 0,
        "poolInfos": [],
        "expiredDate": _expiry_ms(call.limits, view),
    }
    if call.dialect is Dialect.V3:
        info["templateId"] = buffer.template_id
    return info


def _expiry_ms(limits: Limits, view: OrderView) -> int:
    """Return when codes that are not fetched by then are annulled, 0 for never."""
    days = limits.order_life_days
    return view.row.created_us // 1000 + days * _DAY_MS if days else 0


def order_info(call: Call, view: OrderView) -> dict[str, Any]:
    """Return an order with its buffers as the list of orders has it."""
    info = {
        "orderId": str(view.order_id),
        "orderStatus": view.state.name,
        "createdTimestamp": view.row.created_us // 1000,
        "buffers": [buffer_info(call, view, buffer) for buffer in view.row.buffers],
    }
    if call.dialect is Dialect.V3:
        info["productGroup"] = GROUP_WORDS[Group(view.row.group)]
    return info


def order_list(call: Call, group: Group | None) -> Iterator[bytes]:
    """Yield the list of all orders, of a group in v2, the newest first, page by page."""
    views, token = call.engine.orders(call.bin, page_size=_PAGE_ORDERS)  # may fail: nothing is said
    yield b'{"omsId":"%b","orderInfos":[' % call.oms_id.encode()
    between = b""
    while True:
        infos = [
            json.dumps(order_info(call, view), separators=(",", ":"))
            for view in views
            if group is None or view.row.group == group
        ]
        if infos:
            yield between + ",".join(infos).encode()
            between = b","
        if not token:
            break
        views, token = call.engine.orders(call.bin, page_size=_PAGE_ORDERS, page_token=token)
    yield b"]}"


async def close_order(call: Call, order_id: UUID, gtin: int | None) -> None:
    """Close an order or one buffer of it; again, and what was closed otherwise, is done too."""
    request_id = f"suz:{order_id}:{'' if gtin is None else format_gtin(gtin)}"
    try:
        await call.execute(CloseOrder(call.bin, request_id, order_id, gtin))
    except Refused as refused:
        is_closed = refused.refusal.details.get("state") == BufferState.CLOSED.name
        if refused.reason is not Reason.TRANSITION_REFUSED or not is_closed:
            raise


def attributes(call: Call, order_id: UUID) -> dict[str, Any]:
    """Return the attributes of an order's products by GTIN."""
    given = _products(call, order_id)
    return {gtin: item.get("attributes", {}) for gtin, item in given.items()}


def cis_types(call: Call, order_id: UUID) -> dict[str, str]:
    """Return the cisType that an order named for each GTIN, UNIT where it named none."""
    given = _products(call, order_id)
    return {gtin: item.get("cisType", "UNIT") for gtin, item in given.items()}


def _products(call: Call, order_id: UUID) -> dict[str, dict[str, Any]]:
    """Return what came with an order for each GTIN of it, whichever door it came through."""
    view = call.engine.order(call.bin, order_id)
    text = call.engine.details(call.bin, order_id)
    given = {item["gtin"]: item for item in json.loads(text)["products"]} if text else {}
    gtins = [format_gtin(buffer.gtin) for buffer in view.row.buffers]
    return {gtin: given.get(gtin, {}) for gtin in gtins}

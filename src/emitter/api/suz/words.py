"""The words of the stations' dialects and what they mean to the engine, each table once."""

from __future__ import annotations

import re
from typing import NamedTuple

from emitter.errors import Reason
from emitter.trade.circulation import DocumentStatus
from emitter.trade.templates import Group

EXTENSIONS = {
    "alcohol": Group.BEER,
    "lp": Group.LIGHT_INDUSTRY,
    "milk": Group.MILK,
    "pharma": Group.PHARMA,
    "shoes": Group.SHOES,
    "tobacco": Group.TOBACCO,
    "water": Group.WATER,
}
"""v2: the word in the path. The only template of alcohol is that of beer."""

PRODUCT_GROUPS = {
    "shoes": Group.SHOES,
    "tobacco": Group.TOBACCO,
    "pharma": Group.PHARMA,
    "tires": Group.TIRES,
    "electronics": Group.CAMERAS,
    "perfumery": Group.PERFUMERY,
    "lp": Group.LIGHT_INDUSTRY,
    "bicycle": Group.BICYCLES,
    "wheelchairs": Group.MEDICAL,
    "water": Group.WATER,
    "beer": Group.BEER,
    "milk": Group.MILK,
}
"""v3: productGroup. ASSUMED words for cameras (electronics) and medical devices (wheelchairs)."""

GROUP_WORDS = {group: word for word, group in PRODUCT_GROUPS.items()}


PUT_ON_GOODS = ("USED_FOR_PRODUCTION", "PRINTED", "VERIFIED")
"""usageType: the words that say that a label is on goods; the first stands where v3 has none."""

REPORT_STATUS = {
    DocumentStatus.ACCEPTED: "SENT",
    DocumentStatus.PARTLY_ACCEPTED: "SENT",
    DocumentStatus.REJECTED: "REJECTED",
}
"""reportStatus: a document is decided in the step that makes it, so it is never on its way."""


class NotOffered(NamedTuple):
    """A function of the contract that the engine does not have yet."""

    method: str
    path: str  # after the extension in v2, after the dialect in v3
    needs: str
    dialects: tuple[str, ...]


NOT_OFFERED = (
    NotOffered("GET", "receipts", "receipts signed by the operator", ("v2",)),
    NotOffered("POST", "logs/upload", "a store for stations' logs", ("v2",)),
)
"""Answered with 501; the table of docs/stations.md is drawn from it."""

SENTENCES = {
    Reason.QUANTITY_LEFT: (
        "{left} codes are left in the buffer.",
        "В буфере осталось кодов: {left}.",
    ),
    Reason.FUNDS_INSUFFICIENT: (
        "Available money does not cover the order: {missing_tiyn} tiyn are missing.",
        "Доступных денег не хватает: недостаёт {missing_tiyn} тиын.",
    ),
    Reason.ORDERS_ACTIVE_LIMIT: (
        "{active} orders are open, the limit is {limit}. buffer/close or order/close makes room.",
        "Открыто заказов: {active}, предел: {limit}. Место освобождает buffer/close (order/close).",
    ),
}
"""What a station is told in other words than a client of gRPC: in English and in Russian."""

REFUSED_FIELDS = {Reason.QUANTITY_LEFT: "quantity"}
"""Reasons that name no field but are about one."""

_FIELDS = {
    "template_id": "templateId",
    "price_tiyn": "mrp",
    "serial_numbers": "serialNumbers",
    "order_id": "orderId",
    "block_id": "blockId",
    "request_id": "X-Request-Id",
    "page_token": "pageToken",
    "codes": "sntins",
    "document_id": "reportId",
    "box": "unitSerialNumber",
    "capacity": "aggregationUnitCapacity",
}
_LINE, _UNIT = re.compile(r"^lines\b"), re.compile(r"^units\b")


def field_word(field: str) -> str:
    """Return the stations' name of a field that the engine names: lines[0].template_id."""
    head, dot, tail = _UNIT.sub("aggregationUnits", _LINE.sub("products", field)).rpartition(".")
    return head + dot + _FIELDS.get(tail, tail)

"""PublicService: one code, checked for anybody; and what both public doors have in common."""

from __future__ import annotations

import ipaddress
import time
from typing import TYPE_CHECKING, NamedTuple

from emitter.api.values import wire
from emitter.engine.public import GoodsState, Verdict
from emitter.trade.gs1 import format_gtin
from emitter.v1 import public_pb2

if TYPE_CHECKING:
    from emitter.api.calls import Visit
    from emitter.engine.engine import Engine

_STEP_S = 0.005
_PREFIX_BITS = 64  # of IPv6: what a subscriber has of his own

_SENTENCES = {
    Verdict.GENUINE: (
        "The code is genuine: it was issued by the marking operator.",
        "Код подлинный: он выпущен оператором маркировки.",
    ),
    Verdict.NOT_GENUINE: (
        "The code is not genuine: the marking operator did not issue it.",
        "Код не подлинный: оператор маркировки его не выпускал.",
    ),
    Verdict.UNREADABLE: (
        "This is not a marking code. Scan the square symbol once more.",
        "Это не код маркировки. Отсканируйте квадратный символ ещё раз.",
    ),
    Verdict.WITHHELD: (
        "Codes of this product cannot be checked here now: ask in the shop, or check later.",
        "Коды этого товара здесь сейчас не проверяются: спросите в магазине или проверьте позже.",
    ),
}
STATE_WORDS = {
    GoodsState.NOT_IN_CIRCULATION: ("not in circulation", "не введён в оборот"),
    GoodsState.IN_CIRCULATION: ("in circulation", "в обороте"),
    GoodsState.SOLD: ("sold", "продан (выведен из оборота)"),
    GoodsState.WRITTEN_OFF: ("written off", "списан"),
    GoodsState.ANNULLED: ("annulled", "аннулирован"),
}


class PublicAnswer(NamedTuple):
    """What a consumer hears; ``seconds`` is how long to wait before saying it."""

    verdict: Verdict
    message: str
    gtin: str
    product_name: str
    product_name_kk: str
    owner_name: str
    state: GoodsState | None
    seconds: float


def caller_of(address: str) -> str:
    """Return what wrong checks of an address are counted under: of IPv6 the network of 64 bits."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found), _PREFIX_BITS), strict=False))


def seconds_left(spent_s: float) -> float:
    """Return how long to wait so that an answer takes whole steps of five milliseconds.

    What is refused early, an unknown GTIN say, is then not told by its time from a forged check.
    """
    return _STEP_S - spent_s % _STEP_S


def public_answer(engine: Engine, code: bytes, address: str, language: str) -> PublicAnswer:
    """Check a code for anybody; raises `Refused` (CHECKS_SLOWED)."""
    began = time.perf_counter()
    # A file of one code, or a scanner, ends it with a line's end.
    found = engine.check_code(code.strip(b"\r\n"), caller_of(address))
    answer = PublicAnswer(
        found.verdict,
        _SENTENCES[found.verdict][language == "ru"],
        format_gtin(found.gtin) if found.gtin else "",
        found.product_name,
        found.product_name_kk,
        found.owner_name,
        found.state,
        0.0,
    )
    return answer._replace(seconds=seconds_left(time.perf_counter() - began))


class PublicServicer:
    """The service ``emitter.v1.PublicService``, which asks for no token."""

    descriptor = public_pb2.DESCRIPTOR.services_by_name["PublicService"]

    def check_code(
        self, request: public_pb2.CheckCodeRequest, call: Visit
    ) -> public_pb2.CheckCodeResponse:
        """Check one code."""
        found = public_answer(call.engine, request.code, call.address, call.language)
        time.sleep(found.seconds)
        return public_pb2.CheckCodeResponse(
            verdict=wire(found.verdict),
            message=found.message,
            gtin=found.gtin,
            product_name=found.product_name,
            product_name_kk=found.product_name_kk,
            owner_name=found.owner_name,
            state=wire(found.state or 0),
        )

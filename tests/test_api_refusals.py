"""Bad input through the whole wire: one typed reason each, and nothing in the store has changed.

The invariant of every fuzz below: a call answers, or is refused with one of our reasons and the
gRPC code of that reason; it never fails untyped and never as INTERNAL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emitter.api.calls import API_VERSION
from emitter.client import Client, Reason, Refused
from emitter.errors import Refusal
from emitter.v1 import account_pb2, box_pb2, code_pb2, order_pb2
from emitter.wire import refused_of_call
from fuzzing import amount
from served import PHARMA, Served, gtin_of, new_id, pharma, refusal_of, typed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from emitter.engine.keys import KeyRing

FILES = (
    order_pb2.DESCRIPTOR, code_pb2.DESCRIPTOR, account_pb2.DESCRIPTOR, box_pb2.DESCRIPTOR
)  # fmt: skip
METHODS = [
    method
    for file in FILES
    for service in file.services_by_name.values()
    for method in service.methods
    if not method.client_streaming
]
CASES = settings(
    max_examples=amount(60, 2000),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def failure(call: Callable[[], object]) -> grpc.RpcError | None:
    """The error of a call, None if it was answered."""
    try:
        call()
    except grpc.RpcError as error:
        return error
    return None


def path_of(method: Any) -> str:
    return f"{method.containing_service.name}/{method.name}"


@pytest.fixture(scope="module")
def served(keys: KeyRing) -> Iterator[Served]:
    with Served(keys) as served:
        yield served


@pytest.mark.parametrize("method", METHODS, ids=path_of)
@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("authorization", "")],
        [("authorization", "Bearer ")],
        [("authorization", "Bearer wrong")],
        [("authorization", "Basic eDp5")],
        [("authorization", f"bearer {'x' * 5000}")],
        [("token", "x")],
    ],
    ids=range(7),
)
def test_without_a_valid_token_nothing_is_answered(
    served: Served, method: Any, headers: list[tuple[str, str]]
) -> None:
    before = served.dump()
    assert refusal_of(lambda: served.ask(method, b"", headers)).reason is Reason.UNAUTHENTICATED
    # Who calls comes before what is asked: not even the form of the message is judged.
    assert refusal_of(lambda: served.ask(method, b"\xff", headers)).reason is Reason.UNAUTHENTICATED
    assert served.dump() == before


@pytest.mark.parametrize("method", METHODS, ids=path_of)
def test_bytes_that_are_no_message_are_refused(served: Served, method: Any) -> None:
    before = served.dump()
    headers = [("authorization", f"Bearer {served.token}")]
    for body in (b"\xff", b"\x0a\x05abc", b"\x08" + b"\xff" * 11):
        refused = refusal_of(lambda body=body: served.ask(method, body, headers))
        assert refused.reason is Reason.FIELD_INVALID, body
    assert served.dump() == before


def test_text_that_is_not_utf8_is_refused(served: Served) -> None:
    refused = served.refusal("OrderService/GetOrder", b"\x0a\x02\xff\xfe")
    assert refused.reason is Reason.FIELD_INVALID


@given(body=st.binary(max_size=120), data=st.data())
@CASES
def test_any_bytes_are_answered_or_refused_with_a_reason(
    served: Served, body: bytes, data: st.DataObject
) -> None:
    method = data.draw(st.sampled_from(METHODS))
    token = data.draw(st.sampled_from([served.token, served.operator_token]))
    headers = [("authorization", f"Bearer {token}")]
    error = failure(lambda: served.ask(method, body, headers))
    assert error is None or typed(error).reason is not Reason.INTERNAL


FUZZED = gtin_of(500)  # its serials take the form of whichever order comes first
TEXTS = st.text(max_size=70) | st.sampled_from(
    [
        "",
        FUZZED,
        FUZZED[:-1] + "1",
        "0" * 14,
        "٠" * 14,
        "-" + FUZZED[1:],
        "+" + FUZZED[1:],
        " " * 14,
    ]
)
NUMBERS = st.sampled_from([0, 1, -1, 2**31 - 1, -(2**31)]) | st.integers(-(2**31), 2**31 - 1)
BIG_NUMBERS = st.sampled_from([0, 1, -1, 10**7, 10**7 + 1, 2**63 - 1, -(2**63)]) | NUMBERS
LINES = st.builds(
    order_pb2.OrderLine,
    gtin=TEXTS,
    quantity=BIG_NUMBERS,
    template_id=st.sampled_from([1, 3, 4, 5, 10, 16]) | NUMBERS,
    price_tiyn=st.none() | BIG_NUMBERS,
)


@given(
    st.builds(order_pb2.CreateOrderRequest, request_id=TEXTS, lines=st.lists(LINES, max_size=12))
)
@CASES
def test_any_order_is_made_or_refused_with_a_reason_of_its_form(
    served: Served, request_: order_pb2.CreateOrderRequest
) -> None:
    body = request_.SerializeToString()
    error = failure(lambda: served.raw("OrderService/CreateOrder", body))
    if error is not None:
        reason = typed(error).reason
        assert 48 <= reason < 80 or reason in OF_STATE


OF_STATE = {
    Reason.FUNDS_INSUFFICIENT,
    Reason.REQUEST_DIFFERS,
    Reason.PRODUCT_NOT_FOUND,
    Reason.PRODUCT_GROUP,
    Reason.SERIALS_EXHAUSTED,
    Reason.ORDERS_ACTIVE_LIMIT,
}


def line(**fields: Any) -> order_pb2.OrderLine:
    return order_pb2.OrderLine(**{"gtin": PHARMA, "quantity": 1, "template_id": 5} | fields)


@pytest.mark.parametrize(
    ("lines", "reason", "field"),
    [
        ([], Reason.FIELD_REQUIRED, "lines"),
        ([line(gtin="")], Reason.GTIN_INVALID, "lines[0].gtin"),
        ([line(gtin=PHARMA[:-1])], Reason.GTIN_INVALID, "lines[0].gtin"),
        ([line(gtin=PHARMA[:-1] + "1")], Reason.GTIN_INVALID, "lines[0].gtin"),
        ([line(gtin="٠" * 14)], Reason.GTIN_INVALID, "lines[0].gtin"),
        ([line(), line(gtin="x")], Reason.GTIN_INVALID, "lines[1].gtin"),
        ([line(quantity=0)], Reason.QUANTITY_OUT_OF_RANGE, "lines[0].quantity"),
        ([line(quantity=-1)], Reason.QUANTITY_OUT_OF_RANGE, "lines[0].quantity"),
        ([line(quantity=10_000_001)], Reason.QUANTITY_OUT_OF_RANGE, "lines[0].quantity"),
        ([line(quantity=2**63 - 1)], Reason.QUANTITY_OUT_OF_RANGE, "lines[0].quantity"),
        ([line(template_id=0)], Reason.TEMPLATE_UNKNOWN, "lines[0].template_id"),
        ([line(template_id=2)], Reason.TEMPLATE_UNKNOWN, "lines[0].template_id"),
        ([line(template_id=-5)], Reason.TEMPLATE_UNKNOWN, "lines[0].template_id"),
        ([line(price_tiyn=1)], Reason.PRICE_REFUSED, "lines[0].price_tiyn"),
        ([line(template_id=3)], Reason.PRICE_REQUIRED, "lines[0].price_tiyn"),
        ([line(template_id=3, price_tiyn=-1)], Reason.PRICE_REQUIRED, "lines[0].price_tiyn"),
        ([line(template_id=3, price_tiyn=10**6)], Reason.PRICE_REQUIRED, "lines[0].price_tiyn"),
        ([line(), line(quantity=2)], Reason.GTIN_REPEATED, "lines[1].gtin"),
        ([line(), line(gtin=gtin_of(1), template_id=10)], Reason.GROUP_MIXED, None),
        ([line(gtin=gtin_of(n)) for n in range(11)], Reason.LIMIT_EXCEEDED, "lines"),
    ],
)
def test_an_order_of_a_wrong_form_is_refused_where_it_is_wrong(
    served: Served, lines: list[order_pb2.OrderLine], reason: Reason, field: str | None
) -> None:
    before = served.dump()
    with pytest.raises(Refused) as refused:
        served.client.create_order(lines)
    assert refused.value.reason is reason
    assert field in {None, refused.value.refusal.details.get("field")}
    assert served.dump() == before


@pytest.mark.parametrize("request_id", ["", "x" * 65, "two\nlines", "\x00"])
def test_a_request_id_is_a_short_printable_text(served: Served, request_id: str) -> None:
    before = served.dump()
    order_id = new_id()
    for method, request in (
        ("CreateOrder", order_pb2.CreateOrderRequest(request_id=request_id, lines=pharma(1))),
        ("CloseOrder", order_pb2.CloseOrderRequest(request_id=request_id, order_id=order_id)),
    ):
        refused = served.refusal(f"OrderService/{method}", request.SerializeToString())
        assert refused.reason in {Reason.FIELD_REQUIRED, Reason.TEXT_INVALID}
        assert refused.refusal.details["field"] == "request_id"
    assert served.dump() == before


@pytest.mark.parametrize(
    ("order_id", "reason"),
    [
        ("", Reason.FIELD_REQUIRED),
        ("x", Reason.FIELD_INVALID),
        ("я" * 36, Reason.FIELD_INVALID),
        ("00000000-0000-0000-0000-000000000000", Reason.ORDER_NOT_FOUND),
    ],
)
def test_an_order_that_is_not_there_is_not_found_and_a_wrong_id_is_named(
    served: Served, order_id: str, reason: Reason
) -> None:
    for call in (
        lambda: served.client.order(order_id),
        lambda: served.client.close_order(order_id),
        lambda: served.client.close_buffer(order_id, PHARMA),
        lambda: served.client.deliver(order_id, PHARMA),
        lambda: list(served.client.blocks(order_id, PHARMA)),
    ):
        with pytest.raises(Refused) as refused:
            call()
        assert refused.value.reason is reason


def test_a_negative_page_is_refused(served: Served) -> None:
    for call in (served.client.orders, served.client.transactions):
        with pytest.raises(Refused) as refused:
            list(call(page_size=-1))
        assert refused.value.reason is Reason.FIELD_INVALID


@pytest.mark.parametrize(
    ("amount_tiyn", "reference", "reason"),
    [
        (0, "x", Reason.AMOUNT_OUT_OF_RANGE),
        (-1, "x", Reason.AMOUNT_OUT_OF_RANGE),
        (10**15 + 1, "x", Reason.AMOUNT_OUT_OF_RANGE),
        (2**63 - 1, "x", Reason.AMOUNT_OUT_OF_RANGE),
        (5, "", Reason.FIELD_REQUIRED),
        (5, "x" * 65, Reason.TEXT_INVALID),
    ],
)
def test_a_payment_of_a_wrong_form_is_not_booked(
    served: Served, amount_tiyn: int, reference: str, reason: Reason
) -> None:
    before = served.dump()
    for bin_ in ("990140000384", "990140000017", ""):
        with pytest.raises(Refused) as refused:
            served.operator.credit(bin_, amount_tiyn, reference)
        assert refused.value.reason is (reason if bin_ else Reason.BIN_INVALID)
    assert served.dump() == before


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_refusal_speaks_the_callers_language(served: Served, language: str) -> None:
    body = order_pb2.GetOrderRequest(order_id=new_id()).SerializeToString()
    with pytest.raises(grpc.RpcError) as caught:
        served.raw("OrderService/GetOrder", body, accept_language=f"{language}-KZ, *;q=0.1")
    message = error_details_pb2.LocalizedMessage()
    status = rpc_status.from_call(caught.value)
    assert any(detail.Unpack(message) for detail in status.details)
    refused = refused_of_call(caught.value)
    assert (message.locale, message.message) == (language, refused.refusal.sentence(language))
    assert status.message == caught.value.details() == refused.refusal.sentence("en")


def test_every_answer_states_the_version_of_the_api(served: Served) -> None:
    _, call = served.raw("AccountService/GetAccount", b"")
    assert dict(call.trailing_metadata())["emitter-api-version"] == API_VERSION
    order = served.client.create_order(pharma(1))
    request = code_pb2.DeliverBlockRequest(order_id=order.order_id, gtin=PHARMA, block_id="v")
    stream = served.raw_stream("CodeService/DeliverBlock", request.SerializeToString())
    assert dict(stream.initial_metadata())["emitter-api-version"] == API_VERSION
    list(stream)
    assert dict(stream.trailing_metadata())["emitter-api-version"] == API_VERSION


def test_a_method_that_does_not_exist_is_unimplemented(served: Served) -> None:
    for path in ("OrderService/DropTables", "NoService/GetOrder"):
        with pytest.raises(grpc.RpcError) as caught:
            served.raw(path, b"")
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_what_fails_inside_is_told_to_the_log_and_not_to_the_caller(
    keys: KeyRing, caplog: pytest.LogCaptureFixture
) -> None:
    with Served(keys) as served:
        with Client(served.target, served.token, attempts=1) as client:
            rows = served.dump()
            served.store.update(
                lambda writer: writer.put_many([(k, b"damaged") for k, _ in rows if k[:1] == b"a"])
            )
            with pytest.raises(Refused) as refused:
                client.account()
        served.store.update(lambda writer: writer.put_many(rows))
    assert refused.value.refusal == Refusal(Reason.INTERNAL, {})
    assert "damaged" not in str(refused.value)
    assert any(record.exc_info for record in caplog.records)

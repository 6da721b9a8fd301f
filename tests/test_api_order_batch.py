"""BatchCreateOrders over a real socket: a verdict for each order, in order, each by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from emitter.client import Client, OrderLine, Reason, Refused
from emitter.config import Limits
from emitter.v1 import order_pb2 as pb
from emitter.wire import refused_of
from served import OTHER_PHARMA, Served, bin_of, new_id, pharma, pharma_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.engine.keys import KeyRing

METHOD = "OrderService/BatchCreateOrders"


@pytest.fixture(scope="module")
def served(keys: KeyRing) -> Iterator[Served]:
    with Served(keys, Limits(active_orders_max=0)) as served:
        yield served


def batch(*orders: tuple[str, list[OrderLine]]) -> bytes:
    requests = [pb.CreateOrderRequest(request_id=each, lines=lines) for each, lines in orders]
    return pb.BatchCreateOrdersRequest(requests=requests).SerializeToString()


def test_verdicts_come_in_the_order_of_the_requests_each_by_itself(served: Served) -> None:
    good, bad_gtin, none, late = (new_id() for _ in range(4))
    body = batch(
        (good, pharma(2)),
        (bad_gtin, pharma(2, "04870001234561")),
        (none, []),
        ("", pharma(2)),
        (late, pharma(3)),
        (good, pharma(2)),
        (late, pharma(4)),
    )
    verdicts = pb.BatchCreateOrdersResponse.FromString(served.raw(METHOD, body)[0]).verdicts
    assert [v.request_id for v in verdicts] == [good, bad_gtin, none, "", late, good, late]
    assert [v.order.buffers[0].quantity for v in verdicts if v.HasField("order")] == [2, 3, 2]
    assert [v.replayed for v in verdicts] == [False] * 5 + [True, False]
    assert verdicts[0].order == verdicts[5].order
    refusals = [refused_of(v.error) for v in verdicts if v.HasField("error")]
    assert [each.reason for each in refusals] == [
        Reason.GTIN_INVALID, Reason.FIELD_REQUIRED, Reason.FIELD_REQUIRED, Reason.REQUEST_DIFFERS,
    ]  # fmt: skip
    assert refusals[0].refusal.details == {"field": "lines[0].gtin"}


def test_many_orders_are_created_in_few_calls(served: Served) -> None:
    with Client(served.target, served.join(bin_of(30))) as client:
        orders = {new_id(): pharma(number % 5 + 1, pharma_of(bin_of(30))) for number in range(1100)}
        answers = list(client.create_orders(orders.items()))
        assert [request_id for request_id, _ in answers] == list(orders)
        for request_id, order in answers:
            assert order.buffers[0].quantity == orders[request_id][0].quantity
        assert client.account().open_orders == 1100
        assert list(client.create_orders(orders.items())) == answers
        assert client.account().open_orders == 1100
        assert list(client.create_orders([])) == []


def test_money_is_reserved_for_as_many_orders_as_it_covers(served: Served) -> None:
    with Client(served.target, served.join(bin_of(31), 5 * 311)) as client:
        lines = pharma(1, pharma_of(bin_of(31)))
        verdicts = [verdict for _, verdict in client.create_orders([lines] * 9)]
        refused = [each for each in verdicts if isinstance(each, Refused)]
        reserved_tiyn = sum(each.reserved_tiyn for each in verdicts if each not in refused)
        assert {each.reason for each in refused} == {Reason.FUNDS_INSUFFICIENT}
        assert 0 < len(refused) < 9
        assert client.account().available_tiyn == 5 * 311 - reserved_tiyn


def test_what_does_not_fit_into_the_queue_is_repeated_by_the_client(keys: KeyRing) -> None:
    limits = Limits(  # and a writer that waits while they are handed in
        queue_participant_commands_max=20, queue_commands_max=100, batch_gather_ms=100
    )
    with Served(keys, limits) as served:
        body = batch(*[(new_id(), pharma(1)) for _ in range(90)])
        verdicts = pb.BatchCreateOrdersResponse.FromString(served.raw(METHOD, body)[0]).verdicts
        refusals = [refused_of(v.error) for v in verdicts if v.HasField("error")]
        assert {each.reason for each in refusals} == {Reason.OVERLOADED}
        with Client(served.target, served.other_token, attempts=50) as client:
            verdicts = dict(client.create_orders(
                (f"{n}", pharma(1, OTHER_PHARMA)) for n in range(90)
            ))
            assert not any(isinstance(each, Refused) for each in verdicts.values())
            assert sorted(verdicts) == sorted(f"{n}" for n in range(90))
            assert client.account().open_orders == 90


def test_a_batch_has_a_limit(keys: KeyRing) -> None:
    with Served(keys, Limits(batch_orders_max=3)) as served:
        orders = [(new_id(), pharma(1)) for _ in range(4)]
        before = served.dump()
        refused = served.refusal(METHOD, batch(*orders))
        assert refused.reason is Reason.LIMIT_EXCEEDED
        assert refused.refusal.details == {"field": "requests", "limit": "3"}
        assert served.dump() == before
        assert len(list(served.client.create_orders(orders[:3]))) == 3


def test_the_operator_orders_nothing_in_batches_either(served: Served) -> None:
    with pytest.raises(Refused) as refused:
        list(served.operator.create_orders([pharma(1)]))
    assert refused.value.reason is Reason.PERMISSION_DENIED

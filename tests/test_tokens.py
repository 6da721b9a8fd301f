"""Bearer tokens that end: listed, revoked, expired; on calls, on open streams, in the store."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from typing import TYPE_CHECKING

import pytest

from emitter.client import Client, Reason, Refused, Role
from emitter.engine.commands import IssueToken, RevokeToken
from emitter.engine.engine import Engine
from emitter.engine.invariants import BreachError, check_store
from emitter.engine.participants import Role as Caller
from emitter.store.memory import MemoryStore
from emitter.store.token_rows import TOKEN_ENDS, TokenEndRow
from emitter.v1 import account_pb2 as pb
from served import BIN, PHARMA, Served, pharma, typed
from test_api_streams import OpenStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.engine.keys import KeyRing

SECOND_US = 1_000_000
LARGE = 3_000_000  # codes: more than the windows of a connection take


@pytest.fixture(scope="module")
def served(keys: KeyRing) -> Iterator[Served]:
    with Served(keys) as served:
        yield served


def id_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:16]


def refused_with(token: str, served: Served) -> Refused:
    with Client(served.target, token) as client, pytest.raises(Refused) as caught:
        client.account(bin=BIN)
    return caught.value


def test_the_list_tells_whose_tokens_are_and_until_when_and_no_secret(served: Served) -> None:
    lifetime = dt.timedelta(days=30)
    station = served.operator.issue_token(Role.ROLE_STATION, BIN, "line 1", lifetime)
    operator = served.operator.issue_token(Role.ROLE_OPERATOR, label="shift")
    listed = {each.token_id: each for each in served.operator.tokens(page_size=1)}
    assert listed.keys() == {each.token_id for each in served.operator.tokens()}
    first, second = listed[id_of(station)], listed[id_of(operator)]
    assert (first.role, first.bin, first.label) == (Role.ROLE_STATION, BIN, "line 1")
    assert (second.role, second.bin, second.label) == (Role.ROLE_OPERATOR, "", "shift")
    ends_ns = first.expire_time.ToNanoseconds() - first.create_time.ToNanoseconds()
    assert ends_ns == 30 * 86_400 * 10**9
    assert not second.HasField("expire_time")
    assert not any(each.HasField("revoke_time") for each in (first, second))
    assert station not in str(list(listed.values()))


def test_a_revoked_token_opens_nothing_from_then_on(served: Served) -> None:
    token = served.operator.issue_token(Role.ROLE_STATION, BIN, "lost")
    with Client(served.target, token) as client:
        assert client.account().bin == BIN
        first = served.operator.revoke_token(id_of(token))
        with pytest.raises(Refused) as refused:
            client.account()
        with pytest.raises(Refused) as streamed:
            list(client.stream_orders([pharma(1)]))
    for caught in (refused, streamed):
        assert caught.value.reason is Reason.TOKEN_REVOKED
        assert caught.value.refusal.details == {"token_id": id_of(token)}
    assert served.operator.revoke_token(id_of(token)) == first, "again is the same as once"
    assert served.client.account().bin == BIN, "another token of the participant"


def test_only_an_operator_ends_tokens_and_only_those_that_are_there(served: Served) -> None:
    before = served.dump()
    for call in (
        lambda: served.client.revoke_token(id_of(served.other_token)),
        lambda: list(served.client.tokens()),
    ):
        with pytest.raises(Refused) as refused:
            call()
        assert refused.value.reason is Reason.PERMISSION_DENIED
    for nobody in ("0" * 16, "xyz", id_of(served.token)[:8], "ё" * 16):
        with pytest.raises(Refused) as refused:
            served.operator.revoke_token(nobody)
        assert refused.value.reason is Reason.TOKEN_NOT_FOUND
    assert served.dump() == before


@pytest.mark.parametrize("ending", ["revoked", "expired"])
def test_open_streams_end_with_their_token_and_others_go_on(served: Served, ending: str) -> None:
    lifetime = dt.timedelta(seconds=3) if ending == "expired" else None
    token = served.operator.issue_token(Role.ROLE_STATION, BIN, "streams", lifetime)
    order = served.client.create_order(pharma(LARGE))
    with Client(served.target, token) as client:
        mine, other = OpenStream(served.target, token), OpenStream(served.target, served.token)
        for stream in (mine, other):
            stream.send()
            stream.receive()
        slow = iter(client.deliver(order.order_id, PHARMA, f"large-{ending}", LARGE // 2))
        next(slow)
        started = time.monotonic()
        if ending == "revoked":
            served.operator.revoke_token(id_of(token))
        with pytest.raises(Exception) as ended:  # noqa: PT011 - typed below
            mine.receive()
        assert typed(ended.value).reason.name == f"TOKEN_{ending.upper()}"
        assert time.monotonic() - started < 5
        time.sleep(2.5)  # the delivery, which nobody reads, is cancelled
        with pytest.raises(Refused) as refused:  # and is not resumed
            list(slow)
        assert refused.value.reason.name == f"TOKEN_{ending.upper()}"
        other.send()
        assert other.receive().order.order_id
        other.end()


@pytest.mark.parametrize("seconds", [-1, 0, 0.999_999, 3.2e9])
def test_a_lifetime_that_is_none_is_refused(served: Served, seconds: float) -> None:
    request = pb.IssueTokenRequest(role=Role.ROLE_OPERATOR, label="x")
    request.lifetime.FromTimedelta(dt.timedelta(seconds=seconds))
    refused = served.refusal(
        "AccountService/IssueToken", request.SerializeToString(), served.operator_token
    )
    assert refused.reason is Reason.FIELD_INVALID
    assert refused.refusal.details["field"] == "lifetime"


def test_a_token_ends_on_the_microsecond_and_what_was_revoked_stays_so(keys: KeyRing) -> None:
    now_us = [1_800_000_000 * SECOND_US]
    store = MemoryStore()

    def reopened() -> Engine:
        return Engine(store, keys, clock=lambda: now_us[0], threaded=False)

    engine = reopened()
    token = engine.execute(IssueToken(Caller.OPERATOR, None, "x", SECOND_US)).value
    for_ever = engine.execute(IssueToken(Caller.OPERATOR, None, "y")).value
    principal = engine.authenticate(for_ever)
    now_us[0] += SECOND_US - 1
    assert engine.authenticate(token).ends_us == now_us[0] + 1
    now_us[0] += 1
    engine.execute(RevokeToken(id_of(for_ever)))
    with pytest.raises(Refused) as refused:  # let in before, for a stream that was not yet seen
        engine.require_live(principal)
    assert refused.value.reason is Reason.TOKEN_REVOKED
    for each, reason in ((token, Reason.TOKEN_EXPIRED), (for_ever, Reason.TOKEN_REVOKED)):
        with pytest.raises(Refused) as refused:
            reopened().authenticate(each)
        assert refused.value.reason is reason
    engine.execute(RevokeToken(id_of(token)))
    view = reopened().token(id_of(token))
    assert (view.ends_us, view.revoked_us) == (now_us[0], now_us[0]), "the end is kept beside"
    check_store(store, whole=True)
    row = (TOKEN_ENDS + bytes(32), TokenEndRow(1, 1).pack())
    store.update(lambda writer: writer.put_many([row]))
    with pytest.raises(BreachError, match="what ends is a token"):
        check_store(store, whole=True)

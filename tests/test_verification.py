"""Checking codes through the engine: which verdict, which state, whose code."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from conftest import LP, MILK, Bench
from emitter import _core
from emitter.engine.commands import (
    OrderLine,
)
from emitter.engine.keys import KeyRing
from emitter.errors import Reason, Refused
from emitter.trade.states import CodeState

if TYPE_CHECKING:
    from pathlib import Path


def test_every_delivered_code_verifies_and_every_bit_flip_does_not(bench: Bench) -> None:
    bench.join(tiyn=10**9)
    order = bench.order("1", OrderLine(LP, 500, 10))
    milk = bench.order("2", OrderLine(MILK, 500, 20))
    codes = bench.codes(bench.deliver(order, "b", gtin=LP).value)
    codes += bench.codes(bench.deliver(milk, "b", gtin=MILK).value)
    assert len(set(codes)) == 1000
    verdict = bench.engine.verify(b"\n".join(codes))
    assert not verdict.reasons.any()
    assert (verdict.states == CodeState.APPLIED_AND_PAID).all()
    owners = [verdict.buffers[index] for index in verdict.buffer_index.tolist()]
    assert {(o.order_id, o.gtin) for o in owners[:500]} == {(order.order_id, LP)}
    assert {(o.order_id, o.gtin) for o in owners[500:]} == {(milk.order_id, MILK)}
    code = codes[0]
    flipped = [
        bytes([*code[:at], code[at] ^ 1 << bit, *code[at + 1 :]])
        for at in range(len(code))
        for bit in range(7)
        if code[at] ^ 1 << bit != 0x0A
    ]
    assert bench.engine.verify(b"\n".join(flipped)).reasons.all()


def test_codes_not_yet_delivered_are_emitted_and_other_counters_never_issued(bench: Bench) -> None:
    bench.join(tiyn=10**9)
    order = bench.order("1", OrderLine(LP, 10, 10))
    block = bench.deliver(order, "b", 4, gtin=LP).value
    rest = block._replace(first=4, row=block.row._replace(quantity=6))
    beyond = block._replace(first=10, row=block.row._replace(quantity=5))
    assert (bench.engine.verify(b"\n".join(bench.codes(rest))).states == CodeState.EMITTED).all()
    reasons = bench.engine.verify(b"\n".join(bench.codes(beyond))).reasons
    assert (reasons == Reason.CODE_NEVER_ISSUED).all()


def test_checking_says_why_not(bench: Bench) -> None:
    bench.join(tiyn=10**9)
    order = bench.order("1", OrderLine(LP, 10, 10))
    code = bench.codes(bench.deliver(order, "b", gtin=LP).value)[0]
    unknown = code.replace(b"04640088090997", b"04670033010053")
    foreign = code[:18] + b"5" + code[19:]
    wrong_digit = code.replace(b"04640088090997", b"04640088090998")
    forged = code[:-2] + (b"A=" if code[-2:] != b"A=" else b"B=")
    verdict = bench.engine.verify(b"\n".join([code, unknown, foreign, wrong_digit, forged, b"x"]))
    assert verdict.reasons.tolist() == [
        Reason.OK,
        Reason.CODE_UNKNOWN_GTIN,
        Reason.CODE_OTHER_OPERATOR,
        Reason.CODE_GTIN_INVALID,
        Reason.CODE_FORGED,
        Reason.CODE_UNPARSABLE,
    ]
    assert verdict.states[1:].tolist() == [0] * 5
    assert verdict.buffer_index[1:].tolist() == [-1] * 5


def test_a_forged_code_tells_nobody_who_holds_its_serial(bench: Bench) -> None:
    bench.join(tiyn=10**9)
    codes = [
        bench.codes(bench.deliver(bench.order(name, OrderLine(LP, 1, 10)), "b", gtin=LP).value)[0]
        for name in ("1", "2")
    ]
    forged = codes[0][:-2] + (b"A=" if codes[0][-2:] != b"A=" else b"B=")
    assert not bench.engine.verify(forged).buffers
    verdict = bench.engine.verify(b"\n".join([forged, codes[1]]))
    assert verdict.buffer_index.tolist() == [-1, 0]
    assert [held.order_id for held in verdict.buffers] == [
        bench.engine.verify(codes[1]).buffers[0].order_id
    ]


def test_orders_of_all_templates_are_emitted_and_verify(bench: Bench) -> None:
    bench.join(tiyn=10**9)
    gtin = 4640088090997
    for template_id in (1, 3, 8, 16, 18, 20):
        price = 11_200 if template_id == 3 else None
        try:
            order = bench.order(f"t{template_id}", OrderLine(gtin, 50, template_id, price))
        except Refused as refusal:
            assert refusal.reason is Reason.SERIAL_FORM_FIXED  # noqa: PT017 - three share a length
            continue
        codes = bench.codes(bench.deliver(order, "b", gtin=gtin).value)
        assert not bench.engine.verify(b"\n".join(codes)).reasons.any(), template_id


def test_verification_finds_ranges_after_the_store_is_opened_again(bench: Bench, keys) -> None:
    bench.join(tiyn=10**9)
    order = bench.order("1", OrderLine(LP, 10, 10))
    codes = bench.codes(bench.deliver(order, "b", gtin=LP).value)
    again = Bench.__new__(Bench)
    again.store, again.clock = bench.store, bench.clock
    again.engine = type(bench.engine)(bench.store, keys, clock=bench.clock, threaded=False)
    assert not again.engine.verify(b"\n".join(codes)).reasons.any()
    assert again.engine.verify(b"").reasons.shape == (0,)


def test_codes_of_a_replaced_key_still_verify(tmp_path: Path, clock) -> None:
    ring = KeyRing.create(tmp_path / "keys", os.urandom(32))
    bench = Bench(ring, clock)
    bench.join(tiyn=10**9)
    codes = []
    for request_id in ("1", "2"):
        order = bench.order(request_id, OrderLine(LP, 10, 10))
        codes += bench.codes(bench.deliver(order, "b", gtin=LP).value)
        replaced, _ = ring.current(_core.CHECK_MAC)
        ring.make_current(ring.add(_core.CHECK_MAC))
        ring.retire(replaced)
    assert codes[0][34:38] != codes[10][34:38]
    assert not bench.engine.verify(b"\n".join(codes)).reasons.any()
    swapped = codes[0][:34] + codes[10][34:38] + codes[0][38:]
    assert bench.engine.verify(swapped).reasons.tolist() == [Reason.CODE_FORGED]

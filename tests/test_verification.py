"""Checking codes through the engine: which verdict, which state, whose code."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest

from conftest import BIN, LP, MILK, OTHER_BIN, SHOES, Bench
from emitter import _core
from emitter.engine.code_sets import CodeSet, name_codes
from emitter.engine.commands import (
    OrderLine,
)
from emitter.engine.keys import KeyRing
from emitter.engine.locating import locate_codes
from emitter.errors import Reason
from emitter.trade.states import CodeState
from emitter.trade.templates import TEMPLATES
from noises import GS, NOISES
from stock import gtin_of, stock

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
    for template_id in TEMPLATES:
        gtin, price = gtin_of(template_id), 11_200 if template_id in (3, 4) else None
        stock(bench.engine, BIN, [(gtin, template_id)])
        order = bench.order(f"t{template_id}", OrderLine(gtin, 50, template_id, price))
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


def issued_of_all_kinds(bench: Bench, quantity: int) -> list[bytes]:
    """Codes with a signature, a MAC, and a short check behind a serial of six and of thirteen."""
    bench.join(tiyn=10**9)
    codes = []
    packs, water = 46198488, gtin_of(16)
    stock(bench.engine, BIN, [(packs, 4), (water, 16)])
    for gtin, template_id in ((SHOES, 1), (LP, 10), (MILK, 20), (packs, 4), (water, 16)):
        price = 9_500 if template_id == 4 else None
        line = OrderLine(gtin, quantity, template_id, price)
        order = bench.order(f"all-{template_id}", line)
        codes += bench.codes(bench.deliver(order, "b", gtin=gtin).value)
    return codes


def damaged(code: bytes) -> bytes:
    """The code with another character in the middle of its check."""
    at = len(code) - 3
    return code[:at] + (b"A" if code[at : at + 1] != b"A" else b"B") + code[at + 1 :]


@pytest.mark.parametrize("name", NOISES)
def test_a_noisy_code_gets_the_verdict_of_the_code(bench: Bench, name: str) -> None:
    codes = issued_of_all_kinds(bench, 40)
    noisy = b"\n".join(NOISES[name](code) for code in codes)
    exact, found = (bench.engine.verify(text) for text in (b"\n".join(codes), noisy))
    assert not found.reasons.any()
    assert found.wrong_short == 0
    for one, other in ((found.states, exact.states), (found.buffer_index, exact.buffer_index)):
        assert np.array_equal(one, other)
    assert found.buffers == exact.buffers
    forged = [damaged(code) for code in codes]
    verdict = bench.engine.verify(b"\n".join(NOISES[name](code) for code in forged))
    refused = [Reason.CODE_FORGED, Reason.CODE_NEVER_ISSUED, Reason.CODE_UNKNOWN_GTIN]
    assert np.isin(verdict.reasons, refused).all()
    assert not verdict.buffers
    assert verdict.wrong_short >= 3 * 40  # each reading that was tried is a guess


def test_noisy_codes_among_others_keep_their_places(bench: Bench) -> None:
    codes = issued_of_all_kinds(bench, 2)
    texts = [codes[0], b"]d2" + codes[2], b"junk", damaged(codes[4]), codes[4].replace(GS, b""),
             b"]d2" + codes[2].replace(b"0104640088090997", b"0104640088090998")]  # fmt: skip
    verdict = bench.engine.verify(b"\n".join(texts))
    assert verdict.reasons.tolist() == [
        0, 0, Reason.CODE_UNPARSABLE, Reason.CODE_FORGED, 0, Reason.CODE_GTIN_INVALID,
    ]  # fmt: skip
    held = [verdict.buffers[index].gtin for index in verdict.buffer_index.tolist() if index >= 0]
    assert held == [SHOES, LP, MILK]
    assert verdict.wrong_short == 1


def test_a_code_that_is_genuine_as_it_stands_is_read_as_nothing_else(bench: Bench) -> None:
    """A serial may look like an escape: then the escape is the serial."""
    codes = issued_of_all_kinds(bench, 40_000)
    odd = [code for code in codes if b"&" in code and b";" in code]
    assert odd
    assert not bench.engine.verify(b"\n".join(odd)).reasons.any()


def test_identification_codes_are_found_where_they_are_asked_for(bench: Bench) -> None:
    codes = issued_of_all_kinds(bench, 3)
    parsed = _core.parse(b"\n".join(codes))
    ends = (parsed["serial_at"] + parsed["serial_size"]).tolist()
    alone = [code[:end] for code, end in zip(codes, ends, strict=True)]
    engine = bench.engine
    house = (bench.store, engine._ranges, engine.keys)
    whole = locate_codes(b"\n".join(codes), *house)
    for text in (b"\n".join(alone), b"\n".join(b"]d2" + code for code in alone)):
        found = locate_codes(text, *house, identification=True)
        assert not found.reasons.any()
        assert np.array_equal(found.indexes, whole.indexes)
        assert [found.places[slot] for slot in found.slots.tolist()] == [
            whole.places[slot] for slot in whole.slots.tolist()
        ]
        assert (engine.verify(text).reasons == Reason.CODE_UNPARSABLE).all()
    changed = [code[:-1] + (b"A" if code[-1:] != b"A" else b"B") for code in alone]
    found = locate_codes(b"\n".join(changed), *house, identification=True)
    assert (found.reasons == Reason.CODE_NEVER_ISSUED).all()


def test_a_report_tells_no_wrong_check_of_anothers_code_from_a_right_one(bench: Bench) -> None:
    codes = issued_of_all_kinds(bench, 2)
    wrong = [damaged(code) for code in codes]
    house = (bench.store, bench.engine._ranges, bench.engine.keys)

    def reasons(texts: list[bytes], bin_: int) -> list[int]:
        return name_codes(CodeSet(b"\n".join(texts)), bin_, *house).runs["reason"].tolist()

    assert reasons(wrong, BIN) == [Reason.CODE_FORGED] * len(wrong)
    assert reasons(codes, BIN) == [0] * len(codes)
    assert reasons(wrong, OTHER_BIN) == [Reason.CODE_NOT_OWNED] * len(wrong)

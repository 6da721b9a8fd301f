"""Self-made serials: judged, kept, made into codes, and issued once whatever happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import twins
from conftest import BIN, GROSS_100, LP, LP_2, MILK, Bench, Clock
from emitter import _core
from emitter.config import Limits
from emitter.engine.code_sets import CodeSet, CodeSpan
from emitter.engine.commands import CloseOrder, OrderLine, ReportCodes
from emitter.engine.locating import Place
from emitter.errors import Reason
from emitter.store.serial_rows import SERIALS_A_ROW
from emitter.trade.circulation import DocumentKind, IntroductionWay
from emitter.trade.serials import ALPHABETS
from emitter.trade.states import CodeState
from emitter.trade.templates import TEMPLATES
from own import STEP, delivered, line, made, order
from stock import gtin_of, stock

if TYPE_CHECKING:
    from emitter.engine.keys import KeyRing
    from emitter.trade.templates import Template


def test_the_alphabets_are_those_of_the_core() -> None:
    theirs = {82: twins.ALPHABETS[0].decode(), 62: twins.ALPHABETS[2].decode()}
    assert theirs == ALPHABETS


@pytest.mark.parametrize("count", [1, STEP, 3 * STEP + 1])
@pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda t: t.template_id)
def test_codes_of_every_template_carry_the_serials_in_their_order(
    rich: Bench, template: Template, count: int
) -> None:
    serials, gtin = made(count, template.template_id), gtin_of(template.template_id)
    stock(rich.engine, BIN, [(gtin, template.template_id)])
    codes = delivered(rich, order("r", line(serials, gtin, template.template_id)))
    places = slice(template.serial_at, template.serial_at + template.serial_size)
    assert [code[places].decode() for code in codes] == [
        template.form.country_digit + serial for serial in serials
    ]
    verified = rich.engine.verify(b"\n".join(codes))
    assert (verified.states == CodeState.APPLIED_AND_PAID).all()
    forged = [code[:-1] + (b"A" if code[-1:] != b"A" else b"B") for code in codes]
    refused = rich.engine.verify(b"\n".join(forged))
    assert set(refused.reasons.tolist()) == {Reason.CODE_FORGED}


def test_a_block_from_the_middle_of_many_serials_is_the_same_again(rich: Bench) -> None:
    serials = made(2 * SERIALS_A_ROW + 10)
    view = rich.engine.execute(order("r", line(serials))).value
    for name, quantity in (("a", SERIALS_A_ROW - 3), ("b", SERIALS_A_ROW + 5), ("c", 0)):
        rich.deliver(view, name, quantity, LP)
    blocks, _ = rich.engine.blocks(BIN, view.order_id, LP, page_size=9)
    codes = [code for block in blocks for code in rich.codes(block)]
    assert [code[19:31].decode() for code in codes] == list(serials)
    part = rich.engine.records(blocks[1], 2, SERIALS_A_ROW, b"head")
    assert part == b"head" + b"".join(codes[SERIALS_A_ROW - 1 :][:SERIALS_A_ROW])
    again = rich.deliver(view, "b", SERIALS_A_ROW + 5, LP)
    assert (again.replayed, rich.codes(again.value)) == (True, rich.codes(blocks[1]))


@pytest.mark.parametrize(
    ("serials", "reason", "count", "offenders"),
    [
        (("A" * 12, "A" * 11, "B" * 13, ""), "SERIALS_INVALID", 3,
         f"[1] {'A' * 11}, [2] {'B' * 13}, [3] "),
        (("A" * 12, "A" * 11 + "#"), "SERIALS_INVALID", 1, f"[1] {'A' * 11}#"),
        (("A" * 12, "Я" * 12), "SERIALS_INVALID", 1, f"[1] {'Я' * 12}"),
        (("A" * 12, "A" * 11 + "\n"), "SERIALS_INVALID", 1, f"[1] {'A' * 11}\n"),
        (("A" * 12, "B" * 12, "A" * 12, "A" * 12), "SERIALS_REPEATED", 2,
         f"[2] {'A' * 12}, [3] {'A' * 12}"),
        (tuple("A" * n for n in range(13, 25)), "SERIALS_INVALID", 12,
         ", ".join(f"[{n}] {'A' * (n + 13)}" for n in range(10))),
    ],
)  # fmt: skip
def test_serials_of_a_wrong_form_are_refused_by_place_and_value(
    rich: Bench, serials: tuple[str, ...], reason: str, count: int, offenders: str
) -> None:
    before = rich.dump()
    refusal = rich.refusal(order("r", line(serials)))
    assert (refusal.reason.name, refusal.details["count"]) == (reason, str(count))
    assert refusal.details["offenders"] == offenders
    assert refusal.details["field"] == "lines[0].serial_numbers"
    assert rich.dump() == before


def test_pharma_takes_letters_and_digits_only(rich: Bench) -> None:
    refusal = rich.refusal(order("r", line(("A" * 12 + "!",), gtin_of(5), 5)))
    assert refusal.details | {"size": "13", "radix": "62"} == refusal.details


def test_serials_are_as_many_as_codes_and_have_a_limit(keys: KeyRing, clock: Clock) -> None:
    bench = Bench(keys, clock, Limits(serials_max=5))
    bench.join(tiyn=10**9)
    refusal = bench.refusal(order("r", line(made(3), quantity=4)))
    assert refusal.details["field"] == "lines[0].serial_numbers"
    many = (line(made(3)), line(made(3), LP_2))
    assert bench.refusal(order("r", *many)).reason is Reason.LIMIT_EXCEEDED
    assert bench.order("r", *many[:1])


def test_what_the_operator_may_issue_is_refused_in_a_wide_space(rich: Bench) -> None:
    theirs = delivered(rich, order("theirs", OrderLine(LP, 3, 10)))
    serials = [code[19:31].decode() for code in theirs]
    refusal = rich.refusal(order("r", line((*made(2), *serials[1:]))))
    assert refusal.reason is Reason.SERIALS_RESERVED
    assert refusal.details["offenders"] == f"[2] {serials[1]}, [3] {serials[2]}"
    # The tweak is the GTIN, so under another GTIN they are as good as any.
    assert rich.engine.execute(order("r", line(tuple(serials), LP_2, 10)))


@pytest.mark.parametrize("counter", [0, 2**40 - 1, 2**40])
def test_the_operators_counters_end_where_self_made_ones_begin(
    rich: Bench, keys: KeyRing, counter: int
) -> None:
    recipe = TEMPLATES[10].record(LP, 1, None)._asdict()
    check = keys.check_key(keys.current(TEMPLATES[10].check_kind)[0])
    code = _core.emit(keys.serial_key, check, **recipe, first=counter, count=1)
    command = order("r", line((code[19:31].decode(),)))
    if counter < 2**40:
        assert rich.refusal(command).reason is Reason.SERIALS_RESERVED
    else:
        assert rich.engine.execute(command)


def test_one_series_of_a_wide_space_has_both_sources(rich: Bench) -> None:
    mine = delivered(rich, order("1", line(made(9))))
    theirs = delivered(rich, order("2", OrderLine(LP, 9, 10)))
    more = delivered(rich, order("3", line(made(3, seed=2))))
    both = order("4", OrderLine(LP, 2, 10), line(made(2, seed=3), LP_2))
    codes = [*mine, *theirs, *more, *delivered(rich, both)]
    assert len(set(codes)) == 23
    verified = rich.engine.verify(b"\n".join(codes))
    assert not verified.reasons.any()
    assert len(verified.buffers) == 4
    forged = mine[0][:19] + b"A" * 12 + mine[0][31:]
    assert rich.engine.verify(forged).reasons.tolist() == [Reason.CODE_NEVER_ISSUED]


@pytest.mark.parametrize("first_is", ["own", "theirs"])
@pytest.mark.parametrize("count", [1, 9])
def test_the_first_order_of_a_small_space_fixes_its_source(
    rich: Bench, first_is: str, count: int
) -> None:
    own, theirs = line(made(count, 20), MILK, 20), OrderLine(MILK, count, 20)
    first, second = (own, theirs) if first_is == "own" else (theirs, own)
    assert rich.engine.execute(order("1", first))
    assert rich.refusal(order("2", second)).reason is Reason.SERIAL_SOURCE_FIXED
    if first_is == "own":
        assert rich.engine.execute(order("3", line(made(count, 20, seed=2), MILK, 20)))


def test_a_code_of_a_series_with_own_serials_alone_is_judged_as_any(rich: Bench) -> None:
    (code,) = delivered(rich, order("r", line(made(1))))
    other = code[:18] + b"4" + code[19:]
    never = code[:19] + b"A" * 12 + code[31:]
    unknown = code.replace(b"04640088090997", b"04670033010053")
    told = rich.engine.verify(b"\n".join([other, never, unknown, code]))
    assert told.reasons.tolist() == [
        Reason.CODE_OTHER_OPERATOR, Reason.CODE_NEVER_ISSUED, Reason.CODE_UNKNOWN_GTIN, 0,
    ]  # fmt: skip


@pytest.mark.parametrize("count", [2, 11])
@pytest.mark.parametrize("before", [2, 11])
def test_serials_that_were_issued_are_refused_all_or_nothing(
    rich: Bench, before: int, count: int
) -> None:
    """Whatever became of the order; and the refusal is remembered."""
    taken = made(before)
    view = rich.engine.execute(order("1", line(taken))).value
    rich.engine.execute(CloseOrder(BIN, "close", view.order_id))
    fresh = made(count, seed=2)
    mixed = (*fresh, taken[1], taken[0])
    rows = rich.dump()
    command = order("2", line(fresh[:1], LP_2, 10), line(mixed))
    refusal = rich.refusal(command)
    assert refusal.reason is Reason.SERIALS_TAKEN
    assert refusal.details == {
        "field": "lines[1].serial_numbers", "count": "2",
        "offenders": f"[{count}] {taken[1]}, [{count + 1}] {taken[0]}",
    }  # fmt: skip
    left = [key[:1] for key, row in rich.dump() if (key, row) not in rows]
    assert left == [b"q", b"x"]  # its request, and when to forget it
    again = rich.refusal(command)
    assert (again.reason, again.replayed) == (Reason.SERIALS_TAKEN, True)
    assert rich.engine.execute(order("3", line(fresh)))


@pytest.mark.parametrize("count", [3, 10])
@pytest.mark.usefixtures("small_steps")
def test_money_comes_last(bench: Bench, count: int) -> None:
    bench.join(tiyn=GROSS_100 * 3 * count // 200)
    assert bench.engine.execute(order("1", line(made(count))))
    taken = order("2", line((*made(count - 1, seed=2), made(1)[0])))
    assert bench.refusal(taken).reason is Reason.SERIALS_TAKEN
    poor = order("3", line(made(count, seed=2)))
    refusal = bench.refusal(poor)
    assert refusal.reason is Reason.FUNDS_INSUFFICIENT
    assert 0 < int(refusal.details["missing_tiyn"]) < GROSS_100
    assert bench.refusal(poor).replayed
    kinds = {key[:1] for key, _ in bench.dump()}
    assert not kinds & {b"i"}


@pytest.mark.parametrize("count", [3, 10])
def test_a_repeat_finds_the_order_and_other_serials_are_another_request(
    rich: Bench, count: int
) -> None:
    first = rich.engine.execute(order("r", line(made(count))))
    again = rich.engine.execute(order("r", line(made(count))))
    assert (again.replayed, again.value) == (True, first.value)
    other = order("r", line(made(count, seed=2)))
    assert rich.refusal(other).reason is Reason.REQUEST_DIFFERS
    theirs = order("r", OrderLine(LP, count, 10))
    assert rich.refusal(theirs).reason is Reason.REQUEST_DIFFERS


def test_states_and_labels_of_such_codes_are_those_of_any(rich: Bench) -> None:
    """They have the same address: reports by text and by range, verdicts, identification codes."""
    view = rich.engine.execute(order("r", line(made(12)))).value
    block = rich.deliver(view, "block", 9, LP).value
    codes = rich.codes(block)
    for name, chosen in (
        ("text", CodeSet(text=b"\n".join(codes[5:7]))),
        ("span", CodeSet(spans=(CodeSpan(view.order_id, LP, 0, 3),))),
    ):
        report = ReportCodes(
            BIN, name, DocumentKind.INTRODUCTION, chosen, IntroductionWay.PRODUCTION
        )
        moved = rich.engine.execute(report).value.row.moved
        assert moved == (2 if name == "text" else 3)
    verified = rich.engine.verify(b"\n".join(codes))
    introduced = np.flatnonzero(verified.states == CodeState.INTRODUCED).tolist()
    assert introduced == [0, 1, 2, 5, 6]
    place = Place(BIN, view.order_id, LP)
    assert rich.engine.identification_codes(place, [8, 1, 9]) == [
        codes[8][:31], codes[1][:31], b"",
    ]  # fmt: skip
    size = block.record_size
    sheet = _core.symbol_pngs(rich.engine.records(block, 0, 9), size)
    assert len(sheet[1]) == 9
    assert not sheet[2].any()

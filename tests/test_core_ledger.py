"""The ledger's batch in the core against its twin, and what must hold whatever it is given."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fuzzing
import twins
from core_cases import integers_with_edges
from emitter import _core
from emitter.errors import Reason
from twins import ACCOUNT, ESCROW

NONE = _core.ESCROW_NONE
WITH_ESCROW = (_core.RESERVE, _core.CAPTURE, _core.RELEASE)
I64_MAX, I64_MIN = 2**63 - 1, -(2**63)

Movement = tuple[int, int, int, int]


def pack(rows: list[dict[str, int]], fields: tuple[str, ...]) -> bytearray:
    return bytearray(
        b"".join(struct.pack(f"<{len(fields)}q", *(row[f] for f in fields)) for row in rows)
    )


def unpack(packed: bytearray, fields: tuple[str, ...]) -> list[dict[str, int]]:
    rows = struct.iter_unpack(f"<{len(fields)}q", packed)
    return [dict(zip(fields, row, strict=True)) for row in rows]


def account(**fields: int) -> dict[str, int]:
    return dict.fromkeys(ACCOUNT, 0) | fields


def escrow(**fields: int) -> dict[str, int]:
    return dict.fromkeys(ESCROW, 0) | fields


def movements_of(rows: list[Movement]) -> np.ndarray:
    return np.array(rows, _core.MOVEMENT)


def post_twin(
    accounts: list[dict[str, int]], escrows: list[dict[str, int]], rows: list[Movement]
) -> tuple[list[int], list[int]]:
    """Apply the movements to the rows in place; (reasons, missing)."""
    reasons, missing = [], []
    for kind, which, held_in, amount in rows:
        held = escrows[held_in] if held_in != NONE else escrow()
        accounts[which], held, reason, lacks = twins.post_one(accounts[which], held, kind, amount)
        if held_in != NONE:
            escrows[held_in] = held
        reasons.append(int(reason))
        missing.append(lacks)
    return reasons, missing


def posted(
    accounts: list[dict[str, int]], escrows: list[dict[str, int]], rows: list[Movement]
) -> tuple[list[dict[str, int]], list[dict[str, int]], list[int], list[int]]:
    packed, packed_escrows = pack(accounts, ACCOUNT), pack(escrows, ESCROW)
    reasons, missing = _core.post(packed, packed_escrows, movements_of(rows))
    return unpack(packed, ACCOUNT), unpack(packed_escrows, ESCROW), [*reasons], [*missing]


def equation_holds(row: dict[str, int]) -> bool:
    spent = row["captured"] + row["refunded"] + row["bank_costs"]
    return row["credited"] + row["adjusted"] == row["available"] + row["reserved"] + spent


def test_the_sizes_and_rows_are_those_of_the_contract() -> None:
    assert (
        (_core.ACCOUNT_SIZE, _core.ESCROW_SIZE) == (8 * len(ACCOUNT), 8 * len(ESCROW)) == (56, 24)
    )
    assert _core.MOVEMENT.names == ("kind", "account", "escrow", "amount")
    kinds = [_core.CREDIT, _core.RESERVE, _core.CAPTURE, _core.RELEASE]
    assert [*kinds, _core.ADJUST, _core.REFUND, _core.BANK_COST] == [1, 2, 3, 4, 5, 6, 7]


def test_a_life_of_an_order_moves_the_money_as_the_contract_says() -> None:
    steps: list[tuple[Movement, dict[str, int], dict[str, int]]] = [
        ((_core.CREDIT, 0, NONE, 1000), {"credited": 1000, "available": 1000}, {}),
        ((_core.RESERVE, 0, 0, 600), {"available": 400, "reserved": 600}, {"held": 600}),
        ((_core.CAPTURE, 0, 0, 250), {"reserved": 350, "captured": 250},
         {"held": 350, "captured": 250}),
        ((_core.RELEASE, 0, 0, 350), {"reserved": 0, "available": 750},
         {"held": 0, "released": 350}),
        ((_core.ADJUST, 0, NONE, 5), {"adjusted": 5, "available": 755}, {}),
        ((_core.ADJUST, 0, NONE, -55), {"adjusted": -50, "available": 700}, {}),
        ((_core.BANK_COST, 0, NONE, 100), {"bank_costs": 100, "available": 600}, {}),
        ((_core.REFUND, 0, NONE, 600), {"refunded": 600, "available": 0}, {}),
    ]  # fmt: skip
    row, held = account(), escrow()
    for movement, account_after, escrow_after in steps:
        [after], [held_after], reasons, missing = posted([row], [held], [movement])
        assert (reasons, missing) == ([0], [0])
        row, held = row | account_after, held | escrow_after
        assert (after, held_after) == (row, held)
        assert equation_holds(row)


@pytest.mark.parametrize(
    ("movement", "reason", "missing"),
    [
        ((_core.RESERVE, 0, 0, 101), Reason.FUNDS_INSUFFICIENT, 1),
        ((_core.RESERVE, 0, 0, I64_MAX), Reason.FUNDS_INSUFFICIENT, I64_MAX - 100),
        ((_core.REFUND, 0, NONE, 150), Reason.FUNDS_INSUFFICIENT, 50),
        ((_core.BANK_COST, 0, NONE, 101), Reason.FUNDS_INSUFFICIENT, 1),
        ((_core.ADJUST, 0, NONE, -101), Reason.FUNDS_INSUFFICIENT, 1),
        ((_core.ADJUST, 0, NONE, I64_MIN + 1), Reason.FUNDS_INSUFFICIENT, I64_MAX - 100),
        ((_core.ADJUST, 0, NONE, I64_MIN), Reason.AMOUNT_OUT_OF_RANGE, 0),
        ((_core.ADJUST, 0, NONE, 0), Reason.AMOUNT_OUT_OF_RANGE, 0),
        ((_core.CAPTURE, 0, 0, 31), Reason.ESCROW_INSUFFICIENT, 0),
        ((_core.RELEASE, 0, 0, 31), Reason.ESCROW_INSUFFICIENT, 0),
        ((_core.CAPTURE, 0, 1, 51), Reason.ESCROW_INSUFFICIENT, 0),  # held, yet not reserved
        ((_core.CREDIT, 0, NONE, 0), Reason.AMOUNT_OUT_OF_RANGE, 0),
        ((_core.CREDIT, 0, NONE, -1), Reason.AMOUNT_OUT_OF_RANGE, 0),
        ((_core.RESERVE, 0, 0, 0), Reason.AMOUNT_OUT_OF_RANGE, 0),
        ((_core.RESERVE, 0, 0, I64_MIN), Reason.AMOUNT_OUT_OF_RANGE, 0),
        ((_core.CREDIT, 0, NONE, I64_MAX), Reason.AMOUNT_OUT_OF_RANGE, 0),
        ((_core.ADJUST, 0, NONE, I64_MAX), Reason.AMOUNT_OUT_OF_RANGE, 0),
    ],
)
def test_a_refused_movement_changes_nothing(
    movement: Movement, reason: Reason, missing: int
) -> None:
    before = account(available=100, reserved=50, credited=150)
    held = [escrow(held=30), escrow(held=I64_MAX)]
    assert posted([before], held, [movement]) == ([before], held, [reason], [missing])


def test_movements_see_what_those_before_them_left_and_no_neighbour_is_harmed() -> None:
    rows: list[Movement] = [
        (_core.RESERVE, 0, 0, 80),
        (_core.RESERVE, 0, 1, 30),
        (_core.RESERVE, 1, 1, 30),
        (_core.RELEASE, 0, 0, 20),
        (_core.RESERVE, 0, 1, 30),
    ]
    accounts = [account(available=100, credited=100) for _ in range(2)]
    after, held, reasons, missing = posted(accounts, [escrow(), escrow()], rows)
    assert reasons == [0, Reason.FUNDS_INSUFFICIENT, 0, 0, 0]
    assert missing == [0, 10, 0, 0, 0]
    assert [row["available"] for row in after] == [10, 70]
    assert [row["held"] for row in held] == [60, 60]


@st.composite
def histories(
    draw: st.DrawFn,
) -> tuple[list[dict[str, int]], list[dict[str, int]], list[Movement]]:
    any_money = integers_with_edges(I64_MIN, I64_MAX)
    not_negative = integers_with_edges(0, I64_MAX)
    accounts = draw(
        st.lists(
            st.fixed_dictionaries(dict.fromkeys(ACCOUNT, any_money) | {"reserved": not_negative}),
            min_size=1,
            max_size=3,
        )
    )
    escrows = draw(
        st.lists(st.fixed_dictionaries(dict.fromkeys(ESCROW, not_negative)), min_size=1, max_size=3)
    )
    amount = any_money | st.integers(-3, 200)
    rows = []
    for kind in draw(st.lists(st.integers(1, 7), max_size=20)):
        held_in = draw(st.integers(0, len(escrows) - 1)) if kind in WITH_ESCROW else NONE
        rows.append((kind, draw(st.integers(0, len(accounts) - 1)), held_in, draw(amount)))
    return accounts, escrows, rows


@settings(max_examples=fuzzing.amount(400, 50_000))
@given(histories())
def test_the_core_and_the_twin_agree(
    case: tuple[list[dict[str, int]], list[dict[str, int]], list[Movement]],
) -> None:
    accounts, escrows, rows = case
    core = posted(accounts, escrows, rows)
    reasons, missing = post_twin(accounts, escrows, rows)
    assert core == (accounts, escrows, reasons, missing)


@pytest.mark.parametrize("seed", range(3))
def test_a_long_history_keeps_the_equation_and_nothing_goes_below_zero(seed: int) -> None:
    chance = np.random.default_rng(seed)
    count, accounts, escrows = 20_000, [account() for _ in range(20)], [escrow() for _ in range(60)]
    rows: list[Movement] = []
    for _ in range(count):
        kind = int(chance.integers(1, 8))
        which = int(chance.integers(0, 60))
        held_in = which if kind in WITH_ESCROW else NONE
        amount = int(chance.integers(-50 if kind == _core.ADJUST else 1, 500))
        rows.append((kind, which // 3, held_in, amount))
    after, held, reasons, missing = posted(accounts, escrows, rows)
    assert (reasons, missing) == post_twin(accounts, escrows, rows)
    assert (after, held) == (accounts, escrows)
    assert all(equation_holds(row) for row in after)
    assert min(min(row["available"], row["reserved"]) for row in after) >= 0
    assert min(row["held"] for row in held) >= 0
    for i, row in enumerate(after):
        assert row["reserved"] == sum(part["held"] for part in held[3 * i : 3 * i + 3])
    assert {0, 16, 17} <= set(reasons)


def test_movements_may_come_as_bytes() -> None:
    rows = movements_of([(_core.CREDIT, 0, NONE, 7)])
    one, other = bytearray(56), bytearray(56)
    _core.post(one, bytearray(), rows)
    _core.post(other, bytearray(), rows.tobytes())
    _core.post(other, bytearray(), b"")
    assert one == other != bytearray(56)


@pytest.mark.parametrize(
    ("accounts", "escrows", "rows"),
    [
        (55, 24, [(_core.CREDIT, 0, NONE, 1)]),
        (56, 23, [(_core.CREDIT, 0, NONE, 1)]),
        (56, 24, [(0, 0, NONE, 1)]),
        (56, 24, [(8, 0, NONE, 1)]),
        (56, 24, [(_core.CREDIT, 1, NONE, 1)]),
        (56, 24, [(_core.CREDIT, 0, 0, 1)]),
        (56, 24, [(_core.RESERVE, 0, 1, 1)]),
        (56, 24, [(_core.RESERVE, 0, NONE, 1)]),
        (56, 0, [(_core.CAPTURE, 0, 0, 1)]),
        (0, 0, [(_core.CREDIT, 0, NONE, 1)]),
    ],
)
def test_a_batch_that_is_not_well_formed_is_a_value_error_and_nothing_is_applied(
    accounts: int, escrows: int, rows: list[Movement]
) -> None:
    packed, packed_escrows = bytearray(accounts), bytearray(escrows)
    good = [(_core.CREDIT, 0, NONE, 5)] if accounts == 56 else []
    with pytest.raises(ValueError, match=r"."):
        _core.post(packed, packed_escrows, movements_of([*good, *rows]))
    assert (packed, packed_escrows) == (bytearray(accounts), bytearray(escrows))


@pytest.mark.parametrize("rows", [b"x", np.zeros((1, 1), _core.MOVEMENT), np.zeros(3, np.int64)])
def test_movements_of_another_shape_are_a_value_error(rows: bytes | np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"."):
        _core.post(bytearray(56), bytearray(), rows)


def test_the_rows_must_be_of_the_kind_that_can_be_changed() -> None:
    with pytest.raises(TypeError):
        _core.post(bytes(56), bytearray(), b"")

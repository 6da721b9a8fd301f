"""LabelService over a real socket: money, repeats, parts of a block, refusals before payment."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
import zxingcpp
from PIL import Image

from emitter.client import LabelForm, Reason, Refused
from emitter.labels import designs
from served import OTHER_BIN, PHARMA, Served, new_id, pharma
from test_symbol_files import dots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emitter.engine.keys import KeyRing

FORMS = [form for form in LabelForm.values() if form]
ROLL = "consumer-unit"


@pytest.fixture(scope="module")
def served(keys: KeyRing) -> Iterator[Served]:
    with Served(keys) as served:
        yield served


@pytest.fixture(scope="module")
def order_id(served: Served) -> str:
    return served.client.create_order(pharma(5000)).order_id


def rendered(served: Served, order_id: str, form: int, **more) -> bytes:
    labels = served.client.labels(
        order_id, PHARMA, form=form, design=more.pop("design", ROLL), **more
    )
    return b"".join(labels.data())


def test_rendering_for_the_first_time_is_delivery_and_again_is_free(
    served: Served, order_id: str
) -> None:
    before, block = served.client.account(), new_id()
    first = served.client.labels(
        order_id, PHARMA, form=LabelForm.LABEL_FORM_ZPL, design=ROLL, block_id=block, quantity=12
    )
    zpl = b"".join(first.data())
    after = served.client.account()
    assert first.block.gross_tiyn > 0
    assert after.captured_tiyn - before.captured_tiyn == first.block.gross_tiyn
    assert (first.replayed, first.modules, first.module_dots) == (False, 36, 4)
    again = served.client.labels(
        order_id, PHARMA, form=LabelForm.LABEL_FORM_ZPL, design=ROLL, block_id=block, quantity=12
    )
    assert b"".join(again.data()) == zpl
    assert again.replayed
    delivery = served.client.deliver(order_id, PHARMA, block, 12)
    assert delivery.replayed
    assert served.client.account() == after
    pictures = [Image.fromarray(255 - 255 * bitmap) for bitmap in dots(zpl)]
    found = [zxingcpp.read_barcodes(each, is_pure=True)[0].bytes for each in pictures]
    assert found == delivery.codes()


@pytest.mark.parametrize("form", FORMS)
def test_every_form_renders_what_was_delivered(served: Served, order_id: str, form: int) -> None:
    block = new_id()
    codes = served.client.deliver(order_id, PHARMA, block, 5).codes()
    labels = served.client.labels(
        order_id, PHARMA, form=form, design="a4-sheet", block_id=block, quantity=5
    )
    assert labels.replayed
    if form == LabelForm.LABEL_FORM_PNG:
        files = dict(labels.files())
        pictures = [Image.open(io.BytesIO(files[index])).convert("L") for index in range(5)]
        assert [zxingcpp.read_barcodes(each)[0].bytes for each in pictures] == codes
        return
    data = b"".join(labels.data())
    start = {
        LabelForm.LABEL_FORM_SVG: b"<svg",
        LabelForm.LABEL_FORM_BITMAP: b"",
        LabelForm.LABEL_FORM_ZPL: b"~DG",
        LabelForm.LABEL_FORM_PDF: b"%PDF",
        LabelForm.LABEL_FORM_CSV: b'code\r\n"' + codes[0],
        LabelForm.LABEL_FORM_TEXT: b"\n".join(codes),
    }[form]
    assert data.startswith(start)
    assert len(data) > 400


def test_after_a_jam_the_rest_comes_from_a_number_on(served: Served, order_id: str) -> None:
    block = new_id()
    labels = re.compile(rb"\^XA\^PW.*?\^XZ\n", re.DOTALL)
    form = LabelForm.LABEL_FORM_ZPL
    whole = labels.findall(rendered(served, order_id, form, block_id=block, quantity=1300))
    balance = served.client.account()
    rest = rendered(served, order_id, form, block_id=block, quantity=1300, from_index=1203)
    assert labels.findall(rest) == whole[1203:]
    some = rendered(
        served, order_id, form, block_id=block, quantity=1300, from_index=1203, count=2
    )
    assert labels.findall(some) == whole[1203:1205]
    assert b"^FDN 1204^FS" in some
    assert served.client.account() == balance


def test_what_cannot_be_printed_is_refused_and_costs_nothing(
    served: Served, order_id: str
) -> None:
    small = "dpi = 203\nwidth_mm = 20.0\nheight_mm = 20.0\n[symbol]\nx_mm=1.0\ny_mm=1.0\n"
    before, zpl = served.client.account(), LabelForm.LABEL_FORM_ZPL
    for reason, more in (
        (Reason.LABEL_TOO_SMALL, {"design": small + "size_mm = 14.9\n"}),
        (Reason.FIELD_INVALID, {"design": small + "size_mm = 19.9\n"}),
        (Reason.FIELD_INVALID, {"design": "no-such-design"}),
        (Reason.FIELD_INVALID, {"design": ""}),
        (Reason.TEXT_INVALID, {"product": "a\x1bb"}),
        (Reason.TEXT_INVALID, {"product": "x" * 257}),
        (Reason.INDEX_OUT_OF_RANGE, {"count": -1}),
        (Reason.BLOCK_NOT_FOUND, {"from_index": 1}),
        (Reason.INDEX_OUT_OF_RANGE, {"from_index": -1}),
        (Reason.QUANTITY_LEFT, {"quantity": 10**6}),
    ):
        with pytest.raises(Refused) as refused:
            rendered(served, order_id, zpl, **more)
        assert refused.value.reason is reason, more
    for form, reason in ((0, Reason.FIELD_REQUIRED), (99, Reason.FIELD_INVALID)):
        with pytest.raises(Refused) as refused:
            rendered(served, order_id, form)
        assert refused.value.reason is reason
    assert served.client.account() == before


def test_a_design_file_of_the_participant_is_used(served: Served, order_id: str) -> None:
    text = "dpi = 300\nwidth_mm = 20.0\nheight_mm = 20.0\n[symbol]\n"
    text += "x_mm = 1.0\ny_mm = 1.0\nsize_mm = 15.0\nquiet_zone = 1\n"
    labels = served.client.labels(
        order_id, PHARMA, form=LabelForm.LABEL_FORM_ZPL, design=text, quantity=1
    )
    assert labels.module_dots == 4
    assert b"".join(labels.data()).startswith(b"^XA^PW236^LL236")


def test_a_pdf_of_too_many_labels_is_refused_before_it_is_paid(served: Served) -> None:
    order = served.client.create_order(pharma(20_001))
    before = served.client.account()
    with pytest.raises(Refused, match="LIMIT_EXCEEDED"):
        rendered(served, order.order_id, LabelForm.LABEL_FORM_PDF)
    assert served.client.account() == before


def test_anothers_block_is_not_found(served: Served, order_id: str) -> None:
    assert OTHER_BIN
    with pytest.raises(Refused) as refused:
        served.other.labels(order_id, PHARMA, form=LabelForm.LABEL_FORM_CSV, design=ROLL)
    assert refused.value.reason is Reason.ORDER_NOT_FOUND


def test_the_designs_that_ship_hold_every_template() -> None:
    assert [designs.shipped(name).name for name in designs.names()] == designs.names()

"""Labels: designs, layouts in dots, ZPL and PDF, read back from what a printer would print."""

from __future__ import annotations

import csv
import io
import re

import numpy as np
import pypdfium2 as pdfium
import pytest
import zxingcpp
from PIL import Image

from emitter import _core
from emitter.errors import Reason, Refused
from emitter.labels import designs, layout, pdf, picture, render
from emitter.labels.render import Form
from emitter.trade.templates import TEMPLATES
from fuzzing import seeds
from test_datamatrix import codes_of_template, unpacked
from test_symbol_files import dots

PRODUCT = "Аяқ киім «Қыс» ерлерге арналған, 43 өлшемі, қара түсті"
ORDER = "0197f5a0-1111-7000-8000-000000000001"
SMALL = """
dpi = 203
width_mm = 30.0
height_mm = 20.0
[symbol]
x_mm = 1.0
y_mm = 1.0
size_mm = 17.0
"""


def job_of(
    design: designs.Design, template_id: int, count: int, *, first: int = 0, seed: int = 1
) -> tuple[render.Job, list[bytes]]:
    """A job of random codes of a template, and the codes."""
    template = TEMPLATES[template_id]
    codes = codes_of_template(template.size, first + count, seed)
    gtin = codes[0][:14] if template_id == 4 else codes[0][2:16]
    content = layout.Content(
        template=template, gtin=gtin.decode(), product=PRODUCT, order=ORDER
    )

    def records(start: int, number: int) -> bytes:
        return b"".join(codes[start : start + number])

    fitted = layout.fit(design, content)
    return render.Job(fitted, records, template.size, first, count), codes[first:]


def rendered(job: render.Job, form: Form) -> bytes:
    pieces = list(render.render(job, form))
    assert sum(piece.count for piece in pieces) == job.count
    return b"".join(piece.data for piece in pieces)


def pages(job: render.Job) -> list[np.ndarray]:
    """The pages of a PDF as a rasteriser makes them at the design's resolution: dark is 1."""
    document = pdfium.PdfDocument(rendered(job, Form.PDF))
    scale = designs.DPI[job.layout.design.dpi] / 72
    made = []
    for page in document:
        grey = np.array(page.render(scale=scale).to_pil().convert("L"))
        made.append((grey < 128).astype(np.uint8))
    document.close()
    return made


def read_all(dark: np.ndarray) -> set[bytes]:
    """Every symbol of a page."""
    found = zxingcpp.read_barcodes(
        Image.fromarray(255 - 255 * dark), formats=zxingcpp.BarcodeFormat.DataMatrix
    )
    return {each.bytes for each in found}


@pytest.mark.parametrize("seed", seeds(1, 10))
@pytest.mark.parametrize("template_id", [1, 4, 5, 20])
@pytest.mark.parametrize("name", designs.names())
def test_every_symbol_of_a_rasterised_pdf_is_read_and_stands_in_whole_dots(
    name: str, template_id: int, seed: int
) -> None:
    design = designs.shipped(name)
    job, codes = job_of(design, template_id, design.labels_per_page + 5, seed=seed)
    fitted, slots = job.layout, design.labels_per_page
    rasters = pages(job)
    assert len(rasters) == -(-len(codes) // slots)
    assert set().union(*map(read_all, rasters)) == set(codes)
    quiet = design.symbol.quiet_zone * fitted.px
    for number, code in enumerate(codes):
        [rows], _ = _core.symbols(code, len(code), modules=fitted.modules, kind=fitted.kind)
        expected = np.kron(unpacked(rows), np.ones((fitted.px, fitted.px), np.uint8))
        left, top = np.add(fitted.label_at(number % slots), fitted.at)
        side = len(expected)
        box = rasters[number // slots][
            top - quiet : top + side + quiet, left - quiet : left + side + quiet
        ]
        assert np.array_equal(box, np.pad(expected, quiet))


@pytest.mark.parametrize("template_id", [1, 4, 5])
@pytest.mark.parametrize("name", designs.names())
def test_zpl_prints_the_symbols_where_the_layout_says(name: str, template_id: int) -> None:
    design = designs.shipped(name)
    job, codes = job_of(design, template_id, 7)
    zpl = rendered(job, Form.ZPL)
    labels = re.findall(rb"\^XA\^PW.*?\^XZ", zpl, re.DOTALL)
    assert len(labels) == -(-7 // design.columns)
    places = re.findall(rb"\^FO(\d+),(\d+)\^GFA", zpl)
    for number, (code, bitmap, place) in enumerate(
        zip(codes, dots(zpl), places, strict=True)
    ):
        [rows], _ = _core.symbols(
            code, len(code), modules=job.layout.modules, kind=job.layout.kind
        )
        px = job.layout.px
        expected = np.kron(unpacked(rows), np.ones((px, px), np.uint8))
        assert np.array_equal(bitmap[:, : len(expected)], expected)
        assert not bitmap[:, len(expected) :].any()
        at = np.add(job.layout.label_at(number % design.columns), job.layout.at)
        assert [int(part) for part in place] == at.tolist()


def test_text_that_never_changes_is_sent_to_the_printer_once_and_removed() -> None:
    job, _ = job_of(designs.shipped("roll-of-three"), 5, 30)
    zpl = rendered(job, Form.ZPL)
    stored = re.findall(rb"~DGR:(TEXT\d+\.GRF),(\d+),(\d+),([0-9A-F]+)\n", zpl)
    assert len(stored) == 2  # product and GTIN
    for name, total, row_bytes, data in stored:
        assert len(data) == 2 * int(total)
        assert int(total) % int(row_bytes) == 0
        assert any(bytes.fromhex(data.decode()))
        assert zpl.count(b"^XGR:" + name) == 30
        assert zpl.count(b"^IDR:" + name) == 1
    assert b"^FDN 30^FS" in zpl


def test_a_design_may_leave_encoding_to_the_printer() -> None:
    design = designs.read(SMALL + "native = true\nquiet_zone = 1\n")
    job, codes = job_of(design, 20, 2)
    zpl = rendered(job, Form.ZPL)
    side = job.layout.modules
    for code in codes:
        data = b"_1" + code.replace(b"_", b"__").replace(b"\x1d", b"_1")
        assert b"^BXN,%d,200,%d,%d,,_^FD%b^FS" % (job.layout.px, side, side, data) in zpl


def test_a_jam_is_answered_from_a_number_on_with_the_same_labels() -> None:
    whole, codes = job_of(designs.shipped("consumer-unit"), 10, 20)
    rest, _ = job_of(designs.shipped("consumer-unit"), 10, 8, first=12)
    labels = re.compile(rb"\^XA\^PW.*?\^XZ\n", re.DOTALL)
    expected = labels.findall(rendered(whole, Form.ZPL))[12:]
    assert labels.findall(rendered(rest, Form.ZPL)) == expected
    pieces = [piece for piece in render.render(rest, Form.ZPL) if piece.count]
    assert [(piece.first, piece.count) for piece in pieces] == [(12, 8)]
    assert len(codes) == 20


def test_the_same_job_makes_the_same_bytes() -> None:
    for form in Form:
        job, _ = job_of(designs.shipped("a4-sheet"), 1, 5)
        assert rendered(job, form) == rendered(job, form)


def test_symbols_of_a_pdf_may_be_bitmaps_or_each_its_smallest() -> None:
    text = SMALL.replace("203", "600")
    for more in ("bitmap = true\n", "smallest = true\n", "modules = 48\n"):
        job, codes = job_of(designs.read(text + more), 1, 30)
        rasters = pages(job)
        assert [read_all(raster) for raster in rasters] == [{code} for code in codes]


def test_each_picture_of_a_job_is_its_code() -> None:
    for template_id, identifier in ((5, "]d2"), (4, "]d1")):
        job, codes = job_of(designs.shipped("a4-sheet"), template_id, 5)
        [piece] = render.render(job, Form.PNG)
        start = 0
        for code, end in zip(codes, piece.ends, strict=True):
            [found] = zxingcpp.read_barcodes(
                Image.open(io.BytesIO(piece.data[start:end])).convert("L")
            )
            assert (found.bytes, found.symbology_identifier) == (code, identifier)
            start = end


def test_raw_bits_are_the_rows_of_the_symbols() -> None:
    job, codes = job_of(designs.shipped("a4-sheet"), 1, 5)
    expected, _ = _core.symbols(b"".join(codes), 129, modules=44)
    assert rendered(job, Form.BITMAP) == expected.tobytes()


def test_codes_as_lines_and_as_csv_come_back_byte_for_byte() -> None:
    job, codes = job_of(designs.shipped("a4-sheet"), 8, 1100)
    assert rendered(job, Form.TEXT) == b"".join(code + b"\n" for code in codes)
    text = rendered(job, Form.CSV)
    assert text.count(b"\r\n") == 1101
    rows = list(csv.reader(io.StringIO(text.decode("ascii"), newline="")))
    assert rows == [["code"], *([code.decode()] for code in codes)]
    assert all(row[0][0].isdigit() for row in rows[1:])  # nothing a spreadsheet could run


def test_a_pdf_of_too_many_labels_is_refused() -> None:
    render.require_printable(Form.PDF, pdf.LABELS_MAX)
    render.require_printable(Form.ZPL, 10**7)
    with pytest.raises(Refused, match="LIMIT_EXCEEDED"):
        render.require_printable(Form.PDF, pdf.LABELS_MAX + 1)


def test_a_symbol_too_large_for_its_label_is_refused_with_what_it_needs() -> None:
    content = layout.Content(template=TEMPLATES[1], gtin="04670033010053")
    tight = designs.read(SMALL.replace("17.0", "16.0"))
    with pytest.raises(Refused) as refused:
        layout.fit(tight, content)
    assert refused.value.reason is Reason.LABEL_TOO_SMALL
    # 44 modules and a quiet zone of 2 on both sides, at 3 dots of 1/8 mm: 2 dots are 0.25 mm
    assert refused.value.refusal.details["needed_mm"] == "18"
    exact = designs.read(SMALL.replace("17.0", "18.0"))
    fitted = layout.fit(exact, content)
    assert (fitted.modules, fitted.px, fitted.module_mm) == (44, 3, 0.375)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("dpi = 203", "dpi = 200"), "design.dpi"),
        (("dpi = 203", ""), "design.dpi: is missing"),
        (("dpi = 203", 'dpi = "203"'), "design.dpi: must be of type int"),
        (("dpi = 203", "dpi = 203\ncolour = 1"), "design.colour"),
        (("dpi = 203", "dpi = "), "not TOML"),
        (("dpi = 203", 'dpi = 203\nmedium = "sheet"'), "the page has 0 x 0 mm"),
        (("dpi = 203", "dpi = 203\nrows = 2"), "design.rows"),
        (("dpi = 203", "dpi = 203\ncolumns = 0"), "design.columns"),
        (("size_mm = 17.0", "size_mm = 19.5"), "design.symbol: reaches to 20.5 x 20.5 mm"),
        (("size_mm = 17.0", "size_mm = 17.0\nquiet_zone = 0"), "design.symbol.quiet_zone"),
        (("size_mm = 17.0", 'size_mm = 17.0\nkind = "qr"'), "design.symbol.kind"),
        (("size_mm = 17.0", "size_mm = 17.0\nmodule_mm_min = 0.0"), "module_mm_min"),
        (("size_mm = 17.0", "size_mm = -1.0"), "must be from 0 to 10000"),
        (("[symbol]", "[[symbol]]"), "design.symbol: a table"),
    ],
)
def test_a_wrong_design_is_refused_by_the_name_of_what_is_wrong(
    change: tuple[str, str], named: str
) -> None:
    with pytest.raises(Refused) as refused:
        designs.read(SMALL.replace(*change))
    assert named in refused.value.refusal.sentence("en")


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('field = "gtin"\nx_mm = 17.0\ny_mm = 5.0\nwidth_mm = 5.0\nsize_mm = 3.0', "quiet zone"),
        ('field = "gtin"\nx_mm = 18.0\ny_mm = 5.0\nwidth_mm = 13.0\nsize_mm = 3.0', "31 x 8 mm"),
        ('field = "colour"\nx_mm = 18.0\ny_mm = 5.0\nwidth_mm = 5.0\nsize_mm = 3.0', "one of"),
        ('field = "gtin"\nx_mm = 18.0\ny_mm = 5.0\nwidth_mm = 5.0', "text[0].size_mm: is missing"),
        (
            'field = "gtin"\nx_mm = 18.0\ny_mm = 5.0\nwidth_mm = 5.0\nsize_mm = 3.0\nlines = 6',
            "23 x 26 mm",
        ),
    ],
)
def test_text_that_cannot_stand_there_is_refused(line: str, named: str) -> None:
    with pytest.raises(Refused) as refused:
        designs.read(f"{SMALL}[[text]]\n{line}\n")
    assert named in refused.value.refusal.sentence("en")


def test_an_unknown_design_names_those_that_ship() -> None:
    assert designs.names() == ["a4-sheet", "consumer-unit", "roll-of-three"]
    with pytest.raises(Refused, match="consumer-unit"):
        designs.shipped("../consumer-unit")


def test_long_text_is_broken_at_spaces_and_cut_at_the_end() -> None:
    assert layout.broken("one two three", 2, 7, len) == ["one two", "three"]
    assert layout.broken("one two three", 1, 8, len) == ["one two…"]
    assert layout.broken("abcdefghij", 2, 4, len) == ["abc…"]
    assert layout.broken("", 2, 4, len) == [""]


@pytest.mark.parametrize("template_id", TEMPLATES)
def test_a_preview_shows_a_label_of_a_code_that_nobody_issued(template_id: int) -> None:
    content = layout.Content(template=TEMPLATES[template_id], gtin="04670033010053", product="Ұялы")
    fitted = layout.fit(designs.shipped("a4-sheet"), content)
    code = picture.sample_code(content)
    image = Image.open(io.BytesIO(picture.label(fitted, code, 7)))
    assert image.size == (fitted.dots(48.5), fitted.dots(25.4))
    [found] = zxingcpp.read_barcodes(image.convert("L"))
    assert found.bytes == code
    assert b"SAMPLE" in code


@pytest.mark.parametrize("template_id", TEMPLATES)
def test_the_uniform_size_holds_every_code_of_a_template(template_id: int) -> None:
    template = TEMPLATES[template_id]
    kind = layout.symbol_kind("auto", template)
    side = layout.largest_modules(template, kind)
    codes = b"".join(codes_of_template(template.size, 500, 3))
    assert (_core.symbol_sizes(codes, template.size, kind=kind) <= side).all()

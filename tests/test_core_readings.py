"""What scanners make of codes, read back: by rule, by chance, and never into another code."""

from __future__ import annotations

import random
import signal
import subprocess
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import twins
from core_cases import CHECK_KEYS, SHAPES, column, emitted
from emitter import _core
from emitter.errors import Reason
from fuzzing import amount, first_seed
from noises import GS, NOISES, escaped, human
from twins_readings import readings_of

SHOES = b"010467003301005321gJk6o54AQBJfX\x1d91ffd0\x1d92" + b"A" * 88
WATER = b"010463633245536021561BtxPs9VbAP\x1d93dGVz"
MILK = b"0103041094787443215Qb<g&\x1d93Zjqw"
BLOCK = b"010460043993125621JgXJ5.T\x1d8005112000\x1d93Mdlr"
PACK = b"00000046198488X?io+qCABm8wAYa"


def readings(text: bytes, *, identification: bool = False) -> list[list[bytes]]:
    """The readings of each item of a text."""
    parsed = _core.parse(text, identification=identification)
    lines, origins = _core.readings(
        text, parsed, np.ones(len(parsed), bool), identification=identification
    )
    assert lines == b"" or lines.endswith(b"\n")
    texts = lines.split(b"\n")[:-1]
    assert (np.diff(origins) >= 0).all()
    return [
        [text for text, origin in zip(texts, origins.tolist(), strict=True) if origin == item]
        for item in range(len(parsed))
    ]


@pytest.mark.parametrize("name", NOISES)
def test_each_noise_is_read_as_the_code_it_was(name: str) -> None:
    codes = [WATER, SHOES, MILK, BLOCK, PACK, MILK + b"\x1d3103000353"]
    items = [NOISES[name](code) for code in codes]
    for item, code, found in zip(items, codes, readings(b"\n".join(items)), strict=True):
        assert found == readings_of(item)
        assert code in (found or [item]), item
        if b"&" not in item and b"<" not in item:
            assert found in ([code], []), item


@pytest.mark.parametrize("code", [WATER, SHOES, BLOCK, PACK, WATER + b"\x1d310300035317260302"])
def test_a_code_as_it_is_has_no_readings(code: bytes) -> None:
    assert readings(code) == [[]]
    assert readings(code, identification=True) == [[]]


@pytest.mark.parametrize(
    "item",
    [
        b"", b" ", b"]d2", b"\x1d", b"junk", b"]d2]d1", WATER[:-1], WATER[:20], b"(01)", b"01",
        b"&#29;" * 200, b"<GS>" * 200, b"&amp;" * 204, b"(01)04636332455360",
        WATER.replace(GS, b" "), b"d2" + WATER, b"]2d" + WATER, WATER[:10] + b" " + WATER[10:],
        WATER.replace(b"0104", b"0204").replace(GS, b""),
        WATER.replace(GS, b"").replace(b"dGVz", b"dGV"), WATER.replace(GS, b"")[:-5] + b"92dGVz",
        b"(01)04636332455360(21)561BtxPs9VbA(93)dGVz",
        b"(01)04636332455360(21)561BtxPs9VbAP(93)dGVz(99)x",
        b"(01)04636332455360(21)561BtxPs9VbAP93dGVz",
        b"(01)04636332455360(21)561BtxPs9VbAP", WATER[:31] + b"\r",
        b" " * 1024 + WATER, WATER + b" " * 1024,
        WATER + GS + b"10" + b"x" * 2000,
    ],
)  # fmt: skip
def test_what_no_template_made_has_no_readings(item: bytes) -> None:
    assert readings(item) == [[]] * len(_core.parse(item))
    assert readings_of(item) == []


def test_an_identification_code_is_read_where_it_is_asked_for() -> None:
    items = [b"]d2" + WATER[:31], PACK[:21] + b"\r", b"(01)04636332455360(21)561BtxPs9VbAP"]
    found = readings(b"\n".join(items), identification=True)
    assert found == [[WATER[:31]], [PACK[:21]], [WATER[:31]]]
    assert found == [readings_of(item, identification=True) for item in items]


def test_a_code_without_its_separator_can_pass_for_an_identification_code_and_is_read_too() -> None:
    beer = b"0104636332455360213abCD-2\x1d93dGVz"
    lost = beer.replace(GS, b"")
    assert _core.parse(lost, identification=True)["reason"] == Reason.OK
    assert readings(lost, identification=True) == [[beer]]


def test_a_serial_that_looks_like_noise_stays_what_it_is_and_comes_first() -> None:
    code = b"010463633245536021&lt;<GS>&amp;\x1d93dGVz"
    assert _core.parse(code)["reason"] == Reason.OK
    assert readings(b"]d2" + code)[0][0] == code
    assert readings(b"]d2" + code)[0] == readings_of(b"]d2" + code)


def test_a_serial_of_another_length_is_read_as_what_was_escaped() -> None:
    """A milk code with < and & has the length of water when XML has escaped it."""
    item = escaped(MILK).replace(b"&#29;", GS)
    [parsed] = _core.parse(item)
    assert (parsed["reason"], parsed["serial_size"]) == (Reason.OK, 13)
    assert readings(item) == [[MILK]]


def test_only_wanted_items_are_read() -> None:
    text = b"\n".join([b"]d2" + WATER, b"]d1" + PACK, b" " + MILK])
    lines, origins = _core.readings(text, _core.parse(text), [True, False, True])
    assert lines == WATER + b"\n" + MILK + b"\n"
    assert origins.tolist() == [0, 2]
    lines, origins = _core.readings(text, _core.parse(text), np.zeros(3, bool))
    assert (lines, origins.tolist()) == (b"", [])


def test_rows_that_do_not_fit_are_a_mistake_of_the_program() -> None:
    parsed = _core.parse(b"]d2" + WATER)
    with pytest.raises(ValueError, match="within the text"):
        _core.readings(b"short", parsed, [True])
    with pytest.raises(ValueError, match="one value"):
        _core.readings(b"]d2" + WATER, parsed, [True, True])


# By chance: codes as they are issued, of every shape, and any noises one over the other.

AHEAD = [NOISES[name] for name in ("]d2", "FNC1 ahead", "blanks", "CR", "a byte order mark")]
WITHIN = [noise for name, noise in NOISES.items() if "XML" not in name and name != "human"]
OVER = [NOISES["XML"], NOISES["XML by numbers"], lambda code: code]


def genuine(texts: list[bytes], kind: int) -> list[bytes]:
    """Those of the texts whose check code is right."""
    if not texts:
        return []
    text = b"\n".join(texts)
    forged = _core.check(text, _core.parse(text), [CHECK_KEYS[kind]], column(0, len(texts)))
    return [code for code, reason in zip(texts, forged.tolist(), strict=True) if not reason]


@settings(max_examples=amount(400, 50_000), deadline=None)
@given(
    shape=st.sampled_from(sorted(SHAPES)),
    counter=st.integers(0, 10**9),
    within=st.sampled_from([*WITHIN, NOISES["human"]]),
    over=st.sampled_from(OVER),
    around=st.lists(st.sampled_from(AHEAD), max_size=3),
)
def test_the_only_genuine_reading_of_any_noise_is_the_code(
    shape, counter, within, over, around
) -> None:
    kind, made_of = SHAPES[shape]
    [code] = emitted(kind, made_of, counter, 1)
    item = over(within(code))
    for noise in around:
        item = noise(item)
    [found] = readings(item)
    assert found == readings_of(item)
    assert genuine([item, *found], kind)[:1] == [code]
    assert len(found) <= _core.READINGS_MAX


@settings(max_examples=amount(400, 50_000), deadline=None)
@given(
    shape=st.sampled_from(sorted(SHAPES)),
    within=st.sampled_from([*WITHIN, NOISES["human"]]),
    over=st.sampled_from(OVER),
    at=st.integers(0, 200),
    other=st.sampled_from(list(twins.GS1_82)),
)
def test_no_noise_makes_a_forged_code_genuine(shape, within, over, at, other) -> None:
    kind, made_of = SHAPES[shape]
    [code] = emitted(kind, made_of, 4711, 1)
    at %= len(code)
    forged = code[:at] + bytes([other]) + code[at + 1 :]
    if forged == code:
        return
    [found] = readings(over(within(forged)))
    assert [text for text in genuine([forged, *found], kind) if text != code] == []
    if code[at : at + 1] != GS:  # a separator that something stands in place of was not lost
        assert genuine([forged, *found], kind) == []


# The fuzz test's invariant: whatever the text, the readings of every item are the twin's, every one
# can be parsed, and it never raises anything.

_PIECES = [
    *(name.encode() for name in ("<GS>", "{GS}", "\\u001d", "\\x1d", "␝", "è", "&#29;", "&#x1d;")),
    b"&lt;", b"&gt;", b"&amp;", b"&quot;", b"&apos;", b"&#60;", b"&#x3C;", b"&#", b"&", b"<", b";",
    b"]d2", b"]", b" ", b"\r", GS, b"\xe8", b"\xc3", b"\xef\xbb\xbf", b"(01)", b"(21)", b"(93)",
    b"(91)", b"(92)", b"(", b")", b"01", b"21", b"91", b"92", b"93", b"8005", b"(3103)", b"3103",
    b"000353", b"(10)LOT", b"(17)", b"17260302", b"04636332455360", b"561BtxPs9VbAP", b"5Qb<g&",
    b"EE05", b"112000", b"dGVz", b"A" * 44, b"A" * 88, b"\n",
    WATER, SHOES, BLOCK, PACK, MILK, human(WATER), human(BLOCK), human(SHOES),
]  # fmt: skip


@st.composite
def spoilt_codes(draw: st.DrawFn) -> bytes:
    """A code with a noise or two, and then a piece of something in place of a piece of it."""
    code = draw(st.sampled_from([WATER, SHOES, BLOCK, PACK, MILK]))
    code += draw(st.sampled_from([b"", b"\x1d3103000353", b"\x1d10A\x1d17260302"]))
    for noise in draw(st.lists(st.sampled_from(list(NOISES.values())), max_size=2)):
        code = noise(code) if len(code) > 15 else code
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(code)))
        cut = draw(st.integers(0, 3))
        code = code[:at] + draw(st.sampled_from(_PIECES) | st.binary(max_size=2)) + code[at + cut :]
    return code


texts = st.lists(st.sampled_from(_PIECES) | st.binary(max_size=3), max_size=12).map(b"".join)


@settings(max_examples=amount(1500, 100_000), deadline=None)
@given(
    text=st.lists(texts | spoilt_codes(), max_size=4).map(b"\n".join), identification=st.booleans()
)
@example(text=b"\n".join(noise(MILK) for noise in NOISES.values()), identification=True)
def test_readings_are_those_of_the_twin(*, text: bytes, identification: bool) -> None:
    items = text.removesuffix(b"\n").split(b"\n") if text else []
    found = readings(text, identification=identification)
    assert found == [readings_of(item, identification=identification) for item in items]
    for read in found:
        assert len(read) <= _core.READINGS_MAX
        for reading in read:
            [parsed] = _core.parse(reading, identification=identification)
            assert parsed["reason"] != Reason.CODE_UNPARSABLE


# Nothing is read beyond the text: see beyond_text.c.


@pytest.fixture(scope="module")
def beyond_text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, compiled with the compiler that the core was made with."""
    here = Path(__file__).parent
    target = tmp_path_factory.mktemp("beyond") / "beyond_text"
    subprocess.run(
        [*sysconfig.get_config_var("CC").split(), "-std=gnu11", "-O2", "-w",
         f"-I{here.parent / 'src' / 'emitter' / 'native'}", str(here / "beyond_text.c"),
         "-lsodium", "-o", str(target)],
        check=True,
    )  # fmt: skip
    return target


def test_no_form_of_the_kernels_looks_beyond_the_text(beyond_text: Path) -> None:
    chance = random.Random(first_seed())
    codes = [WATER, SHOES, MILK, BLOCK, PACK, WATER[:31], MILK + b"\x1d10A\x1d3103000353"]
    noisy = [noise(code) for code in codes for noise in NOISES.values()]
    whole = codes + noisy + _PIECES + [a + b for a in _PIECES for b in _PIECES]
    whole += [human(code) for code in codes[:4]]
    cut = [code[: chance.randint(0, len(code))] for code in noisy for _ in range(amount(20, 500))]
    texts = whole + cut + [b"\n".join(whole)]
    given = b"".join(len(text).to_bytes(4, "little") + text for text in texts)
    done = subprocess.run([beyond_text], input=given, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"%d\n" % len(texts))
    seen = subprocess.run([beyond_text, "beyond"], input=given, capture_output=True, check=False)
    assert seen.returncode == -signal.SIGSEGV

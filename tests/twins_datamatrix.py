"""The plain twin of the DataMatrix kernels: one code, one symbol, lists of integers.

Written from ISO/IEC 16022:2006 and sharing nothing with the kernels, in method as well as in text:
sizes are worked out from regions and check codewords, fields are added by logarithms, division is
coefficient by coefficient, and the walk of Annex F is stated as diagonals in closed form.
"""

from __future__ import annotations

import functools

GS1, GS1_GS, PLAIN = range(3)
GS, PAD, FNC1 = 0x1D, 129, 232

ALPHABET = bytes([GS, *range(0x21, 0x7F)])
"""Every character that the kernels encode."""

SIZES = {  # modules: regions along a side, blocks, check codewords of a block (Table 7)
    10: (1, 1, 5), 12: (1, 1, 7), 14: (1, 1, 10), 16: (1, 1, 12), 18: (1, 1, 14), 20: (1, 1, 18),
    22: (1, 1, 20), 24: (1, 1, 24), 26: (1, 1, 28), 32: (2, 1, 36), 36: (2, 1, 42), 40: (2, 1, 48),
    44: (2, 1, 56), 48: (2, 1, 68), 52: (2, 2, 42), 64: (4, 2, 56), 72: (4, 4, 36), 80: (4, 4, 48),
    88: (4, 4, 56), 96: (4, 4, 68), 104: (4, 6, 56), 120: (6, 6, 68), 132: (6, 8, 62),
    144: (6, 10, 62),
}  # fmt: skip


def mapping_side(modules: int) -> int:
    """Return the side of the mapping matrix: the symbol without the borders of its regions."""
    return modules - 2 * SIZES[modules][0]


def capacity(modules: int) -> int:
    """Return the number of data codewords."""
    _, blocks, check = SIZES[modules]
    return mapping_side(modules) ** 2 // 8 - blocks * check


def text_codewords(text: bytes, kind: int) -> list[int]:
    """ASCII encodation (5.2.3) with FNC1 where the kind has it."""
    codewords = [] if kind == PLAIN else [FNC1]
    while text:
        if text[:2].isdigit() and len(text) > 1:
            codewords.append(130 + int(text[:2]))
            text = text[2:]
        else:
            codewords.append(FNC1 if text[0] == GS and kind == GS1 else text[0] + 1)
            text = text[1:]
    return codewords


LATCHES = {230: "C40", 239: "TEXT", 240: "EDIFACT"}
SHIFT_2 = b"!\"#$%&'()*+,-./:;<=>?@[\\]^_"
DIGITS = b"0123456789"
CAPITALS = bytes(range(0x41, 0x5B))


def basic(mode: str) -> bytes:
    """Return the characters of values 4 to 39 (Tables C.1 and C.2)."""
    return DIGITS + (CAPITALS if mode == "C40" else CAPITALS.lower())


def fits(text: bytes, kind: int, room: int) -> bool:
    """Whether some way of switching brings a text into exactly ``room`` codewords.

    Every way is tried, by brute force: what is reached is a set of (characters done, mode, values
    collected, codewords used), and the rules of 5.2.5 to 5.2.8 are applied as they are written.
    """
    start = (0, "ASCII", 0, int(kind != PLAIN))
    seen, open_ = {start}, [start]
    while open_:
        state = open_.pop()
        if state[3] > room:
            continue
        if state[0] == len(text) and _may_end(state, room):
            return True
        new = set(_next(text, state, room)) - seen
        seen |= new
        open_ += new
    return False


def _may_end(state: tuple[int, str, int, int], room: int) -> bool:
    _, mode, collected, used = state
    if mode in {"C40", "TEXT"} and collected == 2:
        return used + 2 == room
    return collected == 0


def _next(text: bytes, state: tuple[int, str, int, int], room: int):
    done, mode, collected, used = state
    if mode == "ASCII":
        yield from ((done, latched, 0, used + 1) for latched in LATCHES.values())
        if text[done : done + 2].isdigit() and done + 2 <= len(text):
            yield done + 2, mode, 0, used + 1
        if done < len(text):
            yield done + 1, mode, 0, used + 1
    elif mode == "EDIFACT":
        if collected == 0 and room - used <= 2:  # over of itself
            yield done, "ASCII", 0, used
            return
        yield done, "ASCII", 0, used + (1, 2, 3, 3)[collected]
        if done < len(text) and 0x20 <= text[done] <= 0x5E:
            full = collected == 3
            yield done + 1, mode, 0 if full else collected + 1, used + 3 * full
    else:
        if collected == 0:
            yield done, "ASCII", 0, used + 1
            if room - used == 1 and done + 1 == len(text):
                yield done + 1, "ASCII", 0, used + 1
        if done < len(text):
            values = collected + (1 if text[done] in basic(mode) else 2)
            yield done + 1, mode, values % 3, used + values // 3 * 2


def smallest(text: bytes, kind: int) -> int:
    """Return the side of the smallest square that holds a text."""
    return next(m for m in SIZES if fits(text, kind, capacity(m)))


def decoded(data: list[int]) -> bytes:
    """Return the text of data codewords, FNC1 as GS but for a leading one: the way back."""
    text, mode, at = b"", "ASCII", 0
    while at < len(data):
        codeword = data[at]
        if mode in {"C40", "TEXT"} and at + 1 < len(data) and codeword != 254:
            triples = []
            while at + 1 < len(data) and data[at] != 254:
                triples.append(data[at] * 256 + data[at + 1] - 1)
                at += 2
            values = [v for t in triples for v in (t // 1600, t // 40 % 40, t % 40)]
            text += _of_values(values, mode)
            continue
        if mode == "EDIFACT" and len(data) - at > 2:
            bits = int.from_bytes(bytes(data[at : at + 3]))
            sixes = [bits >> shift & 63 for shift in (18, 12, 6, 0)]
            kept = sixes[: sixes.index(31)] if 31 in sixes else sixes
            text += bytes(six if six & 32 else six | 64 for six in kept)
            at += (1, 2, 3, 3)[len(kept)] if 31 in sixes else 3
            mode = "ASCII" if 31 in sixes else mode
            continue
        at += 1
        if codeword == PAD and mode == "ASCII":
            break
        if codeword in LATCHES:
            mode = LATCHES[codeword]
        elif codeword == 254:
            mode = "ASCII"
        elif codeword == FNC1:
            text += b"\x1d" if text or at > 1 else b""
        else:
            mode = "ASCII"
            text += b"%02d" % (codeword - 130) if codeword >= 130 else bytes([codeword - 1])
    return text


def _of_values(values: list[int], mode: str) -> bytes:
    text, shift = b"", None
    for value in values:
        if shift is None and value < 3:
            shift = value
            continue
        if shift is None:
            text += basic(mode)[value - 4 : value - 3]
        elif shift == 0:
            text += bytes([value])
        elif shift == 1:
            text += b"\x1d" if value == 27 else SHIFT_2[value : value + 1]
        else:
            letter = value + 0x60
            text += bytes([letter if mode == "C40" or not 0 < value < 27 else letter - 0x20])
        shift = None
    return text


def padded(codewords: list[int], size: int) -> list[int]:
    """Pad (5.2.4), all but the first pad scrambled by the 253-state algorithm (B.1)."""
    result = list(codewords)
    while len(result) < size:
        value = PAD
        if len(result) > len(codewords):
            value += (149 * (len(result) + 1)) % 253 + 1
            value -= 254 if value > 254 else 0
        result.append(value)
    return result


@functools.cache
def _field() -> tuple[list[int], dict[int, int]]:
    """Powers of 2 in GF(256) modulo 0x12D, and their logarithms."""
    powers = [1]
    while len(powers) < 255:
        double = powers[-1] * 2
        powers.append(double ^ 0x12D if double > 255 else double)
    return powers, {power: exponent for exponent, power in enumerate(powers)}


def times(a: int, b: int) -> int:
    """Multiply in GF(256)."""
    powers, logarithms = _field()
    return powers[(logarithms[a] + logarithms[b]) % 255] if a and b else 0


@functools.cache
def generator(degree: int) -> list[int]:
    """Return (x - 2)(x - 4)...(x - 2^degree), highest coefficient first (E.1)."""
    polynomial = [1]
    for exponent in range(1, degree + 1):
        root = _field()[0][exponent]
        shifted, scaled = [*polynomial, 0], [0, *(times(c, root) for c in polynomial)]
        polynomial = [a ^ b for a, b in zip(shifted, scaled, strict=True)]
    return polynomial


def check_codewords(data: list[int], count: int) -> list[int]:
    """Return the remainder of data(x) x^count divided by the generator (E.3)."""
    rest = data + [0] * count
    for i in range(len(data)):
        lead = rest[i]
        for j, coefficient in enumerate(generator(count)):
            rest[i + j] ^= times(coefficient, lead)
    return rest[len(data) :]


def codewords(text: bytes, modules: int, kind: int) -> list[int]:
    """Return all codewords of a symbol, data before check, blocks interleaved (5.7)."""
    _, blocks, check = SIZES[modules]
    data = padded(text_codewords(text, kind), capacity(modules))
    assert len(data) == capacity(modules), "the text does not fit"
    tail = [0] * (blocks * check)
    for block in range(blocks):
        tail[block::blocks] = check_codewords(data[block::blocks], check)
    return data + tail


UTAH = [(-2, -2), (-2, -1), (-1, -2), (-1, -1), (-1, 0), (0, -2), (0, -1), (0, 0)]


@functools.cache
def places(side: int) -> list[list[tuple[int, int]]]:
    """Return, for each codeword, where its bits 1 to 8 stand in the mapping matrix (Annex F).

    Codewords stand on the diagonals row + column = 4, 8, 12, …: at even rows, upwards, where the
    sum is 4 modulo 8, else at odd rows, downwards. A corner shape comes before the diagonal that
    starts beside it.
    """
    last, taken, result = side - 1, set(), []

    def take(cells: list[tuple[int, int]]) -> None:
        taken.update(cells)
        result.append(cells)

    def wrapped(row: int, column: int) -> tuple[int, int]:
        offset = 4 - (side + 4) % 8
        row, column = (row + side, column + offset) if row < 0 else (row, column)
        return (row + offset, column + side) if column < 0 else (row, column)

    right = [(0, last), (1, last)]
    for total in range(4, 2 * side, 4):
        if total == side and side % 8 == 4:
            low = [(last, 0), (last, 1), (last, 2)]
            take([*low, (0, last - 1), *right, (2, last), (3, last)])
        if total == side - 2 and side % 8 == 6:
            low = [(last - 2, 0), (last - 1, 0), (last, 0)]
            take([*low, (0, last - 3), (0, last - 2), (0, last - 1), *right])
        upwards = total % 8 == 4
        rows = range(side, -1, -2) if upwards else range(1, side, 2)
        for row in rows:
            column = total - row
            if row < side and 0 <= column < side and (row, column) not in taken:
                take([wrapped(row + down, column + across) for down, across in UTAH])
    return result


def module_of(modules: int, row: int, column: int) -> tuple[int, int]:
    """Return where a module of the mapping matrix stands in the symbol."""
    inner = modules // SIZES[modules][0] - 2
    return row + 2 * (row // inner) + 1, column + 2 * (column // inner) + 1


def symbol(text: bytes, modules: int, kind: int) -> list[list[int]]:
    """Return the modules of a symbol, row by row, 1 dark."""
    regions = SIZES[modules][0]
    region = modules // regions
    matrix = [[0] * modules for _ in range(modules)]
    for i in range(modules):
        for j in range(0, modules, region):
            matrix[j][i] = 1 - i % 2  # timing above
            matrix[i][j + region - 1] = i % 2  # timing on the right
    for i in range(modules):
        for j in range(0, modules, region):
            matrix[i][j] = matrix[j + region - 1][i] = 1  # finder: left and below
    side = mapping_side(modules)
    if side * side % 8:
        for corner in (side - 1, side - 2):
            row, column = module_of(modules, corner, corner)
            matrix[row][column] = 1
    for codeword, cells in zip(codewords(text, modules, kind), places(side), strict=True):
        for bit, cell in enumerate(cells):
            row, column = module_of(modules, *cell)
            matrix[row][column] = codeword >> (7 - bit) & 1
    return matrix


def read_codewords(matrix: list[list[int]]) -> list[int]:
    """Return the codewords that stand in a symbol: the way back of `symbol`."""
    result = []
    for cells in places(mapping_side(len(matrix))):
        codeword = 0
        for cell in cells:
            row, column = module_of(len(matrix), *cell)
            codeword = codeword * 2 + matrix[row][column]
        result.append(codeword)
    return result

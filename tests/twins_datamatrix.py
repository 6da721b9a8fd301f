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

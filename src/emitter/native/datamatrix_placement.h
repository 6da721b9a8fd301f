/* Where each bit of each codeword stands in a Data Matrix symbol, and the borders around them.
 *
 * Source: ISO/IEC 16022:2006, 5.8 (symbol construction) and Annex F (symbol character placement).
 *
 * A codeword occupies eight modules in the shape of the state of Utah, bit 1 the most significant:
 *
 *         1 2
 *         3 4 5      the module of bit 8 is the codeword's place
 *         6 7 8
 *
 * Places lie on diagonals of the mapping matrix, two rows and two columns apart; the walk goes up
 * the first diagonal to the right, down the next one to the left, and so on, taking the codewords
 * in order. What sticks out over one edge continues at the opposite edge, shifted by up to four
 * modules so that the shapes interlock. Where the walk would leave a hole in the lower left corner,
 * one codeword takes one of four special shapes over several corners, by the sides of the mapping
 * matrix modulo 8. If four modules are left in the lower right corner, two of them are dark.
 *
 * Around each data region: a solid line left and below (finder), alternating modules above and on
 * the right (timing), dark in even columns and odd rows.
 *
 * A walk per symbol would be slow, so it is made once per size and kept as *pieces*: the bits of a
 * codeword that fall side by side into one 64-bit word of a symbol row. A row is then the sum of
 * its border and its pieces, each one load, one mask and one rotation.
 */
#ifndef EMITTER_DATAMATRIX_PLACEMENT_H
#define EMITTER_DATAMATRIX_PLACEMENT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "datamatrix_sizes.h"

enum {
    DM_ROW_WORDS_MAX = (DM_MODULES_MAX + 63) / 64,
    DM_WORDS_MAX = DM_MODULES_MAX * DM_ROW_WORDS_MAX,
    DM_PIECES_MAX = DM_MAPPING_MAX * DM_MAPPING_MAX
};

/* Of `codeword`, the bits of `mask`, turned left by `turn` in 64 bits. */
struct dm_piece {
    uint16_t codeword;
    uint8_t mask;
    uint8_t turn;
};

struct dm_placement {
    size_t rows;
    size_t row_words;                   /* 64-bit words of a row, first module in the top bit */
    size_t row_bytes;                   /* bytes of a packed row */
    uint64_t border[DM_WORDS_MAX];      /* modules that do not depend on the text */
    uint16_t piece_ends[DM_WORDS_MAX];  /* pieces of word w: from piece_ends[w - 1] (0) to here */
    struct dm_piece pieces[DM_PIECES_MAX];
};

/* The mapping matrix while it is filled: 0 free, else 8 * codeword + bit + 1, bit 0 highest. */
struct dm_mapping {
    int rows, columns;
    uint16_t bits[DM_MAPPING_MAX * DM_MAPPING_MAX];
};

/* Put one bit at (row, column); negative coordinates continue at the opposite edge (F.1). */
static inline void dm_map_bit(struct dm_mapping *mapping, int row, int column, unsigned bit)
{
    if (row < 0) row += mapping->rows, column += 4 - (mapping->rows + 4) % 8;
    if (column < 0) column += mapping->columns, row += 4 - (mapping->columns + 4) % 8;
    mapping->bits[row * mapping->columns + column] = (uint16_t)(bit + 1);
}

/* Put the eight bits of a codeword at `at`, pairs of row and column relative to (row, column). */
static inline void dm_map_codeword(struct dm_mapping *mapping, int row, int column,
                                   const int8_t at[8][2], unsigned codeword)
{
    for (unsigned bit = 0; bit < 8; bit++)
        dm_map_bit(mapping, row + at[bit][0], column + at[bit][1], 8 * codeword + bit);
}

static const int8_t DM_UTAH[8][2] = {{-2, -2}, {-2, -1}, {-1, -2}, {-1, -1},
                                     {-1, 0},  {0, -2},  {0, -1},  {0, 0}};

/* The special shapes (corners 1 to 4 of F.3): row 0 is the first, row -1 the last. */
static const int8_t DM_CORNER_1[8][2] = {{-1, 0}, {-1, 1}, {-1, 2}, {0, -2},
                                         {0, -1}, {1, -1}, {2, -1}, {3, -1}};
static const int8_t DM_CORNER_2[8][2] = {{-3, 0}, {-2, 0}, {-1, 0}, {0, -4},
                                         {0, -3}, {0, -2}, {0, -1}, {1, -1}};

static const int8_t DM_CORNER_3[8][2] = {{-3, 0}, {-2, 0}, {-1, 0}, {0, -2},
                                         {0, -1}, {1, -1}, {2, -1}, {3, -1}};
static const int8_t DM_CORNER_4[8][2] = {{-1, 0}, {-1, -1}, {0, -3}, {0, -2},
                                         {0, -1}, {1, -3}, {1, -2}, {1, -1}};

/* Put a codeword into a special shape: there edges are joined without the shift. */
static inline void dm_map_corner(struct dm_mapping *mapping, const int8_t at[8][2],
                                 unsigned codeword)
{
    for (unsigned bit = 0; bit < 8; bit++) {
        const int row = (at[bit][0] + mapping->rows) % mapping->rows;
        const int column = (at[bit][1] + mapping->columns) % mapping->columns;
        dm_map_bit(mapping, row, column, 8 * codeword + bit);
    }
}

/* Fill the mapping matrix: the walk of F.3. */
static inline void dm_map(struct dm_mapping *mapping, int rows, int columns)
{
    mapping->rows = rows;
    mapping->columns = columns;
    memset(mapping->bits, 0, sizeof mapping->bits);
    unsigned codeword = 0;
    int row = 4, column = 0;
    while (row < rows || column < columns) {
        if (row == rows && column == 0) dm_map_corner(mapping, DM_CORNER_1, codeword++);
        if (row == rows - 2 && column == 0 && columns % 4)
            dm_map_corner(mapping, DM_CORNER_2, codeword++);
        if (row == rows - 2 && column == 0 && columns % 8 == 4)
            dm_map_corner(mapping, DM_CORNER_3, codeword++);
        if (row == rows + 4 && column == 2 && columns % 8 == 0)
            dm_map_corner(mapping, DM_CORNER_4, codeword++);
        for (; row >= 0 && column < columns; row -= 2, column += 2)
            if (row < rows && column >= 0 && !mapping->bits[row * columns + column])
                dm_map_codeword(mapping, row, column, DM_UTAH, codeword++);
        row += 1, column += 3;
        for (; row < rows && column >= 0; row += 2, column -= 2)
            if (row >= 0 && column < columns && !mapping->bits[row * columns + column])
                dm_map_codeword(mapping, row, column, DM_UTAH, codeword++);
        row += 3, column += 1;
    }
}

/* Whether (row, column) of a region of rows x columns is a dark module of its border. */
static inline int dm_border_dark(size_t row, size_t column, size_t rows, size_t columns)
{
    if (column == 0 || row == rows - 1) return 1;
    if (row == 0) return column % 2 == 0;
    return column == columns - 1 && row % 2 == 1;
}

/* Add one bit of a codeword to the pieces of a word, the first of which is pieces[first]. */
static inline size_t dm_piece_add(struct dm_piece *pieces, size_t first, size_t count, unsigned bit,
                                  size_t column)
{
    const unsigned source = 7 - bit % 8, target = 63 - column % 64;
    const struct dm_piece piece = {(uint16_t)(bit / 8), (uint8_t)(1u << source),
                            (uint8_t)((target - source) % 64)};
    for (size_t i = first; i < count; i++)
        if (pieces[i].codeword == piece.codeword && pieces[i].turn == piece.turn) {
            pieces[i].mask |= piece.mask;
            return count;
        }
    pieces[count] = piece;
    return count + 1;
}

/* Make the placement of one size: borders and pieces. */
static inline void dm_placement_make(struct dm_placement *placement, const struct dm_size *size)
{
    const size_t high = size->rows / size->row_regions;     /* rows of a region */
    const size_t wide = size->columns / size->column_regions; /* columns of a region */
    const size_t columns = size->columns - 2u * size->column_regions;
    struct dm_mapping mapping;
    dm_map(&mapping, size->rows - 2 * size->row_regions, (int)columns);
    memset(placement, 0, sizeof *placement);
    placement->rows = size->rows;
    placement->row_words = (size->columns + 63u) / 64;
    placement->row_bytes = (size->columns + 7u) / 8;
    size_t pieces = 0, first = 0;
    for (size_t row = 0; row < size->rows; row++)
        for (size_t column = 0; column < size->columns; column++) {
            const size_t word = row * placement->row_words + column / 64;
            const size_t in_row = row % high, in_column = column % wide;
            const int inside = in_row % (high - 1) != 0 && in_column % (wide - 1) != 0;
            if (column % 64 == 0) first = pieces;
            const size_t y = row - 2 * (row / high) - 1, x = column - 2 * (column / wide) - 1;
            const unsigned bit = inside ? mapping.bits[y * columns + x] : 0;
            const int dark = inside ? (size->rows - row) == (size->columns - column)
                                    : dm_border_dark(in_row, in_column, high, wide);
            if (bit)
                pieces = dm_piece_add(placement->pieces, first, pieces, bit - 1, column);
            else if (dark)
                placement->border[word] |= (uint64_t)1 << (63 - column % 64);
            placement->piece_ends[word] = (uint16_t)pieces;
        }
}

/* Draw a symbol: rows of row_bytes bytes, first module in the top bit of its byte, 1 dark. */
static inline void dm_draw(const struct dm_placement *placement, const uint8_t *codewords,
                           uint8_t *rows)
{
    const struct dm_piece *piece = placement->pieces;
    size_t word = 0;
    for (size_t row = 0; row < placement->rows; row++)
        for (size_t byte = 0; byte < placement->row_bytes; word++) {
            uint64_t bits = placement->border[word];
            const struct dm_piece *end = placement->pieces + placement->piece_ends[word];
            for (; piece < end; piece++) {
                const uint64_t part = codewords[piece->codeword] & piece->mask;
                bits |= part << piece->turn | part >> ((64 - piece->turn) % 64);
            }
            for (int i = 0; i < 8 && byte < placement->row_bytes; i++, byte++)
                *rows++ = (uint8_t)(bits >> (56 - 8 * i));
        }
}

#endif

/* What the faster forms of drawing look up, laid up once for each size of up to 256 codewords in
 * one Reed-Solomon block: all sizes that codes of the trade need.
 *
 * Check codewords are a linear map of the data codewords. Row i of `parities` is what a 1 in data
 * codeword i adds to them, so d in its place adds d times the row: all check codewords of a symbol
 * at once, and no step waits for the one before, as it does in long division.
 *
 * A module is one bit of one codeword. Of the 64 bytes of a block of rows, and of each of their
 * eight bits, `sources` names the codeword and `bits` the bit in it (none for a module of the
 * border), and `border` has the modules that are dark whatever the text.
 */
#ifndef EMITTER_DATAMATRIX_TABLES_H
#define EMITTER_DATAMATRIX_TABLES_H

#include "datamatrix_check.h"
#include "datamatrix_placement.h"
#include "datamatrix_sizes.h"

enum {
    DM_FAST_CODEWORDS = 256,
    DM_FAST_CHECK = 64,  /* check codewords: what a register of 64 bytes holds */
    DM_FAST_DATA = 174,  /* data codewords of the largest such size */
    DM_FAST_BLOCKS = 5   /* blocks of 64 bytes of the largest such symbol */
};

struct dm_tables {
    int fast;      /* whether the size has tables at all */
    size_t blocks; /* of 64 bytes of rows */
    uint64_t last; /* which bytes of the last block there are */
    uint64_t matrices[256];    /* multiplication by a byte as a matrix of bits, for GF2P8AFFINEQB */
    uint8_t nibbles[256][32];  /* a byte times each low nibble, and each high nibble */
    uint8_t parities[DM_FAST_DATA][DM_FAST_CHECK];
    uint8_t border[DM_FAST_BLOCKS][64];
    uint8_t sources[DM_FAST_BLOCKS][8][64];
    uint8_t bits[DM_FAST_BLOCKS][8][64];
};

/* The products of one byte: as a matrix whose byte 7 - i has bit j where bit i of a 2^j is set, and
 * with all nibbles. */
static inline void dm_tables_make_products(struct dm_tables *tables, unsigned byte)
{
    const uint8_t a = (uint8_t)byte;
    uint64_t matrix = 0;
    for (unsigned j = 0; j < 8; j++) {
        const uint8_t product = dm_multiply(a, (uint8_t)(1u << j));
        for (unsigned i = 0; i < 8; i++)
            matrix |= (uint64_t)(product >> i & 1) << (8 * (7 - i) + j);
    }
    tables->matrices[byte] = matrix;
    for (unsigned nibble = 0; nibble < 16; nibble++) {
        tables->nibbles[byte][nibble] = dm_multiply(a, (uint8_t)nibble);
        tables->nibbles[byte][16 + nibble] = dm_multiply(a, (uint8_t)(nibble << 4));
    }
}

/* Where the bits of the rows come from: the pieces of the placement, bit by bit. */
static inline void dm_tables_make_sources(struct dm_tables *tables,
                                          const struct dm_placement *placement)
{
    const size_t row_bytes = placement->row_bytes;
    size_t word = 0, piece = 0;
    for (size_t row = 0; row < placement->rows; row++)
        for (size_t first = 0; first < row_bytes; first += 8, word++) {
            for (size_t byte = first; byte < row_bytes && byte < first + 8; byte++) {
                const size_t at = row * row_bytes + byte;
                tables->border[at / 64][at % 64] =
                    (uint8_t)(placement->border[word] >> (56 - 8 * (byte - first)));
            }
            for (; piece < placement->piece_ends[word]; piece++) {
                const struct dm_piece *one = &placement->pieces[piece];
                for (unsigned bit = 0; bit < 8; bit++) {
                    if (!(one->mask >> bit & 1)) continue;
                    const unsigned column = 63 - (bit + one->turn) % 64;
                    const size_t at = row * row_bytes + first + column / 8;
                    tables->sources[at / 64][7 - column % 8][at % 64] = (uint8_t)one->codeword;
                    tables->bits[at / 64][7 - column % 8][at % 64] = (uint8_t)(1u << bit);
                }
            }
        }
}

/* Make the tables of one size. */
static inline void dm_tables_make(struct dm_tables *tables, const struct dm_size *size,
                                  const struct dm_generator *generator,
                                  const struct dm_placement *placement)
{
    const size_t bytes = placement->rows * placement->row_bytes;
    memset(tables, 0, sizeof *tables);
    if (size->blocks > 1 || size->check > DM_FAST_CHECK || size->data > DM_FAST_DATA) return;
    tables->fast = 1;
    tables->blocks = (bytes + 63) / 64;
    tables->last = bytes % 64 ? ((uint64_t)1 << bytes % 64) - 1 : ~(uint64_t)0;
    for (unsigned byte = 0; byte < 256; byte++) dm_tables_make_products(tables, byte);
    for (size_t i = 0; i < size->data; i++) {
        uint8_t codewords[DM_FAST_CODEWORDS] = {0};
        codewords[i] = 1;
        dm_check(size, generator, codewords);
        memcpy(tables->parities[i], codewords + size->data, size->check);
    }
    dm_tables_make_sources(tables, placement);
}

#endif

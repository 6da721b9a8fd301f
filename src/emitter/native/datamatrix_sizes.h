/* The square sizes of Data Matrix ECC 200.
 *
 * Source: ISO/IEC 16022:2006, Table 7 "ECC 200 symbol attributes", the rows of square symbols; the
 * GS1 General Specifications (5.6) allow the same 24 sizes.
 *
 * A symbol of `modules` x `modules` is divided into `regions` x `regions` data regions, each with
 * its own border one module wide (finder and timing pattern). What the borders leave, put together,
 * is the mapping matrix: a square of `modules - 2 * regions` modules that holds `data + check`
 * codewords of eight modules each (and four modules over in some sizes).
 *
 * The codewords form `blocks` Reed-Solomon blocks, interleaved: data codeword i belongs to block
 * i mod blocks, and so does check codeword i, counted from the first check codeword. All blocks of
 * a size have check / blocks check codewords. They have equally many data codewords too, save in
 * 144 x 144, where eight blocks have 156 and the last two 155; its check codewords nevertheless
 * start with block 0. (Some older encoders start them with block 8, as if the interleaving ran on;
 * the standard says otherwise, and readers that know the story accept both.)
 */
#ifndef EMITTER_DATAMATRIX_SIZES_H
#define EMITTER_DATAMATRIX_SIZES_H

#include <stddef.h>
#include <stdint.h>

struct dm_size {
    uint8_t modules; /* rows, and columns, of the whole symbol without its quiet zone */
    uint8_t regions; /* data regions along one side */
    uint8_t blocks;  /* interleaved Reed-Solomon blocks */
    uint16_t data;   /* data codewords of all blocks */
    uint16_t check;  /* error-correction codewords of all blocks */
};

enum {
    DM_SIZES = 24,
    DM_MODULES_MIN = 10,
    DM_MODULES_MAX = 144,
    DM_MAPPING_MAX = 132,     /* side of the largest mapping matrix */
    DM_DATA_MAX = 1558,       /* data codewords of the largest symbol */
    DM_CODEWORDS_MAX = 2178,  /* all codewords of the largest symbol */
    DM_BLOCK_CHECK_MAX = 68   /* check codewords of one block */
};

static const struct dm_size DM_SIZE_TABLE[DM_SIZES] = {
    {10, 1, 1, 3, 5},       {12, 1, 1, 5, 7},       {14, 1, 1, 8, 10},
    {16, 1, 1, 12, 12},     {18, 1, 1, 18, 14},     {20, 1, 1, 22, 18},
    {22, 1, 1, 30, 20},     {24, 1, 1, 36, 24},     {26, 1, 1, 44, 28},
    {32, 2, 1, 62, 36},     {36, 2, 1, 86, 42},     {40, 2, 1, 114, 48},
    {44, 2, 1, 144, 56},    {48, 2, 1, 174, 68},    {52, 2, 2, 204, 84},
    {64, 4, 2, 280, 112},   {72, 4, 4, 368, 144},   {80, 4, 4, 456, 192},
    {88, 4, 4, 576, 224},   {96, 4, 4, 696, 272},   {104, 4, 6, 816, 336},
    {120, 6, 6, 1050, 408}, {132, 6, 8, 1304, 496}, {144, 6, 10, 1558, 620},
};

/* The size of exactly `modules` modules a side; NULL if the standard has none. */
static inline const struct dm_size *dm_size_of(unsigned modules)
{
    for (size_t i = 0; i < DM_SIZES; i++)
        if (DM_SIZE_TABLE[i].modules == modules) return &DM_SIZE_TABLE[i];
    return NULL;
}

/* The smallest size that holds `codewords` data codewords; NULL above DM_DATA_MAX. */
static inline const struct dm_size *dm_size_for(size_t codewords)
{
    for (size_t i = 0; i < DM_SIZES; i++)
        if (DM_SIZE_TABLE[i].data >= codewords) return &DM_SIZE_TABLE[i];
    return NULL;
}

#endif

/* The sizes of Data Matrix ECC 200: 24 squares and six rectangles.
 *
 * Source: ISO/IEC 16022:2006, Table 7 "ECC 200 symbol attributes"; the GS1 General Specifications
 * (5.6) allow the same sizes. Marking codes are printed as squares; a rectangle is drawn only for
 * who asks for it.
 *
 * A symbol is divided into data regions, each with its own border one module wide (finder and
 * timing pattern). What the borders leave, put together, is the mapping matrix: `rows` and
 * `columns` less two for each region, which holds `data + check` codewords of eight modules each
 * (and four modules over in some sizes).
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
    uint8_t rows;           /* of the whole symbol without its quiet zone, in modules */
    uint8_t columns;
    uint8_t row_regions;    /* data regions one above the other */
    uint8_t column_regions; /* data regions side by side */
    uint8_t blocks;         /* interleaved Reed-Solomon blocks */
    uint16_t data;          /* data codewords of all blocks */
    uint16_t check;         /* error-correction codewords of all blocks */
};

enum {
    DM_SQUARES = 24, /* the first rows of the table, the smallest first */
    DM_SIZES = 30,
    DM_MODULES_MIN = 10,
    DM_MODULES_MAX = 144,
    DM_MAPPING_MAX = 132,     /* side of the largest mapping matrix */
    DM_DATA_MAX = 1558,       /* data codewords of the largest symbol */
    DM_CODEWORDS_MAX = 2178,  /* all codewords of the largest symbol */
    DM_BLOCK_CHECK_MAX = 68   /* check codewords of one block */
};

static const struct dm_size DM_SIZE_TABLE[DM_SIZES] = {
    {10, 10, 1, 1, 1, 3, 5},            {12, 12, 1, 1, 1, 5, 7},
    {14, 14, 1, 1, 1, 8, 10},           {16, 16, 1, 1, 1, 12, 12},
    {18, 18, 1, 1, 1, 18, 14},          {20, 20, 1, 1, 1, 22, 18},
    {22, 22, 1, 1, 1, 30, 20},          {24, 24, 1, 1, 1, 36, 24},
    {26, 26, 1, 1, 1, 44, 28},          {32, 32, 2, 2, 1, 62, 36},
    {36, 36, 2, 2, 1, 86, 42},          {40, 40, 2, 2, 1, 114, 48},
    {44, 44, 2, 2, 1, 144, 56},         {48, 48, 2, 2, 1, 174, 68},
    {52, 52, 2, 2, 2, 204, 84},         {64, 64, 4, 4, 2, 280, 112},
    {72, 72, 4, 4, 4, 368, 144},        {80, 80, 4, 4, 4, 456, 192},
    {88, 88, 4, 4, 4, 576, 224},        {96, 96, 4, 4, 4, 696, 272},
    {104, 104, 4, 4, 6, 816, 336},      {120, 120, 6, 6, 6, 1050, 408},
    {132, 132, 6, 6, 8, 1304, 496},     {144, 144, 6, 6, 10, 1558, 620},
    {8, 18, 1, 1, 1, 5, 7},             {8, 32, 1, 2, 1, 10, 11},
    {12, 26, 1, 1, 1, 16, 14},          {12, 36, 1, 2, 1, 22, 18},
    {16, 36, 1, 2, 1, 32, 24},          {16, 48, 1, 2, 1, 49, 28},
};

/* The size of exactly `rows` x `columns` modules; NULL if the standard has none. */
static inline const struct dm_size *dm_size_of(unsigned rows, unsigned columns)
{
    for (size_t i = 0; i < DM_SIZES; i++)
        if (DM_SIZE_TABLE[i].rows == rows && DM_SIZE_TABLE[i].columns == columns)
            return &DM_SIZE_TABLE[i];
    return NULL;
}

/* The smallest square that holds `codewords` data codewords; NULL above DM_DATA_MAX. */
static inline const struct dm_size *dm_size_for(size_t codewords)
{
    for (size_t i = 0; i < DM_SQUARES; i++)
        if (DM_SIZE_TABLE[i].data >= codewords) return &DM_SIZE_TABLE[i];
    return NULL;
}

#endif

/* The check codewords of Data Matrix ECC 200: Reed-Solomon over GF(256).
 *
 * Source: ISO/IEC 16022:2006, 5.7 and Annex E.
 *
 * Bytes are polynomials over GF(2) modulo x^8 + x^5 + x^3 + x^2 + 1 (0x12D); 2 generates the
 * multiplicative group. The k data codewords of a block, first one highest, are the polynomial
 * d(x); its n check codewords are the remainder of d(x) x^n divided by
 *
 *     g(x) = (x - 2)(x - 2^2) ... (x - 2^n),
 *
 * so the whole block is divisible by g and n / 2 wrong codewords can be found and mended.
 *
 * Long division takes the leading coefficient f off and subtracts f g(x), n bytes at once. Those
 * n bytes for each of the 256 values of f are laid up beforehand; since f -> f g is linear, 8 of
 * them are computed and the others are sums of two earlier ones. A remainder is a number of n
 * bytes in 64-bit words, its highest coefficient in the lowest byte of word 0: dropping the leading
 * coefficient is a shift to the right. Nothing here is secret, so look-ups by data are in order.
 */
#ifndef EMITTER_DATAMATRIX_CHECK_H
#define EMITTER_DATAMATRIX_CHECK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "datamatrix_sizes.h"

enum { DM_CHECK_WORDS_MAX = 9 }; /* 64-bit words for DM_BLOCK_CHECK_MAX bytes */

struct dm_generator {
    size_t size;                                  /* n, check codewords of a block */
    size_t words;                                 /* 64-bit words of a remainder */
    uint64_t multiples[256 * DM_CHECK_WORDS_MAX]; /* f g(x) without its x^n; `words` words each */
};

/* a times 2 in GF(256). */
static inline uint8_t dm_double(uint8_t a)
{
    return (uint8_t)((a << 1) ^ ((a >> 7) * 0x12D));
}

/* a times b in GF(256), b bit by bit from the top (Horner's rule). */
static inline uint8_t dm_multiply(uint8_t a, uint8_t b)
{
    uint8_t product = 0;
    for (int bit = 7; bit >= 0; bit--) {
        product = dm_double(product);
        if ((b >> bit) & 1) product ^= a;
    }
    return product;
}

/* Lay up the multiples of the generator polynomial of `size` check codewords (1..68). */
static inline void dm_generator_make(struct dm_generator *generator, size_t size)
{
    uint8_t g[DM_BLOCK_CHECK_MAX + 1] = {1}; /* highest coefficient first; g[0] stays 1 */
    uint8_t root = 1;
    for (size_t degree = 1; degree <= size; degree++) {
        root = dm_double(root);
        for (size_t i = degree; i > 0; i--) g[i] ^= dm_multiply(g[i - 1], root);
    }
    const size_t words = (size + 7) / 8;
    generator->size = size;
    generator->words = words;
    memset(generator->multiples, 0, sizeof generator->multiples);
    for (unsigned f = 1; f < 256; f++) {
        uint64_t *row = &generator->multiples[f * words];
        const unsigned rest = f & (f - 1); /* f without its lowest bit */
        if (rest) {
            const uint64_t *a = &generator->multiples[rest * words];
            const uint64_t *b = &generator->multiples[(f ^ rest) * words];
            for (size_t w = 0; w < words; w++) row[w] = a[w] ^ b[w];
        } else {
            for (size_t i = 0; i < size; i++)
                row[i / 8] |= (uint64_t)dm_multiply(g[i + 1], (uint8_t)f) << (8 * (i % 8));
        }
    }
}

/* The check codewords of one block: data[0], data[step], ... below data[count] are divided, the
 * remainder goes to check[0], check[step], ... `words` repeats generator->words: dm_check names it
 * as a constant, which keeps the remainder in registers and makes the division twice as fast. */
static inline __attribute__((always_inline)) void dm_check_block(
    const struct dm_generator *generator, const size_t words, const uint8_t *data, size_t count,
    size_t step, uint8_t *check)
{
    uint64_t remainder[DM_CHECK_WORDS_MAX + 1] = {0}; /* one word over: shifts in zeros */
    for (size_t i = 0; i < count; i += step) {
        const uint8_t f = (uint8_t)(data[i] ^ remainder[0]);
        const uint64_t *multiple = &generator->multiples[f * words];
        for (size_t w = 0; w < words; w++)
            remainder[w] = (remainder[w] >> 8 | remainder[w + 1] << 56) ^ multiple[w];
    }
    for (size_t i = 0; i < generator->size; i++)
        check[i * step] = (uint8_t)(remainder[i / 8] >> (8 * (i % 8)));
}

/* The check codewords of a symbol, behind its data codewords (interleaved, datamatrix_sizes.h). */
static inline void dm_check(const struct dm_size *size, const struct dm_generator *generator,
                            uint8_t *codewords)
{
    const size_t step = size->blocks;
    for (size_t block = 0; block < step; block++) {
        const uint8_t *data = codewords + block;
        uint8_t *check = codewords + size->data + block;
        const size_t count = size->data - block;
        switch (generator->words) {
            case 1: dm_check_block(generator, 1, data, count, step, check); break;
            case 2: dm_check_block(generator, 2, data, count, step, check); break;
            case 3: dm_check_block(generator, 3, data, count, step, check); break;
            case 4: dm_check_block(generator, 4, data, count, step, check); break;
            case 5: dm_check_block(generator, 5, data, count, step, check); break;
            case 6: dm_check_block(generator, 6, data, count, step, check); break;
            case 7: dm_check_block(generator, 7, data, count, step, check); break;
            case 8: dm_check_block(generator, 8, data, count, step, check); break;
            default: dm_check_block(generator, 9, data, count, step, check); break;
        }
    }
}

#endif

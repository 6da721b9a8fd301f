/* FF1: format-preserving encryption. NIST SP 800-38G, algorithms 7 (encrypt) and 8 (decrypt).
 *
 * Theory. A string of n numerals in a radix is split into A, the first u = floor(n / 2) numerals,
 * and B, the other v = n - u. Ten Feistel rounds replace (A, B) by (B, A + y mod radix^m), where m
 * is u in even rounds and v in odd ones and y is a pseudo-random number drawn from B:
 *
 *     P = [1] [2] [1] [radix: 3 bytes] [10] [u mod 256] [n: 4 bytes] [t: 4 bytes]
 *     Q = T, zeros, [round], [NUM(B): b bytes]       a whole number of blocks, t the bytes of T
 *     R = CBC-MAC of P and Q under AES;  S = the first d bytes of R;  y = NUM(S)
 *     b = ceil(ceil(v * log2(radix)) / 8);  d = 4 * ceil(b / 4) + 4
 *
 * P holds the length of the tweak; d is 8 or 12 and depends on v. Halves stay below 2^64 here, so
 * b <= 8, d <= 12, S never needs a second block, and [round] and [NUM(B)] lie in the last block of
 * Q. All that comes before is one constant per tweak, the prefix: ten AES calls make one code.
 *
 * Halves are numbers throughout, the most significant numeral first (NUM_radix of the standard),
 * so the numeral string of a counter c is A = c / radix^v, B = c mod radix^v.
 *
 * This header has what the forms share: the shape, which radix and length alone decide, and the
 * tile, the scratch of up to 128 codes that go through together. The forms are ff1_portable.h,
 * ff1_v3.h and ff1_avx512.h; ff1.h chooses. Key, tweak prefix, halves and everything between are
 * secret; radix, lengths and tweak size are public.
 */
#ifndef EMITTER_FF1_TILE_H
#define EMITTER_FF1_TILE_H

#include "aes.h"
#include "divisor.h"

#define FF1_LANES AES_LANES
#define FF1_ROUNDS 10

/* What radix and length alone decide. */
struct ff1_shape {
    uint32_t radix;
    uint32_t size;    /* n numerals */
    uint32_t left;    /* u, numerals of A */
    uint32_t right;   /* v, numerals of B */
    uint32_t bytes;   /* b, bytes of NUM(B) */
    uint32_t drawn;   /* d, bytes of S */
    struct divisor left_space;  /* radix^u */
    struct divisor right_space; /* radix^v */
    struct divisor numeral;     /* radix */
    uint8_t place_half[16];  /* byte shuffles: NUM(B), least byte first, to its place in a block */
    uint8_t place_round[16]; /* the number of the round to its place */
    uint8_t take_drawn[16];  /* y out of R, least byte first */
};

/* The scratch of a tile. The caller owns it; every kernel clears it before, so that idle lanes
 * compute on zeros, and after, so that nothing secret stays. */
struct ff1_tile {
    aes_plane prefix[128];
    aes_plane state[128];
    aes_plane work[128];
    aes_plane half[64];
    _Alignas(64) uint8_t blocks[FF1_LANES][16];
    _Alignas(64) uint64_t number[FF1_LANES];
    _Alignas(64) uint64_t high[FF1_LANES];
    _Alignas(64) uint64_t a[FF1_LANES]; /* the halves: in and out */
    _Alignas(64) uint64_t b[FF1_LANES];
};

static inline void ff1_clear(struct ff1_tile *tile)
{
    sodium_memzero(tile, sizeof *tile);
}

static inline void ff1_shuffles(struct ff1_shape *shape)
{
    for (uint32_t i = 0; i < 16; i++) {
        shape->place_half[i] = i > 15 - shape->bytes ? (uint8_t)(15 - i) : 0x80;
        shape->place_round[i] = i == 15 - shape->bytes ? 0 : 0x80;
        shape->take_drawn[i] = i < shape->drawn ? (uint8_t)(shape->drawn - 1 - i) : 0x80;
    }
}

/* Fill the shape; zero if radix is not 2..255, fewer than 2 numerals are asked, radix^size is less
 * than 100 (SP 800-38G section 5) or a half does not fit 64 bits. */
static int ff1_shape_of(struct ff1_shape *shape, uint32_t radix, uint32_t size)
{
    if (radix < 2 || radix > 255 || size < 2 || size > 127)
        return 0;
    shape->radix = radix;
    shape->size = size;
    shape->left = size / 2;
    shape->right = size - size / 2;
    uint64_t left_space = 1, right_space = 1;
    for (uint32_t i = 0; i < shape->left; i++)
        if (__builtin_mul_overflow(left_space, radix, &left_space))
            return 0;
    for (uint32_t i = 0; i < shape->right; i++)
        if (__builtin_mul_overflow(right_space, radix, &right_space))
            return 0;
    if ((uint128)left_space * right_space < 100)
        return 0;
    uint32_t bits = 64 - (uint32_t)__builtin_clzll((right_space - 1) | 1);
    shape->bytes = (bits + 7) / 8;
    shape->drawn = 4 * ((shape->bytes + 3) / 4) + 4;
    shape->left_space = divisor_of(left_space);
    shape->right_space = divisor_of(right_space);
    shape->numeral = divisor_of(radix);
    ff1_shuffles(shape);
    return 1;
}

/* Is one multiplication enough for y modulo either space? */
static inline int ff1_is_quick(const struct ff1_shape *shape)
{
    return divisor_is_quick(&shape->left_space, shape->drawn) &&
           divisor_is_quick(&shape->right_space, shape->drawn);
}

/* P of the theory. */
static inline void ff1_head(const struct ff1_shape *shape, uint32_t tweak_size, uint8_t block[16])
{
    const uint8_t head[8] = {
        1, 2, 1, 0, 0, (uint8_t)shape->radix, FF1_ROUNDS, (uint8_t)shape->left,
    };
    memcpy(block, head, 8);
    store_be32(block + 8, shape->size);
    store_be32(block + 12, tweak_size);
}

/* The block of Q at byte `at` as far as it is constant: the tweak's share and zeros. */
static inline void ff1_tweak_block(
    const uint8_t *tweak, uint32_t tweak_size, uint32_t at, uint8_t block[16])
{
    uint32_t size = at >= tweak_size ? 0 : tweak_size - at < 16 ? tweak_size - at : 16;
    memset(block, 0, 16);
    memcpy(block, tweak + (size ? at : 0), size);
}

/* How many blocks Q has. */
static inline uint32_t ff1_blocks(const struct ff1_shape *shape, uint32_t tweak_size)
{
    return (tweak_size + 1 + shape->bytes + 15) / 16;
}

/* The numerals of a half, most significant first. */
static inline void ff1_write_numerals(
    const struct ff1_shape *shape, uint64_t half, uint8_t *numerals, uint32_t size)
{
    while (size-- > 0) {
        uint64_t numeral;
        half = divisor_divide(&shape->numeral, half, &numeral);
        numerals[size] = (uint8_t)numeral;
    }
}

static inline uint64_t ff1_read_numerals(
    const struct ff1_shape *shape, const uint8_t *numerals, uint32_t size)
{
    uint64_t half = 0;
    for (uint32_t i = 0; i < size; i++)
        half = half * shape->radix + numerals[i];
    return half;
}

#endif

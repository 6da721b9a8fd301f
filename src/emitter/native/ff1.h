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
 * Layout. 128 codes go through at once: `prefix` and `state` are the planes of aes.h. Key, tweak
 * prefix, halves and everything between are secret; radix, lengths and tweak size are public.
 */
#ifndef EMITTER_FF1_H
#define EMITTER_FF1_H

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
};

/* The scratch of a tile. The caller owns it; every kernel clears it before, so that idle lanes
 * compute on zeros, and after, so that nothing secret stays. */
struct ff1_tile {
    aes_plane prefix[128];
    aes_plane state[128];
    aes_plane work[128];
    aes_plane half[64];
    uint8_t blocks[FF1_LANES][16];
    uint64_t number[FF1_LANES];
    uint64_t high[FF1_LANES];
    uint64_t a[FF1_LANES]; /* the halves: in and out */
    uint64_t b[FF1_LANES];
};

static inline void ff1_clear(struct ff1_tile *tile)
{
    sodium_memzero(tile, sizeof *tile);
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
    return 1;
}

/* Load the tile's blocks into planes, exclusive-ored onto what is there. */
static void ff1_absorb(struct ff1_tile *tile, aes_plane onto[128])
{
    for (int word = 0; word < 2; word++) {
        for (int lane = 0; lane < FF1_LANES; lane++)
            tile->number[lane] = load_be64(tile->blocks[lane] + 8 * word);
        aes_scatter(tile->number, tile->half);
        for (int bit = 0; bit < 64; bit++)
            onto[64 * word + (56 ^ bit)] ^= tile->half[bit];
    }
}

/* Compute the prefix: CBC-MAC over P and Q as far as they are constant, with the constant part of
 * Q's last block added. Lane i uses the tweak at tweaks + i * stride (stride 0: one for all). */
static void ff1_begin(
    struct ff1_tile *tile, const struct aes_key *key, const struct ff1_shape *shape,
    const uint8_t *tweaks, uint32_t tweak_size, uint32_t stride, uint32_t count)
{
    uint8_t head[16] = {1, 2, 1, 0, 0, (uint8_t)shape->radix, FF1_ROUNDS, (uint8_t)shape->left};
    store_be32(head + 8, shape->size);
    store_be32(head + 12, tweak_size);
    for (int lane = 0; lane < FF1_LANES; lane++)
        memcpy(tile->blocks[lane], head, 16);
    memset(tile->prefix, 0, sizeof tile->prefix);
    ff1_absorb(tile, tile->prefix);

    uint32_t blocks = (tweak_size + 1 + shape->bytes + 15) / 16;
    for (uint32_t block = 0; block < blocks; block++) {
        aes_encrypt(key, tile->prefix, tile->work);
        uint32_t at = 16 * block;
        uint32_t size = at >= tweak_size ? 0 : tweak_size - at < 16 ? tweak_size - at : 16;
        if (!size)
            continue;
        memset(tile->blocks, 0, sizeof tile->blocks);
        for (uint32_t lane = 0; lane < count; lane++)
            memcpy(tile->blocks[lane], tweaks + (uint64_t)lane * stride + at, size);
        ff1_absorb(tile, tile->prefix);
    }
}

/* tile->number = y mod space for the round's number and the half that is kept. */
static void ff1_draw(
    struct ff1_tile *tile, const struct aes_key *key, const struct ff1_shape *shape,
    const struct divisor *space, uint32_t round, const uint64_t kept[FF1_LANES])
{
    memcpy(tile->state, tile->prefix, sizeof tile->state);
    for (uint32_t bit = 0; bit < 8; bit++)
        tile->state[8 * (15 - shape->bytes) + bit] ^= aes_spread(-(uint64_t)(round >> bit & 1));
    aes_scatter(kept, tile->half);
    for (uint32_t bit = 0; bit < 8 * shape->bytes; bit++)
        tile->state[120 - (bit & ~7u) + (bit & 7)] ^= tile->half[bit];
    aes_encrypt(key, tile->state, tile->work);

    const aes_plane *low = tile->state + 8 * shape->drawn - 64;
    for (uint32_t bit = 0; bit < 64; bit++)
        tile->half[bit] = low[56 ^ bit];
    aes_gather(tile->half, tile->number);
    if (shape->drawn == 8) {
        for (int lane = 0; lane < FF1_LANES; lane++)
            tile->number[lane] = divisor_reduce(space, 0, tile->number[lane]);
        return;
    }
    memset(tile->half, 0, sizeof tile->half);
    for (uint32_t bit = 0; bit < 32; bit++)
        tile->half[bit] = tile->state[24 ^ bit];
    aes_gather(tile->half, tile->high);
    for (int lane = 0; lane < FF1_LANES; lane++)
        tile->number[lane] =
            divisor_reduce(space, (uint32_t)tile->high[lane], tile->number[lane]);
}

/* Algorithm 7 on the halves of the tile, lanes [0, 128), in place. */
static void ff1_encrypt(
    struct ff1_tile *tile, const struct aes_key *key, const struct ff1_shape *shape)
{
    for (uint32_t round = 0; round < FF1_ROUNDS; round++) {
        const struct divisor *space = round & 1 ? &shape->right_space : &shape->left_space;
        ff1_draw(tile, key, shape, space, round, tile->b);
        for (int lane = 0; lane < FF1_LANES; lane++) {
            uint64_t sum = divisor_add(space, tile->a[lane], tile->number[lane]);
            tile->a[lane] = tile->b[lane];
            tile->b[lane] = sum;
        }
    }
}

/* Algorithm 8 on the halves of the tile, in place. */
static void ff1_decrypt(
    struct ff1_tile *tile, const struct aes_key *key, const struct ff1_shape *shape)
{
    for (uint32_t round = FF1_ROUNDS; round-- > 0;) {
        const struct divisor *space = round & 1 ? &shape->right_space : &shape->left_space;
        ff1_draw(tile, key, shape, space, round, tile->a);
        for (int lane = 0; lane < FF1_LANES; lane++) {
            uint64_t rest = divisor_subtract(space, tile->b[lane], tile->number[lane]);
            tile->b[lane] = tile->a[lane];
            tile->a[lane] = rest;
        }
    }
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

/* Encrypt or decrypt `count` strings of shape->size numerals, all below the radix. */
static void ff1_apply(
    struct ff1_tile *tile, const struct aes_key *key, const struct ff1_shape *shape,
    const uint8_t *tweak, uint32_t tweak_size, const uint8_t *from, uint8_t *to, uint64_t count,
    int inverse)
{
    ff1_clear(tile);
    ff1_begin(tile, key, shape, tweak, tweak_size, 0, FF1_LANES);
    for (uint64_t first = 0; first < count; first += FF1_LANES) {
        uint64_t lanes = count - first < FF1_LANES ? count - first : FF1_LANES;
        for (uint64_t lane = 0; lane < lanes; lane++) {
            const uint8_t *numerals = from + (first + lane) * shape->size;
            tile->a[lane] = ff1_read_numerals(shape, numerals, shape->left);
            tile->b[lane] = ff1_read_numerals(shape, numerals + shape->left, shape->right);
        }
        if (inverse)
            ff1_decrypt(tile, key, shape);
        else
            ff1_encrypt(tile, key, shape);
        for (uint64_t lane = 0; lane < lanes; lane++) {
            uint8_t *numerals = to + (first + lane) * shape->size;
            ff1_write_numerals(shape, tile->a[lane], numerals, shape->left);
            ff1_write_numerals(shape, tile->b[lane], numerals + shape->left, shape->right);
        }
    }
    ff1_clear(tile);
}

#endif

/* AES: the forward cipher on 128 blocks at once, bitsliced. FIPS 197.
 *
 * Theory. A table of the S-box indexed by a secret leaks through the cache, so there is none. The
 * 128 blocks lie across 128 planes: plane 8*j + k holds bit k of byte j (k = 0 the least) of every
 * block, block i being bit i % 64 of 64-bit word i / 64. On planes SubBytes is a circuit of 113
 * gates (J. Boyar, R. Peralta, "A depth-16 circuit for the AES S-box", IACR ePrint 2011/332, which
 * takes the inverse in a tower of fields), ShiftRows is a renaming, MixColumns and AddRoundKey are
 * exclusive ors. The circuit's final negations, the constant 0x63 of FIPS 197 section 5.1.1, are
 * folded into the round keys: MixColumns leaves a column of four equal bytes as it is.
 *
 * About 33,600 gates for AES-256, 262 a block, none of which depends on data.
 *
 * Layout. `round_keys` are the 16-byte round keys of FIPS 197 section 5.2, for forms with AES
 * instructions; `planes` are the same, one 64-bit mask a bit, with 0x63 folded in from round 1 on.
 */
#ifndef EMITTER_AES_H
#define EMITTER_AES_H

#include <sodium.h>

#include "words.h"

#define AES_LANES 128
#define AES_ROUNDS_MAX 14

typedef uint64_t aes_plane __attribute__((vector_size(16)));

struct aes_key {
    uint32_t rounds; /* 10, 12 or 14 */
    uint8_t round_keys[AES_ROUNDS_MAX + 1][16];
    uint64_t planes[AES_ROUNDS_MAX + 1][128];
};

/* The S-box without its constant: out = S(in) ^ 0x63. Index 0 is the least bit. */
static inline void aes_substitute(const aes_plane in[8], aes_plane out[8])
{
    aes_plane x0 = in[7], x1 = in[6], x2 = in[5], x3 = in[4];
    aes_plane x4 = in[3], x5 = in[2], x6 = in[1], x7 = in[0];

    /* Change of basis. */
    aes_plane y14 = x3 ^ x5, y13 = x0 ^ x6, y9 = x0 ^ x3, y8 = x0 ^ x5;
    aes_plane t0 = x1 ^ x2;
    aes_plane y1 = t0 ^ x7, y4 = y1 ^ x3, y12 = y13 ^ y14, y2 = y1 ^ x0;
    aes_plane y5 = y1 ^ x6, y3 = y5 ^ y8;
    aes_plane t1 = x4 ^ y12;
    aes_plane y15 = t1 ^ x5, y20 = t1 ^ x1, y6 = y15 ^ x7, y10 = y15 ^ t0;
    aes_plane y11 = y20 ^ y9, y7 = x7 ^ y11, y17 = y10 ^ y11, y19 = y10 ^ y8;
    aes_plane y16 = t0 ^ y11, y21 = y13 ^ y16, y18 = x0 ^ y16;

    /* The norm in GF(2^4). */
    aes_plane t2 = y12 & y15, t4 = (y3 & y6) ^ t2, t6 = (y4 & x7) ^ t2;
    aes_plane t7 = y13 & y16, t9 = (y5 & y1) ^ t7, t11 = (y2 & y7) ^ t7;
    aes_plane t12 = y9 & y11, t14 = (y14 & y17) ^ t12, t16 = (y8 & y10) ^ t12;
    aes_plane t21 = t4 ^ t14 ^ y20, t22 = t6 ^ t16 ^ y19;
    aes_plane t23 = t9 ^ t14 ^ y21, t24 = t11 ^ t16 ^ y18;

    /* Its inverse. */
    aes_plane t25 = t21 ^ t22, t26 = t21 & t23, t27 = t24 ^ t26;
    aes_plane t29 = (t25 & t27) ^ t22;
    aes_plane t30 = t23 ^ t24, t31 = t22 ^ t26, t33 = (t31 & t30) ^ t24;
    aes_plane t34 = t23 ^ t33, t35 = t27 ^ t33, t36 = t24 & t35;
    aes_plane t37 = t36 ^ t34, t38 = t27 ^ t36, t40 = t25 ^ (t29 & t38);
    aes_plane t41 = t40 ^ t37, t42 = t29 ^ t33, t43 = t29 ^ t40;
    aes_plane t44 = t33 ^ t37, t45 = t42 ^ t41;

    /* The inverse in GF(2^8). */
    aes_plane z0 = t44 & y15, z1 = t37 & y6, z2 = t33 & x7;
    aes_plane z3 = t43 & y16, z4 = t40 & y1, z5 = t29 & y7;
    aes_plane z6 = t42 & y11, z7 = t45 & y17, z8 = t41 & y10;
    aes_plane z9 = t44 & y12, z10 = t37 & y3, z11 = t33 & y4;
    aes_plane z12 = t43 & y13, z13 = t40 & y5, z14 = t29 & y2;
    aes_plane z15 = t42 & y9, z16 = t45 & y14, z17 = t41 & y8;

    /* Change of basis back, and the affine map. */
    aes_plane t46 = z15 ^ z16, t47 = z10 ^ z11, t48 = z5 ^ z13, t49 = z9 ^ z10;
    aes_plane t50 = z2 ^ z12, t51 = z2 ^ z5, t52 = z7 ^ z8, t53 = z0 ^ z3;
    aes_plane t54 = z6 ^ z7, t55 = z16 ^ z17, t56 = z12 ^ t48, t57 = t50 ^ t53;
    aes_plane t58 = z4 ^ t46, t59 = z3 ^ t54, t60 = t46 ^ t57, t61 = z14 ^ t57;
    aes_plane t62 = t52 ^ t58, t63 = t49 ^ t58, t64 = z4 ^ t59, t65 = t61 ^ t62;
    aes_plane t66 = z1 ^ t63, t67 = t64 ^ t65, s3 = t53 ^ t66;

    out[7] = t59 ^ t63;
    out[6] = t64 ^ s3;
    out[5] = t55 ^ t67;
    out[4] = s3;
    out[3] = t51 ^ t66;
    out[2] = t47 ^ t65;
    out[1] = t56 ^ t62;
    out[0] = t48 ^ t60;
}

/* SubWord of FIPS 197 section 5.2: the circuit on four bytes, each a bit of the planes. */
static inline void aes_substitute_word(uint8_t word[4])
{
    aes_plane in[8], out[8];
    for (int bit = 0; bit < 8; bit++) {
        uint64_t plane = 0;
        for (int byte = 0; byte < 4; byte++)
            plane |= (uint64_t)(word[byte] >> bit & 1) << byte;
        in[bit] = (aes_plane){plane, 0};
    }
    aes_substitute(in, out);
    for (int byte = 0; byte < 4; byte++) {
        word[byte] = 0x63;
        for (int bit = 0; bit < 8; bit++)
            word[byte] ^= (uint8_t)((out[bit][0] >> byte & 1) << bit);
    }
    sodium_memzero(in, sizeof in);
    sodium_memzero(out, sizeof out);
}

/* Expand a key of 16, 24 or 32 bytes. FIPS 197 section 5.2. */
static void aes_expand(struct aes_key *key, const uint8_t *secret, uint32_t size)
{
    uint32_t words = size / 4;
    key->rounds = words + 6;
    uint8_t(*w)[4] = (uint8_t(*)[4])key->round_keys;
    memcpy(w, secret, size);
    uint8_t constant = 1, word[4];
    for (uint32_t i = words; i < 4 * (key->rounds + 1); i++) {
        memcpy(word, w[i - 1], 4);
        if (i % words == 0) {
            uint8_t first = word[0];
            memmove(word, word + 1, 3);
            word[3] = first;
            aes_substitute_word(word);
            word[0] ^= constant;
            constant = (uint8_t)(constant << 1 ^ (constant >> 7) * 0x1b);
        } else if (words > 6 && i % words == 4) {
            aes_substitute_word(word);
        }
        for (int byte = 0; byte < 4; byte++)
            w[i][byte] = w[i - words][byte] ^ word[byte];
    }
    sodium_memzero(word, sizeof word);
    for (uint32_t round = 0; round <= key->rounds; round++)
        for (uint32_t bit = 0; bit < 128; bit++) {
            uint8_t byte = key->round_keys[round][bit / 8] ^ (round ? 0x63 : 0);
            key->planes[round][bit] = -(uint64_t)(byte >> bit % 8 & 1);
        }
}

static inline aes_plane aes_spread(uint64_t mask)
{
    return (aes_plane){mask, mask};
}

/* One column of MixColumns and AddRoundKey. FIPS 197 sections 5.1.3 and 5.1.4: with t the sum of
 * the column, every byte becomes s[r] + t + x * (s[r] + s[r + 1]). */
static inline void aes_mix(aes_plane s[4][8], const uint64_t key[32], aes_plane out[32])
{
    aes_plane total[8];
    for (int bit = 0; bit < 8; bit++)
        total[bit] = s[0][bit] ^ s[1][bit] ^ s[2][bit] ^ s[3][bit];
    for (int row = 0; row < 4; row++) {
        aes_plane pair[8];
        for (int bit = 0; bit < 8; bit++) {
            pair[bit] = s[row][bit] ^ s[(row + 1) & 3][bit];
            out[8 * row + bit] = s[row][bit] ^ total[bit] ^ aes_spread(key[8 * row + bit]);
        }
        for (int bit = 0; bit < 8; bit++)
            out[8 * row + bit] ^= pair[(bit + 7) & 7];
        out[8 * row + 1] ^= pair[7];
        out[8 * row + 3] ^= pair[7];
        out[8 * row + 4] ^= pair[7];
    }
}

/* One round from `in` to `out`; the last one has no MixColumns. FIPS 197 section 5.1. */
static inline void aes_round(
    const uint64_t key[128], const aes_plane in[128], aes_plane out[128], int last)
{
    for (int column = 0; column < 4; column++) {
        aes_plane s[4][8];
        for (int row = 0; row < 4; row++)
            aes_substitute(in + 8 * (4 * ((column + row) & 3) + row), s[row]);
        if (!last)
            aes_mix(s, key + 32 * column, out + 32 * column);
        else
            for (int bit = 0; bit < 32; bit++)
                out[32 * column + bit] =
                    s[bit / 8][bit % 8] ^ aes_spread(key[32 * column + bit]);
    }
}

/* Encrypt the 128 blocks of `state` in place; `work` is scratch of the same size. */
static void aes_encrypt(const struct aes_key *key, aes_plane state[128], aes_plane work[128])
{
    for (int bit = 0; bit < 128; bit++)
        state[bit] ^= aes_spread(key->planes[0][bit]);
    for (uint32_t round = 1; round + 1 < key->rounds; round += 2) {
        aes_round(key->planes[round], state, work, 0);
        aes_round(key->planes[round + 1], work, state, 0);
    }
    aes_round(key->planes[key->rounds - 1], state, work, 0);
    aes_round(key->planes[key->rounds], work, state, 1);
}

/* Transpose both 64 x 64 bit matrices of `rows`: bit j of row i changes places with bit i of row
 * j, in six steps that swap ever smaller squares. */
static inline void aes_transpose(aes_plane rows[64])
{
    uint64_t mask = 0x00000000ffffffff;
    for (int width = 32; width; width >>= 1, mask ^= mask << width)
        for (int i = 0; i < 64; i = (i + width + 1) & ~width) {
            aes_plane swap = (rows[i] >> width ^ rows[i + width]) & aes_spread(mask);
            rows[i] ^= swap << width;
            rows[i + width] ^= swap;
        }
}

/* Lay 128 numbers across 64 planes (plane k holds bit k of each), and gather them again. */
static inline void aes_scatter(const uint64_t numbers[AES_LANES], aes_plane planes[64])
{
    for (int i = 0; i < 64; i++)
        planes[i] = (aes_plane){numbers[i], numbers[64 + i]};
    aes_transpose(planes);
}

static inline void aes_gather(aes_plane planes[64], uint64_t numbers[AES_LANES])
{
    aes_transpose(planes);
    for (int i = 0; i < 64; i++) {
        numbers[i] = planes[i][0];
        numbers[64 + i] = planes[i][1];
    }
}

#endif

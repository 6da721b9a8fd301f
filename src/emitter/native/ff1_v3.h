/* FF1 with AES instructions: eight codes at a time. The theory is in ff1_tile.h,
 * the twin is FF1 in tests/twins.py.
 *
 * An AES call is a chain of 14 rounds, each of several cycles, and the ten calls of a code follow
 * one another; only other codes can fill the pipeline. So eight codes take every step together,
 * their blocks in eight vector registers, their halves in memory that the first-level cache holds.
 * The reduction of y is one multiplication where the shape allows it (divisor.h). AES instructions
 * (FIPS 197 by the CPU) and multiplications take the same time whatever their operands.
 *
 * Layout. tile->blocks[i] is the prefix of lane i with the first round key already added, so that a
 * block of round r is prefix ^ [r] ^ [NUM(B)].
 */
#ifndef EMITTER_FF1_V3_H
#define EMITTER_FF1_V3_H

#include "cpu.h"
#include "ff1_tile.h"

#if CPU_IS_X86

#define FF1_V3_LANES 8

/* Encrypt eight blocks from the second round key on. */
CPU_FOR_V3 static inline void aes_rounds_v3(
    const struct aes_key *key, __m128i state[FF1_V3_LANES])
{
    for (uint32_t round = 1; round < key->rounds; round++) {
        const __m128i round_key = _mm_loadu_si128((const __m128i *)key->round_keys[round]);
#pragma GCC unroll 8
        for (int i = 0; i < FF1_V3_LANES; i++)
            state[i] = _mm_aesenc_si128(state[i], round_key);
    }
    const __m128i last = _mm_loadu_si128((const __m128i *)key->round_keys[key->rounds]);
#pragma GCC unroll 8
    for (int i = 0; i < FF1_V3_LANES; i++)
        state[i] = _mm_aesenclast_si128(state[i], last);
}

/* ff1_begin of ff1.h, for lanes [0, count). */
CPU_FOR_V3 static void ff1_begin_v3(
    struct ff1_tile *tile, const struct aes_key *key, const struct ff1_shape *shape,
    const uint8_t *tweaks, uint32_t tweak_size, uint32_t stride, uint32_t count)
{
    const __m128i first = _mm_loadu_si128((const __m128i *)key->round_keys[0]);
    uint8_t block[16];
    ff1_head(shape, tweak_size, block);
    const __m128i head = _mm_xor_si128(first, _mm_loadu_si128((const __m128i *)block));
    for (uint32_t lane = 0; lane < (stride ? count : 1); lane += FF1_V3_LANES) {
        __m128i state[FF1_V3_LANES];
        for (uint32_t i = 0; i < FF1_V3_LANES; i++)
            state[i] = head;
        for (uint32_t at = 0; at < 16 * ff1_blocks(shape, tweak_size); at += 16) {
            aes_rounds_v3(key, state);
            for (uint32_t i = 0; i < FF1_V3_LANES; i++) {
                uint32_t one = lane + i < count ? lane + i : lane;
                ff1_tweak_block(tweaks + (uint64_t)one * stride, tweak_size, at, block);
                const __m128i tweak = _mm_loadu_si128((const __m128i *)block);
                state[i] = _mm_xor_si128(state[i], _mm_xor_si128(first, tweak));
            }
        }
        for (uint32_t i = 0; i < FF1_V3_LANES; i++)
            _mm_store_si128((__m128i *)tile->blocks[lane + i], state[i]);
    }
    if (!stride)
        for (uint32_t lane = 1; lane < FF1_LANES; lane++)
            memcpy(tile->blocks[lane], tile->blocks[0], 16);
}

/* y mod space of eight lanes, for the round's number and the halves that are kept; with `is_quick`
 * up to two spaces more. */
CPU_FOR_V3 static inline void ff1_draw_v3(
    const struct ff1_tile *tile, const struct aes_key *key, const struct ff1_shape *shape,
    const struct divisor *space, uint32_t round, uint32_t lane,
    const uint64_t kept[FF1_V3_LANES], uint64_t drawn[FF1_V3_LANES], int is_quick)
{
    const __m128i place = _mm_loadu_si128((const __m128i *)shape->place_half);
    const __m128i take = _mm_loadu_si128((const __m128i *)shape->take_drawn);
    __m128i number = _mm_cvtsi32_si128((int)round), state[FF1_V3_LANES];
    number = _mm_shuffle_epi8(number, _mm_loadu_si128((const __m128i *)shape->place_round));
#pragma GCC unroll 8
    for (int i = 0; i < FF1_V3_LANES; i++) {
        __m128i half = _mm_shuffle_epi8(_mm_cvtsi64_si128((int64_t)kept[i]), place);
        __m128i prefix = _mm_load_si128((const __m128i *)tile->blocks[lane + i]);
        state[i] = _mm_xor_si128(_mm_xor_si128(prefix, number), half);
    }
    aes_rounds_v3(key, state);
#pragma GCC unroll 8
    for (int i = 0; i < FF1_V3_LANES; i++) {
        __m128i y = _mm_shuffle_epi8(state[i], take);
        uint64_t low = (uint64_t)_mm_cvtsi128_si64(y);
        uint32_t high = (uint32_t)_mm_extract_epi32(y, 2);
        drawn[i] = is_quick ? divisor_reduce_quick(space, high, low)
                            : divisor_reduce(space, high, low);
    }
}

CPU_FOR_V3 static inline void ff1_encrypt_lanes_v3(
    struct ff1_tile *tile, const struct aes_key *key, const struct ff1_shape *shape,
    uint32_t lane, int is_quick)
{
    uint64_t *a = tile->a + lane, *b = tile->b + lane, drawn[FF1_V3_LANES];
    for (uint32_t round = 0; round < FF1_ROUNDS; round++) {
        const struct divisor space = round & 1 ? shape->right_space : shape->left_space;
        ff1_draw_v3(tile, key, shape, &space, round, lane, b, drawn, is_quick);
        for (int i = 0; i < FF1_V3_LANES; i++) {
            uint64_t sum = is_quick ? divisor_wrap(&space, a[i] + drawn[i])
                                    : divisor_add(&space, a[i], drawn[i]);
            a[i] = b[i];
            b[i] = sum;
        }
    }
}

CPU_FOR_V3 static inline void ff1_decrypt_lanes_v3(
    struct ff1_tile *tile, const struct aes_key *key, const struct ff1_shape *shape,
    uint32_t lane, int is_quick)
{
    uint64_t *a = tile->a + lane, *b = tile->b + lane, drawn[FF1_V3_LANES];
    for (uint32_t round = FF1_ROUNDS; round-- > 0;) {
        const struct divisor space = round & 1 ? shape->right_space : shape->left_space;
        ff1_draw_v3(tile, key, shape, &space, round, lane, a, drawn, is_quick);
        for (int i = 0; i < FF1_V3_LANES; i++) {
            uint64_t rest = is_quick ? divisor_wrap(&space, b[i] + 3 * space.value - drawn[i])
                                     : divisor_subtract(&space, b[i], drawn[i]);
            b[i] = a[i];
            a[i] = rest;
        }
    }
}

/* ff1_encrypt and ff1_decrypt of ff1.h, for lanes [0, count). */
CPU_FOR_V3 static void ff1_encrypt_v3(
    struct ff1_tile *tile, const struct aes_key *key, const struct ff1_shape *shape,
    uint32_t count)
{
    if (ff1_is_quick(shape))
        for (uint32_t lane = 0; lane < count; lane += FF1_V3_LANES)
            ff1_encrypt_lanes_v3(tile, key, shape, lane, 1);
    else
        for (uint32_t lane = 0; lane < count; lane += FF1_V3_LANES)
            ff1_encrypt_lanes_v3(tile, key, shape, lane, 0);
}

CPU_FOR_V3 static void ff1_decrypt_v3(
    struct ff1_tile *tile, const struct aes_key *key, const struct ff1_shape *shape,
    uint32_t count)
{
    if (ff1_is_quick(shape))
        for (uint32_t lane = 0; lane < count; lane += FF1_V3_LANES)
            ff1_decrypt_lanes_v3(tile, key, shape, lane, 1);
    else
        for (uint32_t lane = 0; lane < count; lane += FF1_V3_LANES)
            ff1_decrypt_lanes_v3(tile, key, shape, lane, 0);
}

#endif
#endif

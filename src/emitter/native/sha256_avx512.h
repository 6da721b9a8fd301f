/* SHA-256 with AVX-512: 32 messages at a time, a block of each. FIPS 180-4 section 6.2.2.
 *
 * Each 32-bit lane of a register belongs to one message; a step is seventeen instructions for all
 * sixteen of them, rotations and three-operand functions being one each. From one e to the next a
 * step takes four instructions that wait for one another, so two registers of messages take turns:
 * on Zen 5 8.4 ns a block, one register alone 12.7 ns, two streams of SHA instructions 24.4 ns.
 *
 * Layout. Half h of the lanes, 16 messages, is in w[h] and s[h], message i of it in lane i.
 */
#ifndef EMITTER_SHA256_AVX512_H
#define EMITTER_SHA256_AVX512_H

#include "cpu.h"
#include "sha256.h"

#if CPU_IS_X86

/* One step of section 6.2.2; the caller renames the variables. Sums are ordered so that from one e
 * to the next there are four instructions. */
CPU_FOR_AVX512 static inline void sha256_step_avx512(
    __m512i a, __m512i b, __m512i c, __m512i *d, __m512i e, __m512i f, __m512i g, __m512i *h,
    __m512i word, uint32_t constant)
{
    __m512i ready = _mm512_add_epi32(word, _mm512_set1_epi32((int)constant));
    ready = _mm512_add_epi32(ready, *h);
    __m512i wide = _mm512_ternarylogic_epi32(
        _mm512_ror_epi32(e, 6), _mm512_ror_epi32(e, 11), _mm512_ror_epi32(e, 25), 0x96);
    __m512i choice = _mm512_ternarylogic_epi32(e, f, g, 0xca);
    __m512i wider = _mm512_ternarylogic_epi32(
        _mm512_ror_epi32(a, 2), _mm512_ror_epi32(a, 13), _mm512_ror_epi32(a, 22), 0x96);
    __m512i majority = _mm512_ternarylogic_epi32(a, b, c, 0xe8);
    __m512i late = _mm512_add_epi32(wide, choice);
    *d = _mm512_add_epi32(_mm512_add_epi32(*d, ready), late);
    *h = _mm512_add_epi32(_mm512_add_epi32(ready, late), _mm512_add_epi32(wider, majority));
}

/* Word i of the next sixteen of the message schedule. */
CPU_FOR_AVX512 static inline __m512i sha256_schedule_avx512(const __m512i w[16], int i)
{
    __m512i near = w[(i + 1) & 15], far = w[(i + 14) & 15];
    near = _mm512_ternarylogic_epi32(
        _mm512_ror_epi32(near, 7), _mm512_ror_epi32(near, 18), _mm512_srli_epi32(near, 3), 0x96);
    far = _mm512_ternarylogic_epi32(
        _mm512_ror_epi32(far, 17), _mm512_ror_epi32(far, 19), _mm512_srli_epi32(far, 10), 0x96);
    return _mm512_add_epi32(
        _mm512_add_epi32(w[i], w[(i + 9) & 15]), _mm512_add_epi32(near, far));
}

#define SHA256_HALVES 2
#define SHA256_HALF 16

/* Sixteen steps; unless they are the last, the words of the next sixteen replace those used. */
CPU_FOR_AVX512 static inline void sha256_steps_avx512(
    __m512i s[SHA256_HALVES][8], __m512i w[SHA256_HALVES][16], const uint32_t *constants,
    const int is_last)
{
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) {
#pragma GCC unroll 2
        for (int h = 0; h < SHA256_HALVES; h++)
            sha256_step_avx512(
                s[h][-i & 7], s[h][(1 - i) & 7], s[h][(2 - i) & 7], &s[h][(3 - i) & 7],
                s[h][(4 - i) & 7], s[h][(5 - i) & 7], s[h][(6 - i) & 7], &s[h][(7 - i) & 7],
                w[h][i], constants[i]);
        if (!is_last) {
#pragma GCC unroll 2
            for (int h = 0; h < SHA256_HALVES; h++)
                w[h][i] = sha256_schedule_avx512(w[h], i);
        }
    }
}

/* Take one block of each lane into the state; the block is used up. Not inlined: each copy would
 * have ten kilobytes. */
CPU_FOR_AVX512 __attribute__((noinline)) static void sha256_compress_avx512(
    __m512i state[SHA256_HALVES][8], __m512i w[SHA256_HALVES][16])
{
    __m512i s[SHA256_HALVES][8];
#pragma GCC unroll 16
    for (int i = 0; i < 8 * SHA256_HALVES; i++)
        s[i / 8][i % 8] = state[i / 8][i % 8];
    for (int t = 0; t < 48; t += 16)
        sha256_steps_avx512(s, w, SHA256_CONSTANTS + t, 0);
    sha256_steps_avx512(s, w, SHA256_CONSTANTS + 48, 1);
#pragma GCC unroll 16
    for (int i = 0; i < 8 * SHA256_HALVES; i++)
        state[i / 8][i % 8] = _mm512_add_epi32(state[i / 8][i % 8], s[i / 8][i % 8]);
}

/* Transpose the 4 x 4 words in each 128-bit part of four registers. */
CPU_FOR_AVX512 static inline void sha256_transpose_4(__m512i r[4])
{
    __m512i low01 = _mm512_unpacklo_epi32(r[0], r[1]), high01 = _mm512_unpackhi_epi32(r[0], r[1]);
    __m512i low23 = _mm512_unpacklo_epi32(r[2], r[3]), high23 = _mm512_unpackhi_epi32(r[2], r[3]);
    r[0] = _mm512_unpacklo_epi64(low01, low23);
    r[1] = _mm512_unpackhi_epi64(low01, low23);
    r[2] = _mm512_unpacklo_epi64(high01, high23);
    r[3] = _mm512_unpackhi_epi64(high01, high23);
}

/* Transpose the 4 x 4 parts of 128 bits of four registers. */
CPU_FOR_AVX512 static inline void sha256_transpose_parts(__m512i r[4])
{
    __m512i low01 = _mm512_shuffle_i32x4(r[0], r[1], 0x44);
    __m512i low23 = _mm512_shuffle_i32x4(r[2], r[3], 0x44);
    __m512i high01 = _mm512_shuffle_i32x4(r[0], r[1], 0xee);
    __m512i high23 = _mm512_shuffle_i32x4(r[2], r[3], 0xee);
    r[0] = _mm512_shuffle_i32x4(low01, low23, 0x88);
    r[1] = _mm512_shuffle_i32x4(low01, low23, 0xdd);
    r[2] = _mm512_shuffle_i32x4(high01, high23, 0x88);
    r[3] = _mm512_shuffle_i32x4(high01, high23, 0xdd);
}

/* Sixteen bytes and more as big-endian words. */
CPU_FOR_AVX512 static inline __m512i sha256_swap_avx512(__m512i bytes)
{
    return _mm512_shuffle_epi8(
        bytes, _mm512_broadcast_i32x4(
                   _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12)));
}

/* The words of sixteen blocks, block i in rows[i % 4][i / 4]: word i of all in w[i]. */
CPU_FOR_AVX512 static inline void sha256_words_avx512(__m512i rows[4][4], __m512i w[16])
{
    /* Part p of row (j, k) has words 4 p .. of message 4 k + j; now of message 4 p + j, words 4 k.
     * */
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++)
        sha256_transpose_parts(rows[j]);
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        __m512i four[4] = {rows[0][k], rows[1][k], rows[2][k], rows[3][k]};
        sha256_transpose_4(four);
        for (int i = 0; i < 4; i++)
            w[4 * k + i] = four[i];
    }
}

#endif
#endif

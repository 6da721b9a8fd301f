/* MACs with AVX-512: 32 messages of one block at a time. The theory is in mac_tile.h.
 *
 * Each 32-bit lane of a register belongs to one message; a step of FIPS 180-4 section 6.2.2 is
 * seventeen instructions for all sixteen of them, rotations and three-operand functions being one
 * each. From one e to the next a step takes four instructions that wait for one another, so two
 * registers of messages take turns: on Zen 5 8.4 ns a block, one register alone 12.7 ns, two
 * streams of SHA instructions 24.4 ns.
 *
 * Base64 takes three instructions a MAC: a permutation that brings the three bytes of each four
 * characters together, a shift of every byte by its own amount, and a permutation of the alphabet,
 * held in a register, by the six-bit numbers (W. Muła, D. Lemire, "Base64 encoding and decoding at
 * almost the speed of a memory copy", Software: Practice and Experience 50, 2020).
 *
 * Layout. Half h of the lanes, 16 messages, is in w[h] and s[h], message i of it in lane i.
 */
#ifndef EMITTER_MAC_AVX512_H
#define EMITTER_MAC_AVX512_H

#include "cpu.h"
#include "mac_tile.h"

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

#define MAC_HALVES 2
#define MAC_HALF 16

/* Sixteen steps; unless they are the last, the words of the next sixteen replace those used. */
CPU_FOR_AVX512 static inline void sha256_steps_avx512(
    __m512i s[MAC_HALVES][8], __m512i w[MAC_HALVES][16], const uint32_t *constants,
    const int is_last)
{
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) {
#pragma GCC unroll 2
        for (int h = 0; h < MAC_HALVES; h++)
            sha256_step_avx512(
                s[h][-i & 7], s[h][(1 - i) & 7], s[h][(2 - i) & 7], &s[h][(3 - i) & 7],
                s[h][(4 - i) & 7], s[h][(5 - i) & 7], s[h][(6 - i) & 7], &s[h][(7 - i) & 7],
                w[h][i], constants[i]);
        if (!is_last) {
#pragma GCC unroll 2
            for (int h = 0; h < MAC_HALVES; h++)
                w[h][i] = sha256_schedule_avx512(w[h], i);
        }
    }
}

/* Take one block of each lane into the state; the block is used up. Not inlined: each copy would
 * have ten kilobytes. */
CPU_FOR_AVX512 __attribute__((noinline)) static void sha256_compress_avx512(
    __m512i state[MAC_HALVES][8], __m512i w[MAC_HALVES][16])
{
    __m512i s[MAC_HALVES][8];
#pragma GCC unroll 16
    for (int i = 0; i < 8 * MAC_HALVES; i++)
        s[i / 8][i % 8] = state[i / 8][i % 8];
    for (int t = 0; t < 48; t += 16)
        sha256_steps_avx512(s, w, SHA256_CONSTANTS + t, 0);
    sha256_steps_avx512(s, w, SHA256_CONSTANTS + 48, 1);
#pragma GCC unroll 16
    for (int i = 0; i < 8 * MAC_HALVES; i++)
        state[i / 8][i % 8] = _mm512_add_epi32(state[i / 8][i % 8], s[i / 8][i % 8]);
}

/* Transpose the 4 x 4 words in each 128-bit part of four registers. */
CPU_FOR_AVX512 static inline void mac_transpose_4(__m512i r[4])
{
    __m512i low01 = _mm512_unpacklo_epi32(r[0], r[1]), high01 = _mm512_unpackhi_epi32(r[0], r[1]);
    __m512i low23 = _mm512_unpacklo_epi32(r[2], r[3]), high23 = _mm512_unpackhi_epi32(r[2], r[3]);
    r[0] = _mm512_unpacklo_epi64(low01, low23);
    r[1] = _mm512_unpackhi_epi64(low01, low23);
    r[2] = _mm512_unpacklo_epi64(high01, high23);
    r[3] = _mm512_unpackhi_epi64(high01, high23);
}

/* Transpose the 4 x 4 parts of 128 bits of four registers. */
CPU_FOR_AVX512 static inline void mac_transpose_parts(__m512i r[4])
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

/* The padded messages of the half from lane `first` on, word i of all in w[i]. Lanes from `count`
 * on repeat the first. */
CPU_FOR_AVX512 static inline void mac_blocks_avx512(
    const struct mac_tile *tile, uint32_t first, uint32_t count, __m512i w[16])
{
    const __m512i swap = _mm512_broadcast_i32x4(
        _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
    const __m512i mark = _mm512_set1_epi8((char)0x80);
    __m512i rows[4][4];
#pragma GCC unroll 16
    for (uint32_t i = 0; i < MAC_HALF; i++) {
        uint32_t lane = first + i < count ? first + i : 0;
        uint64_t end = (uint64_t)1 << tile->sizes[lane];
        __m512i bytes = _mm512_maskz_loadu_epi8(end - 1, tile->messages[lane]);
        bytes = _mm512_mask_mov_epi8(bytes, end, mark);
        rows[i % 4][i / 4] = _mm512_shuffle_epi8(bytes, swap);
    }
    /* Part p of row (j, k) has words 4 p .. of message 4 k + j; now of message 4 p + j, words 4 k.
     * */
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++)
        mac_transpose_parts(rows[j]);
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        __m512i four[4] = {rows[0][k], rows[1][k], rows[2][k], rows[3][k]};
        mac_transpose_4(four);
        for (int i = 0; i < 4; i++)
            w[4 * k + i] = four[i];
    }
    const __m512i lanes =
        _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __mmask16 wanted = _mm512_cmplt_epi32_mask(lanes, _mm512_set1_epi32((int)(count - first)));
    __m512i sizes = _mm512_set1_epi32((int)tile->sizes[0]);
    sizes = _mm512_mask_loadu_epi32(sizes, wanted, tile->sizes + first);
    w[15] = _mm512_slli_epi32(_mm512_add_epi32(sizes, _mm512_set1_epi32(64)), 3);
}

/* The midstates of all lanes, inner and outer. */
CPU_FOR_AVX512 static inline void mac_midstates_avx512(
    struct mac_tile *tile, uint32_t count, __m512i inner[MAC_HALVES][8],
    __m512i outer[MAC_HALVES][8])
{
    const struct hmac_key *first = tile->keys[0];
    uint32_t others = 0;
    for (uint32_t lane = 1; lane < count; lane++)
        others |= tile->keys[lane] != first;
    if (!others) {
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++) {
            inner[0][i] = inner[1][i] = _mm512_set1_epi32((int)first->inner[i]);
            outer[0][i] = outer[1][i] = _mm512_set1_epi32((int)first->outer[i]);
        }
        return;
    }
    for (uint32_t lane = 0; lane < MAC_LANES; lane++) {
        const struct hmac_key *key = tile->keys[lane < count ? lane : 0];
        for (int i = 0; i < 8; i++) {
            tile->words[i][lane] = key->inner[i];
            tile->words[8 + i][lane] = key->outer[i];
        }
    }
    for (int h = 0; h < MAC_HALVES; h++)
        for (int i = 0; i < 8; i++) {
            inner[h][i] = _mm512_load_si512(tile->words[i] + MAC_HALF * h);
            outer[h][i] = _mm512_load_si512(tile->words[8 + i] + MAC_HALF * h);
        }
}

/* The characters of a half's digests, word i of all in digest[i]. */
CPU_FOR_AVX512 static inline void mac_texts_avx512(uint8_t texts[MAC_HALF][64], __m512i digest[8])
{
    static const char alphabet[64] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    /* Byte i of a digest is byte i ^ 3 of its words; those from 16 on are in the second register.
     * */
#define MAC_AT(i) ((i) < 16 ? (i) ^ 3 : ((i) ^ 3) + 48)
#define MAC_GROUP(i) MAC_AT(i + 1), MAC_AT(i), MAC_AT(i + 2), MAC_AT(i + 1)
    static const uint8_t order[64] = {
        MAC_GROUP(0),  MAC_GROUP(3),  MAC_GROUP(6),  MAC_GROUP(9),
        MAC_GROUP(12), MAC_GROUP(15), MAC_GROUP(18), MAC_GROUP(21),
        MAC_GROUP(24), MAC_GROUP(27), MAC_AT(31),    MAC_AT(30),    0, MAC_AT(31),
    };
#undef MAC_GROUP
#undef MAC_AT
    const __m512i shifts = _mm512_set1_epi64(0x3036242a1016040a);
    const __m512i letters = _mm512_loadu_si512(alphabet), at = _mm512_loadu_si512(order);
    const __m512i last = _mm512_set1_epi8('=');
    const __mmask64 inside = ~((uint64_t)1 << (MAC_TEXT_SIZE - 2)); /* zeros behind the end */
    const __mmask64 pad = (uint64_t)1 << (MAC_TEXT_SIZE - 1);
    mac_transpose_4(digest);
    mac_transpose_4(digest + 4);
#pragma GCC unroll 4
    for (int part = 0; part < 4; part++) {
        const __m512i from = _mm512_add_epi8(at, _mm512_set1_epi8((char)(16 * part)));
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) {
            __m512i bytes =
                _mm512_maskz_permutex2var_epi8(inside, digest[j], from, digest[4 + j]);
            __m512i six = _mm512_multishift_epi64_epi8(shifts, bytes);
            __m512i text = _mm512_permutexvar_epi8(six, letters);
            _mm512_store_si512(
                texts[4 * part + j], _mm512_mask_mov_epi8(text, pad, last));
        }
    }
}

/* mac_sign of mac.h; every message has one block. */
CPU_FOR_AVX512 static void mac_sign_avx512(struct mac_tile *tile, uint32_t count)
{
    __m512i inner[MAC_HALVES][8], outer[MAC_HALVES][8], w[MAC_HALVES][16];
    mac_midstates_avx512(tile, count, inner, outer);
    for (uint32_t h = 0; h < MAC_HALVES; h++)
        mac_blocks_avx512(tile, MAC_HALF * h, count, w[h]);
    sha256_compress_avx512(inner, w);
    for (uint32_t h = 0; h < MAC_HALVES; h++) {
        for (int i = 0; i < 8; i++) {
            w[h][i] = inner[h][i];
            w[h][8 + i] = _mm512_setzero_si512();
        }
        w[h][8] = _mm512_set1_epi32((int)0x80000000);
        w[h][15] = _mm512_set1_epi32(8 * (64 + HMAC_SIZE));
    }
    sha256_compress_avx512(outer, w);
    for (uint32_t h = 0; h < MAC_HALVES; h++)
        mac_texts_avx512(tile->texts + MAC_HALF * h, outer[h]);
    sodium_memzero(inner, sizeof inner);
    sodium_memzero(outer, sizeof outer);
}

#endif
#endif

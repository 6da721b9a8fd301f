/* MACs with AVX-512: 32 messages of one block at a time. The theory is in mac_tile.h, SHA-256 and
 * the layout in sha256_avx512.h.
 *
 * Base64 takes three instructions a MAC: a permutation that brings the three bytes of each four
 * characters together, a shift of every byte by its own amount, and a permutation of the alphabet,
 * held in a register, by the six-bit numbers (W. Muła, D. Lemire, "Base64 encoding and decoding at
 * almost the speed of a memory copy", Software: Practice and Experience 50, 2020).
 */
#ifndef EMITTER_MAC_AVX512_H
#define EMITTER_MAC_AVX512_H

#include "cpu.h"
#include "mac_tile.h"
#include "sha256_avx512.h"

#if CPU_IS_X86

/* The padded messages of the half from lane `first` on, word i of all in w[i]. Lanes from `count`
 * on repeat the first. */
CPU_FOR_AVX512 static inline void mac_blocks_avx512(
    const struct mac_tile *tile, uint32_t first, uint32_t count, __m512i w[16])
{
    const __m512i mark = _mm512_set1_epi8((char)0x80);
    __m512i rows[4][4];
#pragma GCC unroll 16
    for (uint32_t i = 0; i < SHA256_HALF; i++) {
        uint32_t lane = first + i < count ? first + i : 0;
        uint64_t end = (uint64_t)1 << tile->sizes[lane];
        __m512i bytes = _mm512_maskz_loadu_epi8(end - 1, tile->messages[lane]);
        bytes = _mm512_mask_mov_epi8(bytes, end, mark);
        rows[i % 4][i / 4] = sha256_swap_avx512(bytes);
    }
    sha256_words_avx512(rows, w);
    const __m512i lanes =
        _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __mmask16 wanted = _mm512_cmplt_epi32_mask(lanes, _mm512_set1_epi32((int)(count - first)));
    __m512i sizes = _mm512_set1_epi32((int)tile->sizes[0]);
    sizes = _mm512_mask_loadu_epi32(sizes, wanted, tile->sizes + first);
    w[15] = _mm512_slli_epi32(_mm512_add_epi32(sizes, _mm512_set1_epi32(64)), 3);
}

/* The midstates of all lanes, inner and outer. */
CPU_FOR_AVX512 static inline void mac_midstates_avx512(
    struct mac_tile *tile, uint32_t count, __m512i inner[SHA256_HALVES][8],
    __m512i outer[SHA256_HALVES][8])
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
    for (int h = 0; h < SHA256_HALVES; h++)
        for (int i = 0; i < 8; i++) {
            inner[h][i] = _mm512_load_si512(tile->words[i] + SHA256_HALF * h);
            outer[h][i] = _mm512_load_si512(tile->words[8 + i] + SHA256_HALF * h);
        }
}

/* The characters of a half's digests, word i of all in digest[i]. */
CPU_FOR_AVX512 static inline void mac_texts_avx512(
    uint8_t texts[SHA256_HALF][64], __m512i digest[8])
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
    sha256_transpose_4(digest);
    sha256_transpose_4(digest + 4);
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
    __m512i inner[SHA256_HALVES][8], outer[SHA256_HALVES][8], w[SHA256_HALVES][16];
    mac_midstates_avx512(tile, count, inner, outer);
    for (uint32_t h = 0; h < SHA256_HALVES; h++)
        mac_blocks_avx512(tile, SHA256_HALF * h, count, w[h]);
    sha256_compress_avx512(inner, w);
    for (uint32_t h = 0; h < SHA256_HALVES; h++) {
        for (int i = 0; i < 8; i++) {
            w[h][i] = inner[h][i];
            w[h][8 + i] = _mm512_setzero_si512();
        }
        w[h][8] = _mm512_set1_epi32((int)0x80000000);
        w[h][15] = _mm512_set1_epi32(8 * (64 + HMAC_SIZE));
    }
    sha256_compress_avx512(outer, w);
    for (uint32_t h = 0; h < SHA256_HALVES; h++)
        mac_texts_avx512(tile->texts + SHA256_HALF * h, outer[h]);
    sodium_memzero(inner, sizeof inner);
    sodium_memzero(outer, sizeof outer);
}

#endif
#endif

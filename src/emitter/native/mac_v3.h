/* MACs with SHA instructions: four messages at a time. The theory is in mac_tile.h, hmac.h and
 * sha256_v3.h.
 *
 * Base64 is arithmetic on registers: 12 bytes become 16 six-bit numbers by two multiplications that
 * shift, and those characters by adding an offset that a shuffle picks from a constant register (W.
 * Muła, D. Lemire, "Faster Base64 Encoding and Decoding using AVX2 Instructions", ACM TWEB 12,
 * 2018).
 */
#ifndef EMITTER_MAC_V3_H
#define EMITTER_MAC_V3_H

#include "cpu.h"
#include "mac_tile.h"
#include "sha256_v3.h"

#if CPU_IS_X86

/* Block `index` of a padded message as big-endian words. The first block of a message that has no
 * other is cut out of 64 bytes where they may be read, that is in front of `limit`. */
CPU_FOR_V3 static inline void mac_block_v3(
    const uint8_t *message, uint32_t size, uint32_t index, const uint8_t *limit, __m128i m[4])
{
    if (size <= MAC_SIZE_MAX_ONE_BLOCK && limit - message >= 64) {
        const __m128i end = _mm_set1_epi8((char)size), mark = _mm_set1_epi8((char)0x80);
        const __m128i count =
            _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        for (int i = 0; i < 4; i++) {
            __m128i at = _mm_add_epi8(count, _mm_set1_epi8((char)(16 * i)));
            __m128i bytes = _mm_loadu_si128((const __m128i *)message + i);
            bytes = _mm_and_si128(bytes, _mm_cmpgt_epi8(end, at));
            bytes = _mm_or_si128(bytes, _mm_and_si128(_mm_cmpeq_epi8(end, at), mark));
            m[i] = sha256_swap_v3(bytes);
        }
        m[3] = _mm_insert_epi32(m[3], (int)(8 * (64 + size)), 3);
        return;
    }
    uint8_t block[64];
    hmac_pad(block, message, size, index);
    for (int i = 0; i < 4; i++)
        m[i] = sha256_swap_v3(_mm_loadu_si128((const __m128i *)block + i));
}

/* 16 characters from each 12 bytes, given as big-endian words, in each half of the register. */
CPU_FOR_V3 static inline __m256i base64_v3(__m256i words)
{
    const __m256i order = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(2, 3, 1, 2, 7, 0, 6, 7, 4, 5, 11, 4, 9, 10, 8, 9));
    const __m256i offsets = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
        '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0));
    __m256i bytes = _mm256_shuffle_epi8(words, order);
    __m256i outer = _mm256_mulhi_epu16(
        _mm256_and_si256(bytes, _mm256_set1_epi32(0x0fc0fc00)), _mm256_set1_epi32(0x04000040));
    __m256i inner = _mm256_mullo_epi16(
        _mm256_and_si256(bytes, _mm256_set1_epi32(0x003f03f0)), _mm256_set1_epi32(0x01000010));
    __m256i six = _mm256_or_si256(outer, inner);
    __m256i which = _mm256_subs_epu8(six, _mm256_set1_epi8(51));
    __m256i is_upper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), six);
    which = _mm256_or_si256(which, _mm256_and_si256(is_upper, _mm256_set1_epi8(13)));
    return _mm256_add_epi8(six, _mm256_shuffle_epi8(offsets, which));
}

/* The 44 characters of a digest, given as its words. */
CPU_FOR_V3 static inline void mac_text_v3(const __m128i words[2], uint8_t text[64])
{
    __m128i middle = _mm_alignr_epi8(words[1], words[0], 12);
    __m256i first = base64_v3(_mm256_set_m128i(middle, words[0]));
    __m256i last = base64_v3(_mm256_castsi128_si256(_mm_srli_si128(words[1], 8)));
    __m128i end = _mm_insert_epi8(_mm256_castsi256_si128(last), '=', 11);
    _mm256_storeu_si256((__m256i *)text, first);
    _mm_storeu_si128((__m128i *)(text + 32), end);
}

/* The MACs of the streams from `lane` on; those from `count` on repeat it. */
CPU_FOR_V3 static inline void mac_streams_v3(
    struct mac_tile *tile, uint32_t lane, uint32_t count, const uint8_t *limit)
{
    uint32_t lanes[SHA256_STREAMS];
    struct sha256_streams state, outer;
    __m128i m[SHA256_STREAMS][4];
    uint32_t longest = 0;
    for (int s = 0; s < SHA256_STREAMS; s++) {
        lanes[s] = lane + (uint32_t)s < count ? lane + (uint32_t)s : lane;
        const struct hmac_key *key = tile->keys[lanes[s]];
        sha256_load_v3(key->inner, &state.abef[s], &state.cdgh[s]);
        sha256_load_v3(key->outer, &outer.abef[s], &outer.cdgh[s]);
        longest = tile->sizes[lanes[s]] > longest ? tile->sizes[lanes[s]] : longest;
    }
    for (uint32_t index = 0; 64 * index < longest + 9; index++) {
        struct sha256_streams next = state;
        for (int s = 0; s < SHA256_STREAMS; s++)
            mac_block_v3(
                tile->messages[lanes[s]], tile->sizes[lanes[s]], index, limit, m[s]);
        sha256_compress_v3(&next, m);
        for (int s = 0; s < SHA256_STREAMS; s++)
            if (64 * index < tile->sizes[lanes[s]] + 9) {
                state.abef[s] = next.abef[s];
                state.cdgh[s] = next.cdgh[s];
            }
    }
    for (int s = 0; s < SHA256_STREAMS; s++) {
        sha256_words_v3(state.abef[s], state.cdgh[s], m[s]);
        m[s][2] = _mm_setr_epi32((int)0x80000000, 0, 0, 0);
        m[s][3] = _mm_setr_epi32(0, 0, 0, 8 * (64 + HMAC_SIZE));
    }
    sha256_compress_v3(&outer, m);
    for (int s = 0; s < SHA256_STREAMS; s++) {
        sha256_words_v3(outer.abef[s], outer.cdgh[s], m[s]);
        mac_text_v3(m[s], tile->texts[lanes[s]]);
    }
}

/* mac_sign of mac.h. */
CPU_FOR_V3 static void mac_sign_v3(struct mac_tile *tile, uint32_t count, const uint8_t *limit)
{
    for (uint32_t lane = 0; lane < count; lane += SHA256_STREAMS)
        mac_streams_v3(tile, lane, count, limit);
}

#endif
#endif

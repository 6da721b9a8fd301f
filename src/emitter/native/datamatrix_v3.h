/* The check codewords of a symbol with AVX2; the same bytes as the portable form.
 *
 * A product in GF(256) is the sum of those of the two nibbles, and sixteen products with nibbles
 * are one look-up VPSHUFB: a data codeword chooses its two tables, and its row of parities
 * (datamatrix_tables.h) is looked up in them, 32 bytes at once.
 */
#ifndef EMITTER_DATAMATRIX_V3_H
#define EMITTER_DATAMATRIX_V3_H

#include "cpu.h"
#include "datamatrix_tables.h"

#if CPU_IS_X86

/* The check codewords of a symbol that has tables; 64 bytes of room behind the data. */
CPU_FOR_V3
static inline void dm_check_v3(const struct dm_tables *tables, size_t data, size_t check,
                               uint8_t *codewords)
{
    const __m256i low_nibble = _mm256_set1_epi8(15);
    for (size_t half = 0; half < check; half += 32) {
        __m256i sum = _mm256_setzero_si256();
        for (size_t i = 0; i < data; i++) {
            const uint8_t *products = tables->nibbles[codewords[i]];
            const __m256i low = _mm256_broadcastsi128_si256(
                _mm_loadu_si128((const __m128i *)(const void *)products));
            const __m256i high = _mm256_broadcastsi128_si256(
                _mm_loadu_si128((const __m128i *)(const void *)(products + 16)));
            const __m256i row =
                _mm256_loadu_si256((const __m256i *)(const void *)(tables->parities[i] + half));
            const __m256i rest = _mm256_and_si256(_mm256_srli_epi16(row, 4), low_nibble);
            sum = _mm256_xor_si256(
                sum, _mm256_xor_si256(
                         _mm256_shuffle_epi8(low, _mm256_and_si256(row, low_nibble)),
                         _mm256_shuffle_epi8(high, rest)));
        }
        _mm256_storeu_si256((__m256i *)(void *)(codewords + data + half), sum);
    }
}

#endif
#endif

/* Drawing with AVX-512 (VBMI, VBMI2) and GFNI; the same codewords and modules as the portable form.
 *
 *   text      64 characters at once: masks of digits tell the pairs, VPCOMPRESSB closes the gaps
 *   check     a data codeword times its row of parities is one GF2P8AFFINEQB (datamatrix_tables.h)
 *   modules   64 bytes of rows at once: VPERMI2B fetches for each of eight bits the codewords it is
 *             in, a test of the one bit makes a mask of it
 */
#ifndef EMITTER_DATAMATRIX_AVX512_H
#define EMITTER_DATAMATRIX_AVX512_H

#include "cpu.h"
#include "datamatrix_tables.h"
#include "datamatrix_text.h"

enum { DM_FAST_TEXT = 1024 }; /* characters; the codewords of as many fit wherever texts go */

#if CPU_IS_X86

/* The first digits of pairs among 64 characters. `digits`: which are digits, the first one not if
 * it is the second of a pair; `next`: whether the character behind them is one. Pairs are taken
 * from the left, so they start at even distances from the starts of runs: adding the starts at
 * even places to the digits carries through just the runs that begin there. */
static inline uint64_t dm_pair_starts(uint64_t digits, uint64_t next)
{
    const uint64_t even = 0x5555555555555555u;
    const uint64_t starts = digits & ~(digits << 1);
    const uint64_t even_runs = digits & ~(digits + (starts & even));
    const uint64_t places = (even_runs & even) | (digits & ~even_runs & ~even);
    return places & (digits >> 1 | next << 63);
}

/* dm_encode_ascii for texts of at most DM_FAST_TEXT characters; `codewords` has room for 64 more
 * bytes than there are characters, and is written to beyond `capacity`. */
CPU_FOR_AVX512
static inline uint8_t dm_encode_ascii_avx512(const uint8_t *text, size_t size, int kind,
                                             uint8_t *codewords, size_t capacity,
                                             struct dm_ascii *ascii)
{
    const __m512i zero = _mm512_set1_epi8('0'), separator =
        _mm512_set1_epi8((char)(kind == DM_GS1 ? DM_FNC1 : DM_GS + 1));
    size_t n = 0, letters = 0, others = 0;
    uint64_t taken = 0; /* 1 where the first character is the second of a pair */
    if (kind != DM_PLAIN) codewords[n++] = DM_FNC1;
    for (size_t i = 0; i < size; i += 64) {
        const size_t left = size - i;
        const uint64_t there = left < 64 ? ((uint64_t)1 << left) - 1 : ~(uint64_t)0;
        const uint64_t behind = left <= 64 ? there >> 1 : ~(uint64_t)0;
        const __m512i c = _mm512_maskz_loadu_epi8(there, text + i);
        const __m512i d = _mm512_maskz_loadu_epi8(behind, text + i + 1);
        const __m512i ten = _mm512_set1_epi8(10), letter_count = _mm512_set1_epi8(26);
        const __m512i tens = _mm512_sub_epi8(c, zero), units = _mm512_sub_epi8(d, zero);
        const uint64_t gs = _mm512_cmpeq_epi8_mask(c, _mm512_set1_epi8(DM_GS));
        const uint64_t good =
            gs | _mm512_cmplt_epu8_mask(_mm512_sub_epi8(c, _mm512_set1_epi8(0x21)),
                                        _mm512_set1_epi8(0x7F - 0x21));
        if (there & ~good) return REASON_CODE_UNPARSABLE;
        const uint64_t all_digits = there & _mm512_cmplt_epu8_mask(tens, ten);
        const uint64_t next = _mm512_cmplt_epu8_mask(units, ten) >> 63 & behind >> 63;
        const uint64_t pairs = dm_pair_starts(all_digits & ~taken, next);
        const uint64_t kept = there & ~(pairs << 1 | taken), alone = kept & ~pairs;
        const __m512i lower = _mm512_or_si512(c, _mm512_set1_epi8(0x20));
        const uint64_t alphabetic = _mm512_cmplt_epu8_mask(
            _mm512_sub_epi8(lower, _mm512_set1_epi8('a')), letter_count);
        const __m512i twice = _mm512_add_epi8(tens, tens);
        const __m512i fourfold = _mm512_add_epi8(twice, twice);
        const __m512i tenfold =
            _mm512_add_epi8(_mm512_add_epi8(fourfold, fourfold), twice);
        const __m512i pair = _mm512_add_epi8(_mm512_set1_epi8((char)DM_DIGITS),
                                             _mm512_add_epi8(tenfold, units));
        __m512i codeword = _mm512_add_epi8(c, _mm512_set1_epi8(1));
        codeword = _mm512_mask_mov_epi8(codeword, gs, separator);
        codeword = _mm512_mask_mov_epi8(codeword, pairs, pair);
        _mm512_storeu_si512(codewords + n, _mm512_maskz_compress_epi8(kept, codeword));
        n += (size_t)__builtin_popcountll(kept);
        letters += (size_t)__builtin_popcountll(alone & (all_digits | alphabetic));
        others += (size_t)__builtin_popcountll(alone & ~(all_digits | alphabetic));
        taken = pairs >> 63;
    }
    ascii->used = n;
    ascii->letters = letters;
    ascii->others = others;
    return n > capacity ? REASON_CODE_TOO_LONG : REASON_OK;
}

/* The check codewords of a symbol that has tables; 64 bytes of room behind the data. */
CPU_FOR_AVX512
static inline void dm_check_avx512(const struct dm_tables *tables, size_t data, uint8_t *codewords)
{
    __m512i sums[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(),
                       _mm512_setzero_si512()};
    for (size_t i = 0; i < data; i++) {
        const __m512i by = _mm512_set1_epi64((long long)tables->matrices[codewords[i]]);
        const __m512i row = _mm512_loadu_si512(tables->parities[i]);
        sums[i % 4] =
            _mm512_xor_si512(sums[i % 4], _mm512_gf2p8affine_epi64_epi8(row, by, 0));
    }
    _mm512_storeu_si512(codewords + data, _mm512_xor_si512(_mm512_xor_si512(sums[0], sums[1]),
                                                           _mm512_xor_si512(sums[2], sums[3])));
}

/* The rows of a symbol that has tables; DM_FAST_CODEWORDS bytes are read from `codewords`. */
CPU_FOR_AVX512
static inline void dm_draw_avx512(const struct dm_tables *tables, size_t count,
                                  const uint8_t *codewords, uint8_t *rows)
{
    const __m512i a = _mm512_loadu_si512(codewords), b = _mm512_loadu_si512(codewords + 64);
    const __m512i c = _mm512_loadu_si512(codewords + 128), d = _mm512_loadu_si512(codewords + 192);
    for (size_t block = 0; block < tables->blocks; block++) {
        __m512i out = _mm512_loadu_si512(tables->border[block]);
        for (unsigned bit = 0; bit < 8; bit++) {
            const __m512i source = _mm512_loadu_si512(tables->sources[block][bit]);
            const __m512i wanted = _mm512_loadu_si512(tables->bits[block][bit]);
            __m512i found = _mm512_permutex2var_epi8(a, source, b);
            if (count > 128)
                found = _mm512_mask_blend_epi8(_mm512_movepi8_mask(source), found,
                                               _mm512_permutex2var_epi8(c, source, d));
            const __mmask64 dark = _mm512_test_epi8_mask(found, wanted);
            out = _mm512_mask_add_epi8(out, dark, out, _mm512_set1_epi8((char)(1u << bit)));
        }
        const uint64_t there = block + 1 < tables->blocks ? ~(uint64_t)0 : tables->last;
        _mm512_mask_storeu_epi8(rows + 64 * block, there, out);
    }
}

#endif
#endif

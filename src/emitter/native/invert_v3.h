/* The halves of a serial's text with SSE: characters to numerals to numbers. For shapes of up to
 * eight numerals a half (emit_plan.h); the text is public.
 *
 * A shuffle brings the numerals of each half to the end of its eight bytes, most significant first,
 * with the first character of the alphabet, numeral 0, in front. Characters become numerals by
 * taking off the gaps that lie below them, and are of the alphabet if this can be undone.
 * Neighbours join to pairs, pairs to fours (both by a multiplication that adds), fours to a half.
 */
#ifndef EMITTER_INVERT_V3_H
#define EMITTER_INVERT_V3_H

#include "cpu.h"
#include "emit_v3.h"

#if CPU_IS_X86

/* Where the characters of a serial's text go. */
static inline void invert_order(const struct ff1_shape *shape, uint8_t order[16])
{
    memset(order, 0x80, 16);
    for (uint32_t i = 0; i < shape->left; i++)
        order[HALF_NUMERALS_MAX - shape->left + i] = (uint8_t)i;
    for (uint32_t i = 0; i < shape->right; i++)
        order[16 - shape->right + i] = (uint8_t)(shape->left + i);
}

/* Radices up to 90 are those whose pairs fit 16 bits with a sign. */
static inline int invert_fits_v3(const struct ff1_shape *shape)
{
    return shape->right <= HALF_NUMERALS_MAX && shape->radix <= 90;
}

CPU_FOR_V3 static inline __m128i invert_gap_v3(__m128i characters, char first, int gap)
{
    return _mm_and_si128(
        _mm_cmpgt_epi8(characters, _mm_set1_epi8((char)(first - 1))), _mm_set1_epi8((char)gap));
}

/* The halves of the serial whose free characters, readable for 16 bytes, are at `text`; zero if one
 * of them is not of the alphabet. */
CPU_FOR_V3 static inline int invert_halves_v3(
    const struct ff1_shape *shape, const uint8_t order[16], const uint8_t *text, uint64_t *left,
    uint64_t *right)
{
    const int radix = (int)shape->radix, square = radix * radix;
    const __m128i places = _mm_loadu_si128((const __m128i *)order);
    const __m128i first = _mm_set1_epi8(radix == 62 ? '0' : '!');
    __m128i characters = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)text), places);
    characters = _mm_blendv_epi8(characters, first, places);
    __m128i gaps =
        radix == 62
            ? _mm_add_epi8(invert_gap_v3(characters, 'A', 7), invert_gap_v3(characters, 'a', 6))
            : _mm_add_epi8(
                  _mm_add_epi8(
                      invert_gap_v3(characters, '%', 2), invert_gap_v3(characters, 'A', 1)),
                  _mm_add_epi8(
                      invert_gap_v3(characters, '_', 4), invert_gap_v3(characters, 'a', 1)));
    __m128i numerals = _mm_sub_epi8(_mm_sub_epi8(characters, first), gaps);
    __m128i capped = _mm_min_epu8(numerals, _mm_set1_epi8((char)(radix - 1)));
    __m128i again = emit_characters_v3(shape->radix, capped);
    int is_of_alphabet = _mm_movemask_epi8(_mm_cmpeq_epi8(again, characters)) == 0xffff;

    __m128i pairs = _mm_maddubs_epi16(numerals, _mm_set1_epi16((short)(1 << 8 | radix)));
    __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(1 << 16 | square));
    __m128i halves = _mm_add_epi64(
        _mm_mul_epu32(fours, _mm_set1_epi64x(square * square)), _mm_srli_epi64(fours, 32));
    *left = (uint64_t)_mm_cvtsi128_si64(halves);
    *right = (uint64_t)_mm_extract_epi64(halves, 1);
    return is_of_alphabet;
}

#endif
#endif

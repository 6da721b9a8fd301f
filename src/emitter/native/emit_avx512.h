/* The records of a tile with AVX-512: halves to numerals, characters, bytes, for halves of up to 46
 * bits. The plan is emit_plan.h, the method that of emit_v3.h on eight halves at once with 52-bit
 * products (IFMA): with mu = floor(2^(51 + b) / N), f = 2 * floor(half * 2^(52 - b) * mu / 2^52) +
 * 8.
 *
 * The alphabet is two registers that a permutation picks characters from, by numeral and without
 * memory; another brings a code's characters to their places among the constant bytes.
 */
#ifndef EMITTER_EMIT_AVX512_H
#define EMITTER_EMIT_AVX512_H

#include "emit_plan.h"
#include "ff1_avx512.h"

#if CPU_IS_X86

#define EMIT_AVX512_PIECE 64

static inline int emit_fits_avx512(const struct ff1_shape *shape)
{
    return ff1_is_narrow(shape) && shape->right <= HALF_NUMERALS_MAX;
}

/* Halves of 128 counters from the one whose halves are `left` and `right` on: the right space,
 * which is larger, is crossed at most once. */
CPU_FOR_AVX512 static inline void emit_halves_avx512(
    uint64_t space, struct ff1_tile *tile, uint64_t left, uint64_t right)
{
    const __m512i spaces = _mm512_set1_epi64((int64_t)space);
    const __m512i one = _mm512_set1_epi64(1), lefts = _mm512_set1_epi64((int64_t)left);
    __m512i rights = _mm512_add_epi64(
        _mm512_set1_epi64((int64_t)right), _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7));
    for (uint32_t lane = 0; lane < FF1_LANES; lane += FF1_GROUP) {
        __mmask8 over = _mm512_cmpge_epu64_mask(rights, spaces);
        _mm512_store_si512(tile->a + lane, _mm512_mask_add_epi64(lefts, over, lefts, one));
        _mm512_store_si512(tile->b + lane, _mm512_mask_sub_epi64(rights, over, rights, spaces));
        rights = _mm512_add_epi64(rights, _mm512_set1_epi64(FF1_GROUP));
    }
}

/* The numerals of eight halves, the last one of each in the least byte of its word. */
CPU_FOR_AVX512 static inline __m512i emit_numerals_avx512(
    const struct divisor *space, uint32_t radix, uint32_t size, __m512i halves)
{
    const __m512i zero = _mm512_setzero_si512();
    const __m512i radices = _mm512_set1_epi64(radix);
    const uint64_t mu = ((uint64_t)1 << 63 | space->reciprocal >> 1) >> 12;
    const __m128i shift = _mm_cvtsi32_si128((int)space->shift - 12);
    __m512i scaled = _mm512_sll_epi64(halves, shift);
    __m512i fraction = _mm512_madd52hi_epu64(zero, scaled, _mm512_set1_epi64((int64_t)mu));
    fraction = _mm512_add_epi64(_mm512_add_epi64(fraction, fraction), _mm512_set1_epi64(8));
    __m512i numerals = zero;
    for (uint32_t i = 0; i < size; i++) {
        numerals = _mm512_madd52hi_epu64(_mm512_slli_epi64(numerals, 8), fraction, radices);
        fraction = _mm512_madd52lo_epu64(zero, fraction, radices);
    }
    return numerals;
}

/* Write the records of lanes [0, lanes) but for their check codes. */
CPU_FOR_AVX512 static void emit_records_avx512(
    const struct emit_plan *plan, const struct ff1_shape *shape, const struct ff1_tile *tile,
    uint32_t lanes, uint32_t record_size, uint8_t *records)
{
    _Alignas(64) uint8_t alphabet[128] = {0};
    for (uint32_t i = 0; i < shape->radix; i++)
        alphabet[i] = alphabet_character(shape->radix, (int32_t)i);
    const __m512i letters = _mm512_load_si512(alphabet);
    const __m512i more_letters = _mm512_load_si512(alphabet + 64);
    for (uint32_t lane = 0; lane < lanes; lane += FF1_GROUP) {
        __m512i left = emit_numerals_avx512(
            &shape->left_space, shape->radix, shape->left, _mm512_load_si512(tile->a + lane));
        __m512i right = emit_numerals_avx512(
            &shape->right_space, shape->radix, shape->right, _mm512_load_si512(tile->b + lane));
        /* Codes 0, 2, 4, 6 and codes 1, 3, 5, 7. */
        const __m512i characters[2] = {
            _mm512_permutex2var_epi8(letters, _mm512_unpacklo_epi64(left, right), more_letters),
            _mm512_permutex2var_epi8(letters, _mm512_unpackhi_epi64(left, right), more_letters),
        };
        uint32_t taken = lanes - lane < FF1_GROUP ? lanes - lane : FF1_GROUP;
        for (uint32_t i = 0; i < taken; i++, records += record_size) {
            const __m512i part = _mm512_set1_epi8((char)(16 * (i / 2)));
            for (uint32_t p = 0; p < plan->count; p++) {
                const struct emit_piece *piece = &plan->pieces[p];
                __m512i order = _mm512_add_epi8(_mm512_load_si512(piece->order), part);
                __m512i bytes = _mm512_mask_permutexvar_epi8(
                    _mm512_load_si512(piece->constant), piece->serial, order, characters[i % 2]);
                _mm512_mask_storeu_epi8(
                    records + piece->at, ~(uint64_t)0 >> (EMIT_AVX512_PIECE - piece->size), bytes);
            }
        }
    }
}

/* Copy the characters of a MAC to the end of a record. */
CPU_FOR_AVX512 static inline void emit_mac_avx512(
    uint8_t *check, const uint8_t text[64], uint32_t size)
{
    _mm512_mask_storeu_epi8(check, ((uint64_t)1 << size) - 1, _mm512_load_si512(text));
}

#endif
#endif

/* The records of a tile with AVX2: halves to numerals, characters, bytes. The plan is emit_plan.h.
 *
 * The numerals of a half, most significant first, come from the fraction half / radix^m by
 * multiplication alone: the whole part of radix times the fraction is the next numeral, the rest is
 * the next fraction. With b bits in N = radix^m and mu = floor(2^(63 + b) / N),
 *
 *     f = 2 * floor(half * 2^(64 - b) * mu / 2^64) + 8
 *
 * lies above half / N * 2^64 by at most 8, and 8 * N < 2^64 for b <= 61, so that no numeral is
 * reached too early. Characters are numerals plus steps where the alphabet has gaps, by comparison.
 * Twin: emit_one in tests/twins.py.
 */
#ifndef EMITTER_EMIT_V3_H
#define EMITTER_EMIT_V3_H

#include "cpu.h"
#include "emit_plan.h"

#if CPU_IS_X86

#define EMIT_V3_PIECE 16

static inline int emit_fits_v3(const struct recipe *recipe, const struct ff1_shape *shape)
{
    return shape->right <= HALF_NUMERALS_MAX && shape->right_space.shift >= 3 &&
           recipe->record_size >= EMIT_V3_PIECE;
}

/* The numerals of a half, the last one in the least byte. */
CPU_FOR_V3 static inline uint64_t emit_numerals_v3(
    const struct divisor *space, uint32_t radix, uint32_t size, uint64_t half)
{
    uint64_t mu = (uint64_t)1 << 63 | space->reciprocal >> 1;
    uint64_t fraction = 2 * (uint64_t)(((uint128)(half << space->shift) * mu) >> 64) + 8;
    uint64_t numerals = 0;
    for (uint32_t i = 0; i < size; i++) {
        uint128 next = (uint128)fraction * radix;
        numerals = numerals << 8 | (uint64_t)(next >> 64);
        fraction = (uint64_t)next;
    }
    return numerals;
}

/* `gap` where numeral > last. */
CPU_FOR_V3 static inline __m128i emit_gap_v3(__m128i numerals, int last, int gap)
{
    return _mm_and_si128(
        _mm_cmpgt_epi8(numerals, _mm_set1_epi8((char)last)), _mm_set1_epi8((char)gap));
}

CPU_FOR_V3 static inline __m128i emit_characters_v3(uint32_t radix, __m128i numerals)
{
    __m128i steps;
    if (radix == 62) {
        steps = _mm_add_epi8(emit_gap_v3(numerals, 9, 7), emit_gap_v3(numerals, 35, 6));
        return _mm_add_epi8(_mm_add_epi8(numerals, _mm_set1_epi8('0')), steps);
    }
    steps = _mm_add_epi8(
        _mm_add_epi8(emit_gap_v3(numerals, 1, 2), emit_gap_v3(numerals, 28, 1)),
        _mm_add_epi8(emit_gap_v3(numerals, 54, 4), emit_gap_v3(numerals, 55, 1)));
    return _mm_add_epi8(_mm_add_epi8(numerals, _mm_set1_epi8('!')), steps);
}

/* Write the records of lanes [0, lanes) but for their check codes. */
CPU_FOR_V3 static void emit_records_v3(
    const struct emit_plan *plan, const struct ff1_shape *shape, const struct ff1_tile *tile,
    uint32_t lanes, uint32_t record_size, uint8_t *records)
{
    for (uint32_t lane = 0; lane < lanes; lane++, records += record_size) {
        uint64_t left = emit_numerals_v3(
            &shape->left_space, shape->radix, shape->left, tile->a[lane]);
        uint64_t right = emit_numerals_v3(
            &shape->right_space, shape->radix, shape->right, tile->b[lane]);
        __m128i characters =
            emit_characters_v3(shape->radix, _mm_set_epi64x((int64_t)right, (int64_t)left));
        for (uint32_t i = 0; i < plan->count; i++) {
            const struct emit_piece *piece = &plan->pieces[i];
            __m128i order = _mm_load_si128((const __m128i *)piece->order);
            __m128i bytes = _mm_or_si128(
                _mm_load_si128((const __m128i *)piece->constant),
                _mm_shuffle_epi8(characters, order));
            _mm_storeu_si128((__m128i *)(records + piece->at), bytes);
        }
    }
}

/* Copy the 44 or 4 characters of a MAC to the end of a record. */
CPU_FOR_V3 static inline void emit_mac_v3(uint8_t *check, const uint8_t text[64], uint32_t size)
{
    if (size == 44) {
        _mm256_storeu_si256((__m256i *)check, _mm256_load_si256((const __m256i *)text));
        _mm_storeu_si128(
            (__m128i *)(check + 28), _mm_loadu_si128((const __m128i *)(text + 28)));
    } else {
        memcpy(check, text, 4);
    }
}

#endif
#endif

/* FF1 with AVX-512: twice 32 codes at a time, for halves of up to 46 bits (other shapes run
 * ff1_v3.h). The theory is in ff1_tile.h, the twin is FF1 in tests/twins.py.
 *
 * Four blocks share a register for the AES instructions (VAES), eight halves one for the
 * arithmetic, which is done on 52-bit products (IFMA). A half as a 64-bit number moves into its
 * block by one unpacking and one byte shuffle, and y comes out by the same steps backwards.
 *
 * Reduction of y < 2^96 modulo N, which has b bits. Bits from 2^(50 + b) on are folded down first:
 *
 *     x = (y mod 2^(50 + b)) + floor(y / 2^(50 + b)) * c,   c = 2^(50 + b) mod N,   x < 2^(51 + b)
 *     q = floor(t * mu / 2^52),   t = floor(x / 2^(b - 1)) < 2^52,   mu = floor(2^(51 + b) / N)
 *
 * (P. Barrett, CRYPTO '86.) t is summed from the two truncated parts of x. Each of the two missing
 * fractions, the one of mu and the last floor take less than one from q, so 0 <= x - q * N < 4 * N,
 * which 52 bits hold. The half that is added or subtracted joins before the multiples of N are
 * taken off, by the unsigned minimum of a number and its difference: no branch, no mask.
 *
 * Layout. Position 2k of a vector of halves is code k of its eight, position 2k + 1 code 4 + k, so
 * that unpacking gives codes 0..3 and 4..7. tile->blocks is as in ff1_v3.h.
 */
#ifndef EMITTER_FF1_AVX512_H
#define EMITTER_FF1_AVX512_H

#include "cpu.h"
#include "ff1_v3.h"

#if CPU_IS_X86

#define FF1_GROUP 8  /* codes a vector of halves */
#define FF1_GROUPS 4 /* vectors that take each step together */
#define FF1_SET (FF1_GROUP * FF1_GROUPS)
#define FF1_SETS 2   /* sets of these that take turns */

static inline int ff1_space_is_narrow(const struct divisor *space, uint32_t drawn)
{
    uint32_t bits = 64 - space->shift;
    return bits >= 2 && bits <= 46 && (drawn == 8 || bits >= 14);
}

static inline int ff1_is_narrow(const struct ff1_shape *shape)
{
    return shape->drawn <= 12 && ff1_space_is_narrow(&shape->left_space, shape->drawn) &&
           ff1_space_is_narrow(&shape->right_space, shape->drawn);
}

/* The constants of one space. */
struct ff1_narrow {
    __m512i value, twice, four_times; /* N, 2 N, 4 N */
    __m512i negative;                 /* 2^52 - N */
    __m512i mu, fold;                 /* fold is c */
    __m512i shift;                    /* b - 1, for the funnel shift */
    __m128i shift_all;                /* the same, for the plain one */
    __m128i top;                      /* 50 + b, less 64 if y has a high word */
};

CPU_FOR_AVX512 static inline struct ff1_narrow ff1_narrow_of(
    const struct divisor *space, uint32_t drawn)
{
    uint32_t bits = 64 - space->shift, top = 50 + bits;
    uint64_t mu = ((uint64_t)1 << 63 | space->reciprocal >> 1) >> 12;
    uint64_t fold = top >= 96  ? 0
                    : top < 64 ? divisor_reduce(space, 0, (uint64_t)1 << top)
                               : divisor_reduce(space, (uint32_t)1 << (top - 64), 0);
    struct ff1_narrow self = {
        .value = _mm512_set1_epi64((int64_t)space->value),
        .twice = _mm512_set1_epi64((int64_t)(2 * space->value)),
        .four_times = _mm512_set1_epi64((int64_t)(4 * space->value)),
        .negative = _mm512_set1_epi64((int64_t)(((uint64_t)1 << 52) - space->value)),
        .mu = _mm512_set1_epi64((int64_t)mu),
        .fold = _mm512_set1_epi64((int64_t)fold),
        .shift = _mm512_set1_epi64(bits - 1),
        .shift_all = _mm_cvtsi32_si128((int)bits - 1),
        .top = _mm_cvtsi32_si128((int)(drawn == 8 ? top : top - 64)),
    };
    return self;
}

/* y mod N plus 0, 1, 2 or 3 times N. */
CPU_FOR_AVX512 static inline __m512i ff1_reduce_avx512(
    const struct ff1_narrow *space, __m512i high, __m512i low, int has_high)
{
    const __m512i zero = _mm512_setzero_si512();
    const __m512i ones51 = _mm512_set1_epi64(((int64_t)1 << 51) - 1);
    const __m512i ones52 = _mm512_set1_epi64(((int64_t)1 << 52) - 1);
    __m512i top = _mm512_srl_epi64(has_high ? high : low, space->top);
    __m512i folded = _mm512_madd52lo_epu64(zero, top, space->fold);
    __m512i t = _mm512_and_si512(_mm512_shrdv_epi64(low, high, space->shift), ones51);
    t = _mm512_add_epi64(t, _mm512_srl_epi64(folded, space->shift_all));
    __m512i q = _mm512_madd52hi_epu64(zero, t, space->mu);
    __m512i rest = _mm512_madd52lo_epu64(_mm512_add_epi64(low, folded), q, space->negative);
    return _mm512_and_si512(rest, ones52);
}

/* number mod N for number < 8 N. */
CPU_FOR_AVX512 static inline __m512i ff1_wrap_avx512(
    const struct ff1_narrow *space, __m512i number)
{
    number = _mm512_min_epu64(number, _mm512_sub_epi64(number, space->four_times));
    number = _mm512_min_epu64(number, _mm512_sub_epi64(number, space->twice));
    return _mm512_min_epu64(number, _mm512_sub_epi64(number, space->value));
}

/* rest[g] = y mod N, and up to 3 N more, for the halves kept[g] of FF1_GROUPS groups from `lane`.
 * */
CPU_FOR_AVX512 static inline void ff1_draw_avx512(
    const struct ff1_tile *tile, const struct aes_key *key, const struct ff1_shape *shape,
    const struct ff1_narrow *space, uint32_t round, uint32_t lane, const __m512i kept[FF1_GROUPS],
    __m512i rest[FF1_GROUPS], int has_high)
{
    const __m512i zero = _mm512_setzero_si512();
    const __m512i place =
        _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)shape->place_half));
    const __m512i number = _mm512_broadcast_i32x4(_mm_shuffle_epi8(
        _mm_cvtsi32_si128((int)round), _mm_loadu_si128((const __m128i *)shape->place_round)));
    const __m512i take =
        _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)shape->take_drawn));
    __m512i state[2 * FF1_GROUPS];
#pragma GCC unroll 4
    for (int g = 0; g < FF1_GROUPS; g++) {
        const __m512i *prefix = (const __m512i *)tile->blocks[lane + FF1_GROUP * g];
        __m512i even = _mm512_shuffle_epi8(_mm512_unpacklo_epi64(kept[g], zero), place);
        __m512i odd = _mm512_shuffle_epi8(_mm512_unpackhi_epi64(kept[g], zero), place);
        state[2 * g] = _mm512_ternarylogic_epi64(even, number, prefix[0], 0x96);
        state[2 * g + 1] = _mm512_ternarylogic_epi64(odd, number, prefix[1], 0x96);
    }
    for (uint32_t i = 1; i < key->rounds; i++) {
        const __m512i round_key =
            _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)key->round_keys[i]));
#pragma GCC unroll 8
        for (int j = 0; j < 2 * FF1_GROUPS; j++)
            state[j] = _mm512_aesenc_epi128(state[j], round_key);
    }
    const __m512i last =
        _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)key->round_keys[key->rounds]));
#pragma GCC unroll 4
    for (int g = 0; g < FF1_GROUPS; g++) {
        __m512i even = _mm512_shuffle_epi8(_mm512_aesenclast_epi128(state[2 * g], last), take);
        __m512i odd = _mm512_shuffle_epi8(_mm512_aesenclast_epi128(state[2 * g + 1], last), take);
        rest[g] = ff1_reduce_avx512(
            space, _mm512_unpackhi_epi64(even, odd), _mm512_unpacklo_epi64(even, odd), has_high);
    }
}

/* Load eight halves in the order of the layout, and store them again. */
CPU_FOR_AVX512 static inline __m512i ff1_load_halves(const uint64_t halves[FF1_GROUP])
{
    const __m512i order = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);
    return _mm512_permutexvar_epi64(order, _mm512_load_si512(halves));
}

CPU_FOR_AVX512 static inline void ff1_store_halves(uint64_t halves[FF1_GROUP], __m512i ordered)
{
    const __m512i order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    _mm512_store_si512(halves, _mm512_permutexvar_epi64(order, ordered));
}

CPU_FOR_AVX512 static inline void ff1_run_avx512(
    struct ff1_tile *tile, const struct aes_key *key, const struct ff1_shape *shape,
    uint32_t count, int has_high, int inverse)
{
    const struct ff1_narrow spaces[2] = {
        ff1_narrow_of(&shape->left_space, shape->drawn),
        ff1_narrow_of(&shape->right_space, shape->drawn),
    };
    uint64_t(*kept_at)[FF1_GROUP] = (void *)(inverse ? tile->a : tile->b);
    uint64_t(*other_at)[FF1_GROUP] = (void *)(inverse ? tile->b : tile->a);
    for (uint32_t lane = 0; lane < count; lane += FF1_SETS * FF1_SET) {
        __m512i kept[FF1_SETS][FF1_GROUPS], other[FF1_SETS][FF1_GROUPS], rest[FF1_GROUPS];
        for (uint32_t g = 0; g < FF1_SETS * FF1_GROUPS; g++) {
            kept[g / FF1_GROUPS][g % FF1_GROUPS] = ff1_load_halves(kept_at[lane / FF1_GROUP + g]);
            other[g / FF1_GROUPS][g % FF1_GROUPS] =
                ff1_load_halves(other_at[lane / FF1_GROUP + g]);
        }
        for (uint32_t i = 0; i < FF1_ROUNDS; i++) {
            const uint32_t round = inverse ? FF1_ROUNDS - 1 - i : i;
            const struct ff1_narrow *space = &spaces[round & 1];
#pragma GCC unroll 4
            for (uint32_t set = 0; set < FF1_SETS; set++) {
                ff1_draw_avx512(
                    tile, key, shape, space, round, lane + FF1_SET * set, kept[set], rest,
                    has_high);
#pragma GCC unroll 4
                for (int g = 0; g < FF1_GROUPS; g++) {
                    __m512i sum = _mm512_add_epi64(other[set][g], rest[g]);
                    if (inverse)
                        sum = _mm512_sub_epi64(
                            _mm512_add_epi64(other[set][g], space->four_times), rest[g]);
                    other[set][g] = kept[set][g];
                    kept[set][g] = ff1_wrap_avx512(space, sum);
                }
            }
        }
        for (uint32_t g = 0; g < FF1_SETS * FF1_GROUPS; g++) {
            ff1_store_halves(
                kept_at[lane / FF1_GROUP + g], kept[g / FF1_GROUPS][g % FF1_GROUPS]);
            ff1_store_halves(
                other_at[lane / FF1_GROUP + g], other[g / FF1_GROUPS][g % FF1_GROUPS]);
        }
    }
}

/* ff1_encrypt and ff1_decrypt of ff1.h for narrow shapes, lanes [0, count). */
CPU_FOR_AVX512 static void ff1_encrypt_avx512(
    struct ff1_tile *tile, const struct aes_key *key, const struct ff1_shape *shape,
    uint32_t count)
{
    if (shape->drawn == 12)
        ff1_run_avx512(tile, key, shape, count, 1, 0);
    else
        ff1_run_avx512(tile, key, shape, count, 0, 0);
}

CPU_FOR_AVX512 static void ff1_decrypt_avx512(
    struct ff1_tile *tile, const struct aes_key *key, const struct ff1_shape *shape,
    uint32_t count)
{
    if (shape->drawn == 12)
        ff1_run_avx512(tile, key, shape, count, 1, 1);
    else
        ff1_run_avx512(tile, key, shape, count, 0, 1);
}

#endif
#endif

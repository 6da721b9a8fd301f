/* Runs of the 82 characters of GS1 AI 82 in scanned text, which is public.
 *
 * With AVX2 32 bytes are classed at once: two shuffles look up, by the two halves of each byte, the
 * sets of rows of the ASCII table that allow it, and the byte is of the alphabet if the sets meet
 * (W. Muła, G. Langdale and D. Lemire, "Parsing Gigabytes of JSON per Second", VLDB Journal 28,
 * 2019, section 3.1.2). Rows 4 and 6, `A`-`O` and `a`-`o`, are alike; 2, 3, 5 and 7 are not. Bytes
 * behind the item may be looked at as far as the text reaches; they are not counted.
 */
#ifndef EMITTER_PARSE_RUN_H
#define EMITTER_PARSE_RUN_H

#include "alphabet.h"
#include "cpu.h"

/* What is left of an item, and of the text. */
struct rest {
    const uint8_t *at;
    const uint8_t *end;
    const uint8_t *limit;
    enum cpu cpu;
};

static inline uint64_t rest_size(const struct rest *rest)
{
    return (uint64_t)(rest->end - rest->at);
}

static inline uint32_t parse_run_portable(const uint8_t *text, uint32_t run, uint32_t limit)
{
    while (run < limit && alphabet_has(text[run]))
        run++;
    return run;
}

#if CPU_IS_X86

/* Bit i: byte i of the 32 is one of the 82. */
CPU_FOR_V3 static inline uint32_t parse_class_v3(__m256i bytes)
{
    const __m256i rows = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 0, 1, 2, 4, 8, 4, 16, 0, 0, 0, 0, 0, 0, 0, 0));
    const __m256i columns = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        2 | 8 | 16, 31, 31, 2 | 4 | 8 | 16, 2 | 4 | 8 | 16, 31, 31, 31, 31, 31, 31, 1 | 2 | 4,
        1 | 2 | 4, 1 | 2 | 4, 1 | 2 | 4, 1 | 2 | 4 | 8));
    __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(15));
    __m256i sets = _mm256_and_si256(
        _mm256_shuffle_epi8(columns, bytes), _mm256_shuffle_epi8(rows, high));
    return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(sets, _mm256_setzero_si256()));
}

CPU_FOR_V3 static uint32_t parse_run_v3(const uint8_t *text, uint32_t limit, const uint8_t *end)
{
    uint32_t run = 0;
    for (; run < limit && end - (text + run) >= 32; run += 32) {
        __m256i bytes = _mm256_loadu_si256((const __m256i *)(text + run));
        uint32_t others = ~parse_class_v3(bytes);
        if (others) {
            run += (uint32_t)__builtin_ctz(others);
            return run < limit ? run : limit;
        }
    }
    return parse_run_portable(text, run < limit ? run : limit, limit);
}

#endif

/* How many characters of the 82 come next, at most `limit`. */
static inline uint32_t parse_run(const struct rest *rest, uint32_t limit)
{
    if (rest_size(rest) < limit)
        limit = (uint32_t)rest_size(rest);
#if CPU_IS_X86
    if (rest->cpu >= CPU_V3)
        return parse_run_v3(rest->at, limit, rest->limit);
#endif
    return parse_run_portable(rest->at, 0, limit);
}

#endif

/* Words: big-endian loads and stores, and comparisons that leave no branch behind.
 *
 * A comparison whose outcome is secret is never an `if`: it is a mask, all ones or all zeros, cut
 * from the borrow of a wide subtraction, which compilers turn into sub/sbb and nothing else.
 */
#ifndef EMITTER_WORDS_H
#define EMITTER_WORDS_H

#include <stdint.h>
#include <string.h>

typedef unsigned __int128 uint128;

static inline uint32_t load_be32(const uint8_t *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    word = __builtin_bswap32(word);
#endif
    return word;
}

static inline void store_be32(uint8_t *bytes, uint32_t word)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    word = __builtin_bswap32(word);
#endif
    memcpy(bytes, &word, sizeof word);
}

static inline uint64_t load_be64(const uint8_t *bytes)
{
    return (uint64_t)load_be32(bytes) << 32 | load_be32(bytes + 4);
}

static inline void store_be64(uint8_t *bytes, uint64_t word)
{
    store_be32(bytes, (uint32_t)(word >> 32));
    store_be32(bytes + 4, (uint32_t)word);
}

/* All ones if a < b, else zero. */
static inline uint64_t mask_less(uint64_t a, uint64_t b)
{
    return (uint64_t)(((uint128)a - b) >> 64);
}

/* Zero if `size` bytes are equal, else not; `size` is a multiple of four, and all are touched. */
static inline uint32_t bytes_differ(const uint8_t *a, const uint8_t *b, uint32_t size)
{
    uint32_t difference = 0;
    for (uint32_t i = 0; i < size; i += 4)
        difference |= load_be32(a + i) ^ load_be32(b + i);
    return difference;
}

#endif

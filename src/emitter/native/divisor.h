/* Divisor: division of secret numbers by a public one, by multiplication alone.
 *
 * Hardware division takes a time that depends on its operands, and the compiler's 128-bit division
 * branches on them. Both are avoided: the divisor is public and known at set-up, where its
 * reciprocal is found by ordinary division; from then on a quotient is two multiplications and two
 * masked corrections. Source: N. Möller, T. Granlund, "Improved division by invariant integers",
 * IEEE Transactions on Computers 60 (2011), algorithm 4: with the divisor d shifted left until its
 * top bit is set and v = floor((2^128 - 1) / d) - 2^64, the pair (high, low) with high < d gives
 *
 *     (q1, q0) = v * high + (high, low);  q = q1 + 1;  r = low - q * d
 *     if r > q0: q -= 1, r += d           if r >= d: q += 1, r -= d
 */
#ifndef EMITTER_DIVISOR_H
#define EMITTER_DIVISOR_H

#include "words.h"

struct divisor {
    uint64_t value;      /* the divisor itself, at least 1 */
    uint64_t normal;     /* shifted left until the top bit is set */
    uint64_t reciprocal; /* floor((2^128 - 1) / normal) - 2^64 */
    uint32_t shift;
};

/* Set up from a public value; the one place where ordinary division is used. */
static inline struct divisor divisor_of(uint64_t value)
{
    struct divisor self = {.value = value, .shift = (uint32_t)__builtin_clzll(value)};
    self.normal = value << self.shift;
    self.reciprocal = (uint64_t)(~(uint128)0 / self.normal);
    return self;
}

/* The quotient of (high, low) by the normal form, with high < normal; the remainder is stored. */
static inline uint64_t divisor_step(
    const struct divisor *self, uint64_t high, uint64_t low, uint64_t *remainder)
{
    uint128 estimate = (uint128)self->reciprocal * high + ((uint128)high << 64 | low);
    uint64_t quotient = (uint64_t)(estimate >> 64) + 1;
    uint64_t rest = low - quotient * self->normal;

    uint64_t over = mask_less((uint64_t)estimate, rest);
    quotient += over;
    rest += over & self->normal;

    uint64_t under = ~mask_less(rest, self->normal);
    quotient -= under;
    *remainder = rest - (under & self->normal);
    return quotient;
}

/* number / value; the remainder is stored. */
static inline uint64_t divisor_divide(
    const struct divisor *self, uint64_t number, uint64_t *remainder)
{
    uint128 wide = (uint128)number << self->shift;
    uint64_t quotient = divisor_step(self, (uint64_t)(wide >> 64), (uint64_t)wide, remainder);
    *remainder >>= self->shift;
    return quotient;
}

/* (high * 2^64 + low) mod value, for high < 2^32. */
static inline uint64_t divisor_reduce(const struct divisor *self, uint32_t high, uint64_t low)
{
    uint128 number = (uint128)high << 64 | low;
    uint128 wide = number << self->shift;
    uint64_t rest = (uint64_t)(number >> 1 >> (127 - self->shift));
    divisor_step(self, rest, (uint64_t)(wide >> 64), &rest);
    divisor_step(self, rest, (uint64_t)wide, &rest);
    return rest >> self->shift;
}

/* Where one multiplication is enough: with b bits in the divisor and mu = floor(2^(63 + b) /
 * value), which is half of 2^64 + reciprocal, the quotient of y < 2^(63 + b) is floor(y / 2^(b -
 * 1)) * mu / 2^64 or up to two more (each of the three roundings takes less than one). P. Barrett,
 * CRYPTO '86. `drawn` says how many bytes y has; four divisors must fit 64 bits. */
static inline int divisor_is_quick(const struct divisor *self, uint32_t drawn)
{
    uint32_t bits = 64 - self->shift;
    return bits >= 2 && bits <= 62 && 8 * drawn <= 63 + bits;
}

/* (high * 2^64 + low) mod value, or one or two values more, for such. */
static inline uint64_t divisor_reduce_quick(
    const struct divisor *self, uint32_t high, uint64_t low)
{
    uint32_t down = 63 - self->shift;
    uint64_t scaled = (uint64_t)high << (64 - down) | low >> down;
    uint64_t mu = (uint64_t)1 << 63 | self->reciprocal >> 1;
    return low - (uint64_t)(((uint128)scaled * mu) >> 64) * self->value;
}

/* number mod value, for number < 4 * value. */
static inline uint64_t divisor_wrap(const struct divisor *self, uint64_t number)
{
    number -= ~mask_less(number, 2 * self->value) & 2 * self->value;
    return number - (~mask_less(number, self->value) & self->value);
}

/* (a + b) mod value and (a - b) mod value, for a, b < value. */
static inline uint64_t divisor_add(const struct divisor *self, uint64_t a, uint64_t b)
{
    uint64_t gap = self->value - b;
    return a - gap + (mask_less(a, gap) & self->value);
}

static inline uint64_t divisor_subtract(const struct divisor *self, uint64_t a, uint64_t b)
{
    return a - b + (mask_less(a, b) & self->value);
}

#endif

/* Alphabets of serials, and the forms a serial can have.
 *
 * A numeral is a position in its alphabet in ASCII order:
 *
 *     82 characters of GS1 AI 82:  ! " % & ' ( ) * + , - . / 0-9 : ; < = > ? A-Z _ a-z
 *                                  (GS1 General Specifications, figure 7.11-1)
 *     62 characters:               0-9 A-Z a-z
 *
 * Numerals of a fresh serial are secret until they are written, so they are turned to characters by
 * arithmetic: one step up wherever the alphabet has a gap. Characters of a scanned code are public.
 */
#ifndef EMITTER_ALPHABET_H
#define EMITTER_ALPHABET_H

#include "words.h"

enum form {
    FORM_GS1 = 0,         /* 82 characters */
    FORM_GS1_COUNTRY = 1, /* the same behind the country digit, which is no numeral */
    FORM_ALNUM = 2,       /* 62 characters */
    FORM_NONE = 255,      /* leave the item alone */
};

#define FORM_COUNT 3
#define COUNTRY_DIGIT '3'
#define NUMERAL_NONE 255
#define SERIAL_SIZE_MIN 5
#define SERIAL_SIZE_MAX 20

static inline uint32_t form_radix(uint32_t form)
{
    return form == FORM_ALNUM ? 62 : 82;
}

static inline uint32_t form_prefix_size(uint32_t form)
{
    return form == FORM_GS1_COUNTRY;
}

/* `gap` if numeral >= first, else 0; both below 2^31. */
static inline int32_t alphabet_gap(int32_t numeral, int32_t first, int32_t gap)
{
    return ((first - 1 - numeral) >> 31) & gap;
}

static inline uint8_t alphabet_character(uint32_t radix, int32_t numeral)
{
    if (radix == 62)
        return (uint8_t)(
            numeral + '0' + alphabet_gap(numeral, 10, 7) + alphabet_gap(numeral, 36, 6));
    return (uint8_t)(
        numeral + '!' + alphabet_gap(numeral, 2, 2) + alphabet_gap(numeral, 29, 1) +
        alphabet_gap(numeral, 55, 4) + alphabet_gap(numeral, 56, 1));
}

/* Is the (public) character one of the 82? */
static inline int alphabet_has(uint8_t character)
{
    const uint64_t low = 0xffffffe600000000, high = 0x07fffffe87fffffe;
    return character < 128 && ((character < 64 ? low : high) >> (character & 63) & 1);
}

/* The numeral of a (public) character, NUMERAL_NONE if the alphabet lacks it. */
static inline uint8_t alphabet_numeral(uint32_t radix, uint8_t character)
{
    if (!alphabet_has(character))
        return NUMERAL_NONE;
    if (radix == 62) {
        if (character >= 'a')
            return (uint8_t)(character - 'a' + 36);
        if (character >= 'A' && character <= 'Z')
            return (uint8_t)(character - 'A' + 10);
        return character >= '0' && character <= '9' ? (uint8_t)(character - '0') : NUMERAL_NONE;
    }
    return (uint8_t)(
        character - '!' - 2 * (character >= '%') - (character >= 'A') - 4 * (character >= '_') -
        (character >= 'a'));
}

#endif

/* The text of a Data Matrix symbol as data codewords: ASCII encodation, FNC1 and padding.
 * (datamatrix_switch.h has the shorter forms, for texts that ASCII encodation makes too long.)
 *
 * Source: ISO/IEC 16022:2006, 5.2.3 (ASCII encodation), 5.2.4 (symbology control characters: pad,
 * FNC1), Annex B.1 (253-state algorithm); GS1 General Specifications 5.6 and 7.8.
 *
 *   two digits ab     130 + ab                 (pairs taken from the left are the shortest form)
 *   other character   its ASCII value + 1
 *   FNC1              232
 *   padding           129, then 129 scrambled by its position, so that long padding is no pattern
 *
 * A GS1 symbol starts with FNC1, which a reader reports as the symbology identifier "]d2". The
 * separator of element strings, GS (0x1D) in the text, is FNC1 again or the ASCII character GS
 * itself; a reader hands over 0x1D for both (GS1 General Specifications 7.8). A plain symbol
 * ("]d1") has no FNC1: GS is an ASCII character like any other.
 *
 * Characters: GS and the graphic characters 0x21 to 0x7E of ISO/IEC 646, which contain the 82
 * characters of GS1 element strings. Anything else cannot be part of a code and is refused.
 */
#ifndef EMITTER_DATAMATRIX_TEXT_H
#define EMITTER_DATAMATRIX_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "reasons.h"

enum {
    DM_GS1 = 0,    /* FNC1 first, separators as FNC1 */
    DM_GS1_GS = 1, /* FNC1 first, separators as ASCII GS */
    DM_PLAIN = 2,  /* no FNC1 at all */
    DM_KINDS = 3
};

enum { DM_PAD = 129, DM_DIGITS = 130, DM_FNC1 = 232, DM_GS = 0x1D };

/* Whether a character can be part of a code. */
static inline int dm_is_code_character(uint8_t c)
{
    return c == DM_GS || (c > 0x20 && c < 0x7F);
}

/* What ASCII encodation makes of a text. */
struct dm_ascii {
    size_t used;    /* codewords it takes, also where there was no room for them */
    size_t letters; /* of them, those that hold one letter or digit */
    size_t others;  /* and those that hold one other character */
};

/* Write the data codewords of text[0..size) to codewords[0..capacity), as many as there is room
 * for. Reasons: CODE_UNPARSABLE for a character that no code has, CODE_TOO_LONG for a text of more
 * than `capacity` codewords. */
static inline uint8_t dm_encode_ascii(const uint8_t *text, size_t size, int kind,
                                      uint8_t *codewords, size_t capacity,
                                      struct dm_ascii *ascii)
{
    const uint8_t separator = kind == DM_GS1 ? DM_FNC1 : DM_GS + 1;
    size_t n = 0, letters = 0, others = 0;
    if (kind != DM_PLAIN && n++ < capacity) codewords[0] = DM_FNC1;
    for (size_t i = 0; i < size; i++, n++) {
        const uint8_t c = text[i];
        if (!dm_is_code_character(c)) return REASON_CODE_UNPARSABLE;
        const unsigned tens = (unsigned)c - '0';
        const unsigned units = i + 1 < size ? (unsigned)text[i + 1] - '0' : 10u;
        uint8_t codeword = c == DM_GS ? separator : (uint8_t)(c + 1);
        if ((tens < 10) & (units < 10)) {
            codeword = (uint8_t)(DM_DIGITS + 10 * tens + units);
            i++;
        } else {
            const int letter = (tens < 10) | ((unsigned)(c | 0x20) - 'a' < 26);
            letters += (size_t)letter;
            others += (size_t)!letter;
        }
        if (n < capacity) codewords[n] = codeword;
    }
    ascii->used = n;
    ascii->letters = letters;
    ascii->others = others;
    return n > capacity ? REASON_CODE_TOO_LONG : REASON_OK;
}

/* The padding of every position but the first padded one (Annex B.1; positions count from 1). */
static inline void dm_pads_make(uint8_t *pads, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const unsigned scrambled = DM_PAD + 1 + (149u * (unsigned)(i + 1)) % 253u;
        pads[i] = (uint8_t)(scrambled <= 254 ? scrambled : scrambled - 254);
    }
}

/* Fill codewords[used..capacity) with padding. */
static inline void dm_pad(uint8_t *codewords, size_t used, size_t capacity, const uint8_t *pads)
{
    if (used == capacity) return;
    codewords[used++] = DM_PAD;
    memcpy(codewords + used, pads + used, capacity - used);
}

#endif

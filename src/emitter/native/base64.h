/* Base64: the standard alphabet with padding. RFC 4648 section 4.
 *
 * Six bits become a character, and back, by arithmetic: one step wherever the alphabet A-Z a-z 0-9
 * + / jumps in ASCII. No table is indexed by what may be secret.
 */
#ifndef EMITTER_BASE64_H
#define EMITTER_BASE64_H

#include "words.h"

static inline uint8_t base64_character(int32_t six)
{
    return (uint8_t)(
        six + 'A' + (((25 - six) >> 31) & 6) - (((51 - six) >> 31) & 75) -
        (((61 - six) >> 31) & 15) + (((62 - six) >> 31) & 3));
}

/* The six bits of a character, a negative number if it is none of the alphabet. */
static inline int32_t base64_six(uint8_t character)
{
    int32_t c = character, six = -1;
    six += (((64 - c) & (c - 91)) >> 31) & (c - 64);  /* A-Z: 65..90 -> 0..25 */
    six += (((96 - c) & (c - 123)) >> 31) & (c - 70); /* a-z: 97..122 -> 26..51 */
    six += (((47 - c) & (c - 58)) >> 31) & (c + 5);   /* 0-9: 48..57 -> 52..61 */
    six += (((42 - c) & (c - 44)) >> 31) & 63;        /* + */
    six += (((46 - c) & (c - 48)) >> 31) & 64;        /* / */
    return six;
}

/* Write 4 * ceil(size / 3) characters. */
static inline void base64_encode(const uint8_t *bytes, uint32_t size, uint8_t *text)
{
    for (; size >= 3; size -= 3, bytes += 3, text += 4) {
        int32_t bits = bytes[0] << 16 | bytes[1] << 8 | bytes[2];
        text[0] = base64_character(bits >> 18);
        text[1] = base64_character(bits >> 12 & 63);
        text[2] = base64_character(bits >> 6 & 63);
        text[3] = base64_character(bits & 63);
    }
    if (!size)
        return;
    int32_t bits = bytes[0] << 16 | (size == 2 ? bytes[1] << 8 : 0);
    text[0] = base64_character(bits >> 18);
    text[1] = base64_character(bits >> 12 & 63);
    text[2] = size == 2 ? base64_character(bits >> 6 & 63) : '=';
    text[3] = '=';
}

/* Read exactly `size` bytes from 4 * ceil(size / 3) characters; zero unless the text is the one
 * canonical encoding. */
static inline int base64_decode(const uint8_t *text, uint8_t *bytes, uint32_t size)
{
    int32_t wrong = 0;
    for (; size > 0; text += 4) {
        uint32_t taken = size < 3 ? size : 3;
        int32_t bits = 0;
        for (uint32_t i = 0; i < 4; i++) {
            int32_t six = i <= taken ? base64_six(text[i]) : -(text[i] != '=');
            wrong |= six;
            bits = bits << 6 | (six & 63);
        }
        wrong |= -(bits & ((1 << (24 - 8 * taken)) - 1));
        for (uint32_t i = 0; i < taken; i++)
            *bytes++ = (uint8_t)(bits >> (16 - 8 * i));
        size -= taken;
    }
    return wrong >= 0;
}

#endif

/* Ed25519 signatures as text: base64 of up to eight at a time. RFC 8032 section 5.1, RFC 4648.
 *
 * The curve's arithmetic is a library's (ed25519.h). The 64 bytes of a signature are 86 characters
 * and two '='; with AVX2 they are written by base64_v3 of mac_v3.h. Twin: check_code in
 * tests/twins.py.
 */
#ifndef EMITTER_SIGNATURE_H
#define EMITTER_SIGNATURE_H

#include "base64.h"
#include "ed25519.h"
#include "mac_v3.h"

#define SIGNATURE_LANES ED25519_LANES
#define SIGNATURE_TEXT_SIZE 88

/* The scratch of eight signatures. The caller owns it and fills the lanes it wants. */
struct signature_tile {
    const struct ed25519_key *keys[SIGNATURE_LANES];
    const uint8_t *messages[SIGNATURE_LANES];
    uint32_t sizes[SIGNATURE_LANES];
    uint8_t signatures[SIGNATURE_LANES][ED25519_SIZE];
    uint8_t texts[SIGNATURE_LANES][96]; /* the answer: 88 characters a lane */
};

#if CPU_IS_X86

CPU_FOR_V3 static void signature_text_v3(const uint8_t signature[ED25519_SIZE], uint8_t text[96])
{
    __m256i words[3];
    for (int i = 0; i < 2; i++)
        words[i] = _mm256_set_m128i(
            sha256_swap_v3(_mm_loadu_si128((const __m128i *)(signature + 24 * i + 12))),
            sha256_swap_v3(_mm_loadu_si128((const __m128i *)(signature + 24 * i))));
    __m128i last = sha256_swap_v3(_mm_loadu_si128((const __m128i *)(signature + 48)));
    words[2] = _mm256_set_m128i(_mm_srli_si128(last, 12), last);
    for (int i = 0; i < 3; i++)
        _mm256_storeu_si256((__m256i *)(text + 32 * i), base64_v3(words[i]));
    text[86] = text[87] = '=';
}

#endif

static inline void signature_text(
    enum cpu cpu, const uint8_t signature[ED25519_SIZE], uint8_t text[96])
{
#if CPU_IS_X86
    if (cpu >= CPU_V3) {
        signature_text_v3(signature, text);
        return;
    }
#endif
    base64_encode(signature, ED25519_SIZE, text);
}

/* Fill tile->texts of lanes [0, count), 1 to 8 of them. */
static void signature_sign(enum cpu cpu, struct signature_tile *tile, uint32_t count)
{
    ed25519_sign_lanes(tile->keys, tile->messages, tile->sizes, tile->signatures, count);
    for (uint32_t i = 0; i < count; i++)
        signature_text(cpu, tile->signatures[i], tile->texts[i]);
}

#endif

/* Ed25519 signatures as text: base64 of up to eight at a time. RFC 8032 section 5.1, RFC 4648.
 *
 * The curve's arithmetic is a library's: libsodium one by one. Twin: check_code in tests/twins.py.
 */
#ifndef EMITTER_SIGNATURE_H
#define EMITTER_SIGNATURE_H

#include "base64.h"
#include "ed25519.h"

#define SIGNATURE_LANES 8
#define SIGNATURE_TEXT_SIZE 88

/* The scratch of eight signatures. The caller owns it and fills the lanes it wants. */
struct signature_tile {
    const struct ed25519_key *keys[SIGNATURE_LANES];
    const uint8_t *messages[SIGNATURE_LANES];
    uint32_t sizes[SIGNATURE_LANES];
    uint8_t signatures[SIGNATURE_LANES][ED25519_SIZE];
    uint8_t texts[SIGNATURE_LANES][SIGNATURE_TEXT_SIZE]; /* the answer */
};

/* Fill tile->texts of lanes [0, count), 1 to 8 of them. */
static void signature_sign(struct signature_tile *tile, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        ed25519_sign(tile->keys[i], tile->messages[i], tile->sizes[i], tile->signatures[i]);
    for (uint32_t i = 0; i < count; i++)
        base64_encode(tile->signatures[i], ED25519_SIZE, tile->texts[i]);
}

#endif

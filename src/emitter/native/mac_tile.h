/* MACs as text: base64(HMAC-SHA256(key, message)) of up to 32 messages. What its forms share.
 *
 * A message is padded to blocks as FIPS 180-4 section 5.1.1 says; behind the key's block, which is
 * the midstate, one of up to 55 bytes takes one more block, and the outer hash another: two
 * compressions a MAC. The 32 bytes of the digest become 43 characters and one '=' (RFC 4648), of
 * which short check codes take the first four: 24 bits are four characters exactly.
 *
 * Lanes have keys, places and sizes of their own. Sizes and places are public. Twin: check_code in
 * tests/twins.py.
 */
#ifndef EMITTER_MAC_TILE_H
#define EMITTER_MAC_TILE_H

#include "base64.h"
#include "hmac.h"

#define MAC_LANES 32
#define MAC_TEXT_SIZE 44
#define MAC_SIZE_MAX_ONE_BLOCK 55

/* The scratch of 32 MACs. The caller owns it, fills the lanes it wants and clears it once a batch.
 * */
struct mac_tile {
    const struct hmac_key *keys[MAC_LANES];
    const uint8_t *messages[MAC_LANES];
    uint32_t sizes[MAC_LANES];
    _Alignas(64) uint8_t texts[MAC_LANES][64]; /* the answer: 44 characters a lane */
    _Alignas(64) uint32_t words[16][MAC_LANES];
    struct hmac_tile hmac;
};

#endif

/* HMAC-SHA256 on four messages at once, from midstates. RFC 2104, FIPS 198-1.
 *
 *     HMAC(K, m) = H((K ^ opad) || H((K ^ ipad) || m))       ipad = 0x36 repeated, opad = 0x5c
 *
 * Both hashes begin with one whole block that depends on the key alone. Its state is computed once,
 * at set-up, and is all that is kept of the key; a message of up to 55 bytes then costs two
 * compressions. Lanes may have different keys and sizes: a lane that has taken all of its blocks is
 * held still by a mask while others go on. Sizes are public.
 */
#ifndef EMITTER_HMAC_H
#define EMITTER_HMAC_H

#include <sodium.h>

#include "sha256.h"

#define HMAC_LANES SHA256_LANES
#define HMAC_SIZE 32
#define HMAC_SECRET_SIZE 32

struct hmac_key {
    uint32_t inner[8]; /* the state after K ^ ipad */
    uint32_t outer[8]; /* the state after K ^ opad */
};

static void hmac_midstate(uint32_t midstate[8], const uint8_t secret[HMAC_SECRET_SIZE], uint8_t pad)
{
    sha256_word state[8], block[16];
    for (int i = 0; i < 8; i++)
        state[i] = (sha256_word){0} + SHA256_INITIAL[i];
    for (int i = 0; i < 16; i++) {
        uint32_t word = i < HMAC_SECRET_SIZE / 4 ? load_be32(secret + 4 * i) : 0;
        block[i] = (sha256_word){0} + (word ^ pad * 0x01010101u);
    }
    sha256_compress(state, block);
    for (int i = 0; i < 8; i++)
        midstate[i] = state[i][0];
    sodium_memzero(state, sizeof state);
    sodium_memzero(block, sizeof block);
}

static void hmac_expand(struct hmac_key *key, const uint8_t secret[HMAC_SECRET_SIZE])
{
    hmac_midstate(key->inner, secret, 0x36);
    hmac_midstate(key->outer, secret, 0x5c);
}

/* Block `index` of a message padded as FIPS 180-4 section 5.1.1 says, behind one key block. */
static inline void hmac_pad(
    uint8_t block[64], const uint8_t *message, uint32_t size, uint32_t index)
{
    uint32_t at = 64 * index;
    uint32_t taken = at >= size ? 0 : size - at < 64 ? size - at : 64;
    memset(block, 0, 64);
    memcpy(block, message + (taken ? at : 0), taken);
    if (taken < 64 && at + taken == size)
        block[taken] = 0x80;
    if (at + 64 >= size + 9)
        store_be64(block + 56, 8 * (64 + (uint64_t)size));
}

/* The scratch of four MACs. The caller owns it and clears it once a batch, since midstates pass
 * through it. */
struct hmac_tile {
    sha256_word state[8];
    sha256_word next[8];
    sha256_word outer[8];
    sha256_word block[16];
    uint8_t digests[HMAC_LANES][HMAC_SIZE]; /* the answer */
};

/* Fill tile->digests; lane i reads sizes[i] bytes at messages[i] under keys[i]. */
static void hmac_sign(
    struct hmac_tile *tile, const struct hmac_key *const keys[HMAC_LANES],
    const uint8_t *const messages[HMAC_LANES], const uint32_t sizes[HMAC_LANES])
{
    uint32_t longest = 0;
    for (int lane = 0; lane < HMAC_LANES; lane++) {
        longest = sizes[lane] > longest ? sizes[lane] : longest;
        for (int i = 0; i < 8; i++) {
            tile->state[i][lane] = keys[lane]->inner[i];
            tile->outer[i][lane] = keys[lane]->outer[i];
        }
    }
    for (uint32_t index = 0; 64 * index < longest + 9; index++) {
        uint8_t bytes[64];
        sha256_word active = {0};
        for (int lane = 0; lane < HMAC_LANES; lane++) {
            hmac_pad(bytes, messages[lane], sizes[lane], index);
            active[lane] = 64 * index < sizes[lane] + 9 ? ~0u : 0;
            for (int i = 0; i < 16; i++)
                tile->block[i][lane] = load_be32(bytes + 4 * i);
        }
        memcpy(tile->next, tile->state, sizeof tile->next);
        sha256_compress(tile->next, tile->block);
        for (int i = 0; i < 8; i++)
            tile->state[i] = (tile->next[i] & active) | (tile->state[i] & ~active);
    }
    memset(tile->block, 0, sizeof tile->block);
    memcpy(tile->block, tile->state, sizeof tile->state);
    tile->block[8] += 0x80000000u;
    tile->block[15] += 8 * (64 + HMAC_SIZE);
    sha256_compress(tile->outer, tile->block);
    for (int lane = 0; lane < HMAC_LANES; lane++)
        for (int i = 0; i < 8; i++)
            store_be32(tile->digests[lane] + 4 * i, tile->outer[i][lane]);
}

#endif

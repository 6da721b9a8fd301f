/* Ed25519 by libsodium, or eight at a time by another library. RFC 8032 section 5.1.
 *
 * Signing is deterministic: the nonce is a hash of the secret prefix and the message, so the same
 * recipe gives the same tail for ever. The secret is the 32-byte seed of RFC 8032 section 5.1.5;
 * libsodium keeps it with the public key behind it, 64 bytes in all.
 *
 * A function that signs eight messages together may be named in a key: mbx_ed25519_sign_mb8 of
 * Intel's Cryptography Primitives Library (crypto_mb/ed25519.h), found by the glass at run time. It
 * takes pointers to both halves of each signature, messages and sizes, seeds and public keys, and
 * answers zero if all is well. `ed25519_eight_agrees` asks it for signatures that libsodium makes
 * too.
 */
#ifndef EMITTER_ED25519_H
#define EMITTER_ED25519_H

#include <sodium.h>
#include <stdint.h>
#include <string.h>

#define ED25519_SECRET_SIZE 32
#define ED25519_PUBLIC_SIZE 32
#define ED25519_SIZE 64

#define ED25519_LANES 8

typedef uint32_t ed25519_eight(
    uint8_t *const r[ED25519_LANES], uint8_t *const s[ED25519_LANES],
    const uint8_t *const messages[ED25519_LANES], const uint32_t sizes[ED25519_LANES],
    const uint8_t *const secrets[ED25519_LANES], const uint8_t *const publics[ED25519_LANES]);

struct ed25519_key {
    ed25519_eight *sign_eight; /* null: one by one */
    uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES];
    uint8_t public[ED25519_PUBLIC_SIZE];
};

static inline void ed25519_expand(struct ed25519_key *key, const uint8_t seed[ED25519_SECRET_SIZE])
{
    crypto_sign_ed25519_seed_keypair(key->public, key->secret, seed);
}

static inline void ed25519_sign(
    const struct ed25519_key *key, const uint8_t *message, uint32_t size,
    uint8_t signature[ED25519_SIZE])
{
    crypto_sign_ed25519_detached(signature, 0, message, size, key->secret);
}

/* Sign the messages of lanes [0, count), 1 to 8 of them, all keys naming the same function. */
static void ed25519_sign_lanes(
    const struct ed25519_key *const keys[ED25519_LANES],
    const uint8_t *const messages[ED25519_LANES], const uint32_t sizes[ED25519_LANES],
    uint8_t signatures[ED25519_LANES][ED25519_SIZE], uint32_t count)
{
    if (count > 1 && keys[0]->sign_eight) {
        uint8_t *r[ED25519_LANES], *s[ED25519_LANES], idle[ED25519_SIZE];
        const uint8_t *from[ED25519_LANES], *secrets[ED25519_LANES], *publics[ED25519_LANES];
        uint32_t lengths[ED25519_LANES];
        for (uint32_t i = 0; i < ED25519_LANES; i++) {
            uint32_t lane = i < count ? i : 0;
            r[i] = i < count ? signatures[i] : idle;
            s[i] = r[i] + ED25519_SIZE / 2;
            from[i] = messages[lane];
            lengths[i] = sizes[lane];
            secrets[i] = keys[lane]->secret;
            publics[i] = keys[lane]->public;
        }
        if (keys[0]->sign_eight(r, s, from, lengths, secrets, publics) == 0)
            return;
    }
    for (uint32_t i = 0; i < count; i++)
        ed25519_sign(keys[i], messages[i], sizes[i], signatures[i]);
}

/* Does the function sign as libsodium does? */
static int ed25519_eight_agrees(ed25519_eight *sign_eight)
{
    struct ed25519_key pairs[ED25519_LANES];
    const struct ed25519_key *keys[ED25519_LANES];
    const uint8_t *messages[ED25519_LANES];
    uint8_t text[8 * ED25519_LANES], eight[ED25519_LANES][ED25519_SIZE], one[ED25519_SIZE];
    uint32_t sizes[ED25519_LANES], differs = 0;
    for (uint32_t i = 0; i < ED25519_LANES; i++) {
        uint8_t seed[ED25519_SECRET_SIZE] = {(uint8_t)i};
        memset(text + 8 * i, (int)(i + 'a'), 8);
        ed25519_expand(&pairs[i], seed);
        pairs[i].sign_eight = sign_eight;
        keys[i] = &pairs[i];
        messages[i] = text;
        sizes[i] = 8 * i;
    }
    ed25519_sign_lanes(keys, messages, sizes, eight, ED25519_LANES);
    for (uint32_t i = 0; i < ED25519_LANES; i++) {
        ed25519_sign(keys[i], messages[i], sizes[i], one);
        differs |= (uint32_t)memcmp(one, eight[i], ED25519_SIZE);
    }
    return !differs;
}

static inline int ed25519_verify(
    const uint8_t public[ED25519_PUBLIC_SIZE], const uint8_t *message, uint32_t size,
    const uint8_t signature[ED25519_SIZE])
{
    return crypto_sign_ed25519_verify_detached(signature, message, size, public) == 0;
}

#endif

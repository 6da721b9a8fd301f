/* Ed25519 by libsodium. RFC 8032 section 5.1.
 *
 * Signing is deterministic: the nonce is a hash of the secret prefix and the message, so the same
 * recipe gives the same tail for ever. The secret is the 32-byte seed of RFC 8032 section 5.1.5;
 * libsodium keeps it with the public key behind it, 64 bytes in all.
 */
#ifndef EMITTER_ED25519_H
#define EMITTER_ED25519_H

#include <sodium.h>
#include <stdint.h>

#define ED25519_SECRET_SIZE 32
#define ED25519_PUBLIC_SIZE 32
#define ED25519_SIZE 64

struct ed25519_key {
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

static inline int ed25519_verify(
    const uint8_t public[ED25519_PUBLIC_SIZE], const uint8_t *message, uint32_t size,
    const uint8_t signature[ED25519_SIZE])
{
    return crypto_sign_ed25519_verify_detached(signature, message, size, public) == 0;
}

#endif

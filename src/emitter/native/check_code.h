/* Check codes: the characters that prove where a marking code comes from.
 *
 *     MAC        44 characters  base64(HMAC-SHA256(key, message))                    AI 92
 *     SIGNATURE  88 characters  base64(Ed25519(key, message))                        AI 92
 *     SHORT       4 characters  base64(first 3 bytes of HMAC-SHA256(key, message))   AI 93, packs
 *
 * The message is every byte of the code in front of the check (in front of its GS, if it has one).
 */
#ifndef EMITTER_CHECK_CODE_H
#define EMITTER_CHECK_CODE_H

#include "base64.h"
#include "ed25519.h"
#include "hmac.h"

enum check_kind {
    CHECK_MAC = 1,
    CHECK_SIGNATURE = 2,
    CHECK_SHORT = 3,
};

#define CHECK_SECRET_SIZE 32
#define CHECK_SIZE_MAX 88

struct check_key {
    uint32_t kind;
    struct hmac_key mac;           /* MAC, SHORT */
    struct ed25519_key signature;  /* SIGNATURE */
};

static inline uint32_t check_code_size(uint32_t kind)
{
    return kind == CHECK_MAC ? 44 : kind == CHECK_SIGNATURE ? 88 : 4;
}

/* Expand 32 secret bytes into a zeroed key; zero if there is no such kind. */
static inline int check_key_expand(
    struct check_key *key, uint32_t kind, const uint8_t secret[CHECK_SECRET_SIZE])
{
    key->kind = kind;
    if (kind == CHECK_SIGNATURE)
        ed25519_expand(&key->signature, secret);
    else if (kind == CHECK_MAC || kind == CHECK_SHORT)
        hmac_expand(&key->mac, secret);
    else
        return 0;
    return 1;
}

/* Write the check code of a MAC that is already made; kind is MAC or SHORT. */
static inline void check_code_from_mac(
    uint32_t kind, const uint8_t digest[HMAC_SIZE], uint8_t *code)
{
    base64_encode(digest, kind == CHECK_MAC ? HMAC_SIZE : 3, code);
}

/* Sign the message and write the check code of kind SIGNATURE. */
static inline void check_code_from_signature(
    const struct check_key *key, const uint8_t *message, uint32_t size, uint8_t *code)
{
    uint8_t signature[ED25519_SIZE];
    ed25519_sign(&key->signature, message, size, signature);
    base64_encode(signature, ED25519_SIZE, code);
}

#endif

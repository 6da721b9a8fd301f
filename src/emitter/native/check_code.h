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

#include "ed25519.h"
#include "hmac.h"
#include "mac.h"
#include "signature.h"

enum check_kind {
    CHECK_MAC = 1,
    CHECK_SIGNATURE = 2,
    CHECK_SHORT = 3,
};

#define CHECK_SECRET_SIZE 32

struct check_key {
    uint32_t kind;
    struct hmac_key mac;           /* MAC, SHORT */
    struct ed25519_key signature;  /* SIGNATURE */
};

static inline uint32_t check_code_size(uint32_t kind)
{
    return kind == CHECK_MAC ? MAC_TEXT_SIZE : kind == CHECK_SIGNATURE ? SIGNATURE_TEXT_SIZE : 4;
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

#endif

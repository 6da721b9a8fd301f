/* Checking: is the check code of a scanned code the one that was issued with it?
 *
 * `check_items` makes the check code again with the secret key that the caller names for each item
 * and compares in constant time, so that nothing is learnt about the right one from a wrong one.
 * Ed25519 is deterministic (ed25519.h), so that a signature is compared like a MAC: stricter than
 * verification, which accepts any signature of the message. MACs are made four at a time, whatever
 * their keys. `check_signatures` is for those who hold public keys alone.
 *
 * An item that was refused in parsing keeps its reason; key index -1 leaves an item unchecked.
 */
#ifndef EMITTER_CHECK_H
#define EMITTER_CHECK_H

#include "check_code.h"
#include "parse.h"

#define KEY_INDEX_NONE (-1)

/* The scratch of a call. The caller owns it; it is cleared before returning. */
struct check_tile {
    struct hmac_tile mac;
    uint8_t expected[CHECK_SIZE_MAX];
    uint64_t queue[HMAC_LANES]; /* items whose MAC is to be made */
    uint32_t waiting;
};

/* One call: texts and verdicts of a batch. */
struct checking {
    const uint8_t *text;
    const struct parsed *items;
    const int16_t *key_index;
    uint64_t count;
    uint8_t *reasons;
};

static inline uint8_t check_compare(const uint8_t *expected, const uint8_t *found, uint32_t size)
{
    return bytes_differ(expected, found, size) ? REASON_CODE_FORGED : REASON_OK;
}

/* Check the items waiting in the queue; idle lanes repeat the first. */
static void check_macs(
    struct check_tile *tile, const struct checking *call, const struct check_key *const *keys)
{
    const struct hmac_key *macs[HMAC_LANES];
    const uint8_t *messages[HMAC_LANES];
    uint32_t sizes[HMAC_LANES];
    for (uint32_t lane = 0; lane < HMAC_LANES; lane++) {
        uint64_t index = tile->queue[lane < tile->waiting ? lane : 0];
        macs[lane] = &keys[call->key_index[index]]->mac;
        messages[lane] = call->text + call->items[index].start;
        sizes[lane] = call->items[index].message_size;
    }
    hmac_sign(&tile->mac, macs, messages, sizes);
    for (uint32_t lane = 0; lane < tile->waiting; lane++) {
        uint64_t index = tile->queue[lane];
        const struct parsed *item = &call->items[index];
        uint32_t kind = keys[call->key_index[index]]->kind;
        check_code_from_mac(kind, tile->mac.digests[lane], tile->expected);
        call->reasons[index] =
            check_compare(tile->expected, messages[lane] + item->check_at, item->check_size);
    }
    tile->waiting = 0;
}

/* Fill the reasons of every item. Key indices are within `keys`. */
static void check_items(
    const struct checking *call, const struct check_key *const *keys, struct check_tile *tile)
{
    tile->waiting = 0;
    for (uint64_t i = 0; i < call->count; i++) {
        const struct parsed *item = &call->items[i];
        const uint8_t *code = call->text + item->start;
        call->reasons[i] = item->reason;
        if (item->reason != REASON_OK || call->key_index[i] == KEY_INDEX_NONE)
            continue;
        const struct check_key *key = keys[call->key_index[i]];
        if (item->check_size != check_code_size(key->kind)) {
            call->reasons[i] = REASON_CODE_FORGED;
        } else if (key->kind == CHECK_SIGNATURE) {
            check_code_from_signature(key, code, item->message_size, tile->expected);
            call->reasons[i] =
                check_compare(tile->expected, code + item->check_at, item->check_size);
        } else {
            tile->queue[tile->waiting++] = i;
            if (tile->waiting == HMAC_LANES)
                check_macs(tile, call, keys);
        }
    }
    if (tile->waiting)
        check_macs(tile, call, keys);
    sodium_memzero(tile, sizeof *tile);
}

/* The same with public keys (32 bytes each, one after another) and signatures alone. */
static void check_signatures(const struct checking *call, const uint8_t *public_keys)
{
    uint8_t signature[ED25519_SIZE];
    for (uint64_t i = 0; i < call->count; i++) {
        const struct parsed *item = &call->items[i];
        const uint8_t *code = call->text + item->start;
        call->reasons[i] = item->reason;
        if (item->reason != REASON_OK || call->key_index[i] == KEY_INDEX_NONE)
            continue;
        const uint8_t *public_key = public_keys + call->key_index[i] * ED25519_PUBLIC_SIZE;
        if (item->check_size != check_code_size(CHECK_SIGNATURE) ||
            !base64_decode(code + item->check_at, signature, ED25519_SIZE) ||
            !ed25519_verify(public_key, code, item->message_size, signature))
            call->reasons[i] = REASON_CODE_FORGED;
    }
}

#endif

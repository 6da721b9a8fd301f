/* Checking: is the check code of a scanned code the one that was issued with it?
 *
 * `check_items` makes the check code again with the secret key that the caller names for each item
 * and compares in constant time, so that nothing is learnt about the right one from a wrong one.
 * Ed25519 is deterministic (ed25519.h), so that a signature is compared like a MAC: this is
 * stricter than verification, which accepts any signature of the message. MACs and signatures are
 * made as many at a time as their forms like, whatever their keys. `check_signatures` is for those
 * who hold public keys alone.
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
    struct mac_tile mac;
    struct signature_tile signature;
    uint64_t macs[MAC_LANES]; /* items whose check code is to be made */
    uint64_t signatures[SIGNATURE_LANES];
    uint32_t macs_waiting;
    uint32_t signatures_waiting;
};

/* One call: texts and verdicts of a batch. */
struct checking {
    const uint8_t *text;
    uint64_t text_size;
    const struct parsed *items;
    const int16_t *key_index;
    uint64_t count;
    uint8_t *reasons;
};

static inline void check_compare(
    const struct checking *call, uint64_t index, const uint8_t *expected)
{
    const struct parsed *item = &call->items[index];
    const uint8_t *found = call->text + item->start + item->check_at;
    call->reasons[index] =
        bytes_differ(expected, found, item->check_size) ? REASON_CODE_FORGED : REASON_OK;
}

/* Check the items waiting for a MAC. */
static void check_macs(
    enum cpu cpu, struct check_tile *tile, const struct checking *call,
    const struct check_key *const *keys)
{
    for (uint32_t lane = 0; lane < tile->macs_waiting; lane++) {
        const struct parsed *item = &call->items[tile->macs[lane]];
        tile->mac.keys[lane] = &keys[call->key_index[tile->macs[lane]]]->mac;
        tile->mac.messages[lane] = call->text + item->start;
        tile->mac.sizes[lane] = item->message_size;
    }
    mac_sign(cpu, &tile->mac, tile->macs_waiting, call->text + call->text_size);
    for (uint32_t lane = 0; lane < tile->macs_waiting; lane++)
        check_compare(call, tile->macs[lane], tile->mac.texts[lane]);
    tile->macs_waiting = 0;
}

/* Check the items waiting for a signature. */
static void check_own_signatures(
    enum cpu cpu, struct check_tile *tile, const struct checking *call,
    const struct check_key *const *keys)
{
    for (uint32_t lane = 0; lane < tile->signatures_waiting; lane++) {
        const struct parsed *item = &call->items[tile->signatures[lane]];
        tile->signature.keys[lane] = &keys[call->key_index[tile->signatures[lane]]]->signature;
        tile->signature.messages[lane] = call->text + item->start;
        tile->signature.sizes[lane] = item->message_size;
    }
    signature_sign(cpu, &tile->signature, tile->signatures_waiting);
    for (uint32_t lane = 0; lane < tile->signatures_waiting; lane++)
        check_compare(call, tile->signatures[lane], tile->signature.texts[lane]);
    tile->signatures_waiting = 0;
}

/* Fill the reasons of every item. Key indices are within `keys`. */
static void check_items(
    enum cpu cpu, const struct checking *call, const struct check_key *const *keys,
    struct check_tile *tile)
{
    sodium_memzero(tile, sizeof *tile);
    for (uint64_t i = 0; i < call->count; i++) {
        const struct parsed *item = &call->items[i];
        call->reasons[i] = item->reason;
        if (item->reason != REASON_OK || call->key_index[i] == KEY_INDEX_NONE)
            continue;
        uint32_t kind = keys[call->key_index[i]]->kind;
        if (item->check_size != check_code_size(kind)) {
            call->reasons[i] = REASON_CODE_FORGED;
        } else if (kind == CHECK_SIGNATURE) {
            tile->signatures[tile->signatures_waiting++] = i;
            if (tile->signatures_waiting == SIGNATURE_LANES)
                check_own_signatures(cpu, tile, call, keys);
        } else {
            tile->macs[tile->macs_waiting++] = i;
            if (tile->macs_waiting == MAC_LANES)
                check_macs(cpu, tile, call, keys);
        }
    }
    if (tile->macs_waiting)
        check_macs(cpu, tile, call, keys);
    if (tile->signatures_waiting)
        check_own_signatures(cpu, tile, call, keys);
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

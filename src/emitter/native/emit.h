/* Emission: the codes of a counter range, made from their recipe straight into the output.
 *
 * Code i of the call is a copy of the record with three places filled:
 *
 *     serial    country digit where the form has one, then FF1(serial key, tweak = GTIN, first + i)
 *     message   the first message_size bytes, serial included
 *     check     the check code of the message, at check_at
 *
 * Tiles of 128 codes: serials of a tile first, then its check codes four by four, so that a tile's
 * records are still in the cache. Scratch is the caller's and is cleared before returning.
 */
#ifndef EMITTER_EMIT_H
#define EMITTER_EMIT_H

#include "alphabet.h"
#include "check_code.h"
#include "ff1.h"

#define GTIN_SIZE 14
#define RECORD_SIZE_MAX 255

struct recipe {
    const uint8_t *record;
    const uint8_t *gtin; /* 14 ASCII digits */
    uint32_t form;
    uint32_t record_size;
    uint32_t serial_at;
    uint32_t serial_size; /* the country digit included */
    uint32_t message_size;
    uint32_t check_at;
};

/* The scratch of a call. The caller owns it; it is cleared before and after. */
struct emit_tile {
    struct ff1_tile ff1;
    struct hmac_tile mac;
};

/* Fill the serials of `lanes` records with the codes of counters first, first + 1, ... */
static void emit_serials(
    const struct recipe *recipe, const struct ff1_shape *shape, const struct aes_key *key,
    struct ff1_tile *tile, uint64_t first, uint32_t lanes, uint8_t *records)
{
    for (uint32_t lane = 0; lane < lanes; lane++)
        tile->a[lane] = divisor_divide(&shape->right_space, first + lane, &tile->b[lane]);
    ff1_encrypt(tile, key, shape);
    for (uint32_t lane = 0; lane < lanes; lane++) {
        uint8_t *record = records + (uint64_t)lane * recipe->record_size;
        uint8_t *serial = record + recipe->serial_at;
        memcpy(record, recipe->record, recipe->record_size);
        if (form_prefix_size(recipe->form))
            *serial++ = COUNTRY_DIGIT;
        ff1_write_numerals(shape, tile->a[lane], serial, shape->left);
        ff1_write_numerals(shape, tile->b[lane], serial + shape->left, shape->right);
        for (uint32_t i = 0; i < shape->size; i++)
            serial[i] = alphabet_character(shape->radix, serial[i]);
    }
}

/* Fill the check codes of `lanes` records whose messages are complete. */
static void emit_check_codes(
    const struct recipe *recipe, const struct check_key *key, struct hmac_tile *tile,
    uint32_t lanes, uint8_t *records)
{
    const struct hmac_key *keys[HMAC_LANES];
    const uint8_t *messages[HMAC_LANES];
    uint32_t sizes[HMAC_LANES];
    if (key->kind == CHECK_SIGNATURE) {
        for (uint32_t lane = 0; lane < lanes; lane++) {
            uint8_t *record = records + (uint64_t)lane * recipe->record_size;
            check_code_from_signature(
                key, record, recipe->message_size, record + recipe->check_at);
        }
        return;
    }
    for (uint32_t first = 0; first < lanes; first += HMAC_LANES) {
        uint32_t taken = lanes - first < HMAC_LANES ? lanes - first : HMAC_LANES;
        for (uint32_t i = 0; i < HMAC_LANES; i++) {
            uint32_t lane = first + (i < taken ? i : 0);
            keys[i] = &key->mac;
            messages[i] = records + (uint64_t)lane * recipe->record_size;
            sizes[i] = recipe->message_size;
        }
        hmac_sign(tile, keys, messages, sizes);
        for (uint32_t i = 0; i < taken; i++)
            check_code_from_mac(
                key->kind, tile->digests[i],
                records + (uint64_t)(first + i) * recipe->record_size + recipe->check_at);
    }
}

/* Make `count` codes at `records`. The shape is that of the recipe's form and free length. */
static void emit_codes(
    const struct recipe *recipe, const struct ff1_shape *shape, const struct aes_key *serial_key,
    const struct check_key *check_key, struct emit_tile *tile, uint64_t first, uint64_t count,
    uint8_t *records)
{
    sodium_memzero(tile, sizeof *tile);
    ff1_begin(&tile->ff1, serial_key, shape, recipe->gtin, GTIN_SIZE, 0, FF1_LANES);
    while (count > 0) {
        uint32_t lanes = count < FF1_LANES ? (uint32_t)count : FF1_LANES;
        emit_serials(recipe, shape, serial_key, &tile->ff1, first, lanes, records);
        emit_check_codes(recipe, check_key, &tile->mac, lanes, records);
        first += lanes;
        count -= lanes;
        records += (uint64_t)lanes * recipe->record_size;
    }
    sodium_memzero(tile, sizeof *tile);
}

#endif

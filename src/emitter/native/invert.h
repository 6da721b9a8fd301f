/* Inversion: from the serial of a scanned code back to the counter it was made of.
 *
 * The serial is decrypted by FF1 under the tweak of its GTIN. A character that the form's alphabet
 * lacks, or a first character that is no country digit where one belongs, was never issued; the
 * country digit of another operator is told apart. Any string of the alphabet decrypts to some
 * counter: whether that was handed out is for the caller to know. Counters beyond 64 bits, which
 * are never handed out, are answered as 2^64 - 1.
 *
 * Codes of a call may have different forms and lengths: they are gathered by shape into tiles of
 * 128, each lane with its own GTIN. Each of the few shapes that occur is one walk over the batch.
 */
#ifndef EMITTER_INVERT_H
#define EMITTER_INVERT_H

#include "emit.h"
#include "parse.h"

#define INVERT_SHAPES ((SERIAL_SIZE_MAX + 1) * 2)

struct invert_tile {
    struct ff1_tile ff1;
    uint8_t gtins[FF1_LANES][GTIN_SIZE];
    uint64_t items[FF1_LANES]; /* which item each lane works for */
};

/* One call: texts and verdicts of a batch. */
struct inversion {
    const struct aes_key *key;
    const uint8_t *text;
    const struct parsed *items;
    const uint8_t *forms;
    uint64_t count;
    uint64_t *counters;
    uint8_t *reasons;
};

static inline uint32_t invert_shape(uint32_t form, uint32_t serial_size)
{
    return serial_size - form_prefix_size(form) + (SERIAL_SIZE_MAX + 1) * (form == FORM_ALNUM);
}

/* Why the item cannot be inverted, or REASON_OK. */
static uint8_t invert_verdict(const struct parsed *item, uint32_t form, const uint8_t *serial)
{
    if (item->reason != REASON_OK)
        return item->reason;
    if (item->serial_size < SERIAL_SIZE_MIN || item->serial_size > SERIAL_SIZE_MAX)
        return REASON_CODE_NEVER_ISSUED;
    uint32_t prefix = form_prefix_size(form);
    if (prefix && serial[0] != COUNTRY_DIGIT)
        return serial[0] >= '1' && serial[0] <= '5' ? REASON_CODE_OTHER_OPERATOR
                                                    : REASON_CODE_NEVER_ISSUED;
    for (uint32_t i = prefix; i < item->serial_size; i++)
        if (alphabet_numeral(form_radix(form), serial[i]) == NUMERAL_NONE)
            return REASON_CODE_NEVER_ISSUED;
    return REASON_OK;
}

/* Put an item into a lane: its GTIN as the tweak, its serial as halves. */
static void invert_load(
    struct invert_tile *tile, uint32_t lane, const struct ff1_shape *shape,
    const struct inversion *call, uint64_t index)
{
    const struct parsed *item = &call->items[index];
    const uint8_t *serial = call->text + item->start + item->serial_at;
    uint8_t numerals[SERIAL_SIZE_MAX];
    uint64_t gtin = item->gtin;
    for (uint32_t i = GTIN_SIZE; i-- > 0; gtin /= 10)
        tile->gtins[lane][i] = (uint8_t)('0' + gtin % 10);
    serial += form_prefix_size(call->forms[index]);
    for (uint32_t i = 0; i < shape->size; i++)
        numerals[i] = alphabet_numeral(shape->radix, serial[i]);
    tile->items[lane] = index;
    tile->ff1.a[lane] = ff1_read_numerals(shape, numerals, shape->left);
    tile->ff1.b[lane] = ff1_read_numerals(shape, numerals + shape->left, shape->right);
}

static void invert_tile_run(
    enum cpu cpu, struct invert_tile *tile, uint32_t lanes, const struct ff1_shape *shape,
    const struct inversion *call)
{
    ff1_begin(cpu, &tile->ff1, call->key, shape, tile->gtins[0], GTIN_SIZE, GTIN_SIZE, lanes);
    ff1_decrypt(cpu, &tile->ff1, call->key, shape, lanes);
    for (uint32_t lane = 0; lane < lanes; lane++) {
        uint128 counter =
            (uint128)tile->ff1.a[lane] * shape->right_space.value + tile->ff1.b[lane];
        uint64_t beyond = mask_less(0, (uint64_t)(counter >> 64));
        call->counters[tile->items[lane]] = (uint64_t)counter | beyond;
    }
}

/* Fill counters and reasons of every item. */
static void invert_items(
    enum cpu cpu, const struct inversion *call, struct invert_tile *tile)
{
    uint8_t occurs[INVERT_SHAPES] = {0};
    sodium_memzero(tile, sizeof *tile);
    for (uint64_t i = 0; i < call->count; i++) {
        const struct parsed *item = &call->items[i];
        uint32_t form = call->forms[i];
        call->counters[i] = 0;
        call->reasons[i] =
            form == FORM_NONE
                ? REASON_OK
                : invert_verdict(item, form, call->text + item->start + item->serial_at);
        if (form != FORM_NONE && call->reasons[i] == REASON_OK)
            occurs[invert_shape(form, item->serial_size)] = 1;
    }
    for (uint32_t index = 0; index < INVERT_SHAPES; index++) {
        struct ff1_shape shape;
        uint32_t lanes = 0;
        if (!occurs[index])
            continue;
        ff1_shape_of(&shape, index > SERIAL_SIZE_MAX ? 62 : 82, index % (SERIAL_SIZE_MAX + 1));
        for (uint64_t i = 0; i < call->count; i++) {
            uint32_t form = call->forms[i];
            if (form == FORM_NONE || call->reasons[i] != REASON_OK ||
                invert_shape(form, call->items[i].serial_size) != index)
                continue;
            invert_load(tile, lanes++, &shape, call, i);
            if (lanes == FF1_LANES) {
                invert_tile_run(cpu, tile, lanes, &shape, call);
                lanes = 0;
            }
        }
        if (lanes)
            invert_tile_run(cpu, tile, lanes, &shape, call);
    }
    sodium_memzero(tile, sizeof *tile);
}

#endif

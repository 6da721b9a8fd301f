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
 * Twin: invert_one in tests/twins.py.
 */
#ifndef EMITTER_INVERT_H
#define EMITTER_INVERT_H

#include "emit.h"
#include "invert_v3.h"
#include "parse.h"

#define INVERT_SHAPES ((SERIAL_SIZE_MAX + 1) * 2)

struct invert_tile {
    struct ff1_tile ff1;
    uint8_t gtins[FF1_LANES][GTIN_SIZE];
    uint64_t numbers[FF1_LANES]; /* the GTINs as numbers */
    uint64_t items[FF1_LANES];   /* which item each lane works for */
    uint32_t lanes;
    uint32_t gtins_differ;
    uint8_t order[16]; /* of invert_v3.h */
};

/* One call: texts and verdicts of a batch. */
struct inversion {
    const struct aes_key *key;
    const uint8_t *text;
    uint64_t text_size;
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

/* Why the item cannot be inverted, as far as is seen without its alphabet, or REASON_OK. */
static inline uint8_t invert_verdict(
    const struct parsed *item, uint32_t form, const uint8_t *serial)
{
    if (item->reason != REASON_OK)
        return item->reason;
    if (item->serial_size < SERIAL_SIZE_MIN || item->serial_size > SERIAL_SIZE_MAX)
        return REASON_CODE_NEVER_ISSUED;
    if (form_prefix_size(form) && serial[0] != COUNTRY_DIGIT)
        return serial[0] >= '1' && serial[0] <= '5' ? REASON_CODE_OTHER_OPERATOR
                                                    : REASON_CODE_NEVER_ISSUED;
    return REASON_OK;
}

/* Read the free characters of a serial; zero if one is not of the alphabet. */
static inline int invert_halves(
    enum cpu cpu, const struct invert_tile *tile, const struct ff1_shape *shape,
    const uint8_t *text, const uint8_t *limit, uint64_t *left, uint64_t *right)
{
#if CPU_IS_X86
    if (cpu >= CPU_V3 && invert_fits_v3(shape) && limit - text >= 16)
        return invert_halves_v3(shape, tile->order, text, left, right);
#endif
    uint8_t numerals[SERIAL_SIZE_MAX];
    for (uint32_t i = 0; i < shape->size; i++) {
        numerals[i] = alphabet_numeral(shape->radix, text[i]);
        if (numerals[i] == NUMERAL_NONE)
            return 0;
    }
    *left = ff1_read_numerals(shape, numerals, shape->left);
    *right = ff1_read_numerals(shape, numerals + shape->left, shape->right);
    return 1;
}

/* The digits of a GTIN; those of the lane before serve again if it has the same. */
static inline void invert_write_gtin(struct invert_tile *tile, uint32_t lane, uint64_t gtin)
{
    tile->numbers[lane] = gtin;
    if (lane > 0 && tile->numbers[lane - 1] == gtin) {
        memcpy(tile->gtins[lane], tile->gtins[lane - 1], GTIN_SIZE);
        return;
    }
    tile->gtins_differ |= lane > 0;
    for (uint32_t i = GTIN_SIZE; i-- > 0; gtin /= 10)
        tile->gtins[lane][i] = (uint8_t)('0' + gtin % 10);
}

/* Put an item into the next lane, its GTIN as the tweak, its serial as halves; or refuse it. */
static inline void invert_load(
    enum cpu cpu, struct invert_tile *tile, const struct ff1_shape *shape,
    const struct inversion *call, uint64_t index)
{
    const struct parsed *item = &call->items[index];
    const uint32_t lane = tile->lanes;
    const uint8_t *serial = call->text + item->start + item->serial_at;
    if (!invert_halves(
            cpu, tile, shape, serial + form_prefix_size(call->forms[index]),
            call->text + call->text_size, &tile->ff1.a[lane], &tile->ff1.b[lane])) {
        call->reasons[index] = REASON_CODE_NEVER_ISSUED;
        return;
    }
    invert_write_gtin(tile, lane, item->gtin);
    tile->items[lane] = index;
    tile->lanes++;
}

static void invert_tile_run(
    enum cpu cpu, struct invert_tile *tile, const struct ff1_shape *shape,
    const struct inversion *call)
{
    const uint32_t stride = tile->gtins_differ ? GTIN_SIZE : 0;
    ff1_begin(
        cpu, &tile->ff1, call->key, shape, tile->gtins[0], GTIN_SIZE, stride, tile->lanes);
    ff1_decrypt(cpu, &tile->ff1, call->key, shape, tile->lanes);
    for (uint32_t lane = 0; lane < tile->lanes; lane++) {
        uint128 counter =
            (uint128)tile->ff1.a[lane] * shape->right_space.value + tile->ff1.b[lane];
        uint64_t beyond = mask_less(0, (uint64_t)(counter >> 64));
        call->counters[tile->items[lane]] = (uint64_t)counter | beyond;
    }
    tile->lanes = 0;
    tile->gtins_differ = 0;
}

/* Invert the items of one shape. */
static void invert_one_shape(
    enum cpu cpu, const struct inversion *call, struct invert_tile *tile, uint32_t index)
{
    struct ff1_shape shape;
    ff1_shape_of(&shape, index > SERIAL_SIZE_MAX ? 62 : 82, index % (SERIAL_SIZE_MAX + 1));
#if CPU_IS_X86
    if (invert_fits_v3(&shape))
        invert_order(&shape, tile->order);
#endif
    for (uint64_t i = 0; i < call->count; i++) {
        uint32_t form = call->forms[i];
        if (form == FORM_NONE || call->reasons[i] != REASON_OK ||
            invert_shape(form, call->items[i].serial_size) != index)
            continue;
        invert_load(cpu, tile, &shape, call, i);
        if (tile->lanes == FF1_LANES)
            invert_tile_run(cpu, tile, &shape, call);
    }
    if (tile->lanes)
        invert_tile_run(cpu, tile, &shape, call);
}

/* Fill counters and reasons of every item. */
static void invert_items(enum cpu cpu, const struct inversion *call, struct invert_tile *tile)
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
    for (uint32_t index = 0; index < INVERT_SHAPES; index++)
        if (occurs[index])
            invert_one_shape(cpu, call, tile, index);
    sodium_memzero(tile, sizeof *tile);
}

#endif

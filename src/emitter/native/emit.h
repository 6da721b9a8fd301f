/* Emission: the codes of a counter range, made from their recipe straight into the output.
 *
 * Code i of the call is a copy of the record with three places filled:
 *
 *     serial    country digit where the form has one, then FF1(serial key, tweak = GTIN, first + i)
 *     message   the first message_size bytes, serial included
 *     check     the check code of the message, at check_at
 *
 * Codes of serials that are given are made the same way, without FF1.
 *
 * Tiles of 128 codes: halves, records, check codes, so that what a tile needs stays in the nearest
 * cache and the output is written once. Scratch is the caller's and is cleared before returning.
 * Twin: emit_one in tests/twins.py.
 */
#ifndef EMITTER_EMIT_H
#define EMITTER_EMIT_H

#include "check_code.h"
#include "emit_avx512.h"
#include "emit_plan.h"
#include "emit_v3.h"
#include "ff1.h"

/* The scratch of a call. The caller owns it; it is cleared before and after. */
struct emit_tile {
    struct ff1_tile ff1;
    struct mac_tile mac;
    struct signature_tile signature;
    struct emit_plan plan;
};

/* The form of `emit_records` for this recipe: a lower one where the registers do not fit it. */
static inline enum cpu emit_form(
    enum cpu cpu, const struct recipe *recipe, const struct ff1_shape *shape)
{
#if CPU_IS_X86
    if (cpu == CPU_AVX512 && emit_fits_avx512(shape))
        return CPU_AVX512;
    if (cpu >= CPU_V3 && emit_fits_v3(recipe, shape))
        return CPU_V3;
#endif
    return CPU_PORTABLE;
}

static inline void emit_plan_for(
    struct emit_plan *plan, enum cpu form, const struct recipe *recipe,
    const struct ff1_shape *shape, uint32_t check_size)
{
#if CPU_IS_X86
    if (form == CPU_AVX512)
        emit_plan_make(plan, recipe, shape, check_size, EMIT_AVX512_PIECE, 0);
    else if (form == CPU_V3)
        emit_plan_make(plan, recipe, shape, check_size, EMIT_V3_PIECE, 1);
#endif
}

/* Halves of the counters first, first + 1, ... Each follows from the one before by a mask:
 * compilers make a branch of anything that tells them where the carry falls. */
static inline void emit_halves(
    enum cpu cpu, const struct ff1_shape *shape, struct ff1_tile *tile, uint64_t first)
{
    const uint64_t space = shape->right_space.value;
    uint64_t right, left = divisor_divide(&shape->right_space, first, &right);
#if CPU_IS_X86
    if (cpu == CPU_AVX512) {
        emit_halves_avx512(space, tile, left, right);
        return;
    }
#endif
    for (uint32_t lane = 0; lane < FF1_LANES; lane++) {
        tile->a[lane] = left;
        tile->b[lane] = right;
        uint64_t over = ~mask_less(++right, space);
        left -= over;
        right -= over & space;
    }
}

static void emit_records_portable(
    const struct recipe *recipe, const struct ff1_shape *shape, const struct ff1_tile *tile,
    uint32_t lanes, uint8_t *records)
{
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

/* Write `lanes` records with the serials whose halves are in the tile. */
static void emit_records(
    enum cpu form, const struct emit_plan *plan, const struct recipe *recipe,
    const struct ff1_shape *shape, const struct ff1_tile *tile, uint32_t lanes, uint8_t *records)
{
#if CPU_IS_X86
    if (form == CPU_AVX512) {
        emit_records_avx512(plan, shape, tile, lanes, recipe->record_size, records);
        return;
    }
    if (form == CPU_V3) {
        emit_records_v3(plan, shape, tile, lanes, recipe->record_size, records);
        return;
    }
#endif
    emit_records_portable(recipe, shape, tile, lanes, records);
}

static inline void emit_mac(enum cpu cpu, uint8_t *check, const uint8_t text[64], uint32_t size)
{
#if CPU_IS_X86
    if (cpu == CPU_AVX512) {
        emit_mac_avx512(check, text, size);
        return;
    }
    if (cpu == CPU_V3) {
        emit_mac_v3(check, text, size);
        return;
    }
#endif
    memcpy(check, text, size);
}

/* Fill the MACs of `lanes` records whose messages are complete. */
static void emit_macs(
    enum cpu cpu, const struct recipe *recipe, const struct check_key *key, struct mac_tile *tile,
    uint32_t lanes, uint8_t *records, const uint8_t *limit)
{
    const uint32_t size = check_code_size(key->kind);
    for (uint32_t first = 0; first < lanes; first += MAC_LANES) {
        uint32_t taken = lanes - first < MAC_LANES ? lanes - first : MAC_LANES;
        uint8_t *record = records + (uint64_t)first * recipe->record_size;
        for (uint32_t i = 0; i < taken; i++) {
            tile->keys[i] = &key->mac;
            tile->messages[i] = record + (uint64_t)i * recipe->record_size;
            tile->sizes[i] = recipe->message_size;
        }
        mac_sign(cpu, tile, taken, limit);
        for (uint32_t i = 0; i < taken; i++)
            emit_mac(
                cpu, record + (uint64_t)i * recipe->record_size + recipe->check_at,
                tile->texts[i], size);
    }
}

/* Fill the signatures of `lanes` records whose messages are complete. */
static void emit_signatures(
    enum cpu cpu, const struct recipe *recipe, const struct check_key *key,
    struct signature_tile *tile, uint32_t lanes, uint8_t *records)
{
    for (uint32_t first = 0; first < lanes; first += SIGNATURE_LANES) {
        uint32_t taken = lanes - first < SIGNATURE_LANES ? lanes - first : SIGNATURE_LANES;
        uint8_t *record = records + (uint64_t)first * recipe->record_size;
        for (uint32_t i = 0; i < taken; i++) {
            tile->keys[i] = &key->signature;
            tile->messages[i] = record + (uint64_t)i * recipe->record_size;
            tile->sizes[i] = recipe->message_size;
        }
        signature_sign(cpu, tile, taken);
        for (uint32_t i = 0; i < taken; i++)
            memcpy(
                record + (uint64_t)i * recipe->record_size + recipe->check_at, tile->texts[i],
                SIGNATURE_TEXT_SIZE);
    }
}

/* Fill the check codes of `lanes` records. */
static void emit_checks(
    enum cpu cpu, const struct recipe *recipe, const struct check_key *key,
    struct emit_tile *tile, uint32_t lanes, uint8_t *records, const uint8_t *limit)
{
    if (key->kind == CHECK_SIGNATURE)
        emit_signatures(cpu, recipe, key, &tile->signature, lanes, records);
    else
        emit_macs(cpu, recipe, key, &tile->mac, lanes, records, limit);
}

/* Make `count` codes at `records`. The shape is that of the recipe's form and free length. */
static void emit_codes(
    enum cpu cpu, const struct recipe *recipe, const struct ff1_shape *shape,
    const struct aes_key *serial_key, const struct check_key *check_key, struct emit_tile *tile,
    uint64_t first, uint64_t count, uint8_t *records)
{
    const enum cpu form = emit_form(cpu, recipe, shape);
    const uint8_t *limit = records + count * recipe->record_size;
    sodium_memzero(tile, sizeof *tile);
    emit_plan_for(&tile->plan, form, recipe, shape, check_code_size(check_key->kind));
    ff1_begin(cpu, &tile->ff1, serial_key, shape, recipe->gtin, GTIN_SIZE, 0, FF1_LANES);
    while (count > 0) {
        uint32_t lanes = count < FF1_LANES ? (uint32_t)count : FF1_LANES;
        emit_halves(cpu, shape, &tile->ff1, first);
        ff1_encrypt(cpu, &tile->ff1, serial_key, shape, lanes);
        emit_records(form, &tile->plan, recipe, shape, &tile->ff1, lanes, records);
        emit_checks(cpu, recipe, check_key, tile, lanes, records, limit);
        first += lanes;
        count -= lanes;
        records += (uint64_t)lanes * recipe->record_size;
    }
    sodium_memzero(tile, sizeof *tile);
}

/* Make the codes of `count` given serials, without their country digits, one after the other. */
static void emit_given(
    enum cpu cpu, const struct recipe *recipe, const struct check_key *check_key,
    struct emit_tile *tile, const uint8_t *serials, uint64_t count, uint8_t *records)
{
    const uint32_t prefix = form_prefix_size(recipe->form), size = recipe->serial_size - prefix;
    const uint8_t *limit = records + count * recipe->record_size;
    sodium_memzero(tile, sizeof *tile);
    while (count > 0) {
        uint32_t lanes = count < FF1_LANES ? (uint32_t)count : FF1_LANES;
        for (uint32_t lane = 0; lane < lanes; lane++) {
            uint8_t *record = records + (uint64_t)lane * recipe->record_size;
            memcpy(record, recipe->record, recipe->record_size);
            if (prefix)
                record[recipe->serial_at] = COUNTRY_DIGIT;
            memcpy(record + recipe->serial_at + prefix, serials + (uint64_t)lane * size, size);
        }
        emit_checks(cpu, recipe, check_key, tile, lanes, records, limit);
        serials += (uint64_t)lanes * size;
        count -= lanes;
        records += (uint64_t)lanes * recipe->record_size;
    }
    sodium_memzero(tile, sizeof *tile);
}

#endif

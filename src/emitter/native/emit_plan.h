/* What the codes of one recipe have in common, laid out for the forms of emission.
 *
 * A record is the recipe's with the serial put in and, later, the check code. Forms with vector
 * registers write it in pieces: each is a constant with zeros where the serial goes, joined with
 * the characters of the serial that a byte shuffle brings to their places. They hold the numerals
 * of a code as two 64-bit words, the halves of FF1, the last numeral of each in the least byte: so
 * up to eight numerals a half, which is all serials but those of more than 16 free characters.
 */
#ifndef EMITTER_EMIT_PLAN_H
#define EMITTER_EMIT_PLAN_H

#include "alphabet.h"
#include "ff1_tile.h"

#define GTIN_SIZE 14
#define RECORD_SIZE_MAX 255
#define PIECE_SIZE_MAX 64
#define PIECES_MAX 16
#define HALF_NUMERALS_MAX 8

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

/* A piece of a record. */
struct emit_piece {
    _Alignas(64) uint8_t constant[PIECE_SIZE_MAX];
    _Alignas(64) uint8_t order[PIECE_SIZE_MAX]; /* which byte of the numerals, 0x80 none */
    uint32_t at;
    uint32_t size;
    uint64_t serial; /* bit i: byte i is of the serial */
};

struct emit_plan {
    struct emit_piece pieces[PIECES_MAX];
    uint32_t count;
};

/* Which byte of a code's 16 has numeral i of the serial. */
static inline uint8_t emit_numeral_at(const struct ff1_shape *shape, uint32_t i)
{
    return (uint8_t)(i < shape->left ? shape->left - 1 - i
                                     : HALF_NUMERALS_MAX + shape->size - 1 - i);
}

static inline void emit_piece_make(
    struct emit_piece *piece, const struct recipe *recipe, const struct ff1_shape *shape,
    uint32_t at, uint32_t size)
{
    uint32_t prefix = form_prefix_size(recipe->form), first = recipe->serial_at + prefix;
    piece->at = at;
    piece->size = size;
    piece->serial = 0;
    for (uint32_t i = 0; i < PIECE_SIZE_MAX; i++) {
        uint32_t place = at + i;
        int is_serial = i < size && place >= first && place - first < shape->size;
        int is_prefix = prefix && place == recipe->serial_at;
        piece->constant[i] = i >= size || is_serial ? 0
                             : is_prefix            ? COUNTRY_DIGIT
                                                    : recipe->record[place];
        piece->order[i] = is_serial ? emit_numeral_at(shape, place - first) : 0x80;
        piece->serial |= (uint64_t)is_serial << i;
    }
}

/* Cut the record into pieces of `size` bytes and one of the rest; pieces that the check code of
 * `check_size` characters covers are left out. With `is_exact` the last one has the full size and
 * overlaps the one before it. Records are at least `size` long then. */
static inline void emit_plan_make(
    struct emit_plan *plan, const struct recipe *recipe, const struct ff1_shape *shape,
    uint32_t check_size, uint32_t size, int is_exact)
{
    plan->count = 0;
    for (uint32_t at = 0; at < recipe->record_size; at += size) {
        uint32_t rest = recipe->record_size - at, start = at;
        if (rest < size && is_exact)
            start = recipe->record_size - size;
        if (start >= recipe->check_at &&
            start + (rest < size && !is_exact ? rest : size) <= recipe->check_at + check_size)
            continue;
        emit_piece_make(
            &plan->pieces[plan->count++], recipe, shape, start,
            rest < size && !is_exact ? rest : size);
    }
}

#endif

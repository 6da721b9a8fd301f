/* The ledger: a batch of money movements over packed accounts and escrows.
 *
 * An account is seven and an escrow three 64-bit integers of tiyn, little-endian as the store keeps
 * them. A movement adds its amount to some of these fields and takes it from others:
 *
 *     kind        account                       escrow
 *     CREDIT      credited +   available +
 *     RESERVE     available -  reserved +       held +
 *     CAPTURE     reserved -   captured +       held -  captured +
 *     RELEASE     reserved -   available +      held -  released +
 *     ADJUST      adjusted +   available +                           (the amount is signed)
 *     REFUND      available -  refunded +
 *     BANK_COST   available -  bank_costs +
 *
 * so that credited + adjusted = available + reserved + captured + refunded + bank_costs is kept by
 * every row. A movement applies whole or not at all: refused are those that would take available,
 * reserved or held money below zero, amounts that are not positive (zero for ADJUST), and sums that
 * leave 64 bits. Movements apply in order, each seeing what those before it left.
 */
#ifndef EMITTER_LEDGER_H
#define EMITTER_LEDGER_H

#include "reasons.h"
#include "words.h"

enum account_field { AVAILABLE, RESERVED, CREDITED, ADJUSTED, CAPTURED, REFUNDED, BANK_COSTS };
enum escrow_field { HELD, ESCROW_CAPTURED, RELEASED };

#define ACCOUNT_FIELDS 7
#define ESCROW_FIELDS 3
#define ACCOUNT_SIZE (8 * ACCOUNT_FIELDS)
#define ESCROW_SIZE (8 * ESCROW_FIELDS)
#define ESCROW_NONE 0xffffffffu

enum movement_kind { CREDIT = 1, RESERVE, CAPTURE, RELEASE, ADJUST, REFUND, BANK_COST };

struct movement {
    uint8_t kind;
    uint8_t unused[3];
    uint32_t account;
    uint32_t escrow; /* ESCROW_NONE for kinds that touch none */
    uint32_t unused_too;
    int64_t amount;
};

_Static_assert(sizeof(struct movement) == 24, "the row of the numpy array has 24 bytes");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "packed rows are little-endian");

/* The table above: the sign of the amount for each field. */
struct effect {
    int8_t account[ACCOUNT_FIELDS];
    int8_t escrow[ESCROW_FIELDS];
};

static const struct effect LEDGER_EFFECTS[BANK_COST + 1] = {
    [CREDIT] = {{[CREDITED] = 1, [AVAILABLE] = 1}, {0}},
    [RESERVE] = {{[AVAILABLE] = -1, [RESERVED] = 1}, {[HELD] = 1}},
    [CAPTURE] = {{[RESERVED] = -1, [CAPTURED] = 1}, {[HELD] = -1, [ESCROW_CAPTURED] = 1}},
    [RELEASE] = {{[RESERVED] = -1, [AVAILABLE] = 1}, {[HELD] = -1, [RELEASED] = 1}},
    [ADJUST] = {{[ADJUSTED] = 1, [AVAILABLE] = 1}, {0}},
    [REFUND] = {{[AVAILABLE] = -1, [REFUNDED] = 1}, {0}},
    [BANK_COST] = {{[AVAILABLE] = -1, [BANK_COSTS] = 1}, {0}},
};

static inline int movement_has_escrow(uint8_t kind)
{
    return kind == RESERVE || kind == CAPTURE || kind == RELEASE;
}

/* Are kinds and indices of every movement within range? */
static int ledger_is_well_formed(
    const struct movement *movements, uint64_t count, uint64_t accounts, uint64_t escrows)
{
    for (uint64_t i = 0; i < count; i++) {
        const struct movement *movement = &movements[i];
        if (movement->kind < CREDIT || movement->kind > BANK_COST ||
            movement->account >= accounts)
            return 0;
        if (movement_has_escrow(movement->kind) ? movement->escrow >= escrows
                                                : movement->escrow != ESCROW_NONE)
            return 0;
    }
    return 1;
}

/* fields[i] += signs[i] * amount; zero if one leaves 64 bits (fields are then of no use). */
static inline int ledger_add(int64_t *fields, const int8_t *signs, int count, int64_t amount)
{
    int wrong = 0;
    for (int i = 0; i < count; i++) {
        if (signs[i] > 0)
            wrong |= __builtin_add_overflow(fields[i], amount, &fields[i]);
        if (signs[i] < 0)
            wrong |= __builtin_sub_overflow(fields[i], amount, &fields[i]);
    }
    return !wrong;
}

/* Apply one movement to copies of its rows and answer whether they may be kept. */
static uint8_t ledger_apply(
    const struct movement *movement, int64_t account[ACCOUNT_FIELDS],
    int64_t escrow[ESCROW_FIELDS], int64_t *missing)
{
    const struct effect *effect = &LEDGER_EFFECTS[movement->kind];
    int64_t amount = movement->amount;
    if (movement->kind == ADJUST ? amount == 0 || amount == INT64_MIN : amount <= 0)
        return REASON_AMOUNT_OUT_OF_RANGE;

    int64_t taken = effect->account[AVAILABLE] < 0         ? amount
                    : movement->kind == ADJUST && amount < 0 ? -amount
                                                             : 0;
    if (taken > 0 && account[AVAILABLE] < taken) {
        if (__builtin_sub_overflow(taken, account[AVAILABLE], missing))
            *missing = INT64_MAX;
        return REASON_FUNDS_INSUFFICIENT;
    }
    if (effect->account[RESERVED] < 0 && (account[RESERVED] < amount || escrow[HELD] < amount))
        return REASON_ESCROW_INSUFFICIENT;
    if (!ledger_add(account, effect->account, ACCOUNT_FIELDS, amount) ||
        !ledger_add(escrow, effect->escrow, ESCROW_FIELDS, amount))
        return REASON_AMOUNT_OUT_OF_RANGE;
    return REASON_OK;
}

/* Apply well-formed movements in order; one reason each, and the money that was missing. */
static void ledger_post(
    uint8_t *accounts, uint8_t *escrows, const struct movement *movements, uint64_t count,
    uint8_t *reasons, int64_t *missing)
{
    for (uint64_t i = 0; i < count; i++) {
        const struct movement *movement = &movements[i];
        int has_escrow = movement_has_escrow(movement->kind);
        uint8_t *account_row = accounts + (uint64_t)movement->account * ACCOUNT_SIZE;
        uint8_t *escrow_row = escrows + (has_escrow ? (uint64_t)movement->escrow * ESCROW_SIZE : 0);
        int64_t account[ACCOUNT_FIELDS], escrow[ESCROW_FIELDS] = {0};
        memcpy(account, account_row, ACCOUNT_SIZE);
        if (has_escrow)
            memcpy(escrow, escrow_row, ESCROW_SIZE);
        missing[i] = 0;
        reasons[i] = ledger_apply(movement, account, escrow, &missing[i]);
        if (reasons[i] != REASON_OK)
            continue;
        memcpy(account_row, account, ACCOUNT_SIZE);
        if (has_escrow)
            memcpy(escrow_row, escrow, ESCROW_SIZE);
    }
}

#endif

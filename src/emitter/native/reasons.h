/* Reasons: what the core answers for one item of a batch.
 *
 * The numbers are wire values and stay for ever. They are the first blocks of the table in
 * errors.py, where each has its sentence; a test compares the two. Zero is no refusal. Where an
 * item breaks several rules, the lowest number is answered.
 */
#ifndef EMITTER_REASONS_H
#define EMITTER_REASONS_H

enum reason {
    REASON_OK = 0,

    REASON_CODE_UNPARSABLE = 1,
    REASON_CODE_GTIN_INVALID = 2,
    REASON_CODE_OTHER_OPERATOR = 3,
    REASON_CODE_UNKNOWN_GTIN = 4,
    REASON_CODE_NEVER_ISSUED = 5,
    REASON_CODE_FORGED = 6,
    REASON_CODE_TOO_LONG = 7,

    REASON_FUNDS_INSUFFICIENT = 16,
    REASON_ESCROW_INSUFFICIENT = 17,
    REASON_AMOUNT_OUT_OF_RANGE = 18,
};

#endif

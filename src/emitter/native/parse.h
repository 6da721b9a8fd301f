/* Parsing: lines of text to the places of a marking code's parts.
 *
 * Structures (GS is byte 0x1D; lengths are fixed, nothing is ever searched for by its digits, which
 * occur inside serials as well):
 *
 *     01 gtin:14 21 serial:5..20 GS 91 key:4 GS 92 tail:44|88
 *     01 gtin:14 21 serial:5..20 GS 93 check:4
 *     01 gtin:14 21 serial:7 GS 8005 price:6 GS 93 check:4
 *     gtin:14 serial:7 price:4 check:4                  a tobacco pack, 29 bytes, no AI and no GS
 *
 * Where the caller asks for identification codes, these are read too; they have no check, their
 * check size is 0, and of serials only the lengths that templates have, so that a damaged code is
 * none:
 *
 *     01 gtin:14 21 serial:6|7|13|20
 *     gtin:14 serial:7                                  of a pack, 21 bytes
 *
 * A code with AIs may be followed by GS and the element strings that a packing line adds (weight,
 * volume, dates, batch ...); they are read and belong to the item, not to the issued code. Of those
 * the ones of predefined length need no GS behind them (GS1 General Specifications 7.8.5).
 *
 * Values are of the 82 characters of GS1 AI 82; whether a check code is genuine is not asked here.
 * The check digit of the GTIN is (GS1 General Specifications 7.9.1). Every line gets a verdict and
 * no line harms another; an item that cannot be parsed has its start and size and nothing else.
 *
 * Layout. `struct parsed` is the row of a numpy array, 32 bytes; offsets are from the item's start.
 */
#ifndef EMITTER_PARSE_H
#define EMITTER_PARSE_H

#include "alphabet.h"
#include "parse_run.h"
#include "reasons.h"

#define GS 0x1d
#define LF 0x0a
#define PACK_SIZE 29
#define PACK_IDENTITY_SIZE 21
#define KEY_ID_NONE (-1)

struct parsed {
    int64_t start;        /* offset of the item in the text */
    uint16_t size;        /* of the whole item; 65535 if it is longer */
    uint16_t issued_size; /* of the code without what the line added */
    uint8_t reason;
    uint8_t serial_at;
    uint8_t serial_size;
    uint8_t message_size;
    uint8_t check_at;
    uint8_t check_size;
    uint8_t price_size; /* 0, 6 behind AI 8005, 4 in a pack */
    uint8_t unused;
    int32_t key_id; /* AI 91 as a number, KEY_ID_NONE without */
    uint64_t gtin;
};

_Static_assert(sizeof(struct parsed) == 32, "the row of the numpy array has 32 bytes");

static inline int parse_is_digit(uint8_t character)
{
    return character >= '0' && character <= '9';
}

/* Take the literal if it comes next. */
static inline int parse_literal(struct rest *rest, const char *literal, uint32_t size)
{
    if (rest_size(rest) < size || memcmp(rest->at, literal, size) != 0)
        return 0;
    rest->at += size;
    return 1;
}

/* Take `size` digits and their value. */
static inline int parse_digits(struct rest *rest, uint32_t size, uint64_t *value)
{
    if (rest_size(rest) < size)
        return 0;
    *value = 0;
    for (uint32_t i = 0; i < size; i++) {
        if (!parse_is_digit(rest->at[i]))
            return 0;
        *value = *value * 10 + (uint64_t)(rest->at[i] - '0');
    }
    rest->at += size;
    return 1;
}

/* Take exactly `size` characters of the 82. */
static inline int parse_text(struct rest *rest, uint32_t size)
{
    if (parse_run(rest, size) != size)
        return 0;
    rest->at += size;
    return 1;
}

/* Take four hexadecimal digits of either case. */
static inline int parse_key_id(struct rest *rest, int32_t *key_id)
{
    if (rest_size(rest) < 4)
        return 0;
    *key_id = 0;
    for (int i = 0; i < 4; i++) {
        int32_t c = rest->at[i];
        int32_t digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                               : -1;
        if (digit < 0)
            return 0;
        *key_id = *key_id << 4 | digit;
    }
    rest->at += 4;
    return 1;
}

/* Eight ASCII digits as numbers, the first one in the least byte; zero if one is no digit. */
static inline int parse_eight(const uint8_t *text, uint64_t *digits)
{
    const uint64_t ones = 0x0101010101010101;
    uint64_t word = __builtin_bswap64(load_be64(text)) ^ '0' * ones;
    *digits = word;
    return !((word | (word + 6 * ones)) & 0xf0 * ones);
}

/* The number that eight digits are: neighbours join, then pairs, then fours. */
static inline uint64_t parse_number(uint64_t digits)
{
    digits = (digits * 10 + (digits >> 8)) & 0x00ff00ff00ff00ff;
    digits = (digits * 100 + (digits >> 16)) & 0x0000ffff0000ffff;
    return (digits * 10000 + (digits >> 32)) & 0xffffffff;
}

/* The sum of eight digits with weights 3, 1, 3, 1 ... from the first. */
static inline uint64_t parse_weigh(uint64_t digits)
{
    uint64_t pairs = (digits & 0x00ff00ff00ff00ff) * 3 + (digits >> 8 & 0x00ff00ff00ff00ff);
    return (pairs * 0x0001000100010001) >> 48;
}

/* Take the 14 digits of a GTIN, and find whether the last one, the check digit, is right: weights 3
 * and 1 in turn, from the right the check digit 1. */
static inline int parse_gtin(struct rest *rest, struct parsed *parsed, int *is_valid)
{
    uint64_t first, last;
    if (rest_size(rest) < 14 || !parse_eight(rest->at, &first) ||
        !parse_eight(rest->at + 6, &last))
        return 0;
    parsed->gtin = parse_number(first) * 1000000 + parse_number(last) % 1000000;
    *is_valid = (parse_weigh(first) + parse_weigh(last >> 16)) % 10 == 0;
    rest->at += 14;
    return 1;
}

enum value_kind { VALUE_DIGITS, VALUE_DATE, VALUE_TEXT };

/* An AI that a packing line may add behind the code. GS1 General Specifications, section 3. */
struct added_ai {
    char from[5], to[5]; /* first and last AI of the range */
    uint8_t ai_size;
    uint8_t kind;
    uint8_t least, most;
    uint8_t predefined; /* length known from the AI: no GS needed behind it */
};

static const struct added_ai ADDED_AIS[] = {
    {"10", "10", 2, VALUE_TEXT, 1, 20, 0},         /* batch */
    {"11", "13", 2, VALUE_DATE, 6, 6, 1},          /* production, due, packaging date */
    {"15", "17", 2, VALUE_DATE, 6, 6, 1},          /* best before, sell by, expiry date */
    {"20", "20", 2, VALUE_DIGITS, 2, 2, 1},        /* variant */
    {"240", "241", 3, VALUE_TEXT, 1, 30, 0},       /* additional and customer part number */
    {"30", "30", 2, VALUE_DIGITS, 1, 8, 0},        /* variable count */
    {"3100", "3165", 4, VALUE_DIGITS, 6, 6, 1},    /* net weight, sizes, area, volume */
    {"3200", "3375", 4, VALUE_DIGITS, 6, 6, 1},    /* other units, logistic weight */
    {"3400", "3575", 4, VALUE_DIGITS, 6, 6, 1},    /* sizes and volumes in other units */
    {"3600", "3695", 4, VALUE_DIGITS, 6, 6, 1},    /* volumes in other units */
    {"37", "37", 2, VALUE_DIGITS, 1, 8, 0},        /* count */
    {"7003", "7003", 4, VALUE_DIGITS, 10, 10, 0},  /* expiry date and time */
    {"8005", "8005", 4, VALUE_DIGITS, 6, 6, 0},    /* price */
    {"8008", "8008", 4, VALUE_DIGITS, 8, 12, 0},   /* production date and time */
};

static inline const struct added_ai *parse_added_ai(const struct rest *rest)
{
    for (uint32_t i = 0; i < sizeof ADDED_AIS / sizeof *ADDED_AIS; i++) {
        const struct added_ai *ai = &ADDED_AIS[i];
        if (rest_size(rest) < ai->ai_size || memcmp(rest->at, ai->from, ai->ai_size) < 0 ||
            memcmp(rest->at, ai->to, ai->ai_size) > 0)
            continue;
        uint8_t last = rest->at[ai->ai_size - 1];
        if (parse_is_digit(rest->at[1]) && parse_is_digit(rest->at[ai->ai_size - 2]) &&
            parse_is_digit(last) && (ai->ai_size < 4 || ai->from[0] != '3' || last <= '5'))
            return ai;
    }
    return 0;
}

/* Take one element string: AI and value. */
static int parse_added_element(struct rest *rest, const struct added_ai *ai)
{
    rest->at += ai->ai_size;
    uint32_t size = ai->least == ai->most ? ai->most : parse_run(rest, ai->most);
    uint64_t number;
    if (size < ai->least)
        return 0;
    if (ai->kind == VALUE_TEXT)
        return parse_text(rest, size);
    if (!parse_digits(rest, size, &number))
        return 0;
    return ai->kind != VALUE_DATE ||
           (number / 100 % 100 >= 1 && number / 100 % 100 <= 12 && number % 100 <= 31);
}

/* Take everything behind the code: nothing, or GS and element strings up to the end. */
static int parse_added(struct rest *rest)
{
    int apart = 0; /* may the next element follow without GS? */
    while (rest_size(rest)) {
        if (!parse_literal(rest, "\x1d", 1) && !apart)
            return 0;
        const struct added_ai *ai = parse_added_ai(rest);
        if (!ai || !parse_added_element(rest, ai))
            return 0;
        apart = ai->predefined;
    }
    return 1;
}

/* The part from the first GS to the end of the check. */
static int parse_middle(struct rest *rest, const uint8_t *item, struct parsed *parsed)
{
    if (!parse_literal(rest, "\x1d", 1))
        return 0;
    if (parse_literal(rest, "91", 2)) {
        if (!parse_key_id(rest, &parsed->key_id))
            return 0;
        parsed->message_size = (uint8_t)(rest->at - item);
        if (!parse_literal(rest, "\x1d" "92", 3))
            return 0;
        parsed->check_at = (uint8_t)(rest->at - item);
        parsed->check_size = (uint8_t)parse_run(rest, 88);
        rest->at += parsed->check_size;
        return parsed->check_size == 44 || parsed->check_size == 88;
    }
    parsed->message_size = (uint8_t)(rest->at - item - 1);
    if (parsed->serial_size == 7 && parse_literal(rest, "8005", 4)) {
        uint64_t price;
        if (!parse_digits(rest, 6, &price))
            return 0;
        parsed->price_size = 6;
        parsed->message_size = (uint8_t)(rest->at - item);
        if (!parse_literal(rest, "\x1d", 1))
            return 0;
    }
    if (!parse_literal(rest, "93", 2))
        return 0;
    parsed->check_at = (uint8_t)(rest->at - item);
    parsed->check_size = 4;
    return parse_text(rest, 4);
}

/* Lengths of the serials of all templates. */
static inline int parse_is_serial_size(uint32_t size)
{
    return size == 6 || size == 7 || size == 13 || size == 20;
}

/* Finish an identification code: everything up to here, and no check. */
static int parse_identity_end(const struct rest *rest, const uint8_t *item, struct parsed *parsed)
{
    parsed->issued_size = (uint16_t)(rest->at - item);
    parsed->message_size = (uint8_t)parsed->issued_size;
    parsed->check_at = (uint8_t)parsed->issued_size;
    return rest_size(rest) == 0;
}

static int parse_element_strings(
    struct rest *rest, const uint8_t *item, int identification, struct parsed *parsed,
    int *is_valid)
{
    if (!parse_literal(rest, "01", 2) || !parse_gtin(rest, parsed, is_valid) ||
        !parse_literal(rest, "21", 2))
        return 0;
    parsed->serial_at = 18;
    parsed->serial_size = (uint8_t)parse_run(rest, SERIAL_SIZE_MAX);
    rest->at += parsed->serial_size;
    if (identification && rest_size(rest) == 0)
        return parse_is_serial_size(parsed->serial_size) && parse_identity_end(rest, item, parsed);
    if (parsed->serial_size < SERIAL_SIZE_MIN || !parse_middle(rest, item, parsed))
        return 0;
    parsed->issued_size = (uint16_t)(rest->at - item);
    return parse_added(rest);
}

static int parse_pack(struct rest *rest, struct parsed *parsed, int *is_valid)
{
    if (!parse_gtin(rest, parsed, is_valid) || !parse_text(rest, 15))
        return 0;
    parsed->serial_at = 14;
    parsed->serial_size = 7;
    parsed->price_size = 4;
    parsed->message_size = 25;
    parsed->check_at = 25;
    parsed->check_size = 4;
    parsed->issued_size = PACK_SIZE;
    return 1;
}

static int parse_pack_identity(
    struct rest *rest, const uint8_t *item, struct parsed *parsed, int *is_valid)
{
    if (!parse_gtin(rest, parsed, is_valid) || !parse_text(rest, 7))
        return 0;
    parsed->serial_at = 14;
    parsed->serial_size = 7;
    return parse_identity_end(rest, item, parsed);
}

/* Read one item of the text; no length but 29 fits a pack, and 29 fits nothing else (nor 21 but the
 * identification code of one). `rest` tells the form and where the text ends. */
static void parse_item(
    struct rest rest, const uint8_t *text, uint64_t start, uint64_t size, int identification,
    struct parsed *parsed)
{
    const uint8_t *item = text + start;
    const struct parsed empty = {
        .start = (int64_t)start,
        .size = size < UINT16_MAX ? (uint16_t)size : UINT16_MAX,
        .key_id = KEY_ID_NONE,
    };
    int is_valid = 0;
    rest.at = item;
    rest.end = item + size;
    *parsed = empty;
    int is_code = 0;
    if (size == PACK_SIZE)
        is_code = parse_pack(&rest, parsed, &is_valid);
    else if (size == PACK_IDENTITY_SIZE && identification)
        is_code = parse_pack_identity(&rest, item, parsed, &is_valid);
    else if (size < UINT16_MAX)
        is_code = parse_element_strings(&rest, item, identification, parsed, &is_valid);
    if (!is_code) {
        *parsed = empty;
        parsed->reason = REASON_CODE_UNPARSABLE;
    } else if (!is_valid) {
        parsed->reason = REASON_CODE_GTIN_INVALID;
    }
}

/* How many items the text has: they are separated by LF, one at the very end separates nothing. */
static uint64_t parse_count(const uint8_t *text, uint64_t size)
{
    uint64_t count = size > 0 && text[size - 1] != LF;
    for (uint64_t i = 0; i < size; i++)
        count += text[i] == LF;
    return count;
}

/* Read every item into its row of `items`. */
static void parse_items(
    enum cpu cpu, const uint8_t *text, uint64_t size, int identification, struct parsed *items)
{
    const struct rest whole = {.cpu = cpu, .limit = text + size};
    for (uint64_t start = 0; start < size; items++) {
        const uint8_t *found = memchr(text + start, LF, size - start);
        uint64_t end = found ? (uint64_t)(found - text) : size;
        parse_item(whole, text, start, end - start, identification, items);
        start = end + 1;
    }
}

/* Does every row lie within the text, as rows made by parse_items of the same text do? */
static int parsed_lies_within(const struct parsed *items, uint64_t count, uint64_t text_size)
{
    for (uint64_t i = 0; i < count; i++) {
        const struct parsed *item = &items[i];
        if (item->start < 0 || (uint64_t)item->start > text_size ||
            text_size - (uint64_t)item->start < item->size)
            return 0;
        if (item->issued_size > item->size || item->message_size > item->issued_size ||
            item->serial_at + item->serial_size > item->issued_size ||
            item->check_at + item->check_size > item->issued_size ||
            item->gtin >= 100000000000000)
            return 0;
    }
    return 1;
}

#endif

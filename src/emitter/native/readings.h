/* Readings: the codes that a scanned line may have been before something spoilt it.
 *
 * Scanners, keyboards, files and forms add to codes, rewrite them and lose bytes of them. What can
 * be no part of a code is taken for what it stands for, wherever it is:
 *
 *     around the code    blanks, CR, a byte order mark; GS, which is FNC1 (GS1 General
 *                        Specifications 7.8.2); symbology identifiers: `]`, a letter, a letter or
 *                        digit (ISO/IEC 15424)
 *     GS                 è in Latin-1 and in UTF-8, U+241D in UTF-8, {GS} \u001d \x1d &#29; &#x1d;
 *
 * The alphabet of serials has & ; < > and parentheses, so that what follows can be part of a code.
 * Each is undone or left, which makes up to four texts, those with less undone first:
 *
 *     XML                &lt; &gt; &amp; &quot; &apos; and numbers such as &#60; &#x3c;
 *     <GS>               for GS
 *
 * Each text is a reading if it can be parsed. If exactly one template could have made it with
 * separators lost, or with its AIs in parentheses, then that code is a reading as well, for which
 * the lengths of templates are used, never a search: `TEMPLATE_SHAPES`. What two templates could
 * have made is nobody's.
 *
 * A reading is a guess at what was scanned and no verdict. Whoever has one asks for its check code,
 * as of any text; the item as it stands comes first, and of several readings the first one that is
 * genuine counts. So no reading makes a code genuine that was not issued with its check, nor stands
 * in for a code that is genuine as it is.
 *
 * All loops are bounded: an item longer than READING_ITEM_MAX, which no code is, has no readings.
 * Everything here is public. Twin: readings_of in tests/twins_readings.py.
 */
#ifndef EMITTER_READINGS_H
#define EMITTER_READINGS_H

#include "parse.h"

#define READING_ITEM_MAX 1024
#define READINGS_MAX 8
#define READING_MORE 24 /* what separators put back add at most, and then some */

struct reading {
    uint32_t size;
    uint8_t text[READING_ITEM_MAX + READING_MORE];
};

/* The scratch of one item: its texts on the way, and its readings. */
struct reading_tile {
    struct reading plain;   /* without what can be no part of a code */
    struct reading decoded; /* with XML and <GS> undone as well */
    struct reading fitted;
    struct reading found[READINGS_MAX];
    uint32_t count;
};

/* One call: which items of a batch are wanted, and where their readings go. */
struct reading_call {
    const uint8_t *text;
    const struct parsed *items;
    const uint8_t *wanted; /* a byte for each item */
    uint64_t count;
    int identification;
    uint8_t *readings; /* a line each, as far as there is room */
    int64_t *origins;  /* which item each reading is of */
    uint64_t count_max, size_max; /* the room */
    uint64_t readings_count, readings_size; /* what all of them take */
};

/* A code of a template, from the serial on: `ai_a` is empty where there is one element less. */
struct template_shape {
    uint8_t serial_size;
    char ai_a[5];
    uint8_t size_a;
    char ai_b[3];
    uint8_t size_b;
};

static const struct template_shape TEMPLATE_SHAPES[] = {
    {13, "91", 4, "92", 44}, {13, "91", 4, "92", 88}, {20, "91", 4, "92", 44},
    {6, "", 0, "93", 4},     {7, "", 0, "93", 4},     {13, "", 0, "93", 4},
    {7, "8005", 6, "93", 4},
    /* Identification codes: */
    {6, "", 0, "", 0},       {7, "", 0, "", 0},       {13, "", 0, "", 0},
    {20, "", 0, "", 0},
};

#define TEMPLATE_SHAPES_COUNT (sizeof TEMPLATE_SHAPES / sizeof *TEMPLATE_SHAPES)
#define IDENTITY_SHAPES_COUNT 4

/* A spelling and the byte it stands for. Letters are alike in either case where `any_case`. */
struct spelling {
    const char *text;
    uint8_t size;
    uint8_t any_case;
    uint8_t stands_for;
};

static const struct spelling GS_SPELLINGS[] = {
    {"\xc3\xa8", 2, 0, GS}, {"\xe8", 1, 0, GS},    {"\xe2\x90\x9d", 3, 0, GS},
    {"{GS}", 4, 1, GS},     {"\\u001d", 6, 1, GS}, {"\\x1d", 4, 1, GS},
};
static const struct spelling XML_SPELLINGS[] = {
    {"&lt;", 4, 0, '<'},   {"&gt;", 4, 0, '>'},   {"&amp;", 5, 0, '&'},
    {"&quot;", 6, 0, '"'}, {"&apos;", 6, 0, '\''},
};
static const struct spelling ANGLE_SPELLINGS[] = {{"<GS>", 4, 1, GS}};

static inline uint8_t reading_lower(uint8_t character)
{
    return character >= 'A' && character <= 'Z' ? character + 32 : character;
}

/* How many bytes the spelling takes here, 0 if it does not stand here. */
static inline uint32_t reading_spelt(
    const struct spelling *spelling, const uint8_t *text, uint32_t left)
{
    if (left < spelling->size)
        return 0;
    for (uint32_t i = 0; i < spelling->size; i++) {
        uint8_t one = text[i], other = (uint8_t)spelling->text[i];
        if (one != other && !(spelling->any_case && reading_lower(one) == reading_lower(other)))
            return 0;
    }
    return spelling->size;
}

/* How many bytes a numeric character reference takes here, and the character: GS where `is_gs`,
 * else a printable one. */
static inline uint32_t reading_reference(
    const uint8_t *text, uint32_t left, int is_gs, uint8_t *character)
{
    uint32_t at = 2, value = 0, digits = 0;
    if (left < 4 || text[0] != '&' || text[1] != '#')
        return 0;
    const int is_hex = text[2] == 'x' || text[2] == 'X';
    for (at += (uint32_t)is_hex; at < left && digits < 4; at++, digits++) {
        const uint8_t c = reading_lower(text[at]);
        if (parse_is_digit(c))
            value = value * (is_hex ? 16 : 10) + (uint32_t)(c - '0');
        else if (is_hex && c >= 'a' && c <= 'f')
            value = value * 16 + (uint32_t)(c - 'a' + 10);
        else
            break;
    }
    if (!digits || at >= left || text[at] != ';' ||
        !(is_gs ? value == GS : value > ' ' && value <= '~'))
        return 0;
    *character = (uint8_t)value;
    return at + 1;
}

enum reading_step { READING_PLAIN, READING_XML, READING_ANGLE };

/* Copy `from` with the spellings of a step replaced; tell whether there was one. `to` may be where
 * `from` is: what is written never overtakes what is read. */
static int reading_replace(
    enum reading_step step, const uint8_t *from, uint32_t size, struct reading *to)
{
    static const struct {
        const struct spelling *all;
        uint32_t count;
    } SPELLINGS[] = {
        [READING_PLAIN] = {GS_SPELLINGS, sizeof GS_SPELLINGS / sizeof *GS_SPELLINGS},
        [READING_XML] = {XML_SPELLINGS, sizeof XML_SPELLINGS / sizeof *XML_SPELLINGS},
        [READING_ANGLE] = {ANGLE_SPELLINGS, 1},
    };
    int replaced = 0;
    uint32_t written = 0;
    for (uint32_t at = 0; at < size;) {
        const uint8_t first = from[at];
        uint32_t taken = 0;
        uint8_t character = first;
        if (first == '&' || first == '<' || first == '\\' || first == '{' || first >= 0x80) {
            for (uint32_t i = 0; i < SPELLINGS[step].count && !taken; i++) {
                taken = reading_spelt(&SPELLINGS[step].all[i], from + at, size - at);
                character = taken ? SPELLINGS[step].all[i].stands_for : first;
            }
            if (!taken && step != READING_ANGLE)
                taken = reading_reference(
                    from + at, size - at, step == READING_PLAIN, &character);
        }
        replaced |= taken > 0;
        to->text[written++] = character;
        at += taken ? taken : 1;
    }
    to->size = written;
    return replaced;
}

static inline int reading_is_blank(uint8_t character)
{
    return character == ' ' || (character >= '\t' && character <= '\r');
}

static inline int reading_is_letter(uint8_t character)
{
    return reading_lower(character) >= 'a' && reading_lower(character) <= 'z';
}

/* Take off what stands around a code. */
static void reading_trim(struct reading *reading)
{
    uint32_t from = 0, end = reading->size;
    const uint8_t *text = reading->text;
    while (end > 0 && (reading_is_blank(text[end - 1]) || text[end - 1] == GS))
        end--;
    while (from < end) {
        const uint32_t left = end - from;
        if (reading_is_blank(text[from]) || text[from] == GS)
            from++;
        else if (left >= 3 && memcmp(text + from, "\xef\xbb\xbf", 3) == 0)
            from += 3;
        else if (left >= 3 && text[from] == ']' && reading_is_letter(text[from + 1]) &&
                 (reading_is_letter(text[from + 2]) || parse_is_digit(text[from + 2])))
            from += 3;
        else
            break;
    }
    memmove(reading->text, text + from, end - from);
    reading->size = end - from;
}

/* Can the text be parsed? */
static int reading_parses(
    enum cpu cpu, const struct reading *reading, int identification, struct parsed *parsed)
{
    const struct rest rest = {.cpu = cpu, .limit = reading->text + reading->size};
    parse_item(rest, reading->text, 0, reading->size, identification, parsed);
    return parsed->reason != REASON_CODE_UNPARSABLE;
}

/* Has what was parsed the shape of a template's code? */
static int reading_is_template(const struct parsed *parsed)
{
    for (uint32_t i = 0; i < TEMPLATE_SHAPES_COUNT - IDENTITY_SHAPES_COUNT; i++) {
        const struct template_shape *shape = &TEMPLATE_SHAPES[i];
        if (parsed->serial_size == shape->serial_size && parsed->check_size == shape->size_b &&
            parsed->price_size == (shape->size_a == 6 ? 6 : 0))
            return 1;
    }
    return parsed->price_size == 4;
}

/* Keep a text as a reading unless it is the item itself or was found before. */
static void reading_keep(
    struct reading_tile *tile, const uint8_t *item, uint32_t size, const struct reading *reading)
{
    if (reading->size == size && memcmp(reading->text, item, size) == 0)
        return;
    for (uint32_t i = 0; i < tile->count; i++)
        if (tile->found[i].size == reading->size &&
            memcmp(tile->found[i].text, reading->text, reading->size) == 0)
            return;
    struct reading *kept = &tile->found[tile->count++];
    kept->size = reading->size;
    memcpy(kept->text, reading->text, reading->size);
}

static inline void reading_write(struct reading *to, const void *text, uint32_t size)
{
    memcpy(to->text + to->size, text, size);
    to->size += size;
}

/* Take a separator that may be there, then an AI, in parentheses where the code is marked. */
static int reading_ai(struct rest *rest, const char *ai, int is_marked)
{
    parse_literal(rest, "\x1d", 1);
    return (!is_marked || parse_literal(rest, "(", 1)) &&
           parse_literal(rest, ai, (uint32_t)strlen(ai)) &&
           (!is_marked || parse_literal(rest, ")", 1));
}

/* Take an element, and write it with a separator in front. */
static int reading_element(
    struct rest *rest, struct reading *to, const char *ai, uint32_t size, int is_marked)
{
    if (!reading_ai(rest, ai, is_marked) || rest_size(rest) < size)
        return 0;
    reading_write(to, "\x1d", 1);
    reading_write(to, ai, (uint32_t)strlen(ai));
    reading_write(to, rest->at, size);
    rest->at += size;
    return 1;
}

/* Write what a line added in parentheses: each element behind a separator. Only a value whose size
 * is known can have another element behind it. */
static int reading_marked_additions(struct rest *rest, struct reading *to)
{
    while (rest_size(rest)) {
        parse_literal(rest, "\x1d", 1);
        if (!parse_literal(rest, "(", 1))
            return 0;
        const struct added_ai *ai = parse_added_ai(rest);
        if (!ai || rest_size(rest) < ai->ai_size + 1u || rest->at[ai->ai_size] != ')' ||
            to->size + 1 + ai->ai_size > sizeof to->text)
            return 0;
        reading_write(to, "\x1d", 1);
        reading_write(to, rest->at, ai->ai_size);
        rest->at += ai->ai_size + 1;
        const uint8_t *gs = memchr(rest->at, GS, rest_size(rest));
        uint64_t size = gs ? (uint64_t)(gs - rest->at) : rest_size(rest);
        if (ai->least == ai->most && size > ai->most)
            size = ai->most;
        if (to->size + size > sizeof to->text)
            return 0;
        reading_write(to, rest->at, (uint32_t)size);
        rest->at += size;
    }
    return 1;
}

/* Write the code that the text is if a template of this shape made it; zero if none did. */
static int reading_fit_shape(
    enum cpu cpu, const struct reading *from, const struct template_shape *shape, int is_marked,
    int identification, struct reading *to)
{
    struct rest rest = {.at = from->text, .end = from->text + from->size, .cpu = cpu};
    rest.limit = rest.end;
    to->size = 0;
    if (!reading_ai(&rest, "01", is_marked) || rest_size(&rest) < 14)
        return 0;
    reading_write(to, "01", 2);
    reading_write(to, rest.at, 14);
    rest.at += 14;
    if (!reading_ai(&rest, "21", is_marked) || rest_size(&rest) < shape->serial_size)
        return 0;
    reading_write(to, "21", 2);
    reading_write(to, rest.at, shape->serial_size);
    rest.at += shape->serial_size;
    if (shape->size_a && !reading_element(&rest, to, shape->ai_a, shape->size_a, is_marked))
        return 0;
    if (shape->size_b && !reading_element(&rest, to, shape->ai_b, shape->size_b, is_marked))
        return 0;
    if (!shape->size_b && rest_size(&rest))
        return 0;
    if (is_marked && !reading_marked_additions(&rest, to))
        return 0;
    if (rest_size(&rest)) {
        parse_literal(&rest, "\x1d", 1);
        reading_write(to, "\x1d", 1);
        reading_write(to, rest.at, (uint32_t)rest_size(&rest));
    }
    struct parsed parsed;
    return reading_parses(cpu, to, identification, &parsed);
}

/* Write the code of the only shape that could have made the text; zero if none or several could. */
static int reading_fit(
    enum cpu cpu, const struct reading *from, int identification, struct reading *to)
{
    const int is_marked = from->size >= 4 && memcmp(from->text, "(01)", 4) == 0;
    const uint32_t shapes =
        TEMPLATE_SHAPES_COUNT - (is_marked && identification ? 0 : IDENTITY_SHAPES_COUNT);
    const struct template_shape *only = 0;
    if (from->size < 2 || (!is_marked && memcmp(from->text, "01", 2) != 0))
        return 0;
    for (uint32_t i = 0; i < shapes; i++) {
        if (!reading_fit_shape(cpu, from, &TEMPLATE_SHAPES[i], is_marked, identification, to))
            continue;
        if (only)
            return 0;
        only = &TEMPLATE_SHAPES[i];
    }
    return only && reading_fit_shape(cpu, from, only, is_marked, identification, to);
}

/* Find the readings of a text and keep them. One that is a template's code as it stands lacks no
 * separators: that code, or nothing, is all that could be fitted. */
static void reading_try(
    enum cpu cpu, struct reading_tile *tile, const uint8_t *item, uint32_t size,
    const struct reading *text, int identification)
{
    struct parsed parsed;
    const int parses = reading_parses(cpu, text, identification, &parsed);
    if (parses)
        reading_keep(tile, item, size, text);
    if (parses && reading_is_template(&parsed))
        return;
    if (reading_fit(cpu, text, identification, &tile->fitted))
        reading_keep(tile, item, size, &tile->fitted);
}

/* Find the readings of an item. */
static void readings_of_item(
    enum cpu cpu, struct reading_tile *tile, const uint8_t *item, uint32_t size,
    int identification)
{
    struct reading *plain = &tile->plain, *decoded = &tile->decoded;
    tile->count = 0;
    reading_replace(READING_PLAIN, item, size, plain);
    reading_trim(plain);
    reading_try(cpu, tile, item, size, plain, identification);
    if (!memchr(plain->text, '<', plain->size) && !memchr(plain->text, '&', plain->size))
        return;
    if (reading_replace(READING_ANGLE, plain->text, plain->size, decoded)) {
        reading_trim(decoded);
        reading_try(cpu, tile, item, size, decoded, identification);
    }
    if (!reading_replace(READING_XML, plain->text, plain->size, decoded))
        return;
    reading_replace(READING_PLAIN, decoded->text, decoded->size, decoded); /* &amp;#29; */
    reading_trim(decoded);
    reading_try(cpu, tile, item, size, decoded, identification);
    if (reading_replace(READING_ANGLE, decoded->text, decoded->size, decoded)) {
        reading_trim(decoded);
        reading_try(cpu, tile, item, size, decoded, identification);
    }
}

/* Count the readings of the wanted items, and write them: all of them if there is room. */
static void readings_of_items(
    enum cpu cpu, struct reading_call *call, struct reading_tile *tile)
{
    call->readings_count = call->readings_size = 0;
    for (uint64_t i = 0; i < call->count; i++) {
        const struct parsed *item = &call->items[i];
        if (!call->wanted[i] || item->size > READING_ITEM_MAX)
            continue;
        readings_of_item(
            cpu, tile, call->text + item->start, item->size, call->identification);
        for (uint32_t k = 0; k < tile->count; k++) {
            const struct reading *found = &tile->found[k];
            if (call->readings_count < call->count_max &&
                call->readings_size + found->size + 1 <= call->size_max) {
                memcpy(call->readings + call->readings_size, found->text, found->size);
                call->readings[call->readings_size + found->size] = LF;
                call->origins[call->readings_count] = (int64_t)i;
            }
            call->readings_count++;
            call->readings_size += found->size + 1;
        }
    }
}

#endif

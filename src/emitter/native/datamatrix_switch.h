/* Shorter data codewords than ASCII encodation makes: switching to C40, Text and EDIFACT and back.
 *
 * Source: ISO/IEC 16022:2006, 5.2.5 (C40), 5.2.6 (Text), 5.2.8 (EDIFACT), and of each the rules for
 * what may end a symbol.
 *
 * C40 packs three values into two codewords. Digits and capitals are one value, the other
 * characters two: a shift and a value. Text is the same with capitals and small letters changed
 * over. EDIFACT packs four characters into three codewords: digits, capitals and punctuation. A
 * latch (230, 239, 240) enters from ASCII encodation; C40 and Text are left between triples by the
 * codeword 254, EDIFACT anywhere by the value 31, which takes the rest of its codeword with it.
 * So a run of letters of one case costs two thirds, and it is worth while to switch where the run
 * is long enough to pay for the latches. (X12 and Base 256 gain nothing on codes of the trade.)
 *
 * The shortest form is found in one walk over the text. Between two characters an encoder is in one
 * of eleven states: ASCII, C40 or Text with 0 to 2 values collected, EDIFACT with 0 to 3 (what is
 * collected is counted when it is full). For each the least number of codewords so far is kept. A
 * character leads from each state of a packed mode to exactly one other, so choices are few: how
 * ASCII was reached, and whether a packed mode was entered just now. A byte keeps them, and the
 * shortest form is traced back over these bytes.
 *
 * A symbol may also end without leaving a packed mode, if that fills it exactly: C40 and Text after
 * a full triple; after two values, completed with a shift that shifts nothing; and before a last
 * character, whose codeword is known to be ASCII because only one is left. EDIFACT is over of
 * itself where no more than two codewords are left.
 *
 * How much can be gained is bounded beforehand: a letter or digit that stands alone in a codeword
 * saves a third of it, another character a quarter and in EDIFACT only, a digit pair nothing, and
 * one latch at least must be paid. Texts that this bound excludes are not walked. EDIFACT seldom
 * helps and costs as much as all the rest, so a text is walked without it first.
 */
#ifndef EMITTER_DATAMATRIX_SWITCH_H
#define EMITTER_DATAMATRIX_SWITCH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "datamatrix_avx512.h"
#include "datamatrix_sizes.h"
#include "datamatrix_text.h"

enum {
    DM_LATCH_C40 = 230,
    DM_LATCH_TEXT = 239,
    DM_LATCH_EDIFACT = 240,
    DM_UNLATCH = 254,
    DM_UNLATCH_EDIFACT = 31,
    DM_TEXT_MAX = 2 * DM_DATA_MAX, /* characters of the longest text: digits, two a codeword */
    DM_NEVER = 0x3000, /* more than any cost, and far below what 16 bits hold */
    DM_LANES = 8,
    DM_TAIL_MAX = 4 /* characters of two codewords in ASCII: two digit pairs */
};

enum { DM_IN_ASCII, DM_IN_C40, DM_IN_TEXT, DM_IN_EDIFACT };

static const uint8_t DM_LATCHES[4] = {0, DM_LATCH_C40, DM_LATCH_TEXT, DM_LATCH_EDIFACT};

/* What was chosen before a character: how ASCII was reached, in three bits, and by bits above
 * which packed modes were entered. */
enum {
    DM_BY_CHARACTER,
    DM_BY_PAIR,
    DM_BY_LEAVING_C40,
    DM_BY_LEAVING_TEXT,
    DM_BY_LEAVING_EDIFACT, /* with 0 characters collected; 1, 2, 3 follow */
    DM_HOW = 7,
    DM_ENTERED = 8 /* C40; 16 Text, 32 EDIFACT */
};

/* The codewords that the end of EDIFACT takes with 0 to 3 characters collected. */
static const int DM_LEAVE_EDIFACT[4] = {1, 2, 3, 3};

/* Eight texts of one length are walked side by side, a lane each: the walk has no branch that
 * depends on a character, so the compiler makes it of whatever vectors the target has. */
typedef int16_t dm_lanes __attribute__((vector_size(2 * DM_LANES)));
typedef uint8_t dm_bytes __attribute__((vector_size(DM_LANES)));

struct dm_costs {
    dm_lanes ascii, c40[3], text[3], edifact[4];
};

/* Texts walked over: the costs at their ends, what may end them otherwise, all that was chosen. */
struct dm_walk {
    size_t size;
    struct dm_costs costs;
    struct dm_costs before[5]; /* the costs 0 to 4 characters from the end, before switching */
    dm_bytes chosen[DM_TEXT_MAX + 1];
};

/* How a text ends in a symbol: the mode, the values collected in it, and the number of characters
 * that follow in ASCII without an unlatch. */
struct dm_end {
    int mode;
    unsigned collected;
    size_t tail;
};

/* What a character is to the modes, as bits. */
enum { DM_DIGIT = 1, DM_BASIC_C40 = 2, DM_BASIC_TEXT = 4, DM_BASIC_EDIFACT = 8 };

static const uint8_t DM_CLASSES[256] = {
    [' ' ... '/'] = DM_BASIC_EDIFACT,
    ['0' ... '9'] = DM_DIGIT | DM_BASIC_C40 | DM_BASIC_TEXT | DM_BASIC_EDIFACT,
    [':' ... '@'] = DM_BASIC_EDIFACT,
    ['A' ... 'Z'] = DM_BASIC_C40 | DM_BASIC_EDIFACT,
    ['[' ... '^'] = DM_BASIC_EDIFACT,
    ['a' ... 'z'] = DM_BASIC_TEXT,
};

/* `yes` in lanes whose mask is all ones, `no` where it is zero. */
#define DM_CHOOSE(mask, yes, no) ((no) ^ (((yes) ^ (no)) & (mask)))
#define DM_LEAST(a, b) DM_CHOOSE((a) < (b), a, b)

/* One character in C40 or Text: from each number of collected values to the next. */
static inline __attribute__((always_inline)) void dm_step(dm_lanes cost[3], const dm_lanes *basic)
{
    const dm_lanes a = cost[0], b = cost[1], c = cost[2];
    cost[0] = DM_CHOOSE(*basic, c, b) + 2;
    cost[1] = DM_CHOOSE(*basic, a, c + 2);
    cost[2] = DM_CHOOSE(*basic, b, a);
}

/* One character in EDIFACT. */
static inline __attribute__((always_inline)) void dm_step_edifact(dm_lanes cost[4],
                                                                  const dm_lanes *possible)
{
    const dm_lanes last = cost[3] + 3, never = (dm_lanes){0} + DM_NEVER;
    cost[3] = DM_CHOOSE(*possible, cost[2], never);
    cost[2] = DM_CHOOSE(*possible, cost[1], never);
    cost[1] = DM_CHOOSE(*possible, cost[0], never);
    cost[0] = DM_CHOOSE(*possible, last, never);
}

/* Reach ASCII by leaving a packed mode, where that is cheaper; `how` keeps the way. */
static inline __attribute__((always_inline)) void dm_leave_for_ascii(
    struct dm_costs *costs, dm_lanes *how, const dm_lanes *cost, int leave, int way)
{
    const dm_lanes left = *cost + (int16_t)leave;
    const dm_lanes cheaper = left < costs->ascii, ways = (dm_lanes){0} + (int16_t)way;
    *how = DM_CHOOSE(cheaper, ways, *how);
    costs->ascii = DM_CHOOSE(cheaper, left, costs->ascii);
}

/* Enter a packed mode from ASCII, where that is cheaper; `chosen` keeps the bit. */
static inline __attribute__((always_inline)) void dm_enter(struct dm_costs *costs,
                                                           dm_lanes *chosen, dm_lanes *cost,
                                                           int bit)
{
    const dm_lanes enter = costs->ascii + 1, cheaper = enter < *cost;
    *chosen |= cheaper & (int16_t)bit;
    *cost = DM_CHOOSE(cheaper, enter, *cost);
}

/* Walk over texts of `size` characters of codes, 1 to DM_TEXT_MAX; `texts` has one a lane. */
static inline __attribute__((always_inline)) void dm_walk_texts(
    struct dm_walk *walk, const uint8_t *const texts[DM_LANES], size_t size, int kind,
    const int with_edifact)
{
    const dm_lanes zero = {0}, never = zero + DM_NEVER;
    struct dm_costs costs = {zero + (int16_t)(kind != DM_PLAIN), {never, never, never},
                             {never, never, never}, {never, never, never, never}};
    dm_lanes before = never, digit_before = zero, chosen = zero;
    walk->size = size;
    for (size_t tail = 1; tail <= DM_TAIL_MAX; tail++) walk->before[tail] = costs;
    for (size_t i = 0; i < size; i++) {
        uint8_t classes[DM_LANES];
        dm_bytes class_bytes;
        for (size_t lane = 0; lane < DM_LANES; lane++) classes[lane] = DM_CLASSES[texts[lane][i]];
        memcpy(&class_bytes, classes, sizeof class_bytes);
        const dm_lanes class = __builtin_convertvector(class_bytes, dm_lanes);
        if (size - i <= DM_TAIL_MAX) walk->before[size - i] = costs;

        dm_leave_for_ascii(&costs, &chosen, &costs.c40[0], 1, DM_BY_LEAVING_C40);
        dm_leave_for_ascii(&costs, &chosen, &costs.text[0], 1, DM_BY_LEAVING_TEXT);
        for (int p = 0; with_edifact && p < 4; p++)
            dm_leave_for_ascii(&costs, &chosen, &costs.edifact[p], DM_LEAVE_EDIFACT[p],
                               DM_BY_LEAVING_EDIFACT + p);
        dm_enter(&costs, &chosen, &costs.c40[0], DM_ENTERED);
        dm_enter(&costs, &chosen, &costs.text[0], DM_ENTERED << 1);
        if (with_edifact) dm_enter(&costs, &chosen, &costs.edifact[0], DM_ENTERED << 2);
        walk->chosen[i] = __builtin_convertvector(chosen, dm_bytes);

        const dm_lanes digit = (class & DM_DIGIT) != 0;
        const dm_lanes pair = DM_CHOOSE(digit & digit_before, before + 1, never);
        before = costs.ascii;
        digit_before = digit;
        costs.ascii = before + 1;
        chosen = (pair < costs.ascii) & DM_BY_PAIR;
        costs.ascii = DM_LEAST(pair, costs.ascii);
        const dm_lanes c40 = (class & DM_BASIC_C40) != 0, text = (class & DM_BASIC_TEXT) != 0;
        dm_step(costs.c40, &c40);
        dm_step(costs.text, &text);
        if (with_edifact) {
            const dm_lanes edifact = (class & DM_BASIC_EDIFACT) != 0;
            dm_step_edifact(costs.edifact, &edifact);
        }
    }
    walk->before[0] = costs;
    for (int p = 0; with_edifact && p < 4; p++)
        dm_leave_for_ascii(&costs, &chosen, &costs.edifact[p], DM_LEAVE_EDIFACT[p],
                           DM_BY_LEAVING_EDIFACT + p);
    walk->costs = costs;
    walk->chosen[size] = __builtin_convertvector(chosen, dm_bytes);
}

/* Write the modes of the last characters of a text in ASCII, digits in pairs from the left; return
 * the number of their codewords. */
static inline int dm_tail(const uint8_t *text, size_t tail, uint8_t *modes)
{
    int used = 0;
    for (size_t i = 0; i < tail; used++) {
        const int pair = i + 1 < tail && DM_CLASSES[text[i]] & DM_CLASSES[text[i + 1]] & DM_DIGIT;
        modes[i++] = (uint8_t)(DM_IN_ASCII << 1 | pair);
        if (pair) modes[i++] = DM_IN_ASCII << 1;
    }
    return used;
}

/* Whether the text of a lane fits into `capacity` codewords, and how it then ends. */
static inline int dm_fits(const struct dm_walk *walk, size_t lane, const uint8_t *text,
                          int capacity, struct dm_end *end)
{
    uint8_t modes[DM_TAIL_MAX];
    *end = (struct dm_end){DM_IN_ASCII, 0, 0};
    if (walk->costs.ascii[lane] <= capacity) return 1;
    end->mode = DM_IN_EDIFACT;
    for (end->tail = 0; end->tail <= DM_TAIL_MAX && end->tail <= walk->size; end->tail++) {
        const int used = walk->before[end->tail].edifact[0][lane];
        const int left = dm_tail(text + walk->size - end->tail, end->tail, modes);
        if (used + left <= capacity && used + 2 >= capacity) return 1;
    }
    *end = (struct dm_end){DM_IN_C40, 0, 0};
    for (; end->mode <= DM_IN_TEXT; end->mode++) {
        const int c40 = end->mode == DM_IN_C40;
        const dm_lanes *here = c40 ? walk->before[0].c40 : walk->before[0].text;
        const dm_lanes *one_before = c40 ? walk->before[1].c40 : walk->before[1].text;
        if (here[0][lane] <= capacity) return 1; /* with an unlatch if there is room */
        if (one_before[0][lane] + 1 == capacity) return end->tail = 1;
        if (here[2][lane] + 2 == capacity) return end->collected = 2;
    }
    return 0;
}

/* The mode of each character, times 2, plus 1 for the first of a digit pair: traced back from the
 * end over what was chosen. */
static inline void dm_trace(const struct dm_walk *walk, size_t lane, const uint8_t *text,
                            struct dm_end end, uint8_t *modes)
{
    const uint8_t *choices = (const uint8_t *)walk->chosen + lane;
    size_t i = walk->size;
    int mode = end.mode;
    unsigned collected = end.collected;
    uint8_t chosen = mode == DM_IN_ASCII ? choices[i * DM_LANES] : 0;
    i -= end.tail;
    dm_tail(text + i, end.tail, modes + i);
    while (i > 0) {
        const int how = chosen & DM_HOW;
        if (mode == DM_IN_ASCII && how >= DM_BY_LEAVING_C40) {
            mode = how < DM_BY_LEAVING_EDIFACT ? how - DM_BY_LEAVING_C40 + DM_IN_C40
                                               : DM_IN_EDIFACT;
            collected = how < DM_BY_LEAVING_EDIFACT ? 0 : (unsigned)how - DM_BY_LEAVING_EDIFACT;
            chosen = 0; /* reached by a character, not just entered */
        } else if (mode != DM_IN_ASCII && collected == 0 &&
                   (chosen >> (mode - DM_IN_C40) & DM_ENTERED)) {
            mode = DM_IN_ASCII;
        } else {
            const int pair = mode == DM_IN_ASCII && how == DM_BY_PAIR;
            if (mode == DM_IN_EDIFACT)
                collected = (collected + 3) % 4;
            else if (mode != DM_IN_ASCII)
                collected = (collected + (DM_CLASSES[text[i - 1]] & 1 << mode ? 2 : 1)) % 3;
            if (pair) modes[--i] = DM_IN_ASCII << 1;
            chosen = choices[(i - 1) * DM_LANES];
            modes[--i] = (uint8_t)(mode << 1 | pair);
        }
    }
}

/* Codewords in the making: values of a packed mode are collected until they are full. */
struct dm_writer {
    uint8_t *codewords;
    size_t used, capacity;
    unsigned collected, sum;
};

static inline void dm_put(struct dm_writer *writer, unsigned codeword)
{
    writer->codewords[writer->used++] = (uint8_t)codeword;
}

/* One value of C40 or Text: 1600 a + 40 b + c + 1 in two codewords. */
static inline void dm_put_value(struct dm_writer *writer, unsigned value)
{
    writer->sum = writer->sum * 40 + value;
    if (++writer->collected < 3) return;
    dm_put(writer, (writer->sum + 1) >> 8);
    dm_put(writer, writer->sum + 1);
    writer->collected = writer->sum = 0;
}

/* One value of EDIFACT: six bits of 24. The unlatch takes as many codewords as it touches. */
static inline void dm_put_six(struct dm_writer *writer, unsigned value)
{
    writer->sum = writer->sum << 6 | value;
    writer->collected++;
    if (writer->collected < 4 && value != DM_UNLATCH_EDIFACT) return;
    const unsigned bits = 6 * writer->collected;
    const unsigned sum = writer->sum << (24 - bits);
    for (unsigned done = 0; done < bits; done += 8) dm_put(writer, sum >> (16 - done));
    writer->collected = writer->sum = 0;
}

/* One character in C40 or Text (Tables C.1 and C.2). */
static inline void dm_put_character(struct dm_writer *writer, uint8_t c, int mode, int kind)
{
    const uint8_t first = mode == DM_IN_C40 ? 'A' : 'a';
    if ((unsigned)c - '0' < 10) {
        dm_put_value(writer, c - '0' + 4u);
    } else if ((unsigned)c - first < 26) {
        dm_put_value(writer, (unsigned)c - first + 14u);
    } else if (c == DM_GS) { /* FNC1 is a value of shift 2, the character GS one of shift 1 */
        dm_put_value(writer, kind == DM_GS1 ? 1 : 0);
        dm_put_value(writer, kind == DM_GS1 ? 27 : DM_GS);
    } else if (c >= 0x60 || (unsigned)c - 'A' < 26) {
        dm_put_value(writer, 2);
        dm_put_value(writer, c & 0x1F);
    } else {
        dm_put_value(writer, 1);
        dm_put_value(writer, c < '0' ? c - '!' + 0u : c < 'A' ? c - ':' + 15u : c - '[' + 22u);
    }
}

/* One character or digit pair in ASCII; returns the number of characters. */
static inline size_t dm_put_ascii(struct dm_writer *writer, const uint8_t *text, int pair, int kind)
{
    if (pair) {
        dm_put(writer, DM_DIGITS + 10u * (text[0] - '0') + text[1] - '0');
        return 2;
    }
    dm_put(writer, *text != DM_GS ? *text + 1u : kind == DM_GS1 ? DM_FNC1 : DM_GS + 1);
    return 1;
}

/* Leave the mode; EDIFACT is over of itself where it starts four characters with two codewords
 * left or fewer (what the walk counted for leaving it is then room to spare). */
static inline void dm_leave(struct dm_writer *writer, int mode)
{
    if (mode == DM_IN_EDIFACT && (writer->collected || writer->used + 2 < writer->capacity))
        dm_put_six(writer, DM_UNLATCH_EDIFACT);
    if (mode == DM_IN_C40 || mode == DM_IN_TEXT) dm_put(writer, DM_UNLATCH);
}

/* Write the codewords of a text in its modes; returns their number, `capacity` at most. */
static inline size_t dm_write(const uint8_t *text, size_t size, int kind, const uint8_t *modes,
                              struct dm_end end, uint8_t *codewords, size_t capacity)
{
    struct dm_writer writer = {codewords, 0, capacity, 0, 0};
    int mode = DM_IN_ASCII;
    if (kind != DM_PLAIN) dm_put(&writer, DM_FNC1);
    for (size_t i = 0; i < size;) {
        int next = modes[i] >> 1;
        const int over = mode == DM_IN_EDIFACT && !writer.collected && writer.used + 2 >= capacity;
        if (over) next = DM_IN_ASCII;
        if (next != mode && !over && !(end.tail && i + end.tail == size)) {
            dm_leave(&writer, mode);
            if (next != DM_IN_ASCII) dm_put(&writer, DM_LATCHES[next]);
        }
        mode = next;
        if (mode == DM_IN_ASCII) {
            i += dm_put_ascii(&writer, text + i, modes[i] & 1, kind);
        } else if (mode == DM_IN_EDIFACT) {
            dm_put_six(&writer, text[i++] & 0x3F);
        } else {
            dm_put_character(&writer, text[i++], mode, kind);
        }
    }
    if (end.collected) dm_put_value(&writer, 0);
    if (writer.used < capacity) dm_leave(&writer, mode);
    return writer.used;
}

/* Whether switching may bring a text that takes `ascii` down to `capacity` codewords: the bound. */
static inline int dm_may_fit(struct dm_ascii ascii, size_t size, size_t capacity, int with_edifact)
{
    const size_t twelfths = 4 * ascii.letters + (with_edifact ? 3 * ascii.others : 0);
    return size <= DM_TEXT_MAX && ascii.used + 1 - twelfths / 12 <= capacity;
}

/* A text on its way into a symbol: what ASCII makes of it, and the index of the first of the sizes
 * that holds it, or how many sizes there are. */
struct dm_draft {
    struct dm_ascii ascii;
    size_t index, used;
};

/* Find smaller sizes for those of `count` texts, DM_LANES at most, that switching brings into one,
 * and write their codewords. `drafts` and `codewords` are those of the texts. */
static inline __attribute__((always_inline)) void dm_switch_texts(
    struct dm_walk *walk, const uint8_t *const *texts, size_t count, size_t size, int kind,
    const struct dm_size *sizes, struct dm_draft **drafts, uint8_t **codewords,
    const int with_edifact)
{
    const uint8_t *lanes[DM_LANES];
    for (size_t lane = 0; lane < DM_LANES; lane++) lanes[lane] = texts[lane < count ? lane : 0];
    dm_walk_texts(walk, lanes, size, kind, with_edifact);
    for (size_t lane = 0; lane < count; lane++) {
        uint8_t modes[DM_TEXT_MAX];
        struct dm_end end;
        for (size_t i = 0; i < drafts[lane]->index; i++) {
            if (!dm_may_fit(drafts[lane]->ascii, size, sizes[i].data, with_edifact) ||
                !dm_fits(walk, lane, texts[lane], sizes[i].data, &end))
                continue;
            dm_trace(walk, lane, texts[lane], end, modes);
            drafts[lane]->index = i;
            drafts[lane]->used =
                dm_write(texts[lane], size, kind, modes, end, codewords[lane], sizes[i].data);
        }
    }
}

/* dm_encode_ascii in the form of `cpu`. */
static inline __attribute__((always_inline)) uint8_t dm_encode_ascii_form(
    const enum cpu cpu, const uint8_t *text, size_t size, int kind, uint8_t *codewords,
    size_t capacity, struct dm_ascii *ascii)
{
#if CPU_IS_X86
    if (cpu == CPU_AVX512 && size <= DM_FAST_TEXT)
        return dm_encode_ascii_avx512(text, size, kind, codewords, capacity, ascii);
#endif
    return dm_encode_ascii(text, size, kind, codewords, capacity, ascii);
}

/* Write the data codewords, without padding, of `count` texts of `size` characters, one after
 * another: each for the first of `size_count` sizes, the smallest of which comes first, that holds
 * it; in ASCII encodation if that fits, else with as much switching as it takes. Text i goes to
 * codewords + i * stride, with room for the largest size; what came of it to drafts[i]. Reasons:
 * CODE_UNPARSABLE for a character that no code has, CODE_TOO_LONG. */
static inline __attribute__((always_inline)) void dm_encode_texts(
    const enum cpu cpu, struct dm_walk *walk, const uint8_t *texts, size_t count, size_t size,
    int kind, const struct dm_size *sizes, size_t size_count, struct dm_draft *drafts,
    uint8_t *codewords, size_t stride, uint8_t *reasons)
{
    for (size_t i = 0; i < count; i++) {
        struct dm_draft *draft = &drafts[i];
        reasons[i] = dm_encode_ascii_form(cpu, texts + i * size, size, kind, codewords + i * stride,
                                          sizes[size_count - 1].data, &draft->ascii);
        draft->index = reasons[i] == REASON_CODE_UNPARSABLE ? size_count : 0;
        while (draft->index < size_count && sizes[draft->index].data < draft->ascii.used)
            draft->index++;
        draft->used = draft->ascii.used;
    }
    for (int with_edifact = 0; with_edifact <= 1; with_edifact++) {
        const uint8_t *some[DM_LANES];
        struct dm_draft *some_drafts[DM_LANES];
        uint8_t *some_codewords[DM_LANES];
        size_t found = 0;
        for (size_t i = 0; i < count; i++) {
            size_t least = 0;
            while (least < drafts[i].index && !dm_may_fit(drafts[i].ascii, size, sizes[least].data,
                                                          with_edifact))
                least++;
            if (least < drafts[i].index && reasons[i] != REASON_CODE_UNPARSABLE) {
                some[found] = texts + i * size;
                some_drafts[found] = &drafts[i];
                some_codewords[found++] = codewords + i * stride;
            }
            if (found == DM_LANES || (found && i + 1 == count)) {
                if (with_edifact)
                    dm_switch_texts(walk, some, found, size, kind, sizes, some_drafts,
                                    some_codewords, 1);
                else
                    dm_switch_texts(walk, some, found, size, kind, sizes, some_drafts,
                                    some_codewords, 0);
                found = 0;
            }
        }
    }
    for (size_t i = 0; i < count; i++)
        if (reasons[i] == REASON_CODE_TOO_LONG && drafts[i].index < size_count)
            reasons[i] = REASON_OK;
}

#endif

/* Labels as ZPL II, the language of Zebra's label printers: bitmaps, and text beside them.
 *
 * Source: Zebra, ZPL II Programming Guide: ^GF (graphic field) with its compression of hexadecimal
 * digits ("Alternative Data Compression Scheme"), ^FH (hexadecimal escapes), ^BX (Data Matrix).
 *
 * A symbol is a graphic field ^GFA: each row of dots as hexadecimal digits, and a colon for "the
 * row before, again". So a module row costs one row of digits and px - 1 colons. The bitmap prints
 * exactly the modules that were drawn here, whatever the printer's firmware; ^BX leaves encodation
 * and size to the firmware, which is a quarter of the bytes and a risk.
 *
 * A label is a programme of pieces that the caller writes once for a design: text as it is, the
 * symbol, a part of the code, the running number. `across` labels stand side by side in a row.
 */
#ifndef EMITTER_DATAMATRIX_ZPL_H
#define EMITTER_DATAMATRIX_ZPL_H

#include "datamatrix.h"

enum {
    ZPL_TEXT = 0,   /* bytes [start, start + size) of the texts */
    ZPL_SYMBOL = 1, /* the graphic field of the code */
    ZPL_PART = 2,   /* bytes [start, start + size) of the code, escaped for ^FH */
    ZPL_DATA = 3,   /* the code for ^BX with the escape "_": FNC1 in front and for GS */
    ZPL_NUMBER = 4, /* the number of the code */
    ZPL_PIECES = 5
};

enum { ZPL_PX_MAX = 30, ZPL_NUMBER_SIZE = 20, ZPL_GRAPHIC_HEAD = 64, ZPL_SLACK = 80 };

struct zpl_piece {
    uint32_t kind, start, size;
};

/* Rows of labels: head, `across` labels of `count` pieces each, one after another, and tail. */
struct zpl_design {
    const uint8_t *texts;
    const struct zpl_piece *pieces;
    size_t count, across, head_size, tail_start, tail_size; /* the head stands at 0 of the texts */
    size_t px;
    uint64_t number;         /* of the first code */
    uint8_t digits[256][64]; /* eight modules as dots in hexadecimal digits */
};

/* Lay up the digits: px dots for each module. */
static inline void zpl_make_digits(struct zpl_design *design)
{
    static const char hex[] = "0123456789ABCDEF";
    for (unsigned modules = 0; modules < 256; modules++)
        for (size_t digit = 0; digit < 2 * design->px; digit++) {
            unsigned dots = 0;
            for (size_t dot = 4 * digit; dot < 4 * digit + 4; dot++)
                dots = dots << 1 | (modules >> (7 - dot / design->px) & 1);
            design->digits[modules][digit] = (uint8_t)hex[dots];
        }
}

static inline uint8_t *zpl_put(uint8_t *out, const void *bytes, size_t size)
{
    memcpy(out, bytes, size);
    return out + size;
}

static inline uint8_t *zpl_put_number(uint8_t *out, uint64_t number)
{
    uint8_t digits[ZPL_NUMBER_SIZE];
    size_t at = sizeof digits;
    do digits[--at] = (uint8_t)('0' + number % 10); while (number /= 10);
    return zpl_put(out, digits + at, sizeof digits - at);
}

/* ^GFA,bytes,bytes,bytes a row,digits */
static inline uint8_t *zpl_put_symbol(const struct zpl_design *design, const struct dm_plan *plan,
                                      const uint8_t *rows, uint8_t *out)
{
    const size_t row_bytes = plan->placement.row_bytes, px = design->px;
    const size_t dot_bytes = (plan->size.columns * px + 7) / 8;
    out = zpl_put(out, "^GFA,", 5);
    for (int twice = 0; twice < 2; twice++) {
        out = zpl_put_number(out, dot_bytes * plan->size.rows * px);
        *out++ = ',';
    }
    out = zpl_put_number(out, dot_bytes);
    *out++ = ',';
    for (size_t row = 0; row < plan->size.rows; row++, rows += row_bytes) {
        uint8_t *next = out + 2 * dot_bytes;
        for (size_t byte = 0; byte < row_bytes; byte++, out += 2 * px)
            for (size_t digit = 0; digit < 2 * px; digit += 8) /* what is over is overwritten */
                memcpy(out + digit, design->digits[rows[byte]] + digit, 8);
        out = next;
        memset(out, ':', px - 1);
        out += px - 1;
    }
    return out;
}

/* Characters that ZPL or ^FH would take for its own, and controls, as _XX. */
static inline uint8_t *zpl_put_part(uint8_t *out, const uint8_t *text, size_t size)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < size; i++) {
        const uint8_t c = text[i];
        if (c == '^' || c == '~' || c == '_' || c == '\\' || c < 0x20 || c > 0x7E) {
            *out++ = '_';
            *out++ = (uint8_t)hex[c >> 4];
            *out++ = (uint8_t)hex[c & 15];
        } else {
            *out++ = c;
        }
    }
    return out;
}

/* The code for ^BX: _1 is FNC1, __ the underscore, _dNNN a character by its number. */
static inline uint8_t *zpl_put_data(uint8_t *out, const uint8_t *text, size_t size, int kind)
{
    if (kind != DM_PLAIN) out = zpl_put(out, "_1", 2);
    for (size_t i = 0; i < size; i++) {
        const uint8_t c = text[i];
        if (c == DM_GS && kind == DM_GS1) {
            out = zpl_put(out, "_1", 2);
        } else if (c == DM_GS || c == '^' || c == '~') {
            const uint8_t number[5] = {'_', 'd', (uint8_t)('0' + c / 100),
                                       (uint8_t)('0' + c / 10 % 10), (uint8_t)('0' + c % 10)};
            out = zpl_put(out, number, sizeof number);
        } else {
            if (c == '_') *out++ = '_';
            *out++ = c;
        }
    }
    return out;
}

/* The bytes that one label takes at most. */
static inline size_t zpl_bytes_max(const struct zpl_design *design, const struct dm_job *job)
{
    size_t graphic = 0, bytes = design->head_size + design->tail_size;
    for (size_t i = 0; i < DM_SIZES; i++)
        if (job->plans[i]) {
            const struct dm_plan *plan = job->plans[i];
            const size_t size = ZPL_GRAPHIC_HEAD + ZPL_SLACK +
                                plan->size.rows * (2 * (plan->size.columns * design->px / 8 + 1) +
                                                   design->px);
            if (size > graphic) graphic = size;
        }
    for (size_t i = 0; i < design->count * design->across; i++) {
        const struct zpl_piece *piece = &design->pieces[i];
        switch (piece->kind) {
            case ZPL_TEXT: bytes += piece->size; break;
            case ZPL_SYMBOL: bytes += graphic; break;
            case ZPL_PART: bytes += 3 * (size_t)piece->size; break;
            case ZPL_DATA: bytes += 2 + 5 * job->size; break;
            default: bytes += ZPL_NUMBER_SIZE;
        }
    }
    return bytes + ZPL_SLACK;
}

/* Write one label of a row; a refused code leaves its place empty. */
static inline uint8_t *zpl_put_label(const struct zpl_design *design, size_t column,
                                     const struct dm_job *job, size_t index,
                                     const struct dm_plan *plan, const uint8_t *rows, uint8_t *out)
{
    const uint8_t *code = job->codes + index * job->size;
    const struct zpl_piece *piece = design->pieces + column * design->count;
    for (size_t i = 0; i < design->count; i++, piece++) {
        switch (piece->kind) {
            case ZPL_TEXT: out = zpl_put(out, design->texts + piece->start, piece->size); break;
            case ZPL_SYMBOL: out = zpl_put_symbol(design, plan, rows, out); break;
            case ZPL_PART: out = zpl_put_part(out, code + piece->start, piece->size); break;
            case ZPL_DATA: out = zpl_put_data(out, code, job->size, job->kind); break;
            default: out = zpl_put_number(out, design->number + index);
        }
    }
    return out;
}

/* Draw a job as rows of labels, one after another in `out`: ends[r] is where row r ends. `rows` has
 * room for a chunk of symbols. */
static inline void zpl_labels(const struct dm_job *job, const struct zpl_design *design,
                              struct dm_scratch *scratch, uint8_t *rows, size_t stride,
                              uint8_t *out, int64_t *ends, uint8_t *reasons)
{
    uint8_t *const start = out;
    for (size_t first = 0; first < job->count; first += DM_CHUNK) {
        const size_t count = dm_chunk(job, first);
        dm_draw_chunk(job, first, count, scratch, reasons + first, rows, stride);
        for (size_t i = first; i < first + count; i++) {
            const size_t column = i % design->across;
            if (column == 0) out = zpl_put(out, design->texts, design->head_size);
            if (!reasons[i])
                out = zpl_put_label(design, column, job, i, job->plans[scratch->sizes[i - first]],
                                    rows + (i - first) * stride, out);
            if (column + 1 == design->across || i + 1 == job->count) {
                out = zpl_put(out, design->texts + design->tail_start, design->tail_size);
                ends[i / design->across] = out - start;
            }
        }
    }
}

#endif

/* GS1 DataMatrix symbols in bulk: codes in, module matrices out.
 *
 * Source: ISO/IEC 16022:2006 (Data Matrix ECC 200), GS1 General Specifications 5.6.
 *
 *   text -> data codewords   datamatrix_text.h       ASCII encodation, FNC1, padding
 *                            datamatrix_switch.h     C40 and Text, where ASCII is too long
 *        -> check codewords  datamatrix_check.h      Reed-Solomon
 *        -> modules          datamatrix_placement.h  borders and pieces
 *   faster forms             datamatrix_avx512.h, datamatrix_v3.h, datamatrix_tables.h
 *
 * What the standard's rules give for one size (multiples of the generator polynomial, placement)
 * is made once by dm_plan_make into memory of the caller and is constant from then on; any number
 * of threads may draw from one plan.
 */
#ifndef EMITTER_DATAMATRIX_H
#define EMITTER_DATAMATRIX_H

#include "cpu.h"
#include "datamatrix_avx512.h"
#include "datamatrix_check.h"
#include "datamatrix_placement.h"
#include "datamatrix_sizes.h"
#include "datamatrix_switch.h"
#include "datamatrix_tables.h"
#include "datamatrix_text.h"
#include "datamatrix_v3.h"

struct dm_plan {
    struct dm_size size;
    struct dm_generator generator;
    struct dm_placement placement;
    struct dm_tables tables;
    uint8_t pads[DM_DATA_MAX];
};

enum {
    DM_CHUNK = 64,      /* codes drawn at once */
    DM_EACH = DM_SIZES  /* instead of the index of a size: the smallest square of each code */
};

/* What codes are to become: `count` codes of `size` bytes, one after another. */
struct dm_job {
    enum cpu cpu; /* the form to draw in; all draw the same */
    const uint8_t *codes;
    size_t size, count;
    int kind;
    size_t wanted;                             /* index of a size of the table, or DM_EACH */
    const struct dm_plan *plans[DM_SIZES + 1]; /* by index; those that `wanted` may lead to */
};

/* Make the plan of one size of the table. */
static inline void dm_plan_make(struct dm_plan *plan, const struct dm_size *size)
{
    plan->size = *size;
    dm_generator_make(&plan->generator, (size_t)(size->check / size->blocks));
    dm_placement_make(&plan->placement, size);
    dm_tables_make(&plan->tables, size, &plan->generator, &plan->placement);
    dm_pads_make(plan->pads, size->data);
}

/* The bytes of the rows of a symbol. */
static inline size_t dm_rows_bytes(const struct dm_plan *plan)
{
    return plan->placement.rows * plan->placement.row_bytes;
}

/* What drawing a chunk needs beside its results; in memory of the caller. */
struct dm_scratch {
    struct dm_walk walk;
    struct dm_draft drafts[DM_CHUNK];
    uint8_t codewords[DM_CHUNK * DM_CODEWORDS_MAX];
    uint8_t sizes[DM_CHUNK]; /* of each code of the chunk, the index; DM_EACH where there is none */
};

static inline size_t dm_chunk(const struct dm_job *job, size_t first)
{
    return job->count - first < DM_CHUNK ? job->count - first : DM_CHUNK;
}

/* Write the data codewords of a chunk, codes [first, first + count), and find their sizes. */
static inline __attribute__((always_inline)) void dm_encode_chunk_form(
    const enum cpu cpu, const struct dm_job *job, size_t first, size_t count,
    struct dm_scratch *scratch, uint8_t *reasons)
{
    const int each = job->wanted == DM_EACH;
    dm_encode_texts(cpu, &scratch->walk, job->codes + first * job->size, count, job->size,
                    job->kind, &DM_SIZE_TABLE[each ? 0 : job->wanted], each ? DM_SQUARES : 1,
                    scratch->drafts, scratch->codewords, DM_CODEWORDS_MAX, reasons);
    for (size_t i = 0; i < count; i++) {
        const size_t index = each ? scratch->drafts[i].index : job->wanted;
        scratch->sizes[i] = (uint8_t)(each && reasons[i] ? DM_EACH : index);
    }
}

/* Draw the rows of one code, whose data codewords are written. */
static inline __attribute__((always_inline)) void dm_draw_code_form(
    const enum cpu cpu, const struct dm_plan *plan, uint8_t *codewords, size_t used, uint8_t *rows)
{
    const struct dm_size *size = &plan->size;
    dm_pad(codewords, used, size->data, plan->pads);
#if CPU_IS_X86
    if (cpu == CPU_AVX512 && plan->tables.fast) {
        dm_check_avx512(&plan->tables, size->data, codewords);
        dm_draw_avx512(&plan->tables, (size_t)size->data + size->check, codewords, rows);
        return;
    }
    if (cpu == CPU_V3 && plan->tables.fast) {
        dm_check_v3(&plan->tables, size->data, size->check, codewords);
        dm_draw(&plan->placement, codewords, rows);
        return;
    }
#endif
    dm_check(size, &plan->generator, codewords);
    dm_draw(&plan->placement, codewords, rows);
}

/* Draw a chunk: see dm_draw_chunk. */
static inline __attribute__((always_inline)) void dm_draw_chunk_form(
    const enum cpu cpu, const struct dm_job *job, size_t first, size_t count,
    struct dm_scratch *scratch, uint8_t *reasons, uint8_t *rows, size_t stride)
{
    dm_encode_chunk_form(cpu, job, first, count, scratch, reasons);
    for (size_t i = 0; i < count; i++, rows += stride) {
        if (!reasons[i])
            dm_draw_code_form(cpu, job->plans[scratch->sizes[i]],
                              scratch->codewords + i * DM_CODEWORDS_MAX, scratch->drafts[i].used,
                              rows);
        else if (job->wanted != DM_EACH)
            memset(rows, 0, stride);
    }
}

#if CPU_IS_X86

CPU_FOR_V3
static void dm_draw_chunk_v3(const struct dm_job *job, size_t first, size_t count,
                             struct dm_scratch *scratch, uint8_t *reasons, uint8_t *rows,
                             size_t stride)
{
    dm_draw_chunk_form(CPU_V3, job, first, count, scratch, reasons, rows, stride);
}

CPU_FOR_V3
static void dm_encode_chunk_v3(const struct dm_job *job, size_t first, size_t count,
                               struct dm_scratch *scratch, uint8_t *reasons)
{
    dm_encode_chunk_form(CPU_V3, job, first, count, scratch, reasons);
}

CPU_FOR_AVX512
static void dm_draw_chunk_avx512(const struct dm_job *job, size_t first, size_t count,
                                 struct dm_scratch *scratch, uint8_t *reasons, uint8_t *rows,
                                 size_t stride)
{
    dm_draw_chunk_form(CPU_AVX512, job, first, count, scratch, reasons, rows, stride);
}

CPU_FOR_AVX512
static void dm_encode_chunk_avx512(const struct dm_job *job, size_t first, size_t count,
                                   struct dm_scratch *scratch, uint8_t *reasons)
{
    dm_encode_chunk_form(CPU_AVX512, job, first, count, scratch, reasons);
}

#endif

/* Draw a chunk: per code the index of its size in scratch->sizes, a reason, and its rows, `stride`
 * bytes from one code to the next (zero for a refused code of a job of one size). */
static inline void dm_draw_chunk(const struct dm_job *job, size_t first, size_t count,
                                 struct dm_scratch *scratch, uint8_t *reasons, uint8_t *rows,
                                 size_t stride)
{
    switch (job->cpu) {
#if CPU_IS_X86
        case CPU_AVX512:
            dm_draw_chunk_avx512(job, first, count, scratch, reasons, rows, stride);
            break;
        case CPU_V3: dm_draw_chunk_v3(job, first, count, scratch, reasons, rows, stride); break;
#endif
        default:
            dm_draw_chunk_form(CPU_PORTABLE, job, first, count, scratch, reasons, rows, stride);
    }
}

/* The first half of dm_draw_chunk: data codewords and sizes. */
static inline void dm_encode_chunk(const struct dm_job *job, size_t first, size_t count,
                                   struct dm_scratch *scratch, uint8_t *reasons)
{
    switch (job->cpu) {
#if CPU_IS_X86
        case CPU_AVX512: dm_encode_chunk_avx512(job, first, count, scratch, reasons); break;
        case CPU_V3: dm_encode_chunk_v3(job, first, count, scratch, reasons); break;
#endif
        default: dm_encode_chunk_form(CPU_PORTABLE, job, first, count, scratch, reasons);
    }
}

/* The index of the smallest square of each code; DM_EACH for a code that none can hold. */
static inline void dm_smallest_sizes(const struct dm_job *job, struct dm_scratch *scratch,
                                     uint8_t *sizes)
{
    uint8_t reasons[DM_CHUNK];
    for (size_t i = 0; i < job->count; i += DM_CHUNK) {
        const size_t count = dm_chunk(job, i);
        dm_encode_chunk(job, i, count, scratch, reasons);
        memcpy(sizes + i, scratch->sizes, count);
    }
}

/* Draw a job of one size into an array of rows, symbol after symbol. */
static inline void dm_symbols(const struct dm_job *job, struct dm_scratch *scratch, uint8_t *rows,
                              uint8_t *reasons)
{
    const size_t stride = dm_rows_bytes(job->plans[job->wanted]);
    for (size_t i = 0; i < job->count; i += DM_CHUNK)
        dm_draw_chunk(job, i, dm_chunk(job, i), scratch, reasons + i, rows + i * stride, stride);
}

#endif

/* GS1 DataMatrix symbols in bulk: codes in, module matrices out.
 *
 * Source: ISO/IEC 16022:2006 (Data Matrix ECC 200), GS1 General Specifications 5.6.
 *
 *   text -> data codewords   datamatrix_text.h       ASCII encodation, FNC1, padding
 *        -> check codewords  datamatrix_check.h      Reed-Solomon
 *        -> modules          datamatrix_placement.h  borders and pieces
 *
 * What the standard's rules give for one size (multiples of the generator polynomial, placement)
 * is made once by dm_plan_make into memory of the caller and is constant from then on; any number
 * of threads may draw from one plan.
 */
#ifndef EMITTER_DATAMATRIX_H
#define EMITTER_DATAMATRIX_H

#include "datamatrix_check.h"
#include "datamatrix_placement.h"
#include "datamatrix_sizes.h"
#include "datamatrix_text.h"

struct dm_plan {
    struct dm_size size;
    struct dm_generator generator;
    struct dm_placement placement;
};

/* Make the plan of one size of the table. */
static inline void dm_plan_make(struct dm_plan *plan, const struct dm_size *size)
{
    plan->size = *size;
    dm_generator_make(&plan->generator, (size_t)(size->check / size->blocks));
    dm_placement_make(&plan->placement, size);
}

/* The side of the smallest symbol of each of `count` codes of `size` bytes; 0 for a code that no
 * symbol can hold. */
static inline void dm_symbol_sizes(const uint8_t *codes, size_t size, size_t count, int kind,
                                    uint8_t *modules)
{
    uint8_t codewords[DM_DATA_MAX];
    for (size_t i = 0; i < count; i++) {
        size_t used;
        const uint8_t reason =
            dm_encode_text(codes + i * size, size, kind, codewords, sizeof codewords, &used);
        modules[i] = reason ? 0 : dm_size_for(used)->modules;
    }
}

/* Draw `count` codes of `size` bytes each: per code one reason, and modules * row_bytes bytes of
 * rows (all zero for a refused code). */
static inline void dm_symbols(const struct dm_plan *plan, const uint8_t *codes, size_t size,
                              size_t count, int kind, uint8_t *rows, uint8_t *reasons)
{
    const size_t symbol_bytes = plan->placement.modules * plan->placement.row_bytes;
    uint8_t codewords[DM_CODEWORDS_MAX];
    for (size_t i = 0; i < count; i++, rows += symbol_bytes) {
        size_t used;
        reasons[i] =
            dm_encode_text(codes + i * size, size, kind, codewords, plan->size.data, &used);
        if (reasons[i]) {
            memset(rows, 0, symbol_bytes);
            continue;
        }
        dm_pad(codewords, used, plan->size.data);
        dm_check(&plan->size, &plan->generator, codewords);
        dm_draw(&plan->placement, codewords, rows);
    }
}

#endif

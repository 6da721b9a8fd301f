/* Symbols as SVG files: one path of dark runs, a unit a module.
 *
 * Source: W3C, Scalable Vector Graphics (SVG) 1.1, 8.3 (path data). Every run of dark modules is
 * "M x y h length v1 h-length z": a rectangle of its own, so no renderer has to decide what is
 * inside; crispEdges keeps seams from showing between rows.
 */
#ifndef EMITTER_DATAMATRIX_SVG_H
#define EMITTER_DATAMATRIX_SVG_H

#include "datamatrix.h"
#include "datamatrix_zpl.h"

enum { SVG_FRAME_MAX = 400, SVG_RUN_MAX = 24 };

static inline uint8_t *svg_text(uint8_t *out, const char *text)
{
    return zpl_put(out, text, strlen(text));
}

/* The bytes that a picture of a job takes at most: every other module a run. */
static inline size_t svg_bytes_max(const struct dm_job *job)
{
    size_t bytes = 0;
    for (size_t i = 0; i < DM_SIZES; i++)
        if (job->plans[i]) {
            const struct dm_size *size = &job->plans[i]->size;
            const size_t most = SVG_FRAME_MAX + SVG_RUN_MAX * size->rows * (size->columns / 2u);
            if (most > bytes) bytes = most;
        }
    return bytes;
}

/* Write the picture of a symbol: `quiet` light modules around it, `px` pixels a module. */
static inline uint8_t *svg_write(const struct dm_plan *plan, size_t px, size_t quiet,
                                 const uint8_t *rows, uint8_t *out)
{
    const size_t width = plan->size.columns + 2 * quiet, height = plan->size.rows + 2 * quiet;
    out = svg_text(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"");
    out = zpl_put_number(out, width * px);
    out = svg_text(out, "\" height=\"");
    out = zpl_put_number(out, height * px);
    out = svg_text(out, "\" viewBox=\"0 0 ");
    out = zpl_put_number(out, width);
    *out++ = ' ';
    out = zpl_put_number(out, height);
    out = svg_text(out, "\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h");
    out = zpl_put_number(out, width);
    *out++ = 'v';
    out = zpl_put_number(out, height);
    out = svg_text(out, "H0z\"/><path d=\"");
    for (size_t row = 0; row < plan->size.rows; row++, rows += plan->placement.row_bytes)
        for (size_t column = 0; column < plan->size.columns;) {
            size_t end = column;
            while (end < plan->size.columns && rows[end / 8] >> (7 - end % 8) & 1) end++;
            if (end > column) {
                *out++ = 'M';
                out = zpl_put_number(out, column + quiet);
                *out++ = ' ';
                out = zpl_put_number(out, row + quiet);
                *out++ = 'h';
                out = zpl_put_number(out, end - column);
                out = svg_text(out, "v1h-");
                out = zpl_put_number(out, end - column);
                *out++ = 'z';
            }
            column = end + 1;
        }
    return svg_text(out, "\"/></svg>\n");
}

/* Draw a job as SVG files, one after another in `out`; as dm_pngs. */
static inline void dm_svgs(const struct dm_job *job, size_t px, size_t quiet,
                           struct dm_scratch *scratch, uint8_t *rows, size_t stride, uint8_t *out,
                           int64_t *ends, uint8_t *reasons)
{
    uint8_t *const start = out;
    for (size_t first = 0; first < job->count; first += DM_CHUNK) {
        const size_t count = dm_chunk(job, first);
        dm_draw_chunk(job, first, count, scratch, reasons + first, rows, stride);
        for (size_t i = 0; i < count; i++) {
            if (!reasons[first + i])
                out = svg_write(job->plans[scratch->sizes[i]], px, quiet, rows + i * stride, out);
            ends[first + i] = out - start;
        }
    }
}

#endif

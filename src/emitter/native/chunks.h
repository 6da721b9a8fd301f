/* Chunks: the states of 1,024 codes of a buffer, where they depart from what the buffer says.
 *
 * In memory a chunk is one byte a code: a state with its flag, or 0 for "as the buffer says". In
 * the store it is the shortest of three packings, so that a code touched alone costs a few bytes
 * and a code of a chunk that is touched all over costs one:
 *
 *     SPARSE  1  then (offset, byte) of each code that is not 0, by offset      3 bytes a code
 *     RUNS    2  then (offset, byte) where the byte changes, the first at 0     3 bytes a run
 *     DENSE   3  then the 1,024 bytes
 *
 * Offsets are 16 bits, little-endian. Nothing here is secret. Twin: tests/twins.py, chunk_row.
 */
#ifndef EMITTER_CHUNKS_H
#define EMITTER_CHUNKS_H

#include <stdint.h>
#include <string.h>

#define CHUNK_CODES 1024u
#define CHUNK_ROW_MAX (1u + CHUNK_CODES)

enum chunk_form { CHUNK_SPARSE = 1, CHUNK_RUNS = 2, CHUNK_DENSE = 3 };

static inline uint32_t chunk_offset(const uint8_t *pair)
{
    return pair[0] | (uint32_t)pair[1] << 8;
}

/* Whether a row is one that chunk_pack makes: a form, whole pairs, offsets in order. */
static int chunk_is_row(const uint8_t *row, uint64_t size)
{
    if (size < 1)
        return 0;
    if (row[0] == CHUNK_DENSE)
        return size == CHUNK_ROW_MAX;
    if ((row[0] != CHUNK_SPARSE && row[0] != CHUNK_RUNS) || size % 3 != 1 || size > CHUNK_ROW_MAX)
        return 0;
    if (row[0] == CHUNK_RUNS && (size < 4 || chunk_offset(row + 1) != 0))
        return 0;
    int64_t before = -1;
    for (const uint8_t *pair = row + 1; pair < row + size; pair += 3) {
        if (chunk_offset(pair) <= before || chunk_offset(pair) >= CHUNK_CODES)
            return 0;
        before = chunk_offset(pair);
    }
    return 1;
}

/* Write the bytes of a row's codes; a row of size 0 stands for a chunk without one. */
static void chunk_unpack(const uint8_t *row, uint64_t size, uint8_t *codes)
{
    memset(codes, 0, CHUNK_CODES);
    if (size == 0)
        return;
    if (row[0] == CHUNK_DENSE) {
        memcpy(codes, row + 1, CHUNK_CODES);
        return;
    }
    const uint8_t *end = row + size;
    for (const uint8_t *pair = row + 1; pair < end; pair += 3) {
        uint32_t from = chunk_offset(pair), to = from + 1;
        if (row[0] == CHUNK_RUNS)
            to = pair + 3 < end ? chunk_offset(pair + 3) : CHUNK_CODES;
        memset(codes + from, pair[2], to - from);
    }
}

/* The byte of one code, without unpacking its chunk: the last pair at or before the offset. */
static uint8_t chunk_byte(const uint8_t *row, uint64_t size, uint32_t offset)
{
    if (size == 0)
        return 0;
    if (row[0] == CHUNK_DENSE)
        return row[1 + offset];
    uint32_t low = 0, high = (uint32_t)((size - 1) / 3); /* the pair is in [low, high) - 1 */
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (chunk_offset(row + 1 + 3 * middle) <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return 0;
    const uint8_t *pair = row + 1 + 3 * (low - 1);
    return row[0] == CHUNK_RUNS || chunk_offset(pair) == offset ? pair[2] : 0;
}

static uint32_t chunk_put(uint8_t *row, uint32_t size, uint32_t offset, uint8_t byte)
{
    row[size] = (uint8_t)offset;
    row[size + 1] = (uint8_t)(offset >> 8);
    row[size + 2] = byte;
    return size + 3;
}

/* Write the shortest row of a chunk, CHUNK_ROW_MAX bytes at most; return its size, 0 for zeros. */
static uint32_t chunk_pack(const uint8_t *codes, uint8_t *row)
{
    uint32_t touched = codes[0] != 0, runs = 1;
    for (uint32_t i = 1; i < CHUNK_CODES; i++) {
        touched += codes[i] != 0;
        runs += codes[i] != codes[i - 1];
    }
    if (touched == 0)
        return 0;
    uint32_t pairs = touched < runs ? touched : runs, size = 1;
    if (3 * pairs >= CHUNK_CODES) {
        row[0] = CHUNK_DENSE;
        memcpy(row + 1, codes, CHUNK_CODES);
        return CHUNK_ROW_MAX;
    }
    row[0] = touched < runs ? CHUNK_SPARSE : CHUNK_RUNS;
    for (uint32_t i = 0; i < CHUNK_CODES; i++)
        if (row[0] == CHUNK_SPARSE ? codes[i] != 0 : i == 0 || codes[i] != codes[i - 1])
            size = chunk_put(row, size, i, codes[i]);
    return size;
}

#endif

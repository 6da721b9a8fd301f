/* SHA-256 of the pieces of a text, many pieces at a time.
 *
 * Theory. A digest is a chain of compressions that cannot be split (FIPS 180-4 section 6.2), so one
 * core hashes one long text at 1.9 GB/s at best. A text cut into pieces of DIGEST_PIECE bytes is as
 * many chains that do not wait for each other: 32 of them go through AVX-512 together, four through
 * the SHA instructions. Whoever has no such kernel hashes the pieces one by one with any library.
 *
 * Layout. A run takes up to 32 pieces of a text, a lane each. All are whole but for the last one of
 * the text, so lanes end after the same block, or the last one earlier; a lane that has ended, or
 * has no piece, goes on with blocks whose outcome nobody reads. Where a piece ends is public. Bytes
 * behind the last whole block of a piece and the padding (section 5.1.1) stand in `ends`. Twin:
 * piece_digests in tests/twins.py.
 */
#ifndef EMITTER_DIGEST_H
#define EMITTER_DIGEST_H

#include "cpu.h"
#include "sha256.h"
#include "sha256_avx512.h"
#include "sha256_v3.h"

#define DIGEST_SIZE 32
#define DIGEST_PIECE 16384
#define DIGEST_BLOCK 64
#define DIGEST_LANES 32

struct digest_run {
    const uint8_t *pieces[DIGEST_LANES];
    uint32_t whole[DIGEST_LANES];  /* blocks that lie in the text */
    uint32_t blocks[DIGEST_LANES]; /* with those in `ends` */
    uint8_t ends[DIGEST_LANES][2 * DIGEST_BLOCK];
    uint32_t words[8][DIGEST_LANES]; /* states, for a look at them */
    uint32_t lanes;
    uint8_t *digests;
};

/* Lay out `lanes` pieces, 1 to DIGEST_LANES, of a text of `size` bytes. */
static void digest_begin(
    struct digest_run *run, const uint8_t *text, uint64_t size, uint32_t lanes, uint8_t *digests)
{
    run->lanes = lanes;
    run->digests = digests;
    for (uint32_t lane = 0; lane < DIGEST_LANES; lane++) {
        uint64_t start = lane < lanes ? (uint64_t)DIGEST_PIECE * lane : 0;
        uint32_t left = size - start < DIGEST_PIECE ? (uint32_t)(size - start) : DIGEST_PIECE;
        uint32_t rest = left % DIGEST_BLOCK, padded = rest < DIGEST_BLOCK - 8 ? 1 : 2;
        run->pieces[lane] = text + start;
        run->whole[lane] = left / DIGEST_BLOCK;
        run->blocks[lane] = run->whole[lane] + padded;
        memset(run->ends[lane], 0, sizeof run->ends[lane]);
        memcpy(run->ends[lane], text + start + left - rest, rest);
        run->ends[lane][rest] = 0x80;
        store_be64(run->ends[lane] + DIGEST_BLOCK * padded - 8, (uint64_t)left * 8);
    }
}

/* Block `index` of a lane; any block of it behind its end. */
static inline const uint8_t *digest_block(
    const struct digest_run *run, uint32_t lane, uint32_t index)
{
    if (index < run->whole[lane])
        return run->pieces[lane] + (uint64_t)DIGEST_BLOCK * index;
    return run->ends[lane] + (index + 1 == run->whole[lane] + 2 ? DIGEST_BLOCK : 0);
}

/* Whether a lane of `[first, first + count)` ends with the block in front of `index`. */
static inline int digest_ends(
    const struct digest_run *run, uint32_t first, uint32_t count, uint32_t index)
{
    uint32_t last = first + count < run->lanes ? first + count - 1 : run->lanes - 1;
    return run->blocks[first] == index || run->blocks[last] == index;
}

/* Write the digests of the lanes that end there, from `words`. */
static inline void digest_write(
    struct digest_run *run, uint32_t first, uint32_t count, uint32_t index)
{
    for (uint32_t lane = first; lane < first + count && lane < run->lanes; lane++)
        for (int i = 0; i < 8 && run->blocks[lane] == index; i++)
            store_be32(run->digests + DIGEST_SIZE * lane + 4 * i, run->words[i][lane]);
}

static void digest_portable(struct digest_run *run, uint32_t first)
{
    sha256_word state[8], w[16];
    for (int i = 0; i < 8; i++)
        state[i] = (sha256_word){0} + SHA256_INITIAL[i];
    for (uint32_t index = 0; index < run->blocks[first]; index++) {
        for (uint32_t lane = 0; lane < SHA256_LANES; lane++) {
            const uint8_t *block = digest_block(run, first + lane, index);
            for (int i = 0; i < 16; i++)
                w[i][lane] = load_be32(block + 4 * i);
        }
        sha256_compress(state, w);
        if (!digest_ends(run, first, SHA256_LANES, index + 1))
            continue;
        for (int i = 0; i < 8; i++)
            memcpy(run->words[i] + first, &state[i], sizeof state[i]);
        digest_write(run, first, SHA256_LANES, index + 1);
    }
}

#if CPU_IS_X86

CPU_FOR_V3 static void digest_v3(struct digest_run *run, uint32_t first)
{
    struct sha256_streams state;
    __m128i m[SHA256_STREAMS][4];
    for (int s = 0; s < SHA256_STREAMS; s++)
        sha256_load_v3(SHA256_INITIAL, &state.abef[s], &state.cdgh[s]);
    for (uint32_t index = 0; index < run->blocks[first]; index++) {
        for (uint32_t s = 0; s < SHA256_STREAMS; s++) {
            const __m128i *block = (const __m128i *)digest_block(run, first + s, index);
            for (int i = 0; i < 4; i++)
                m[s][i] = sha256_swap_v3(_mm_loadu_si128(block + i));
        }
        sha256_compress_v3(&state, m);
        if (!digest_ends(run, first, SHA256_STREAMS, index + 1))
            continue;
        for (uint32_t s = 0; s < SHA256_STREAMS; s++) {
            uint32_t words[8];
            __m128i halves[2];
            sha256_words_v3(state.abef[s], state.cdgh[s], halves);
            memcpy(words, halves, sizeof words);
            for (int i = 0; i < 8; i++)
                run->words[i][first + s] = words[i];
        }
        digest_write(run, first, SHA256_STREAMS, index + 1);
    }
}

CPU_FOR_AVX512 static void digest_avx512(struct digest_run *run)
{
    __m512i state[SHA256_HALVES][8], w[SHA256_HALVES][16];
    for (int i = 0; i < 8; i++)
        state[0][i] = state[1][i] = _mm512_set1_epi32((int)SHA256_INITIAL[i]);
    for (uint32_t index = 0; index < run->blocks[0]; index++) {
        for (uint32_t h = 0; h < SHA256_HALVES; h++) {
            __m512i rows[4][4];
#pragma GCC unroll 16
            for (uint32_t i = 0; i < SHA256_HALF; i++)
                rows[i % 4][i / 4] = sha256_swap_avx512(
                    _mm512_loadu_si512(digest_block(run, SHA256_HALF * h + i, index)));
            sha256_words_avx512(rows, w[h]);
        }
        sha256_compress_avx512(state, w);
        if (!digest_ends(run, 0, DIGEST_LANES, index + 1))
            continue;
        for (int i = 0; i < 8; i++)
            for (uint32_t h = 0; h < SHA256_HALVES; h++)
                _mm512_storeu_si512(run->words[i] + SHA256_HALF * h, state[h][i]);
        digest_write(run, 0, DIGEST_LANES, index + 1);
    }
}

#endif

static inline uint64_t digest_count(uint64_t size)
{
    return (size + DIGEST_PIECE - 1) / DIGEST_PIECE;
}

/* Write the digest of each piece of a text, digest_count(size) of them. Few pieces do without the
 * 32 lanes: four at a time are sooner done. */
static void digest_pieces(
    enum cpu cpu, struct digest_run *run, const uint8_t *text, uint64_t size, uint8_t *digests)
{
    uint64_t count = digest_count(size);
    for (uint64_t done = 0; done < count; done += DIGEST_LANES) {
        uint64_t at = done * DIGEST_PIECE;
        uint32_t lanes = count - done < DIGEST_LANES ? (uint32_t)(count - done) : DIGEST_LANES;
        digest_begin(run, text + at, size - at, lanes, digests + done * DIGEST_SIZE);
        for (uint32_t lane = 0; lane < lanes; lane += 4) {
#if CPU_IS_X86
            if (cpu == CPU_AVX512 && lanes > DIGEST_LANES / 3) {
                digest_avx512(run);
                break;
            }
            if (cpu >= CPU_V3) {
                digest_v3(run, lane);
                continue;
            }
#endif
            digest_portable(run, lane);
        }
    }
}

#endif

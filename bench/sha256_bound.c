/* SHA-256 and nothing else: what bounds the making of codes with a MAC. FIPS 180-4 section 6.2.
 *
 * A code with a message of one block costs two compressions whatever else it costs. Here they are
 * done by the fastest kernels of the core on blocks that never change: `sha256_bound(form, blocks)`
 * does at least so many compressions and answers how many; 1 four streams of SHA instructions, 2
 * two registers of sixteen lanes. Compiled by bench/test_core.py.
 */
#include <mac.h>

#if CPU_IS_X86

CPU_FOR_V3 static uint64_t four_streams(uint64_t blocks, uint32_t *sink)
{
    struct sha256_streams state;
    __m128i m[SHA256_STREAMS][4], given[SHA256_STREAMS][4];
    uint64_t done = 0;
    memset(&state, 1, sizeof state);
    memset(given, 2, sizeof given);
    for (; done < blocks; done += SHA256_STREAMS) {
        memcpy(m, given, sizeof m);
        sha256_compress_v3(&state, m);
    }
    __m128i all = _mm_setzero_si128();
    for (int s = 0; s < SHA256_STREAMS; s++)
        all = _mm_xor_si128(all, _mm_xor_si128(state.abef[s], state.cdgh[s]));
    *sink = (uint32_t)_mm_cvtsi128_si32(all);
    return done;
}

CPU_FOR_AVX512 static uint64_t thirty_two_lanes(uint64_t blocks, uint32_t *sink)
{
    __m512i state[SHA256_HALVES][8], w[SHA256_HALVES][16];
    uint64_t done = 0;
    memset(state, 1, sizeof state);
    memset(w, 2, sizeof w);
    for (; done < blocks; done += MAC_LANES)
        sha256_compress_avx512(state, w); /* the words that are left are as good as any */
    *sink = (uint32_t)_mm512_reduce_add_epi32(_mm512_xor_si512(state[0][0], state[1][0]));
    return done;
}

uint64_t sha256_bound(uint32_t form, uint64_t blocks, uint32_t *sink)
{
    return form == CPU_AVX512 ? thirty_two_lanes(blocks, sink) : four_streams(blocks, sink);
}

#endif

/* SHA-256 on four messages at once. FIPS 180-4 sections 4.1.2, 5.3.3 and 6.2.
 *
 * Theory. The compression function is a chain that cannot be split, so four independent messages
 * go through it together, one in each 32-bit lane of a vector; every operation is an addition, a
 * rotation or a bitwise one, none depends on data.
 *
 * Layout. A state is eight words, a block sixteen, each word a vector of four lanes.
 */
#ifndef EMITTER_SHA256_H
#define EMITTER_SHA256_H

#include "words.h"

#define SHA256_LANES 4

typedef uint32_t sha256_word __attribute__((vector_size(4 * SHA256_LANES)));

static const uint32_t SHA256_INITIAL[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static const uint32_t SHA256_CONSTANTS[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline sha256_word sha256_rotate(sha256_word word, int bits)
{
    return word >> bits | word << (32 - bits);
}

/* One step of section 6.2.2; the caller renames the variables. */
static inline void sha256_step(
    sha256_word a, sha256_word b, sha256_word c, sha256_word *d, sha256_word e, sha256_word f,
    sha256_word g, sha256_word *h, sha256_word addend)
{
    sha256_word wide = sha256_rotate(e, 6) ^ sha256_rotate(e, 11) ^ sha256_rotate(e, 25);
    sha256_word first = *h + wide + (g ^ (e & (f ^ g))) + addend;
    sha256_word wider = sha256_rotate(a, 2) ^ sha256_rotate(a, 13) ^ sha256_rotate(a, 22);
    *d += first;
    *h = first + wider + ((a & b) | (c & (a | b)));
}

/* Take one block of each lane into the state; the block is used up. */
static void sha256_compress(sha256_word state[8], sha256_word w[16])
{
    sha256_word a = state[0], b = state[1], c = state[2], d = state[3];
    sha256_word e = state[4], f = state[5], g = state[6], h = state[7];
    for (int t = 0; t < 64; t += 16) {
        const uint32_t *k = SHA256_CONSTANTS + t;
        for (int i = 0; i < 16 && t > 0; i++) {
            sha256_word near = w[(i + 1) & 15], far = w[(i + 14) & 15];
            w[i] += (sha256_rotate(near, 7) ^ sha256_rotate(near, 18) ^ near >> 3) +
                    w[(i + 9) & 15] +
                    (sha256_rotate(far, 17) ^ sha256_rotate(far, 19) ^ far >> 10);
        }
        for (int i = 0; i < 16; i += 8) {
            sha256_step(a, b, c, &d, e, f, g, &h, w[i] + k[i]);
            sha256_step(h, a, b, &c, d, e, f, &g, w[i + 1] + k[i + 1]);
            sha256_step(g, h, a, &b, c, d, e, &f, w[i + 2] + k[i + 2]);
            sha256_step(f, g, h, &a, b, c, d, &e, w[i + 3] + k[i + 3]);
            sha256_step(e, f, g, &h, a, b, c, &d, w[i + 4] + k[i + 4]);
            sha256_step(d, e, f, &g, h, a, b, &c, w[i + 5] + k[i + 5]);
            sha256_step(c, d, e, &f, g, h, a, &b, w[i + 6] + k[i + 6]);
            sha256_step(b, c, d, &e, f, g, h, &a, w[i + 7] + k[i + 7]);
        }
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

#endif

/* MACs as text in the form of the machine. The theory is in mac_tile.h. */
#ifndef EMITTER_MAC_H
#define EMITTER_MAC_H

#include "cpu.h"
#include "mac_avx512.h"
#include "mac_tile.h"
#include "mac_v3.h"

static void mac_sign_portable(struct mac_tile *tile, uint32_t count)
{
    for (uint32_t first = 0; first < count; first += HMAC_LANES) {
        const struct hmac_key *keys[HMAC_LANES];
        const uint8_t *messages[HMAC_LANES];
        uint32_t sizes[HMAC_LANES];
        for (uint32_t i = 0; i < HMAC_LANES; i++) {
            uint32_t lane = first + i < count ? first + i : first;
            keys[i] = tile->keys[lane];
            messages[i] = tile->messages[lane];
            sizes[i] = tile->sizes[lane];
        }
        hmac_sign(&tile->hmac, keys, messages, sizes);
        for (uint32_t i = 0; i < HMAC_LANES && first + i < count; i++)
            base64_encode(tile->hmac.digests[i], HMAC_SIZE, tile->texts[first + i]);
    }
}

/* Fill tile->texts of lanes [0, count), 1 to 32 of them: the MAC of sizes[i] bytes at messages[i]
 * under keys[i]. Bytes in front of `limit` may be read. */
static void mac_sign(enum cpu cpu, struct mac_tile *tile, uint32_t count, const uint8_t *limit)
{
#if CPU_IS_X86
    if (cpu == CPU_AVX512) {
        uint32_t longest = 0;
        for (uint32_t lane = 0; lane < count; lane++)
            longest = tile->sizes[lane] > longest ? tile->sizes[lane] : longest;
        if (longest <= MAC_SIZE_MAX_ONE_BLOCK) {
            mac_sign_avx512(tile, count);
            return;
        }
    }
    if (cpu >= CPU_V3) {
        mac_sign_v3(tile, count, limit);
        return;
    }
#endif
    mac_sign_portable(tile, count);
}

#endif

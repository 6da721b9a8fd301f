/* FF1 in the form of the machine. The theory is in ff1_tile.h.
 *
 * A caller fills tile->a and tile->b, the halves of up to 128 codes, after `ff1_begin` has absorbed
 * their tweaks; encryption and decryption work in place. NIST SP 800-38G, algorithms 7 and 8.
 */
#ifndef EMITTER_FF1_H
#define EMITTER_FF1_H

#include "cpu.h"
#include "ff1_avx512.h"
#include "ff1_portable.h"
#include "ff1_v3.h"

/* Compute the prefix of every lane: CBC-MAC over P and Q as far as they are constant, with the
 * constant part of Q's last block added. Lane i uses the tweak at tweaks + i * stride (stride 0:
 * one for all); lanes [0, count) are set. */
static void ff1_begin(
    enum cpu cpu, struct ff1_tile *tile, const struct aes_key *key, const struct ff1_shape *shape,
    const uint8_t *tweaks, uint32_t tweak_size, uint32_t stride, uint32_t count)
{
#if CPU_IS_X86
    if (cpu >= CPU_V3) {
        ff1_begin_v3(tile, key, shape, tweaks, tweak_size, stride, count);
        return;
    }
#endif
    ff1_begin_portable(tile, key, shape, tweaks, tweak_size, stride, count);
}

/* Algorithm 7 on the halves of lanes [0, count), in place. */
static void ff1_encrypt(
    enum cpu cpu, struct ff1_tile *tile, const struct aes_key *key, const struct ff1_shape *shape,
    uint32_t count)
{
#if CPU_IS_X86
    if (cpu == CPU_AVX512 && ff1_is_narrow(shape)) {
        ff1_encrypt_avx512(tile, key, shape, count);
        return;
    }
    if (cpu >= CPU_V3) {
        ff1_encrypt_v3(tile, key, shape, count);
        return;
    }
#endif
    ff1_encrypt_portable(tile, key, shape);
}

/* Algorithm 8 on the halves of lanes [0, count), in place. */
static void ff1_decrypt(
    enum cpu cpu, struct ff1_tile *tile, const struct aes_key *key, const struct ff1_shape *shape,
    uint32_t count)
{
#if CPU_IS_X86
    if (cpu == CPU_AVX512 && ff1_is_narrow(shape)) {
        ff1_decrypt_avx512(tile, key, shape, count);
        return;
    }
    if (cpu >= CPU_V3) {
        ff1_decrypt_v3(tile, key, shape, count);
        return;
    }
#endif
    ff1_decrypt_portable(tile, key, shape);
}

/* Encrypt or decrypt `count` strings of shape->size numerals, all below the radix. */
static void ff1_apply(
    enum cpu cpu, struct ff1_tile *tile, const struct aes_key *key, const struct ff1_shape *shape,
    const uint8_t *tweak, uint32_t tweak_size, const uint8_t *from, uint8_t *to, uint64_t count,
    int inverse)
{
    ff1_clear(tile);
    ff1_begin(cpu, tile, key, shape, tweak, tweak_size, 0, FF1_LANES);
    for (uint64_t first = 0; first < count; first += FF1_LANES) {
        uint64_t lanes = count - first < FF1_LANES ? count - first : FF1_LANES;
        for (uint64_t lane = 0; lane < lanes; lane++) {
            const uint8_t *numerals = from + (first + lane) * shape->size;
            tile->a[lane] = ff1_read_numerals(shape, numerals, shape->left);
            tile->b[lane] = ff1_read_numerals(shape, numerals + shape->left, shape->right);
        }
        if (inverse)
            ff1_decrypt(cpu, tile, key, shape, (uint32_t)lanes);
        else
            ff1_encrypt(cpu, tile, key, shape, (uint32_t)lanes);
        for (uint64_t lane = 0; lane < lanes; lane++) {
            uint8_t *numerals = to + (first + lane) * shape->size;
            ff1_write_numerals(shape, tile->a[lane], numerals, shape->left);
            ff1_write_numerals(shape, tile->b[lane], numerals + shape->left, shape->right);
        }
    }
    ff1_clear(tile);
}

#endif

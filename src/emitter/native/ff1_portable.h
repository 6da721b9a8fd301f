/* FF1 in plain C: 128 codes at once through the bitsliced AES. The theory is in ff1_tile.h.
 *
 * Layout. `prefix` and `state` of the tile are the planes of aes.h, bit k of byte j of every block
 * in plane 8*j + k; halves are gathered from planes into 64-bit numbers and scattered again each
 * round. All 128 lanes are computed, whatever the number that is wanted. Twin: FF1 in
 * tests/twins.py.
 */
#ifndef EMITTER_FF1_PORTABLE_H
#define EMITTER_FF1_PORTABLE_H

#include "ff1_tile.h"

/* Load the tile's blocks into planes, exclusive-ored onto what is there. */
static void ff1_absorb(struct ff1_tile *tile, aes_plane onto[128])
{
    for (int word = 0; word < 2; word++) {
        for (int lane = 0; lane < FF1_LANES; lane++)
            tile->number[lane] = load_be64(tile->blocks[lane] + 8 * word);
        aes_scatter(tile->number, tile->half);
        for (int bit = 0; bit < 64; bit++)
            onto[64 * word + (56 ^ bit)] ^= tile->half[bit];
    }
}

/* Compute the prefix: CBC-MAC over P and Q as far as they are constant, with the constant part of
 * Q's last block added. Lane i uses the tweak at tweaks + i * stride (stride 0: one for all). */
static void ff1_begin_portable(
    struct ff1_tile *tile, const struct aes_key *key, const struct ff1_shape *shape,
    const uint8_t *tweaks, uint32_t tweak_size, uint32_t stride, uint32_t count)
{
    for (int lane = 0; lane < FF1_LANES; lane++)
        ff1_head(shape, tweak_size, tile->blocks[lane]);
    memset(tile->prefix, 0, sizeof tile->prefix);
    ff1_absorb(tile, tile->prefix);

    for (uint32_t at = 0; at < 16 * ff1_blocks(shape, tweak_size); at += 16) {
        aes_encrypt(key, tile->prefix, tile->work);
        if (at >= tweak_size)
            continue;
        memset(tile->blocks, 0, sizeof tile->blocks);
        for (uint32_t lane = 0; lane < count; lane++)
            ff1_tweak_block(
                tweaks + (uint64_t)lane * stride, tweak_size, at, tile->blocks[lane]);
        ff1_absorb(tile, tile->prefix);
    }
}

/* tile->number = y mod space for the round's number and the half that is kept. */
static void ff1_draw(
    struct ff1_tile *tile, const struct aes_key *key, const struct ff1_shape *shape,
    const struct divisor *space, uint32_t round, const uint64_t kept[FF1_LANES])
{
    memcpy(tile->state, tile->prefix, sizeof tile->state);
    for (uint32_t bit = 0; bit < 8; bit++)
        tile->state[8 * (15 - shape->bytes) + bit] ^= aes_spread(-(uint64_t)(round >> bit & 1));
    aes_scatter(kept, tile->half);
    for (uint32_t bit = 0; bit < 8 * shape->bytes; bit++)
        tile->state[120 - (bit & ~7u) + (bit & 7)] ^= tile->half[bit];
    aes_encrypt(key, tile->state, tile->work);

    const aes_plane *low = tile->state + 8 * shape->drawn - 64;
    for (uint32_t bit = 0; bit < 64; bit++)
        tile->half[bit] = low[56 ^ bit];
    aes_gather(tile->half, tile->number);
    if (shape->drawn == 8) {
        for (int lane = 0; lane < FF1_LANES; lane++)
            tile->number[lane] = divisor_reduce(space, 0, tile->number[lane]);
        return;
    }
    memset(tile->half, 0, sizeof tile->half);
    for (uint32_t bit = 0; bit < 32; bit++)
        tile->half[bit] = tile->state[24 ^ bit];
    aes_gather(tile->half, tile->high);
    for (int lane = 0; lane < FF1_LANES; lane++)
        tile->number[lane] =
            divisor_reduce(space, (uint32_t)tile->high[lane], tile->number[lane]);
}

/* Algorithm 7 on the halves of the tile, lanes [0, 128), in place. */
static void ff1_encrypt_portable(
    struct ff1_tile *tile, const struct aes_key *key, const struct ff1_shape *shape)
{
    for (uint32_t round = 0; round < FF1_ROUNDS; round++) {
        const struct divisor *space = round & 1 ? &shape->right_space : &shape->left_space;
        ff1_draw(tile, key, shape, space, round, tile->b);
        for (int lane = 0; lane < FF1_LANES; lane++) {
            uint64_t sum = divisor_add(space, tile->a[lane], tile->number[lane]);
            tile->a[lane] = tile->b[lane];
            tile->b[lane] = sum;
        }
    }
}

/* Algorithm 8 on the halves of the tile, in place. */
static void ff1_decrypt_portable(
    struct ff1_tile *tile, const struct aes_key *key, const struct ff1_shape *shape)
{
    for (uint32_t round = FF1_ROUNDS; round-- > 0;) {
        const struct divisor *space = round & 1 ? &shape->right_space : &shape->left_space;
        ff1_draw(tile, key, shape, space, round, tile->a);
        for (int lane = 0; lane < FF1_LANES; lane++) {
            uint64_t rest = divisor_subtract(space, tile->b[lane], tile->number[lane]);
            tile->b[lane] = tile->a[lane];
            tile->a[lane] = rest;
        }
    }
}

#endif

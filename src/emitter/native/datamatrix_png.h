/* Symbols as PNG files: one bit a pixel, black modules on white.
 *
 * Sources: ISO/IEC 15948 (PNG), RFC 1950 (zlib, Adler-32), RFC 1951 (deflate).
 *
 * A picture is (modules + 2 quiet zones) * px pixels a side. All pixel rows of a module row are
 * equal, which deflate says in one word: the first is written as literals, the others as matches
 * at the distance of one row. The codes are the fixed ones of RFC 1951 3.2.6, so a byte of pixels
 * is eight or nine bits known beforehand, and eight modules, `px` bytes, are a look-up. Compared
 * with stored blocks this halves the work: four pixels a module make a quarter of the bytes to
 * write and to run the CRC over. (A Huffman code made for each picture would save a tenth more and
 * take several times as long.)
 *
 * The Adler checksum is over the pixels, but rows repeat: with the sums of one row those of `times`
 * equal rows have a closed form.
 */
#ifndef EMITTER_DATAMATRIX_PNG_H
#define EMITTER_DATAMATRIX_PNG_H

#include "datamatrix.h"
#include "words.h"

enum {
    DM_PX_MAX = 30,    /* pixels of a module: five words of six codes of nine bits */
    DM_QUIET_MAX = 16, /* modules of a quiet zone */
    DM_GROUP_WORDS = 5,
    DM_PNG_ROW_MAX = 1 + (DM_MODULES_MAX + 2 * DM_QUIET_MAX) * DM_PX_MAX / 8,
    DM_BITS_MAX = 6144, /* bytes of the longest run of codes: white rows, and a match for each
                           258 bytes of their repeats */
    DM_CRC_LANE = 128,  /* bytes */
    DM_PNG_HEAD = 41    /* signature, IHDR, length and type of IDAT */
};

/* A run of bits, the first one lowest in its byte. */
struct dm_bits {
    size_t count;
    uint8_t bytes[DM_BITS_MAX];
};

/* Eight modules in a row: the codes of their px bytes, six to a word, and the sums of the bytes:
 * plain, and each times its place from 0. */
struct dm_group {
    uint64_t words[DM_GROUP_WORDS];
    uint8_t counts[DM_GROUP_WORDS];
    uint8_t pixels[DM_PX_MAX];
    uint16_t sum;
    uint32_t weighted;
};

/* Tables of the CRC: see dm_crc_make. */
struct dm_crc {
    uint32_t near[8][256], far[4][256];
};

/* Pictures of one size of symbol. */
struct dm_png_frame {
    int made;
    size_t row_bytes; /* of a pixel row with its filter byte */
    size_t bytes_max; /* of a picture */
    uint8_t head[DM_PNG_HEAD];
    struct dm_bits repeat; /* a pixel row again, px - 1 times */
    struct dm_bits white;  /* the rows of a quiet zone */
};

struct dm_png {
    size_t px, quiet;
    struct dm_crc crc;
    uint16_t literals[256]; /* the codes of bytes, as they go out */
    struct dm_group groups[256];
    struct dm_png_frame frames[DM_SIZES];
};

/* Bits on their way out: less than eight wait in `bits`. */
struct dm_bit_writer {
    uint8_t *out;
    uint64_t bits;
    unsigned count;
};

struct dm_adler {
    uint64_t a, b;
};

static inline void dm_store_le64(uint8_t *bytes, uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    memcpy(bytes, &word, sizeof word);
}

static inline uint64_t dm_load_le64(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* Put `count` bits, 56 at most; eight bytes of room are written to. */
static inline void dm_put_bits(struct dm_bit_writer *writer, uint64_t bits, unsigned count)
{
    writer->bits |= bits << writer->count;
    writer->count += count;
    dm_store_le64(writer->out, writer->bits);
    writer->out += writer->count / 8;
    writer->bits >>= writer->count & ~7u;
    writer->count &= 7;
}

/* Put a run of bits; its bytes may be read eight beyond the last. */
static inline void dm_put_run(struct dm_bit_writer *writer, const struct dm_bits *run)
{
    size_t at = 0;
    for (; at + 48 <= run->count; at += 48)
        dm_put_bits(writer, dm_load_le64(run->bytes + at / 8) & 0xFFFFFFFFFFFFu, 48);
    const unsigned rest = (unsigned)(run->count - at);
    dm_put_bits(writer, dm_load_le64(run->bytes + at / 8) & (((uint64_t)1 << rest) - 1), rest);
}

/* A Huffman code, which goes out from its top bit. */
static inline void dm_put_code(struct dm_bit_writer *writer, unsigned code, unsigned count)
{
    unsigned turned = 0;
    for (unsigned i = 0; i < count; i++) turned |= (code >> i & 1) << (count - 1 - i);
    dm_put_bits(writer, turned, count);
}

static inline unsigned dm_literal_size(unsigned byte) { return byte < 144 ? 8 : 9; }

static inline void dm_put_literal(struct dm_bit_writer *writer, unsigned byte)
{
    dm_put_code(writer, byte < 144 ? 0x30 + byte : 0x190 + byte - 144, dm_literal_size(byte));
}

/* A match of 3 to 258 bytes (RFC 1951, 3.2.5). */
static inline void dm_put_match(struct dm_bit_writer *writer, unsigned length, unsigned distance)
{
    unsigned symbol = 257, base = 3, extra = 0;
    while (symbol < 285 && length >= base + (1u << extra) && length != 258) {
        base += 1u << extra;
        symbol++;
        extra = symbol < 265 ? 0 : (symbol - 261) / 4;
    }
    if (length == 258) symbol = 285, base = 258, extra = 0;
    if (symbol < 280)
        dm_put_code(writer, symbol - 256, 7);
    else
        dm_put_code(writer, 0xC0 + symbol - 280, 8);
    dm_put_bits(writer, length - base, extra);
    symbol = 0, base = 1, extra = 0;
    while (distance >= base + (1u << extra)) {
        base += 1u << extra;
        symbol++;
        extra = symbol < 4 ? 0 : (symbol - 2) / 2;
    }
    dm_put_code(writer, symbol, 5);
    dm_put_bits(writer, distance - base, extra);
}

/* The last row again: `bytes` bytes at the distance of `row_bytes`. */
static inline void dm_put_repeats(struct dm_bit_writer *writer, size_t bytes, size_t row_bytes)
{
    while (bytes) {
        size_t length = bytes < 258 ? bytes : 258;
        if (bytes > length && bytes - length < 3) length -= 3; /* no rest too short for a match */
        dm_put_match(writer, (unsigned)length, (unsigned)row_bytes);
        bytes -= length;
    }
}

/* Add `times` equal rows of `size` bytes: `sum` of the bytes, and `weighted` by size - place. */
static inline void dm_adler_rows(struct dm_adler *adler, uint64_t size, uint64_t sum,
                                 uint64_t weighted, uint64_t times)
{
    adler->b += times * (size * adler->a + weighted) + size * sum * (times * (times - 1) / 2);
    adler->a += times * sum;
    adler->a %= 65521;
    adler->b %= 65521;
}

/* Lay up the CRC-32 of PNG (ISO/IEC 15948, Annex D): `near` t is the effect of a byte t bytes
 * further on, `far` that of the four bytes of a CRC DM_CRC_LANE bytes further on. The CRC is
 * linear, so all but the powers of two are sums of two others. */
static inline void dm_crc_make(struct dm_crc *crc)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t sum = byte;
        for (int bit = 0; bit < 8; bit++) sum = sum >> 1 ^ (0xEDB88320u & (0u - (sum & 1)));
        crc->near[0][byte] = sum;
    }
    for (int t = 1; t < 8; t++)
        for (uint32_t byte = 0; byte < 256; byte++)
            crc->near[t][byte] =
                crc->near[t - 1][byte] >> 8 ^ crc->near[0][crc->near[t - 1][byte] & 0xFF];
    for (int t = 0; t < 4; t++) {
        crc->far[t][0] = 0;
        for (uint32_t byte = 1; byte < 256; byte++) {
            const uint32_t rest = byte & (byte - 1);
            uint32_t sum = byte << (8 * t);
            for (int i = 0; i < DM_CRC_LANE && !rest; i++)
                sum = sum >> 8 ^ crc->near[0][sum & 0xFF];
            crc->far[t][byte] = rest ? crc->far[t][rest] ^ crc->far[t][byte ^ rest] : sum;
        }
    }
}

/* A CRC eight bytes further on. */
static inline uint32_t dm_crc_step(const struct dm_crc *crc, uint32_t sum, const uint8_t *bytes)
{
    const uint64_t word = dm_load_le64(bytes) ^ sum;
    return crc->near[7][word & 0xFF] ^ crc->near[6][word >> 8 & 0xFF] ^
           crc->near[5][word >> 16 & 0xFF] ^ crc->near[4][word >> 24 & 0xFF] ^
           crc->near[3][word >> 32 & 0xFF] ^ crc->near[2][word >> 40 & 0xFF] ^
           crc->near[1][word >> 48 & 0xFF] ^ crc->near[0][word >> 56];
}

static inline uint32_t dm_crc_far(const struct dm_crc *crc, uint32_t sum)
{
    return crc->far[0][sum & 0xFF] ^ crc->far[1][sum >> 8 & 0xFF] ^
           crc->far[2][sum >> 16 & 0xFF] ^ crc->far[3][sum >> 24];
}

/* The CRC of some bytes. Each step waits for the one before, so three lanes go side by side. */
static inline uint32_t dm_crc(const struct dm_crc *crc, const uint8_t *bytes, size_t size)
{
    uint32_t a = 0xFFFFFFFFu;
    for (; size >= 3 * DM_CRC_LANE; size -= 3 * DM_CRC_LANE, bytes += 3 * DM_CRC_LANE) {
        uint32_t b = 0, c = 0;
        for (size_t i = 0; i < DM_CRC_LANE; i += 8) {
            a = dm_crc_step(crc, a, bytes + i);
            b = dm_crc_step(crc, b, bytes + DM_CRC_LANE + i);
            c = dm_crc_step(crc, c, bytes + 2 * DM_CRC_LANE + i);
        }
        a = dm_crc_far(crc, dm_crc_far(crc, a) ^ b) ^ c;
    }
    for (; size >= 8; size -= 8, bytes += 8) a = dm_crc_step(crc, a, bytes);
    while (size--) a = a >> 8 ^ crc->near[0][(a ^ *bytes++) & 0xFF];
    return ~a;
}

/* The pixels of eight modules, `px` bytes: dark is 0. */
static inline void dm_group_pixels(unsigned modules, size_t px, uint8_t *bytes)
{
    memset(bytes, 0xFF, px);
    for (size_t pixel = 0; pixel < 8 * px; pixel++)
        if (modules >> (7 - pixel / px) & 1) bytes[pixel / 8] ^= (uint8_t)(0x80 >> pixel % 8);
}

/* Lay up what all pictures of one look share: 1 <= px <= DM_PX_MAX, quiet <= DM_QUIET_MAX. */
static inline void dm_png_make(struct dm_png *png, size_t px, size_t quiet)
{
    png->px = px;
    png->quiet = quiet;
    dm_crc_make(&png->crc);
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t code[8] = {0};
        struct dm_bit_writer writer = {code, 0, 0};
        dm_put_literal(&writer, byte);
        png->literals[byte] = (uint16_t)(dm_load_le64(code) & 0x1FF);
    }
    for (unsigned modules = 0; modules < 256; modules++) {
        struct dm_group *group = &png->groups[modules];
        memset(group, 0, sizeof *group);
        dm_group_pixels(modules, px, group->pixels);
        for (size_t i = 0; i < px; i++) {
            const unsigned byte = group->pixels[i];
            group->words[i / 6] |= (uint64_t)png->literals[byte] << group->counts[i / 6];
            group->counts[i / 6] += (uint8_t)dm_literal_size(byte);
            group->sum += (uint16_t)byte;
            group->weighted += (uint32_t)(i * byte);
        }
    }
    for (size_t i = 0; i < DM_SIZES; i++) png->frames[i].made = 0;
}

/* Lay up what the pictures of one size share. */
static inline void dm_png_frame_make(const struct dm_png *png, struct dm_png_frame *frame,
                                     const struct dm_size *size)
{
    static const uint8_t signature[16] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n',
                                          0, 0, 0, 13, 'I', 'H', 'D', 'R'};
    const size_t width = (size->columns + 2 * png->quiet) * png->px;
    const size_t height = (size->rows + 2 * png->quiet) * png->px;
    const size_t n = frame->row_bytes = 1 + (width + 7) / 8;
    memset(frame->head, 0, sizeof frame->head);
    memcpy(frame->head, signature, sizeof signature);
    store_be32(frame->head + 16, (uint32_t)width);
    store_be32(frame->head + 20, (uint32_t)height);
    frame->head[24] = 1; /* one bit a pixel, grey */
    store_be32(frame->head + 29, dm_crc(&png->crc, frame->head + 12, 17));
    memcpy(frame->head + 37, "IDAT", 4);

    struct dm_bit_writer writer = {frame->repeat.bytes, 0, 0};
    dm_put_repeats(&writer, (png->px - 1) * n, n);
    frame->repeat.count = (size_t)(writer.out - frame->repeat.bytes) * 8 + writer.count;
    writer = (struct dm_bit_writer){frame->white.bytes, 0, 0};
    if (png->quiet) {
        dm_put_literal(&writer, 0); /* no filter */
        for (size_t i = 1; i < n; i++) dm_put_literal(&writer, 0xFF);
        dm_put_repeats(&writer, (png->quiet * png->px - 1) * n, n);
    }
    frame->white.count = (size_t)(writer.out - frame->white.bytes) * 8 + writer.count;
    frame->bytes_max = DM_PNG_HEAD + 64 + 2 * (frame->white.count / 8 + 1) +
                       size->rows * (2 + n * 9 / 8 + frame->repeat.count / 8 + 2);
    frame->made = 1;
}

/* Write the pictures of one row of modules; `row` is followed and preceded by light modules. */
static inline void dm_png_row(const struct dm_png *png, const struct dm_png_frame *frame,
                              const uint8_t *row, unsigned shift, size_t modules,
                              struct dm_bit_writer *writer, struct dm_adler *adler)
{
    const size_t n = frame->row_bytes, words = (png->px + 5) / 6;
    uint64_t sum = 0, weighted = 0;
    size_t at = 1, group = 0;
    dm_put_bits(writer, 0x0C, 8); /* the literal 0: no filter */
    for (; group < modules / 8; group++, at += png->px) {
        const unsigned pair = (unsigned)row[group] << 8 | row[group + 1];
        const struct dm_group *found = &png->groups[pair << shift >> 8 & 0xFF];
        for (size_t w = 0; w < words; w++) dm_put_bits(writer, found->words[w], found->counts[w]);
        sum += found->sum;
        weighted += (n - at) * found->sum - found->weighted;
    }
    if (at < n) { /* less than eight modules, and light up to the end of the last byte */
        const unsigned pair = (unsigned)row[group] << 8 | row[group + 1];
        const uint8_t *pixels = png->groups[pair << shift >> 8 & 0xFF].pixels;
        for (size_t i = 0; at < n; i++, at++) {
            dm_put_bits(writer, png->literals[pixels[i]], dm_literal_size(pixels[i]));
            sum += pixels[i];
            weighted += (n - at) * pixels[i];
        }
    }
    dm_put_run(writer, &frame->repeat);
    dm_adler_rows(adler, n, sum, weighted, png->px);
}

/* Write the picture of a symbol; returns its size, frame->bytes_max at most. */
static inline size_t dm_png_write(const struct dm_png *png, const struct dm_png_frame *frame,
                                  const struct dm_plan *plan, const uint8_t *rows, uint8_t *out)
{
    const size_t row_bytes = plan->placement.row_bytes, n = frame->row_bytes;
    const size_t lead = (png->quiet + 7) / 8; /* bytes of light modules in front of a row */
    const size_t modules = plan->size.columns + 2 * png->quiet;
    const uint64_t white = 0xFF * (n - 1), white_weighted = 0xFF * (n * (n - 1) / 2);
    uint8_t padded[2 * ((DM_QUIET_MAX + 7) / 8) + (DM_MODULES_MAX + 7) / 8 + 2] = {0};
    struct dm_adler adler = {1, 0};
    memcpy(out, frame->head, DM_PNG_HEAD);
    struct dm_bit_writer writer = {out + DM_PNG_HEAD, 0, 0};
    dm_put_bits(&writer, 0x0178, 16); /* zlib: deflate, the fastest */
    dm_put_bits(&writer, 3, 3);       /* the last block, with fixed codes */
    dm_put_run(&writer, &frame->white);
    if (png->quiet) dm_adler_rows(&adler, n, white, white_weighted, png->quiet * png->px);
    for (size_t row = 0; row < plan->size.rows; row++, rows += row_bytes) {
        memcpy(padded + lead, rows, row_bytes);
        dm_png_row(png, frame, padded, (unsigned)(8 * lead - png->quiet), modules, &writer,
                   &adler);
    }
    dm_put_run(&writer, &frame->white);
    if (png->quiet) dm_adler_rows(&adler, n, white, white_weighted, png->quiet * png->px);
    dm_put_bits(&writer, 0, 7); /* end of the block, up to a whole byte */
    if (writer.count) dm_put_bits(&writer, 0, 8 - writer.count);
    store_be32(writer.out, (uint32_t)(adler.b << 16 | adler.a));
    uint8_t *end = writer.out + 4;
    store_be32(out + 33, (uint32_t)(end - out - DM_PNG_HEAD));
    store_be32(end, dm_crc(&png->crc, out + 37, (size_t)(end - out) - 37));
    memcpy(end + 4, "\0\0\0\0IEND\xAE\x42\x60\x82", 12);
    return (size_t)(end - out) + 16;
}

/* The bytes that pictures of a job take at most, each. */
static inline size_t dm_png_bytes_max(struct dm_png *png, const struct dm_job *job)
{
    size_t bytes = 0;
    for (size_t i = 0; i < DM_SIZES; i++)
        if (job->plans[i]) {
            dm_png_frame_make(png, &png->frames[i], &job->plans[i]->size);
            if (png->frames[i].bytes_max > bytes) bytes = png->frames[i].bytes_max;
        }
    return bytes;
}

/* Draw a job as PNG files, one after another in `out`: ends[i] is where that of code i ends, which
 * is where it begins for a refused code. `rows` has room for a chunk of symbols. */
static inline void dm_pngs(const struct dm_job *job, struct dm_png *png,
                           struct dm_scratch *scratch, uint8_t *rows, size_t stride, uint8_t *out,
                           int64_t *ends, uint8_t *reasons)
{
    int64_t end = 0;
    for (size_t first = 0; first < job->count; first += DM_CHUNK) {
        const size_t count = dm_chunk(job, first);
        dm_draw_chunk(job, first, count, scratch, reasons + first, rows, stride);
        for (size_t i = 0; i < count; i++) {
            const size_t size = scratch->sizes[i];
            if (!reasons[first + i])
                end += (int64_t)dm_png_write(png, &png->frames[size], job->plans[size],
                                             rows + i * stride, out + end);
            ends[first + i] = end;
        }
    }
}

#endif

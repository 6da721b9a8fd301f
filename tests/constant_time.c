/* Do the kernels branch on secrets, or index by them? Valgrind knows.
 *
 * Every secret is marked as undefined memory. Memcheck then follows each bit that is computed from
 * one and reports each jump and each address that depends on it; there must be none. The method is
 * A. Langley's ctgrind. Secrets: the serial key, the check key, the counters. Public: lengths, the
 * record, the GTIN, the scanned text. `make secrets` builds and runs it; called with the word leak
 * the program does branch on a secret, to show that the method sees it.
 */
#include <stdio.h>
#include <valgrind/memcheck.h>

#include <check.h>
#include <invert.h>

#define COUNT 131
#define SECRET(thing) VALGRIND_MAKE_MEM_UNDEFINED(&(thing), sizeof(thing))
#define PUBLIC(thing) VALGRIND_MAKE_MEM_DEFINED(&(thing), sizeof(thing))

static struct aes_key serial_key;
static struct check_key check_key;
static struct emit_tile emit_tile;
static struct invert_tile invert_tile;
static uint8_t records[COUNT * RECORD_SIZE_MAX];
static uint8_t record[RECORD_SIZE_MAX];

static void make_keys(uint32_t kind)
{
    uint8_t serial_secret[32] = {1}, check_secret[32] = {2};
    SECRET(serial_secret);
    SECRET(check_secret);
    aes_expand(&serial_key, serial_secret, sizeof serial_secret);
    check_key_expand(&check_key, kind, check_secret);
}

static void emit_secretly(enum cpu cpu, uint32_t kind, uint32_t form, uint32_t serial_size)
{
    struct recipe recipe = {
        .record = record,
        .gtin = (const uint8_t *)"04600439931256",
        .form = form,
        .record_size = 18 + serial_size + 3 + check_code_size(kind),
        .serial_at = 18,
        .serial_size = serial_size,
        .message_size = 18 + serial_size,
        .check_at = 18 + serial_size + 3,
    };
    struct ff1_shape shape;
    uint64_t first = 12345;
    ff1_shape_of(&shape, form_radix(form), serial_size - form_prefix_size(form));
    make_keys(kind);
    SECRET(first);
    emit_codes(
        cpu, &recipe, &shape, &serial_key, &check_key, &emit_tile, first, COUNT, records);
    PUBLIC(records);
}

static void invert_secretly(enum cpu cpu, uint32_t form, uint32_t serial_size)
{
    struct parsed item = {.size = 60, .issued_size = 60, .serial_at = 18, .gtin = 4600439931256};
    uint8_t text[60], forms[1] = {(uint8_t)form}, reasons[1];
    uint64_t counters[1];
    struct inversion call = {&serial_key, text, sizeof text, &item, forms, 1, counters, reasons};
    item.serial_size = (uint8_t)serial_size;
    memset(text, '3', sizeof text);
    make_keys(CHECK_SHORT);
    invert_items(cpu, &call, &invert_tile);
}

/* Valgrind knows AES instructions and AVX2, so that the serials of form x86-64-v3 can be followed
 * (signatures need no SHA instructions, which it lacks as it lacks AVX-512). */
static int has_aes_and_avx2(void)
{
#if CPU_IS_X86
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("aes");
#else
    return 0;
#endif
}

int main(int argc, char **argv)
{
    (void)argv;
    if (sodium_init() < 0)
        return 2;
    memset(record, '?', sizeof record);
    for (uint32_t size = SERIAL_SIZE_MIN; size <= SERIAL_SIZE_MAX; size++)
        for (uint32_t form = 0; form < FORM_COUNT; form++) {
            emit_secretly(CPU_PORTABLE, CHECK_MAC, form, size);
            emit_secretly(CPU_PORTABLE, CHECK_SHORT, form, size);
            invert_secretly(CPU_PORTABLE, form, size);
            if (has_aes_and_avx2()) {
                emit_secretly(CPU_V3, CHECK_SIGNATURE, form, size);
                invert_secretly(CPU_V3, form, size);
            }
        }
    emit_secretly(CPU_PORTABLE, CHECK_SIGNATURE, FORM_GS1_COUNTRY, 13);
    if (argc > 1)
        puts(serial_key.round_keys[0][0] & 1 ? "odd" : "even");
    return 0;
}

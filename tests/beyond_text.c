/* Do the kernels of scanned text look beyond its end? A page that nobody may read lies there.
 *
 * Standard input holds texts, each as four bytes of its size, little-endian, and the text. Each is
 * laid against the end of a page behind which there is none, parsed in every form of the kernels,
 * and its items are read as noisy; a look beyond ends the program with SIGSEGV. With the argument
 * `beyond` one byte behind each text is read on purpose, to show that the method sees it.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <readings.h>

#define ROOM (1u << 20)

static struct reading_tile tile;

static void read_all(enum cpu cpu, const uint8_t *text, uint64_t size, int identification)
{
    const uint64_t count = parse_count(text, size);
    struct parsed *items = calloc(count + 1, sizeof *items);
    uint8_t *wanted = malloc(count + 1);
    memset(wanted, 1, count + 1);
    parse_items(cpu, text, size, identification, items);
    struct reading_call call = {
        .text = text, .items = items, .wanted = wanted, .count = count,
        .identification = identification,
    };
    readings_of_items(cpu, &call, &tile);
    call.count_max = call.readings_count;
    call.size_max = call.readings_size;
    call.readings = malloc(call.size_max + 1);
    call.origins = malloc((call.count_max + 1) * sizeof *call.origins);
    readings_of_items(cpu, &call, &tile);
    free(call.readings);
    free(call.origins);
    free(wanted);
    free(items);
}

int main(int argc, char **argv)
{
    uint8_t *pages = mmap(
        0, 2 * ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint32_t size;
    unsigned texts = 0;
    if (pages == MAP_FAILED || mprotect(pages + ROOM, ROOM, PROT_NONE))
        return 2;
    for (; fread(&size, sizeof size, 1, stdin) == 1; texts++) {
        uint8_t *text = pages + ROOM - size;
        if (size > ROOM || fread(text, 1, size, stdin) != size)
            return 2;
        for (int cpu = 0; cpu <= (int)cpu_best(); cpu++)
            for (int identification = 0; identification < 2; identification++)
                read_all((enum cpu)cpu, text, size, identification);
        if (argc > 1)
            printf("%d\n", ((volatile uint8_t *)text)[size]);
    }
    printf("%u\n", texts);
    return 0;
}

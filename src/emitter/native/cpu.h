/* The forms of the kernels, and which of them this machine can run.
 *
 * A kernel may exist in three forms that give the same bytes:
 *
 *     portable     plain C, for every machine
 *     x86-64-v3    AVX2, BMI2, AES and SHA instructions: AMD since Zen, Intel since Ice Lake
 *     avx512       AVX-512 with IFMA, VBMI, VBMI2, VAES and GFNI: AMD since Zen 4, Intel since Ice
 *                  Lake; everything of x86-64-v3 as well
 *
 * The form of a call is a parameter of its kernel, chosen once by the glass from what `cpu_best`
 * answers; a kernel without a form of its own for it runs the next lower one. A function of a form
 * carries the attribute CPU_FOR_V3 or CPU_FOR_AVX512, so no compiler flag is needed and one
 * extension runs everywhere. Code of a form stands under `#if CPU_IS_X86`.
 *
 * Sources: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, CPUID, and
 * volume 1, section 13.3 (what the operating system saves: XCR0).
 */
#ifndef EMITTER_CPU_H
#define EMITTER_CPU_H

#include <stdint.h>

enum cpu {
    CPU_PORTABLE = 0,
    CPU_V3 = 1,
    CPU_AVX512 = 2,
};

#define CPU_FORMS 3

static const char *const CPU_NAMES[CPU_FORMS] = {"portable", "x86-64-v3", "avx512"};

#if defined(__x86_64__) && defined(__GNUC__)
#define CPU_IS_X86 1
#else
#define CPU_IS_X86 0
#endif

#if CPU_IS_X86

#include <cpuid.h>
#include <immintrin.h>

#define CPU_FOR_V3 __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt,aes,sha")))
#define CPU_FOR_AVX512                                                                             \
    __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt,aes,sha,avx512f,avx512bw,avx512dq,avx512vl," \
                          "avx512ifma,avx512vbmi,avx512vbmi2,vaes,gfni")))

/* The registers whose contents the operating system keeps for each thread. */
static inline uint64_t cpu_saved_state(void)
{
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static inline int cpu_has(uint32_t word, uint32_t bits)
{
    return (word & bits) == bits;
}

/* The highest form that the CPU and the operating system allow. */
static inline enum cpu cpu_best(void)
{
    const uint32_t ssse3_sse41_popcnt_aes_xsave_avx =
        1u << 9 | 1u << 19 | 1u << 23 | 1u << 25 | 1u << 27 | 1u << 28;
    const uint32_t bmi_avx2_bmi2_sha = 1u << 3 | 1u << 5 | 1u << 8 | 1u << 29;
    const uint32_t avx512_f_dq_ifma_bw_vl = 1u << 16 | 1u << 17 | 1u << 21 | 1u << 30 | 1u << 31;
    const uint32_t vbmi_vbmi2_gfni_vaes = 1u << 1 | 1u << 6 | 1u << 8 | 1u << 9;
    const uint32_t lzcnt = 1u << 5;
    const uint64_t ymm = 0x06, zmm = 0xe6;
    uint32_t a, b, c, d, b7, c7;

    if (!__get_cpuid(1, &a, &b, &c, &d) || !cpu_has(c, ssse3_sse41_popcnt_aes_xsave_avx) ||
        (cpu_saved_state() & ymm) != ymm)
        return CPU_PORTABLE;
    if (!__get_cpuid_count(7, 0, &a, &b7, &c7, &d) || !cpu_has(b7, bmi_avx2_bmi2_sha) ||
        !__get_cpuid(0x80000001, &a, &b, &c, &d) || !cpu_has(c, lzcnt))
        return CPU_PORTABLE;
    if (!cpu_has(b7, avx512_f_dq_ifma_bw_vl) || !cpu_has(c7, vbmi_vbmi2_gfni_vaes) ||
        (cpu_saved_state() & zmm) != zmm)
        return CPU_V3;
    return CPU_AVX512;
}

#else

static inline enum cpu cpu_best(void)
{
    return CPU_PORTABLE;
}

#endif

#endif

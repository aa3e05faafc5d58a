/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guarded.h"

#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Kept free on both sides of the memory, besides the page. */
#define MARGIN_BYTES 256
#define ALIGNMENT    64

static bool page_is_behind = true;
static char current_case[256];
static struct sigaction previous_action;

void guarded_case(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_vsnprintf(current_case, sizeof current_case, format, args);
    va_end(args);
}

/* Quiet NaNs, each with a number of its own. */
static void fill(uint8_t *bytes, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++) {
        const uint32_t nan = 0x7fc00000u | (uint32_t)(i / 4 % 0x3fffff);
        bytes[i] = (uint8_t)(nan >> i % 4 * 8);
    }
}

static size_t whole_pages(size_t n_bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (n_bytes + page - 1) / page * page;
}

Guarded guarded_new(size_t n_bytes, size_t over_read_bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t usable = whole_pages(n_bytes + over_read_bytes + MARGIN_BYTES);
    Guarded g = { .n_bytes = n_bytes, .mapping_bytes = usable + 2 * page };
    g.mapping = mmap(NULL, g.mapping_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    g_assert_true(g.mapping != MAP_FAILED);
    g_assert_no_errno(mprotect(g.mapping + page, usable, PROT_READ | PROT_WRITE));
    fill(g.mapping + page, usable);
    g.bytes = g.mapping + page + (page_is_behind ? usable - over_read_bytes - n_bytes : 0);
    return g;
}

Guarded guarded_new_floats(size_t n, size_t over_read_floats)
{
    return guarded_new(n * sizeof(float), over_read_floats * sizeof(float));
}

Guarded guarded_new_aligned_floats(size_t n)
{
    const size_t n_bytes = (n * sizeof(float) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return guarded_new(n_bytes, 0);
}

Guarded guarded_copy(const Guarded *guarded)
{
    Guarded copy = guarded_new(guarded->n_bytes, 0);
    memcpy(copy.bytes, guarded->bytes, guarded->n_bytes);
    return copy;
}

static void check_margin(const uint8_t *usable, size_t first, size_t end, const char *side)
{
    for (size_t i = first; i < end; i++) {
        const uint32_t nan = 0x7fc00000u | (uint32_t)(i / 4 % 0x3fffff);
        if (usable[i] != (uint8_t)(nan >> i % 4 * 8))
            g_error("%s: written %s the memory", current_case, side);
    }
}

void guarded_close(Guarded *g)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const uint8_t *usable = g->mapping + page;
    const size_t before = (size_t)(g->bytes - usable);
    check_margin(usable, 0, before, "before");
    check_margin(usable, before + g->n_bytes, g->mapping_bytes - 2 * page, "behind");
    g_assert_no_errno(munmap(g->mapping, g->mapping_bytes));
    g->bytes = NULL;
}

void guarded_randomise_floats(float *floats, size_t n, GRand *rand)
{
    for (size_t i = 0; i < n; i++)
        floats[i] = (float)g_rand_double_range(rand, -1, 1);
}

void guarded_randomise(Guarded *guarded, GRand *rand)
{
    guarded_randomise_floats(guarded->floats, guarded->n_bytes / sizeof(float), rand);
}

void guarded_randomise_bytes(Guarded *guarded, GRand *rand)
{
    for (size_t i = 0; i < guarded->n_bytes; i++)
        guarded->bytes[i] = (uint8_t)g_rand_int(rand);
}

void guarded_compare_floats(const Guarded *got, const Guarded *expected, double tolerance)
{
    g_assert_cmpuint(got->n_bytes, ==, expected->n_bytes);
    for (size_t i = 0; i < got->n_bytes / sizeof(float); i++) {
        const float a = got->floats[i], b = expected->floats[i];
        if (memcmp(&a, &b, sizeof a) != 0 && !(fabs((double)a - b) <= tolerance))
            g_error("%s: float %zu is %.9g, not %.9g", current_case, i, a, b);
    }
}

void guarded_compare_bytes(const Guarded *got, const Guarded *expected)
{
    g_assert_cmpuint(got->n_bytes, ==, expected->n_bytes);
    for (size_t i = 0; i < got->n_bytes; i++) {
        if (got->bytes[i] != expected->bytes[i])
            g_error("%s: byte %zu is %u, not %u", current_case, i, got->bytes[i],
                    expected->bytes[i]);
    }
}

/* Tells the case; the instruction then faults again, for whoever handled that before. */
static void on_fault(int signal_number)
{
    static const char text[] = "touched a page next to the memory: ";
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0 ||
        write(STDERR_FILENO, current_case, strlen(current_case)) < 0 ||
        write(STDERR_FILENO, "\n", 1) < 0)
        _exit(1);
    sigaction(signal_number, &previous_action, NULL);
}

typedef struct {
    void (*check)(const HrnetKernels *kernels);
    HrnetKernels kernels;
} Check;

static void run_check(gconstpointer data)
{
    const Check *check = data;
    struct sigaction action = { .sa_handler = on_fault };
    sigaction(SIGSEGV, &action, &previous_action);
    for (int side = 0; side < 2; side++) {
        page_is_behind = side == 0;
        check->check(&check->kernels);
    }
    sigaction(SIGSEGV, &previous_action, NULL);
}

static void add_check(const char *path, const char *isa, void (*check)(const HrnetKernels *kernels),
                      HrnetCpuFeatures features)
{
    g_autofree char *name = g_strdup_printf("%s/%s", path, isa);
    Check *data = g_new0(Check, 1);
    data->check = check;
    hrnet_kernels_fill(&data->kernels, features);
    g_test_add_data_func_full(name, data, run_check, g_free);
}

/* Every member of the table is a pointer or unsigned: what was zero before has no padding that
 * differs. */
static bool brings_kernels(HrnetCpuFeature feature)
{
    const HrnetCpuFeatures with = hrnet_cpu_features() & hrnet_cpu_features_up_to(feature);
    g_autofree HrnetKernels *before = g_new0(HrnetKernels, 1);
    g_autofree HrnetKernels *after = g_new0(HrnetKernels, 1);
    hrnet_kernels_fill(before, with & ~(1u << feature));
    hrnet_kernels_fill(after, with);
    return memcmp(before, after, sizeof *before) != 0;
}

void guarded_add_check(const char *path, void (*check)(const HrnetKernels *kernels))
{
    add_check(path, "c", check, 0);
    for (int i = 0; i < HRNET_CPU_N_FEATURES; i++) {
        const HrnetCpuFeature feature = (HrnetCpuFeature)i;
        if (brings_kernels(feature))
            add_check(path, hrnet_cpu_feature_name(feature), check,
                      hrnet_cpu_features() & hrnet_cpu_features_up_to(feature));
    }
}

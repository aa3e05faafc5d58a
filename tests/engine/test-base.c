/* The engine's ground floor: workers, pool, checked arithmetic.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cpu.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/workers.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>

#define N_TASKS 1000

typedef struct {
    gint n_runs[N_TASKS];
    gint thread_busy[HRNET_WORKERS_MAX];
    guint n_threads;
} Loop;

static void count_task(void *data, unsigned task, unsigned thread)
{
    Loop *loop = data;
    g_assert_cmpuint(thread, <, loop->n_threads);
    /* nobody else has this thread number at the same time */
    g_assert_cmpint(g_atomic_int_add(&loop->thread_busy[thread], 1), ==, 0);
    g_atomic_int_inc(&loop->n_runs[task]);
    g_atomic_int_add(&loop->thread_busy[thread], -1);
}

/* Every task once, whatever the number of threads, loop after loop. */
static void test_workers(gconstpointer data)
{
    const guint n_threads = GPOINTER_TO_UINT(data);
    for (guint round = 0; round < 20; round++) {
        HrnetWorkers *workers = hrnet_workers_begin(n_threads);
        g_assert_cmpuint(hrnet_workers_n_threads(workers), <=, n_threads);
        for (guint n_tasks = 0; n_tasks <= N_TASKS; n_tasks = n_tasks * 3 + 1) {
            Loop loop = { .n_threads = n_threads };
            hrnet_workers_run(workers, n_tasks, count_task, &loop);
            for (guint i = 0; i < N_TASKS; i++)
                g_assert_cmpint(loop.n_runs[i], ==, i < n_tasks);
        }
        hrnet_workers_end(workers);
        if (round % 5 == 0)
            g_usleep(2000); /* let the workers fall asleep */
    }
}

typedef struct {
    HrnetTaskShares shares;
    gint n_taken[N_TASKS];
} Shared;

typedef struct {
    Shared *shared;
    unsigned share;
} Taker;

static gpointer take_all(gpointer data)
{
    const Taker *taker = data;
    unsigned task;
    while (hrnet_task_shares_take(&taker->shared->shares, taker->share, &task)) {
        g_assert_cmpuint(task, <, N_TASKS);
        g_atomic_int_inc(&taker->shared->n_taken[task]);
        if (taker->share == 0)
            g_usleep(20); /* the others are to take over what is its own */
    }
    return NULL;
}

/* Every task is taken once, however slow one of the threads is. */
static void test_shares(void)
{
    for (unsigned n_threads = 1; n_threads <= 8; n_threads++)
        for (unsigned n_tasks = 0; n_tasks <= N_TASKS; n_tasks = 3 * n_tasks + 1) {
            Shared shared = { 0 };
            Taker takers[8];
            GThread *threads[8];
            hrnet_task_shares_init(&shared.shares, n_tasks, n_threads);
            for (unsigned i = 0; i < n_threads; i++) {
                takers[i] = (Taker){ &shared, i };
                threads[i] = g_thread_new("taker", take_all, &takers[i]);
            }
            for (unsigned i = 0; i < n_threads; i++)
                g_thread_join(threads[i]);
            for (unsigned i = 0; i < N_TASKS; i++)
                g_assert_cmpint(shared.n_taken[i], ==, i < n_tasks);
        }
}

/* A share is a run of neighbours, taken in their order; behind it comes the second half of what
 * another has left. */
static void test_shares_order(void)
{
    static const unsigned taken[] = { 0, 1, 2, 3, 4, 7, 8, 9, 6, 5 };
    HrnetTaskShares shares;
    unsigned first, end, task;
    hrnet_task_shares_init(&shares, 10, 2);
    g_assert_true(hrnet_task_shares_range(&shares, 1, &first, &end));
    g_assert_cmpuint(first, ==, 5);
    g_assert_cmpuint(end, ==, 10);
    for (gsize i = 0; i < G_N_ELEMENTS(taken); i++) {
        g_assert_true(hrnet_task_shares_take(&shares, 0, &task));
        g_assert_cmpuint(task, ==, taken[i]);
    }
    g_assert_false(hrnet_task_shares_take(&shares, 0, &task));
    g_assert_false(hrnet_task_shares_range(&shares, 1, &first, &end));
}

static gpointer take_turns(gpointer data)
{
    gint *holder = data;
    for (guint i = 0; i < 200; i++) {
        HrnetWorkers *workers = hrnet_workers_begin(1 + i % 4);
        g_assert_cmpint(g_atomic_int_add(holder, 1), ==, 0);
        Loop loop = { .n_threads = 4 };
        hrnet_workers_run(workers, 7, count_task, &loop);
        g_atomic_int_add(holder, -1);
        hrnet_workers_end(workers);
    }
    return NULL;
}

static void test_turns(void)
{
    gint holder = 0;
    GThread *threads[4];
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("turns", take_turns, &holder);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
}

static void test_no_workers(void)
{
    Loop loop = { .n_threads = 1 };
    g_assert_cmpuint(hrnet_workers_n_threads(NULL), ==, 1);
    hrnet_workers_run(NULL, 10, count_task, &loop);
    for (guint i = 0; i < 10; i++)
        g_assert_cmpint(loop.n_runs[i], ==, 1);
}

static void test_pool(void)
{
    HrnetPool *pool = hrnet_pool_open(100);
    void *a = hrnet_pool_acquire(pool), *b = hrnet_pool_acquire(pool);
    g_assert_true(a != b);
    g_assert_cmpuint((uintptr_t)a % HRNET_ALIGNMENT, ==, 0);
    g_assert_cmpuint(hrnet_pool_n_blocks(pool), ==, 2);
    hrnet_block_ref(a);
    hrnet_block_unref(a);
    hrnet_block_unref(a);
    g_assert_true(hrnet_pool_acquire(pool) == a);
    g_assert_cmpuint(hrnet_pool_n_blocks(pool), ==, 2);
    hrnet_block_unref(b);
    hrnet_pool_close(pool);
    memset(a, 1, 100); /* still ours */
    hrnet_block_unref(a);
    hrnet_pool_close(NULL);
    g_assert_null(hrnet_pool_open(SIZE_MAX));
}

static void test_checked(void)
{
    size_t result = 7;
    g_assert_false(hrnet_checked_mul(SIZE_MAX, 2, &result));
    g_assert_false(hrnet_checked_add(SIZE_MAX, 1, &result));
    g_assert_cmpuint(result, ==, 7);
    g_assert_true(hrnet_checked_mul(6, 7, &result));
    g_assert_cmpuint(result, ==, 42);
    g_assert_null(hrnet_aligned_alloc(SIZE_MAX));
    hrnet_aligned_free(NULL);
    void *empty = hrnet_aligned_alloc(0);
    g_assert_nonnull(empty);
    hrnet_aligned_free(empty);
}

static void test_cpu(void)
{
    g_assert_cmpuint(hrnet_cpu_count(), >=, 1);
    g_assert_cmpuint(hrnet_cpu_l2_bytes(), >=, 1024);
    g_assert_nonnull(hrnet_cpu_name());
    const gchar *wish = g_getenv("HRNET_CPU");
    if (g_strcmp0(wish, "c") == 0)
        g_assert_cmpstr(hrnet_cpu_level_name(hrnet_cpu_features()), ==, "c");
}

/* A folder of control groups, each file in place of one that the kernel shows. */
static void write_file(const gchar *folder, const gchar *name, const gchar *text)
{
    g_autofree gchar *path = g_build_filename(folder, name, NULL);
    g_autofree gchar *parent = g_path_get_dirname(path);
    g_assert_cmpint(g_mkdir_with_parents(parent, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void remove_folder(const gchar *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const gchar *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree gchar *path = g_build_filename(folder, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            remove_folder(path);
        else
            g_unlink(path);
    }
    g_rmdir(folder);
}

/* The least of a process's groups counts, rounded up; what is no limit, or no number, is none. */
static void test_cpu_groups(void)
{
    static const struct {
        const gchar *groups, *files[3][2];
        unsigned limit;
    } cases[] = {
        { "0::/a/b\n", { { "a/b/cpu.max", "150000 100000\n" } }, 2 },
        { "0::/a/b\n",
          { { "a/b/cpu.max", "max 100000\n" }, { "a/cpu.max", "300000 100000\n" } },
          3 },
        { "0::/\n", { { "cpu.max", "20000 100000\n" } }, 1 },
        { "0::/not/here\n", { { "cpu.max", "400000 100000\n" } }, 4 },
        { "0::/a\n", { { "a/cpu.max", "max 100000\n" } }, G_MAXUINT },
        { "0::/a\n", { { "a/cpu.max", "many\n" } }, G_MAXUINT },
        { "0::/a\n", { { "a/cpu.max", "0 0\n" } }, G_MAXUINT },
        { "0::/a\n", { { NULL } }, G_MAXUINT },
        { "4:cpu,cpuacct:/a\n0::/b\n",
          { { "cpu/a/cpu.cfs_quota_us", "250000\n" },
            { "cpu/a/cpu.cfs_period_us", "100000\n" },
            { "b/cpu.max", "900000 100000\n" } },
          3 },
        { "4:cpu:/a\n",
          { { "cpu/a/cpu.cfs_quota_us", "-1\n" }, { "cpu/a/cpu.cfs_period_us", "100000\n" } },
          G_MAXUINT },
        { "5:cpuset:/a\n7:memory\n\n", { { "cpu/a/cpu.cfs_quota_us", "1\n" } }, G_MAXUINT },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree gchar *folder = g_dir_make_tmp("hrnet-groups-XXXXXX", NULL);
        write_file(folder, "of-process", cases[i].groups);
        for (gsize k = 0; k < G_N_ELEMENTS(cases[i].files) && cases[i].files[k][0]; k++)
            write_file(folder, cases[i].files[k][0], cases[i].files[k][1]);
        g_autofree gchar *groups = g_build_filename(folder, "of-process", NULL);
        g_test_message("%" G_GSIZE_FORMAT ": %s", i, cases[i].groups);
        g_assert_cmpuint(hrnet_cpu_group_limit(groups, folder), ==, cases[i].limit);
        remove_folder(folder);
    }
    g_assert_cmpuint(hrnet_cpu_group_limit("/nowhere/at/all", "/nowhere"), ==, G_MAXUINT);
}

/* A mask that has changed since counts from the next time on. */
static void test_cpu_affinity(void)
{
    cpu_set_t before, one;
    g_assert_cmpint(sched_getaffinity(0, sizeof before, &before), ==, 0);
    int cpu = 0;
    while (!CPU_ISSET(cpu, &before))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    const unsigned all = hrnet_cpu_count();
    g_assert_cmpint(sched_setaffinity(0, sizeof one, &one), ==, 0);
    g_assert_cmpuint(hrnet_cpu_count(), ==, 1);
    g_assert_cmpint(sched_setaffinity(0, sizeof before, &before), ==, 0);
    g_assert_cmpuint(hrnet_cpu_count(), ==, all);
}

typedef struct {
    const gchar *name;
    HrnetCpuFeatures features;
} Level;

static void test_cpu_levels(void)
{
#if defined(__x86_64__)
    const HrnetCpuFeatures avx2 = 1u << HRNET_CPU_AVX2, vnni = 1u << HRNET_CPU_AVX_VNNI;
    const HrnetCpuFeatures avx512 = 1u << HRNET_CPU_AVX512, vnni512 = 1u << HRNET_CPU_AVX512_VNNI;
    const Level levels[] = { { "c", 0 },
                             { "avx2", avx2 },
                             { "avx-vnni", avx2 | vnni },
                             { "avx512", avx2 | vnni | avx512 | vnni512 } };
    /* A processor without the dot products of what it is asked for. */
    g_assert_cmpstr(hrnet_cpu_level_name(avx2 | avx512), ==, "avx512");
#elif defined(__aarch64__)
    const HrnetCpuFeatures neon = 1u << HRNET_CPU_NEON, dotprod = 1u << HRNET_CPU_NEON_DOTPROD;
    const Level levels[] = { { "c", 0 }, { "neon", neon }, { "neon-dotprod", neon | dotprod } };
#else
    const Level levels[] = { { "c", 0 } };
#endif
    /* None of any architecture, no level by itself, of another case. */
    const gchar *const unknown[] = { "sse2", "avx512-vnni", "AVX2", "NEON", "" };
    HrnetCpuFeatures features;
    g_autoptr(GString) names = g_string_new(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(levels); i++) {
        g_assert_true(hrnet_cpu_level_features(levels[i].name, &features));
        g_assert_cmphex(features, ==, levels[i].features);
        g_assert_cmpstr(hrnet_cpu_level_name(features), ==, levels[i].name);
        g_string_append_printf(names, "%s%s", i ? ", " : "", levels[i].name);
    }
    g_assert_cmpstr(names->str, ==, HRNET_CPU_LEVELS);
    for (gsize i = 0; i < G_N_ELEMENTS(unknown); i++)
        g_assert_false(hrnet_cpu_level_features(unknown[i], &features));
#if defined(__aarch64__)
    g_assert_false(hrnet_cpu_level_features("avx2", &features));
#else
    g_assert_false(hrnet_cpu_level_features("neon", &features));
#endif
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint n = 1; n <= 8; n++) {
        g_autofree gchar *name = g_strdup_printf("/base/workers/%u", n);
        g_test_add_data_func(name, GUINT_TO_POINTER(n), test_workers);
    }
    g_test_add_func("/base/workers/turns", test_turns);
    g_test_add_func("/base/workers/none", test_no_workers);
    g_test_add_func("/base/shares", test_shares);
    g_test_add_func("/base/shares/order", test_shares_order);
    g_test_add_func("/base/pool", test_pool);
    g_test_add_func("/base/checked", test_checked);
    g_test_add_func("/base/cpu", test_cpu);
    g_test_add_func("/base/cpu/affinity", test_cpu_affinity);
    g_test_add_func("/base/cpu/groups", test_cpu_groups);
    g_test_add_func("/base/cpu/levels", test_cpu_levels);
    return g_test_run();
}

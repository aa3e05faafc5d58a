/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/workers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#if defined(__x86_64__)
#include <immintrin.h>
#define cpu_relax() _mm_pause()
#elif defined(__aarch64__)
#define cpu_relax() __asm__ volatile("yield")
#else
#define cpu_relax() ((void)0)
#endif

/* Looks at a changing word before sleeping: some tens of microseconds, longer than the serial part
 * between two loops of a network, far shorter than a frame. */
#define SPINS_BEFORE_SLEEP 1000

/* A loop is published by writing its fields and then its call: a running number above the number of
 * workers that are wanted. A worker that sees a new call and is wanted takes tasks until none are
 * left and reports by n_finished. The caller waits for every wanted worker to report, so the fields
 * never change under one. */
struct HrnetWorkers {
    /* turns, first come first served */
    pthread_mutex_t turn_lock;
    pthread_cond_t turn_changed;
    uint64_t next_ticket, serving;

    unsigned n_workers;     /* threads that exist, besides callers; changes within a turn only */
    unsigned n_active;      /* workers of this turn */
    int niceness;           /* that they have */
    atomic_uint generation; /* workers of another one end */

    /* the loop */
    HrnetTaskFunc func;
    void *data;
    HrnetTaskShares shares; /* the caller's, then each worker's */
    atomic_uint n_finished;
    atomic_uint_least64_t call;

    /* sleep */
    pthread_mutex_t sleep_lock;
    pthread_cond_t wake;
    pthread_cond_t finished;
    atomic_uint n_asleep;
    atomic_bool caller_asleep;
};

#define CALL_WORKERS(call)           ((unsigned)((call)&0xff))
#define CALL_MAKE(number, n_workers) ((uint64_t)(number) << 8 | (n_workers))
#define CALL_NUMBER(call)            ((call) >> 8)

static HrnetWorkers workers_singleton = {
    .turn_lock = PTHREAD_MUTEX_INITIALIZER,
    .turn_changed = PTHREAD_COND_INITIALIZER,
    .sleep_lock = PTHREAD_MUTEX_INITIALIZER,
    .wake = PTHREAD_COND_INITIALIZER,
    .finished = PTHREAD_COND_INITIALIZER,
};

/* The thread frees it. */
typedef struct {
    HrnetWorkers *workers;
    unsigned number; /* from 1; the caller is 0 */
    unsigned generation;
    uint64_t seen; /* the call at the time of starting */
} WorkerStart;

static void take_tasks(HrnetWorkers *w, unsigned thread)
{
    const HrnetTaskFunc func = w->func;
    void *const data = w->data;
    unsigned task;
    while (hrnet_task_shares_take(&w->shares, thread, &task))
        func(data, task, thread);
}

/* Waits for a call other than seen and returns it. */
static uint64_t wait_for_call(HrnetWorkers *w, uint64_t seen)
{
    for (unsigned i = 0; i < SPINS_BEFORE_SLEEP; i++) {
        const uint64_t now = atomic_load_explicit(&w->call, memory_order_acquire);
        if (now != seen)
            return now;
        cpu_relax();
    }
    pthread_mutex_lock(&w->sleep_lock);
    atomic_fetch_add(&w->n_asleep, 1);
    uint64_t now;
    while ((now = atomic_load(&w->call)) == seen)
        pthread_cond_wait(&w->wake, &w->sleep_lock);
    atomic_fetch_sub(&w->n_asleep, 1);
    pthread_mutex_unlock(&w->sleep_lock);
    return now;
}

static void report_finished(HrnetWorkers *w)
{
    atomic_fetch_add(&w->n_finished, 1);
    if (!atomic_load(&w->caller_asleep))
        return;
    pthread_mutex_lock(&w->sleep_lock);
    pthread_cond_signal(&w->finished);
    pthread_mutex_unlock(&w->sleep_lock);
}

static void *worker_main(void *start_data)
{
    const WorkerStart start = *(const WorkerStart *)start_data;
    HrnetWorkers *w = start.workers;
    uint64_t seen = start.seen;
    free(start_data);
#ifdef __linux__
    /* Not the name of the thread that happened to come first. */
    pthread_setname_np(pthread_self(), "hrnet-work");
#endif
    for (;;) {
        seen = wait_for_call(w, seen);
        if (start.generation != atomic_load(&w->generation))
            return NULL;
        if (start.number > CALL_WORKERS(seen))
            continue;
        take_tasks(w, start.number);
        report_finished(w);
    }
}

/* The calling thread's. */
static int current_niceness(void)
{
#ifdef __linux__
    return getpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid));
#else
    return 0;
#endif
}

static void publish_call(HrnetWorkers *w, unsigned n_workers)
{
    atomic_store(&w->call, CALL_MAKE(CALL_NUMBER(atomic_load(&w->call)) + 1, n_workers));
    if (atomic_load(&w->n_asleep) == 0)
        return;
    pthread_mutex_lock(&w->sleep_lock);
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->sleep_lock);
}

/* Workers are as nice as the thread that spawned them, and a thread may not become less nice
 * without a privilege. Where the turn is another thread's kind, new ones take their place. */
static void follow_niceness(HrnetWorkers *w)
{
    const int niceness = current_niceness();
    if (niceness == w->niceness)
        return;
    w->niceness = niceness;
    if (w->n_workers == 0)
        return;
    w->n_workers = 0;
    atomic_fetch_add(&w->generation, 1);
    publish_call(w, 0);
}

/* Adds workers until there are n; within a turn, so alone. */
static void spawn_workers(HrnetWorkers *w, unsigned n)
{
    pthread_attr_t attributes;
    if (w->n_workers >= n || pthread_attr_init(&attributes) != 0)
        return;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    while (w->n_workers < n) {
        WorkerStart *start = malloc(sizeof *start);
        if (!start)
            break;
        *start = (WorkerStart){ w, w->n_workers + 1, atomic_load(&w->generation),
                                atomic_load(&w->call) };
        pthread_t thread;
        if (pthread_create(&thread, &attributes, worker_main, start) != 0) {
            free(start);
            break;
        }
        w->n_workers++;
    }
    pthread_attr_destroy(&attributes);
}

/* A child of fork() has the caller's thread alone, and whatever state the others were in. */
static void begin_anew_in_child(void)
{
    HrnetWorkers *w = &workers_singleton;
    pthread_mutex_init(&w->turn_lock, NULL);
    pthread_cond_init(&w->turn_changed, NULL);
    pthread_mutex_init(&w->sleep_lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    pthread_cond_init(&w->finished, NULL);
    w->next_ticket = w->serving = 0;
    w->n_workers = w->n_active = 0;
    atomic_store(&w->n_asleep, 0);
    atomic_store(&w->caller_asleep, false);
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, begin_anew_in_child);
}

HrnetWorkers *hrnet_workers_begin(unsigned n_threads)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    HrnetWorkers *w = &workers_singleton;
    pthread_once(&once, watch_forks);
    pthread_mutex_lock(&w->turn_lock);
    const uint64_t ticket = w->next_ticket++;
    while (w->serving != ticket)
        pthread_cond_wait(&w->turn_changed, &w->turn_lock);
    pthread_mutex_unlock(&w->turn_lock);

    if (n_threads > HRNET_WORKERS_MAX)
        n_threads = HRNET_WORKERS_MAX;
    const unsigned n_wanted = n_threads > 1 ? n_threads - 1 : 0;
    follow_niceness(w);
    spawn_workers(w, n_wanted);
    w->n_active = n_wanted < w->n_workers ? n_wanted : w->n_workers;
    return w;
}

unsigned hrnet_workers_n_threads(const HrnetWorkers *w)
{
    return w ? w->n_active + 1 : 1;
}

static void publish_loop(HrnetWorkers *w, unsigned n_tasks, HrnetTaskFunc func, void *data)
{
    w->func = func;
    w->data = data;
    hrnet_task_shares_init(&w->shares, n_tasks, w->n_active + 1);
    atomic_store_explicit(&w->n_finished, 0, memory_order_relaxed);
    publish_call(w, w->n_active);
}

static void wait_for_workers(HrnetWorkers *w)
{
    for (unsigned i = 0; i < SPINS_BEFORE_SLEEP; i++) {
        if (atomic_load_explicit(&w->n_finished, memory_order_acquire) == w->n_active)
            return;
        cpu_relax();
    }
    pthread_mutex_lock(&w->sleep_lock);
    atomic_store(&w->caller_asleep, true);
    while (atomic_load(&w->n_finished) != w->n_active)
        pthread_cond_wait(&w->finished, &w->sleep_lock);
    atomic_store(&w->caller_asleep, false);
    pthread_mutex_unlock(&w->sleep_lock);
}

void hrnet_workers_run(HrnetWorkers *w, unsigned n_tasks, HrnetTaskFunc func, void *data)
{
    if (n_tasks <= 1 || !w || w->n_active == 0) {
        for (unsigned task = 0; task < n_tasks; task++)
            func(data, task, 0);
        return;
    }
    publish_loop(w, n_tasks, func, data);
    take_tasks(w, 0);
    wait_for_workers(w);
}

void hrnet_workers_end(HrnetWorkers *w)
{
    pthread_mutex_lock(&w->turn_lock);
    w->serving++;
    pthread_cond_broadcast(&w->turn_changed);
    pthread_mutex_unlock(&w->turn_lock);
}

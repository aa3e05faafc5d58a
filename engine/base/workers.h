/* The process-wide worker threads that all sessions share.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One thread at a time has the workers: it takes its turn with hrnet_workers_begin() (turns are
 * given in the order of asking), runs any number of parallel loops, and hands the workers back with
 * hrnet_workers_end(). Within a turn the workers watch for the next loop for some microseconds
 * before they sleep, so that short loops follow each other without a system call; outside a turn
 * they sleep. The caller takes part as thread 0. The workers are as nice as the turn's caller:
 * where that changes from turn to turn others take their place. In a child of fork() there are none
 * until its first turn. */
#ifndef HRNET_BASE_WORKERS_H
#define HRNET_BASE_WORKERS_H

#include "base/task_shares.h"

#define HRNET_WORKERS_MAX HRNET_TASK_SHARES_MAX

typedef struct HrnetWorkers HrnetWorkers;

/* One task of a loop. thread: below n_threads of the turn, each number on one thread at a time, so
 * that it may index scratch memory. */
typedef void (*HrnetTaskFunc)(void *data, unsigned task, unsigned thread);

/* Waits for a turn with the process-wide workers and makes sure that there are n_threads - 1 of
 * them besides the caller (fewer if the system refuses threads). n_threads: 1..HRNET_WORKERS_MAX.
 */
HrnetWorkers *hrnet_workers_begin(unsigned n_threads);

/* Runs func for every task 0..n_tasks-1, each once, on the turn's threads; returns when all have
 * run. Each thread has a share of neighbouring tasks, thread t of n the t-th n-th, which it takes
 * one by one in ascending order, and then helps the others with theirs. Neither allocates nor may
 * be nested. workers may be NULL: then the caller alone runs them all, as thread 0. */
void hrnet_workers_run(HrnetWorkers *workers, unsigned n_tasks, HrnetTaskFunc func, void *data);

/* Threads of this turn, the caller included; 1 for NULL. */
unsigned hrnet_workers_n_threads(const HrnetWorkers *workers);

void hrnet_workers_end(HrnetWorkers *workers);

#endif

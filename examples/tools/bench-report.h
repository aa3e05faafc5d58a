/* What hrnet-bench found, and its two forms on standard output.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_TOOLS_BENCH_REPORT_H
#define HRNET_TOOLS_BENCH_REPORT_H

#include <hrnet/hrnet.h>

typedef struct {
    HrnetModel *model;     /* owned */
    HrnetSession *session; /* owned */
    guint height, width;   /* of the network's input */
    gdouble network_ms;    /* median, input tensor to logits */
    gdouble frame_ms;      /* median, I420 frame to mask */
    gdouble load_ms;       /* model file to a session that can run */
    gdouble load_cpu_ms;   /* what the process's threads computed in that time */
    gdouble added_mb;      /* peak resident memory less that before loading, in 10^6 bytes */
    guint n_layers;
    gdouble *layer_ms;   /* owned; median of each layer, NULL without --profile */
    gdouble peak_gflops; /* of bare multiply-adds, 0 = not known; with --profile */
} BenchResult;

void bench_print_text(const BenchResult *result);
void bench_print_json(const BenchResult *result);
void bench_result_clear(BenchResult *result);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BenchResult, bench_result_clear)

#endif

/* Inference beside the stream.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One thread, one job at a time. While a job runs the network is the worker's. All functions are
 * for one thread, that of the stream. */
#ifndef GST_HRNET_WORKER_H
#define GST_HRNET_WORKER_H

#include "gsthrnetresult.h"

G_BEGIN_DECLS

typedef struct GstHrnetWorker GstHrnetWorker;

/* What is to be done with a frame. */
typedef struct {
    GstHrnetNetwork *network; /* the worker's while the job runs */
    GstHrnetShape shape;      /* that its session shall have */
    GstHrnetInference inference;
} GstHrnetJob;

/* What became of a job. */
typedef struct {
    GstHrnetResult *result; /* NULL: failed */
    GError *error; /* why; with a result: why the session has not got the shape asked for */
    GstClockTime elapsed;
} GstHrnetOutcome;

/* NULL where the system refuses a thread. */
GstHrnetWorker *gst_hrnet_worker_new(GError **error);

/* Waits for the job that runs, and drops what became of it; NULL is fine. */
void gst_hrnet_worker_free(GstHrnetWorker *worker);

/* Whether no job runs. */
gboolean gst_hrnet_worker_is_idle(GstHrnetWorker *worker);

/* Begins to segment a copy of a mapped frame; only while idle. info: of the caps. Allocates memory
 * for the copy where the last job's frame was another size or format. FALSE where there is no
 * memory. */
gboolean gst_hrnet_worker_begin(GstHrnetWorker *worker, const GstHrnetJob *job,
                                const GstVideoInfo *info, const GstVideoFrame *frame);

/* The last job's outcome, (transfer full), once; FALSE while there is none. */
gboolean gst_hrnet_worker_take(GstHrnetWorker *worker, GstHrnetOutcome *outcome);

/* What of the job that runs, and of one done, comes out will not be given. */
void gst_hrnet_worker_forget(GstHrnetWorker *worker);

G_END_DECLS

#endif

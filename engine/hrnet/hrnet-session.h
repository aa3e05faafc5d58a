/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_SESSION_H
#define HRNET_SESSION_H

#include <hrnet/hrnet-image.h>
#include <hrnet/hrnet-mask.h>
#include <hrnet/hrnet-model.h>

G_BEGIN_DECLS

/**
 * HrnetPrecision:
 * @HRNET_PRECISION_AUTO: INT8 where the model was calibrated, its weights and options still being
 * those, and the processor has an instruction for dot products of bytes (AVX-VNNI, AVX-512 VNNI or
 * FEAT_DotProd of ARM, `HRNET_CPU` allowing it), else FP32: never a matter of measured time
 * @HRNET_PRECISION_FP32: 32-bit floating point throughout
 * @HRNET_PRECISION_INT8: bytes, for models that were calibrated (hrnet_calibration_new()); without
 * smoothing and edge refinement a frame's mask is the same, bit by bit, on every computer
 *
 * The arithmetic of the network.
 */
typedef enum {
    HRNET_PRECISION_AUTO,
    HRNET_PRECISION_FP32,
    HRNET_PRECISION_INT8,
} HrnetPrecision;

/**
 * HRNET_SESSION_MIN_SIZE:
 *
 * The least height or width of a network's input, in pixels.
 */
#define HRNET_SESSION_MIN_SIZE 16

/**
 * HRNET_SESSION_MAX_SIZE:
 *
 * The largest height or width of a network's input, in pixels.
 */
#define HRNET_SESSION_MAX_SIZE 8192

/**
 * HRNET_TIME_NONE:
 *
 * No time is known: #GST_CLOCK_TIME_NONE.
 */
#define HRNET_TIME_NONE G_MAXUINT64

/**
 * HrnetSession:
 *
 * One stream's way through a model: the network's memory for one input size, and the pool of masks.
 * After its first frames a session allocates nothing. One thread at a time may use it; different
 * sessions run side by side and share the process's worker threads in turns.
 */
typedef struct _HrnetSession HrnetSession;

#define HRNET_TYPE_SESSION (hrnet_session_get_type())
HRNET_API GType hrnet_session_get_type(void);

HRNET_API HrnetSession *hrnet_session_new(HrnetModel *model, guint height, guint width,
                                          guint n_threads, HrnetPrecision precision,
                                          GError **error);
HRNET_API void hrnet_session_fit_size(guint64 n_pixels, gdouble aspect, guint *height,
                                      guint *width);
HRNET_API HrnetSession *hrnet_session_ref(HrnetSession *session);
HRNET_API void hrnet_session_unref(HrnetSession *session);

HRNET_API HrnetModel *hrnet_session_get_model(HrnetSession *session);
HRNET_API guint hrnet_session_get_n_threads(const HrnetSession *session);
HRNET_API void hrnet_session_get_logits_size(const HrnetSession *session, guint *classes,
                                             guint *height, guint *width);
HRNET_API guint64 hrnet_session_get_arena_bytes(const HrnetSession *session);
HRNET_API guint hrnet_session_get_n_masks(HrnetSession *session);
HRNET_API HrnetPrecision hrnet_session_get_precision(const HrnetSession *session);

HRNET_API HrnetMask *hrnet_session_segment(HrnetSession *session, const HrnetImage *image,
                                           GError **error);
HRNET_API HrnetMask *hrnet_session_segment_at(HrnetSession *session, const HrnetImage *image,
                                              guint64 time_ns, GError **error);
HRNET_API HrnetMask *hrnet_session_segment_bytes(HrnetSession *session, HrnetPixelFormat format,
                                                 guint width, guint height, gsize stride_bytes,
                                                 GBytes *pixels, GError **error);
HRNET_API gboolean hrnet_session_run(HrnetSession *session, const gfloat *input, gsize n_input,
                                     gfloat *logits, gsize n_logits, GError **error);
HRNET_API const gfloat *hrnet_session_get_logits(HrnetSession *session, gsize *n_logits);

HRNET_API void hrnet_session_set_smoothing(HrnetSession *session, guint half_life_ms);
HRNET_API guint hrnet_session_get_smoothing(const HrnetSession *session);
HRNET_API void hrnet_session_reset_smoothing(HrnetSession *session);
HRNET_API void hrnet_session_set_edge_refine(HrnetSession *session, gboolean edge_refine);
HRNET_API gboolean hrnet_session_get_edge_refine(const HrnetSession *session);

/**
 * HrnetLayer:
 * @name: the layer's name in the checkpoint, `stage2.0.branches.0.0.conv1`, or of the step:
 * `stage2.0.fuse.0`, `head`
 * @algorithm: how it is computed: `wino4`, `direct`, `gemm`, `int8`, ...; `band` and
 * `head` (`int8-band`, `int8-head`) where it did those behind it as well, which are `in band` and
 * `in head` (`in int8-band`, `in int8-head`)
 * @channels: of its output
 * @height: of its output
 * @width: of its output
 * @gmac: its multiply-adds as the network defines them, in 10^9
 * @nanoseconds: time of its last run while profiling was on, else 0
 *
 * One step of the network as a session runs it. The strings belong to the session.
 */
typedef struct {
    const gchar *name;
    const gchar *algorithm;
    guint channels, height, width;
    gdouble gmac;
    guint64 nanoseconds;
} HrnetLayer;

HRNET_API void hrnet_session_set_profiling(HrnetSession *session, gboolean profiling);
HRNET_API guint hrnet_session_get_n_layers(const HrnetSession *session);
HRNET_API void hrnet_session_get_layer(const HrnetSession *session, guint index, HrnetLayer *layer);

/**
 * HrnetTuneFunc:
 * @layer: the name of the layer that is measured next
 * @n_done: layers measured so far
 * @n_total: layers to be measured
 * @user_data: as given to hrnet_model_tune()
 *
 * Told of the progress of hrnet_model_tune(), in its thread.
 */
typedef void (*HrnetTuneFunc)(const gchar *layer, guint n_done, guint n_total, gpointer user_data);

HRNET_API gboolean hrnet_model_tune(HrnetModel *model, guint height, guint width, guint n_threads,
                                    HrnetTuneFunc progress, gpointer user_data, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HrnetSession, hrnet_session_unref)

G_END_DECLS

#endif

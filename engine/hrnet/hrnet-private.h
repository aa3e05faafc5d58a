/* What the implementation files of the public API share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_PRIVATE_H
#define HRNET_PRIVATE_H

#include "base/pool.h"
#include "hrnet/hrnet.h"
#include "net/network.h"
#include "net/plan.h"
#include "ops/frame.h"
#include "ops/lone_class.h"
#include "ops/steady.h"
#include "ops/turn.h"

/* G_DEFINE_BOXED_TYPE() without its unions, which ISO C has no conversion to. */
#define HRNET_DEFINE_BOXED_TYPE(Type, type_name)                                                   \
    GType type_name##_get_type(void)                                                               \
    {                                                                                              \
        static gsize type = 0;                                                                     \
        if (g_once_init_enter(&type))                                                              \
            g_once_init_leave(&type,                                                               \
                              g_boxed_type_register_static(g_intern_static_string(#Type),          \
                                                           (GBoxedCopyFunc)type_name##_ref,        \
                                                           (GBoxedFreeFunc)type_name##_unref));    \
        return type;                                                                               \
    }

struct _HrnetSession {
    gatomicrefcount n_refs;
    HrnetModel *model;
    const HrnetNetwork *network; /* the model's, in the session's precision */
    HrnetPlan *plan;
    guint height, width; /* of the network's input */
    guint n_threads;
    HrnetTensor scores; /* what the last mask was made of; its data is NULL before the first run */
    HrnetTurn scores_turn; /* that makes them upright */
    gfloat *dense_logits;  /* for hrnet_session_get_logits(), made when first asked for */

    /* for frames of one kind; made anew when another kind comes */
    HrnetFrameInput *frame_input;
    HrnetTurn turn;           /* that makes frames upright */
    HrnetTensor lying_input;  /* the network's input as frames lie, before their turn */
    HrnetTensor lying_scores; /* its logits so; both without data where frames are upright */
    HrnetTensor turned_input; /* in int8: before it becomes levels, and likewise */
    HrnetPool *masks;
    gfloat *frame_scratch;
    HrnetTensor lone_scores; /* of a network of one class (ops/lone_class.h), else without data */
    HrnetSteady *steady;     /* NULL: neither smoothing nor refining */

    guint half_life_ms; /* 0: no smoothing */
    gboolean refines_edges;
    guint64 last_time; /* of the last frame that went into the average, else HRNET_TIME_NONE */

    guint64 *node_ns;
    gboolean profiling;
};

/* How much of a frame's own scores its smoothed ones are to have, 1 where nothing is carried over;
 * the next frame is compared with this one's time. */
gfloat hrnet_session_advance(HrnetSession *session, guint64 time_ns);

/* From the plan's input to its logits; a profiling session notes the times. Whether all logits are
 * finite numbers: a maximum of others is no class. */
gboolean hrnet_session_run_network(HrnetSession *session, HrnetWorkers *workers);

/* Sets the error of a run whose logits are not; FALSE. */
gboolean hrnet_session_fail_unfinite(const HrnetSession *session, GError **error);

/* Warns, once in a process, of an environment variable HRNET_CPU that names no level. */
void hrnet_cpu_warn(void);

/* The file that a model's name means: a path has a slash, or a dot and is there, all else is looked
 * up. Free with g_free(). */
gchar *hrnet_model_find(const gchar *name, GError **error);

/* Sets the public error that one of the weights' layer means; takes `from`. */
void hrnet_propagate_weights_error(GError **error, GError *from);

/* Sets the error that errno means for a file that was to be written; FALSE. */
gboolean hrnet_fail_to_write(const gchar *path, GError **error);

/* The model's network and configuration, for as long as the model lives. */
const HrnetNetwork *hrnet_model_peek_network(const HrnetModel *model);
const HrnetConfig *hrnet_model_peek_config(const HrnetModel *model);
/* Likewise in int8, made when first asked for; NULL with a public error. */
const HrnetNetwork *hrnet_model_peek_int8(const HrnetModel *model, GError **error);
/* The one that HRNET_PRECISION_AUTO means where the processor has a dot product of bytes, or has
 * not; NULL with a public error. */
const HrnetNetwork *hrnet_model_peek_auto(const HrnetModel *model, gboolean has_dot,
                                          GError **error);

/* How the model's input has its planes. */
HrnetInputPlanes hrnet_session_input_planes(const HrnetConfig *config);

/* Puts the model's input size in place of zeros. FALSE with HRNET_ERROR_INVALID_ARGUMENT for a size
 * out of range. */
gboolean hrnet_session_resolve_size(HrnetModel *model, guint *height, guint *width, GError **error);

/* The image as the ops take it; its format is one. */
HrnetFrame hrnet_image_to_frame(const HrnetImage *image);

/* Bytes of a pool's block that holds a mask of this size. */
gsize hrnet_mask_block_bytes(guint width, guint height);
/* A mask in a block of the pool, with one reference, its labels undefined; NULL when there is no
 * memory. */
HrnetMask *hrnet_mask_new(HrnetPool *pool, guint width, guint height);
/* Its labels, to be written before the mask is handed out. */
guint8 *hrnet_mask_peek_labels(HrnetMask *mask);

#endif

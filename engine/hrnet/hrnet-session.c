/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hrnet/hrnet-private.h"

#include "base/cpu.h"
#include "base/memory.h"
#include "kernels/kernels.h"

#include <math.h>

HRNET_DEFINE_BOXED_TYPE(HrnetSession, hrnet_session)

/* The last scores may have been its average. */
static void forget_steady(HrnetSession *session)
{
    g_clear_pointer(&session->steady, hrnet_steady_free);
    session->scores = (HrnetTensor){ 0 };
}

static void forget_frames(HrnetSession *session)
{
    g_clear_pointer(&session->frame_input, hrnet_frame_input_free);
    g_clear_pointer(&session->masks, hrnet_pool_close);
    g_clear_pointer(&session->frame_scratch, hrnet_aligned_free);
    g_clear_pointer(&session->lying_input.data, hrnet_aligned_free);
    g_clear_pointer(&session->lying_scores.data, hrnet_aligned_free);
    g_clear_pointer(&session->turned_input.data, hrnet_aligned_free);
    g_clear_pointer(&session->lone_scores.data, hrnet_aligned_free);
    forget_steady(session);
}

gboolean hrnet_session_resolve_size(HrnetModel *model, guint *height, guint *width, GError **error)
{
    guint model_height, model_width;
    hrnet_model_get_input_size(model, &model_height, &model_width);
    *height = *height ? *height : model_height;
    *width = *width ? *width : model_width;
    if (MIN(*height, *width) >= HRNET_SESSION_MIN_SIZE &&
        MAX(*height, *width) <= HRNET_SESSION_MAX_SIZE)
        return TRUE;
    g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                "an inference size of %ux%u (HxW), expected %d to %d each way", *height, *width,
                HRNET_SESSION_MIN_SIZE, HRNET_SESSION_MAX_SIZE);
    return FALSE;
}

/* One side of a network's input: a multiple of 32, which divides every branch's size evenly and so
 * wastes no rows. */
static guint fit_side(gdouble side)
{
    return (guint)CLAMP(round(side / 32) * 32, 32, HRNET_SESSION_MAX_SIZE);
}

/**
 * hrnet_session_fit_size:
 * @n_pixels: about how many pixels the network's input shall have; what a model was made for is
 * the product of hrnet_model_get_input_size()'s
 * @aspect: the pictures' width by their height, as they are displayed and upright
 * @height: (out): a multiple of 32, up to %HRNET_SESSION_MAX_SIZE
 * @width: (out): likewise
 *
 * The size of a network's input that keeps the shape of what it sees. A model finds more in a
 * picture that is not squeezed, and its time goes by the number of pixels alone. Shapes longer than
 * the size has multiples of 32 for are squeezed rather than given more pixels. Any thread.
 */
void hrnet_session_fit_size(guint64 n_pixels, gdouble aspect, guint *height, guint *width)
{
    g_return_if_fail(aspect > 0 && height != NULL && width != NULL);
    const gdouble n = (gdouble)n_pixels;
    *height = fit_side(sqrt(n / aspect));
    *width = fit_side(sqrt(n * aspect));
    /* A side that is 32 at the least leaves the other the rest. */
    if (*height == 32)
        *width = MIN(*width, fit_side(n / 32));
    else if (*width == 32)
        *height = MIN(*height, fit_side(n / 32));
}

/* The model's network in a precision. */
static const HrnetNetwork *network_of(HrnetModel *model, HrnetPrecision precision, GError **error)
{
    switch (precision) {
    case HRNET_PRECISION_AUTO:
        return hrnet_model_peek_auto(model, hrnet_kernels()->int8.has_dot, error);
    case HRNET_PRECISION_FP32:
        return hrnet_model_peek_network(model);
    case HRNET_PRECISION_INT8:
        return hrnet_model_peek_int8(model, error);
    }
    g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                "precision %d is none of HrnetPrecision", (gint)precision);
    return NULL;
}

/**
 * hrnet_session_new:
 * @model: a model; the session takes a reference of its own
 * @height: of the network's input, %HRNET_SESSION_MIN_SIZE to %HRNET_SESSION_MAX_SIZE pixels; 0 =
 * the model's
 * @width: likewise
 * @n_threads: at most so many threads compute, the caller's included, up to 64; 0 = one per
 * available CPU
 * @precision: the arithmetic
 * @error: return location for an error
 *
 * Allocates what a stream needs. Frames of any size are stretched to @height x @width, once they
 * are upright.
 *
 * %HRNET_PRECISION_INT8, which %HRNET_PRECISION_AUTO may mean, reads the model's file once more, if
 * no session did before, and packs its weights in bytes.
 *
 * Returns: (transfer full): the session, or %NULL with %HRNET_ERROR_INVALID_ARGUMENT, also for a
 * model that int8 finds no ranges for or such of other weights, with %HRNET_ERROR_NO_MEMORY, or
 * with what hrnet_model_load() has for a file that is no longer the same
 */
HrnetSession *hrnet_session_new(HrnetModel *model, guint height, guint width, guint n_threads,
                                HrnetPrecision precision, GError **error)
{
    g_return_val_if_fail(model != NULL, NULL);
    if (!hrnet_session_resolve_size(model, &height, &width, error))
        return NULL;
    const HrnetNetwork *network = network_of(model, precision, error);
    if (!network)
        return NULL;
    HrnetSession *session = g_new0(HrnetSession, 1);
    g_atomic_ref_count_init(&session->n_refs);
    session->model = hrnet_model_ref(model);
    session->last_time = HRNET_TIME_NONE;
    session->height = height;
    session->width = width;
    session->n_threads = CLAMP(n_threads ? n_threads : hrnet_cpu_count(), 1, HRNET_WORKERS_MAX);
    session->network = network;
    session->node_ns = g_new0(guint64, network->graph->nodes->len);
    session->plan = hrnet_plan_new(network, height, width, session->n_threads);
    if (!session->plan) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_NO_MEMORY,
                    "no memory to run the network at %ux%u (HxW)", height, width);
        g_clear_pointer(&session, hrnet_session_unref);
    }
    return session;
}

/**
 * hrnet_session_ref:
 * @session: a session
 *
 * Any thread.
 *
 * Returns: (transfer full): @session, with one more reference
 */
HrnetSession *hrnet_session_ref(HrnetSession *session)
{
    g_return_val_if_fail(session != NULL, NULL);
    g_atomic_ref_count_inc(&session->n_refs);
    return session;
}

/**
 * hrnet_session_unref:
 * @session: (transfer full): a session
 *
 * Gives up a reference. Masks that are still out stay valid. Any thread.
 */
void hrnet_session_unref(HrnetSession *session)
{
    g_return_if_fail(session != NULL);
    if (!g_atomic_ref_count_dec(&session->n_refs))
        return;
    forget_frames(session);
    hrnet_plan_free(session->plan);
    g_free(session->node_ns);
    g_free(session->dense_logits);
    hrnet_model_unref(session->model);
    g_free(session);
}

/**
 * hrnet_session_get_model:
 * @session: a session
 *
 * Returns: (transfer none): its model
 */
HrnetModel *hrnet_session_get_model(HrnetSession *session)
{
    g_return_val_if_fail(session != NULL, NULL);
    return session->model;
}

/**
 * hrnet_session_get_n_threads:
 * @session: a session
 *
 * Returns: the most threads that it computes on
 */
guint hrnet_session_get_n_threads(const HrnetSession *session)
{
    g_return_val_if_fail(session != NULL, 0);
    return session->n_threads;
}

/**
 * hrnet_session_get_arena_bytes:
 * @session: a session
 *
 * Returns: bytes of the memory that the network computes in, by far the most of what a session has
 * of its own
 */
guint64 hrnet_session_get_arena_bytes(const HrnetSession *session)
{
    g_return_val_if_fail(session != NULL, 0);
    return hrnet_plan_arena_bytes(session->plan);
}

/**
 * hrnet_session_get_n_masks:
 * @session: a session
 *
 * Returns: masks that the session's pool holds, in use or free
 */
guint hrnet_session_get_n_masks(HrnetSession *session)
{
    g_return_val_if_fail(session != NULL, 0);
    return session->masks ? hrnet_pool_n_blocks(session->masks) : 0;
}

/**
 * hrnet_session_get_precision:
 * @session: a session
 *
 * Returns: the arithmetic that the session computes in, never %HRNET_PRECISION_AUTO
 */
HrnetPrecision hrnet_session_get_precision(const HrnetSession *session)
{
    g_return_val_if_fail(session != NULL, HRNET_PRECISION_FP32);
    return session->network->int8 ? HRNET_PRECISION_INT8 : HRNET_PRECISION_FP32;
}

HrnetInputPlanes hrnet_session_input_planes(const HrnetConfig *config)
{
    return config->input_channels == 1 ? HRNET_INPUT_LUMA
           : config->bgr               ? HRNET_INPUT_BGR
                                       : HRNET_INPUT_RGB;
}

/* The network's logits as the frame lies, or what stands for them where there is one class; not
 * filled in yet. */
static HrnetTensor rival_scores(const HrnetSession *session)
{
    if (session->lone_scores.data)
        return session->lone_scores;
    return session->lying_scores.data ? session->lying_scores : hrnet_plan_logits(session->plan);
}

static gboolean allocate(HrnetTensor *tensor)
{
    tensor->data = hrnet_aligned_alloc(tensor->channels * tensor->plane_floats * sizeof(gfloat));
    return tensor->data != NULL;
}

/* What of the input turning takes. */
static gboolean allocate_inputs(HrnetSession *session)
{
    if (!session->network->int8)
        return allocate(&session->lying_input);
    session->turned_input = hrnet_plan_input(session->plan);
    return allocate(&session->lying_input) && allocate(&session->turned_input);
}

/* What turning takes: the network's tensors as the frame lies. */
static gboolean prepare_to_turn(HrnetSession *session, HrnetTurn turn)
{
    const HrnetTensor input = hrnet_plan_input(session->plan);
    const HrnetTensor logits = hrnet_plan_logits(session->plan);
    session->turn = turn;
    session->lying_input = hrnet_turn_shape(hrnet_turn_back(turn), &input);
    session->lying_scores = hrnet_turn_shape(hrnet_turn_back(turn), &logits);
    if (logits.channels == 1)
        return hrnet_lone_class_init(&session->lone_scores, &session->lying_scores) &&
               (turn == HRNET_TURN_NONE || allocate_inputs(session));
    return turn == HRNET_TURN_NONE ||
           (allocate_inputs(session) && allocate(&session->lying_scores));
}

/* Tables, pool and scratch for frames like this one. */
static gboolean prepare_for_frames(HrnetSession *session, const HrnetFrame *frame, HrnetTurn turn)
{
    if (session->frame_input && session->turn == turn &&
        hrnet_frame_input_fits(session->frame_input, frame))
        return TRUE;
    forget_frames(session);
    if (!prepare_to_turn(session, turn))
        goto error;
    const HrnetConfig *config = hrnet_model_peek_config(session->model);
    const HrnetTensor scores = rival_scores(session);
    session->frame_input =
        hrnet_frame_input_new(frame, session->lying_input.height, session->lying_input.width,
                              hrnet_session_input_planes(config), config->mean, config->std);
    session->masks = hrnet_pool_open(hrnet_mask_block_bytes(frame->width, frame->height));
    if (!session->frame_input || !session->masks)
        goto error;
    if (session->network->int8)
        hrnet_frame_input_set_exact(session->frame_input);
    const gsize n_floats =
        MAX(hrnet_frame_input_scratch_floats(session->frame_input, session->n_threads),
            hrnet_argmax_scratch_floats(&scores, frame->height, frame->width, session->n_threads));
    session->frame_scratch = hrnet_aligned_alloc(n_floats * sizeof(gfloat));
    if (!session->frame_scratch)
        goto error;
    return TRUE;

error:
    forget_frames(session);
    return FALSE;
}

/* What steady masks take beyond that, if they are asked for. */
static gboolean prepare_to_steady(HrnetSession *session, const HrnetFrame *frame)
{
    const gboolean smooths = session->half_life_ms > 0;
    if (session->steady && hrnet_steady_fits(session->steady, smooths, session->refines_edges))
        return TRUE;
    forget_steady(session);
    if (!smooths && !session->refines_edges)
        return TRUE;
    const HrnetTensor scores = rival_scores(session);
    session->steady = hrnet_steady_new(frame, &scores, session->network->logits_mode,
                                       session->n_threads, smooths, session->refines_edges);
    return session->steady != NULL;
}

/* The frame into the levels of a network of bytes, upright. */
static void fill_levels(HrnetSession *session, const HrnetFrame *frame, HrnetWorkers *workers)
{
    const HrnetInt8LevelMap *map = &session->network->int8->levels;
    const HrnetQuads levels = hrnet_plan_levels(session->plan);
    if (!session->lying_input.data) {
        hrnet_frame_input_run_levels(session->frame_input, frame, map, &levels,
                                     session->frame_scratch, workers);
        return;
    }
    hrnet_frame_input_run(session->frame_input, frame, session->lying_input, session->frame_scratch,
                          workers);
    hrnet_turn_run(session->turn, &session->lying_input, &session->turned_input, workers);
    hrnet_int8_levels_run(map, &session->turned_input, &levels, workers);
}

/* The frame into the network's input, upright. */
static void fill_input(HrnetSession *session, const HrnetFrame *frame, HrnetWorkers *workers)
{
    if (session->network->int8) {
        fill_levels(session, frame, workers);
        return;
    }
    const HrnetTensor input = hrnet_plan_input(session->plan);
    const HrnetTensor *lying = session->lying_input.data ? &session->lying_input : &input;
    hrnet_frame_input_run(session->frame_input, frame, *lying, session->frame_scratch, workers);
    if (lying != &input)
        hrnet_turn_run(session->turn, lying, &input, workers);
}

/* The network's logits as the frame lies. */
static HrnetTensor fill_scores(HrnetSession *session, HrnetWorkers *workers)
{
    const HrnetTensor logits = hrnet_plan_logits(session->plan);
    const HrnetTensor scores = rival_scores(session);
    const HrnetTensor own = session->lone_scores.data ? hrnet_lone_class_plane(&scores) : scores;
    if (own.data != logits.data)
        hrnet_turn_run(hrnet_turn_back(session->turn), &logits, &own, workers);
    return scores;
}

/* Every pixel of the frame to its best class, from logits that have just been made. */
static void label_frame(HrnetSession *session, const HrnetFrame *frame, guint64 time_ns,
                        guint8 *labels, HrnetWorkers *workers)
{
    const gfloat share = hrnet_session_advance(session, time_ns);
    HrnetTensor scores = fill_scores(session, workers);
    if (session->steady) {
        scores = hrnet_steady_scores(session->steady, frame, &scores, share, workers);
        hrnet_steady_labels(session->steady, &scores, labels, session->frame_scratch, workers);
    } else if (session->network->int8) {
        hrnet_argmax_run_exact(&scores, session->network->logits_mode, labels, frame->width,
                               frame->height, frame->width, session->frame_scratch, workers);
    } else {
        hrnet_argmax_run(&scores, session->network->logits_mode, labels, frame->width,
                         frame->height, frame->width, session->frame_scratch, workers);
    }
    session->scores = scores;
    session->scores_turn = session->turn;
    if (session->lone_scores.data) {
        session->scores = hrnet_lone_class_plane(&scores);
        hrnet_lone_class_lower(labels, (gsize)frame->height * frame->width);
    }
}

/**
 * hrnet_session_segment:
 * @session: a session
 * @image: the frame, of any size
 * @error: return location for an error
 *
 * hrnet_session_segment_at() of a frame that has no time, which smoothing therefore leaves as it
 * is.
 *
 * Returns: (transfer full): a mask of the image's size, or %NULL with
 * %HRNET_ERROR_INVALID_ARGUMENT, %HRNET_ERROR_NO_MEMORY or %HRNET_ERROR_NOT_FINITE
 */
HrnetMask *hrnet_session_segment(HrnetSession *session, const HrnetImage *image, GError **error)
{
    return hrnet_session_segment_at(session, image, HRNET_TIME_NONE, error);
}

/**
 * hrnet_session_segment_at:
 * @session: a session
 * @image: the frame, of any size
 * @time_ns: when the frame is shown, in nanoseconds from any beginning, or %HRNET_TIME_NONE; only
 * hrnet_session_set_smoothing() goes by it
 * @error: return location for an error
 *
 * Segments one frame: converts and stretches it into the network, upright as the image's
 * orientation says, runs that, and labels every pixel of the frame, as it lies, with its best
 * class. Waits for its turn with the process's worker threads. After the first frames of a size,
 * format and orientation it allocates nothing as long as masks come back.
 *
 * Returns: (transfer full): a mask of the image's size, or %NULL with
 * %HRNET_ERROR_INVALID_ARGUMENT, %HRNET_ERROR_NO_MEMORY or %HRNET_ERROR_NOT_FINITE
 */
HrnetMask *hrnet_session_segment_at(HrnetSession *session, const HrnetImage *image, guint64 time_ns,
                                    GError **error)
{
    g_return_val_if_fail(session != NULL, NULL);
    if (!hrnet_image_check(image, error))
        return NULL;
    const HrnetFrame frame = hrnet_image_to_frame(image);
    HrnetMask *mask = NULL;
    if (prepare_for_frames(session, &frame, (HrnetTurn)image->orientation) &&
        prepare_to_steady(session, &frame))
        mask = hrnet_mask_new(session->masks, frame.width, frame.height);
    if (!mask) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_NO_MEMORY,
                    "no memory for frames of %ux%u (HxW)", frame.height, frame.width);
        return NULL;
    }
    HrnetWorkers *workers = hrnet_workers_begin(session->n_threads);
    fill_input(session, &frame, workers);
    const gboolean is_finite = hrnet_session_run_network(session, workers);
    if (is_finite)
        label_frame(session, &frame, time_ns, hrnet_mask_peek_labels(mask), workers);
    hrnet_workers_end(workers);
    if (!is_finite) {
        hrnet_session_fail_unfinite(session, error);
        g_clear_pointer(&mask, hrnet_mask_unref);
    }
    return mask;
}

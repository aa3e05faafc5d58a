/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hrnet/hrnet-calibration.h"
#include "hrnet/hrnet-private.h"

#include "base/cpu.h"
#include "base/memory.h"
#include "net/bands.h"
#include "net/histogram.h"
#include "net/int8_shifts.h"
#include "ops/finite.h"

struct _HrnetCalibration {
    gatomicrefcount n_refs;
    HrnetModel *model;
    HrnetNetwork network; /* the model's, whose nodes all run by themselves */
    guint n_threads, n_images;
    HrnetHistogram **histograms; /* by tensor, of each of its channels */
    /* for pictures of one size and kind */
    HrnetPlan *plan;
    guint height, width; /* of its input */
    HrnetFrameInput *frame_input;
    gfloat *scratch;
};

HRNET_DEFINE_BOXED_TYPE(HrnetCalibration, hrnet_calibration)

static guint n_channels(const HrnetCalibration *calibration, guint tensor)
{
    return hrnet_graph_tensor(calibration->network.graph, tensor)->channels;
}

static guint n_tensors(const HrnetCalibration *calibration)
{
    return calibration->network.graph->tensors->len;
}

/* FALSE when there is no memory. */
static gboolean allocate_histograms(HrnetCalibration *calibration)
{
    gboolean good = TRUE;
    calibration->histograms = g_new0(HrnetHistogram *, n_tensors(calibration));
    for (guint i = 0; good && i < n_tensors(calibration); i++) {
        calibration->histograms[i] = g_try_new0(HrnetHistogram, n_channels(calibration, i));
        good = calibration->histograms[i] != NULL;
    }
    return good;
}

/**
 * hrnet_calibration_new:
 * @model: a model; the calibration takes a reference of its own
 * @n_threads: at most so many threads compute, the caller's included, up to 64; 0 = one per
 * available CPU
 * @error: return location for an error
 *
 * Begins a calibration, which runs the model in fp32 and so takes as long a picture.
 *
 * Returns: (transfer full): the calibration, or %NULL with %HRNET_ERROR_NO_MEMORY, or with
 * %HRNET_ERROR_UNSUPPORTED for a network that int8 does not know: with object-contextual
 * representations, or `hrnet.exchange_twice`
 */
HrnetCalibration *hrnet_calibration_new(HrnetModel *model, guint n_threads, GError **error)
{
    g_return_val_if_fail(model != NULL, NULL);
    const gchar *unknown =
        hrnet_int8_unknown(hrnet_model_peek_network(model)->graph, hrnet_model_peek_config(model));
    if (unknown) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_UNSUPPORTED, "%s: int8 does not know %s",
                    hrnet_model_get_path(model), unknown);
        return NULL;
    }
    HrnetCalibration *calibration = g_new0(HrnetCalibration, 1);
    g_atomic_ref_count_init(&calibration->n_refs);
    calibration->model = hrnet_model_ref(model);
    calibration->n_threads = CLAMP(n_threads ? n_threads : hrnet_cpu_count(), 1, HRNET_WORKERS_MAX);
    calibration->network = *hrnet_model_peek_network(model);
    calibration->network.fused_head = calibration->network.fused_context = FALSE;
    calibration->network.bands = g_array_new(FALSE, FALSE, sizeof(HrnetBandGroup));
    if (!allocate_histograms(calibration)) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_NO_MEMORY, "no memory for a calibration");
        g_clear_pointer(&calibration, hrnet_calibration_unref);
    }
    return calibration;
}

static void forget_frames(HrnetCalibration *calibration)
{
    g_clear_pointer(&calibration->frame_input, hrnet_frame_input_free);
    g_clear_pointer(&calibration->scratch, hrnet_aligned_free);
    g_clear_pointer(&calibration->plan, hrnet_plan_free);
}

/**
 * hrnet_calibration_ref:
 * @calibration: a calibration
 *
 * Any thread.
 *
 * Returns: (transfer full): @calibration, with one more reference
 */
HrnetCalibration *hrnet_calibration_ref(HrnetCalibration *calibration)
{
    g_return_val_if_fail(calibration != NULL, NULL);
    g_atomic_ref_count_inc(&calibration->n_refs);
    return calibration;
}

/**
 * hrnet_calibration_unref:
 * @calibration: (transfer full): a calibration
 *
 * Gives up a reference. Any thread.
 */
void hrnet_calibration_unref(HrnetCalibration *calibration)
{
    g_return_if_fail(calibration != NULL);
    if (!g_atomic_ref_count_dec(&calibration->n_refs))
        return;
    forget_frames(calibration);
    g_array_unref(calibration->network.bands);
    for (guint i = 0; i < n_tensors(calibration); i++)
        g_free(calibration->histograms[i]);
    g_free(calibration->histograms);
    hrnet_model_unref(calibration->model);
    g_free(calibration);
}

/* The model's area in the picture's shape. */
static void fit(const HrnetCalibration *calibration, const HrnetFrame *frame, guint *height,
                guint *width)
{
    hrnet_model_get_input_size(calibration->model, height, width);
    hrnet_session_fit_size((guint64)*height * *width, (gdouble)frame->width / frame->height, height,
                           width);
}

/* FALSE when there is no memory. */
static gboolean prepare(HrnetCalibration *calibration, const HrnetFrame *frame)
{
    const HrnetConfig *config = hrnet_model_peek_config(calibration->model);
    if (calibration->frame_input && hrnet_frame_input_fits(calibration->frame_input, frame))
        return TRUE;
    forget_frames(calibration);
    fit(calibration, frame, &calibration->height, &calibration->width);
    calibration->plan = hrnet_plan_new(&calibration->network, calibration->height,
                                       calibration->width, calibration->n_threads);
    calibration->frame_input =
        hrnet_frame_input_new(frame, calibration->height, calibration->width,
                              hrnet_session_input_planes(config), config->mean, config->std);
    if (calibration->plan && calibration->frame_input)
        calibration->scratch = hrnet_aligned_alloc(
            hrnet_frame_input_scratch_floats(calibration->frame_input, calibration->n_threads) *
            sizeof(gfloat));
    if (!calibration->scratch)
        forget_frames(calibration);
    return calibration->scratch != NULL;
}

typedef struct {
    HrnetCalibration *calibration;
    HrnetWorkers *workers;
    gboolean is_finite;
} Look;

static void observe(guint node, const HrnetTensor *result, gpointer data)
{
    Look *look = data;
    const HrnetGraph *graph = look->calibration->network.graph;
    look->is_finite = look->is_finite && hrnet_tensor_is_finite(result, look->workers);
    HrnetHistogram *channels = look->calibration->histograms[hrnet_graph_node(graph, node)->out];
    for (guint c = 0; look->is_finite && c < result->channels; c++)
        hrnet_histogram_add(&channels[c], result->data + c * result->plane_floats,
                            (gsize)result->height * result->width);
}

/**
 * hrnet_calibration_add:
 * @calibration: a calibration
 * @image: a picture
 * @error: return location for an error
 *
 * Runs the network on a picture, stretched to about its own area, and notes what its tensors hold.
 * Some hundred pictures, as different as those that the model will see, are enough.
 *
 * Returns: %TRUE, or %FALSE with %HRNET_ERROR_INVALID_ARGUMENT, %HRNET_ERROR_NO_MEMORY or
 * %HRNET_ERROR_NOT_FINITE
 */
gboolean hrnet_calibration_add(HrnetCalibration *calibration, const HrnetImage *image,
                               GError **error)
{
    g_return_val_if_fail(calibration != NULL, FALSE);
    if (!hrnet_image_check(image, error))
        return FALSE;
    const HrnetFrame frame = hrnet_image_to_frame(image);
    if (!prepare(calibration, &frame)) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_NO_MEMORY,
                    "no memory for a picture of %ux%u (HxW)", frame.height, frame.width);
        return FALSE;
    }
    HrnetWorkers *workers = hrnet_workers_begin(calibration->n_threads);
    Look look = { calibration, workers, TRUE };
    hrnet_frame_input_run(calibration->frame_input, &frame, hrnet_plan_input(calibration->plan),
                          calibration->scratch, workers);
    hrnet_plan_run_observed(calibration->plan, workers, observe, &look);
    hrnet_workers_end(workers);
    if (!look.is_finite) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_NOT_FINITE,
                    "%s: the network makes numbers that are not finite",
                    hrnet_model_get_path(calibration->model));
        return FALSE;
    }
    calibration->n_images++;
    return TRUE;
}

/* By how far each channel's own best range goes. */
static HrnetInt8Shifts *choose_shifts(const HrnetCalibration *calibration)
{
    const guint n = n_tensors(calibration);
    g_autofree gfloat **extents = g_new(gfloat *, n);
    for (guint i = 0; i < n; i++) {
        extents[i] = g_new(gfloat, n_channels(calibration, i));
        for (guint c = 0; c < n_channels(calibration, i); c++) {
            const HrnetInt8Span span = hrnet_histogram_span(&calibration->histograms[i][c]);
            extents[i][c] = (gfloat)MAX(-span.low, span.high);
        }
    }
    HrnetInt8Shifts *shifts = hrnet_int8_shifts_choose(calibration->network.graph, extents);
    for (guint i = 0; i < n; i++)
        g_free(extents[i]);
    return shifts;
}

/* By tensor, of its channels as they are stored. Free with g_free(). */
static HrnetInt8Span *choose_spans(const HrnetCalibration *calibration,
                                   const HrnetInt8Shifts *shifts)
{
    HrnetInt8Span *spans = g_new(HrnetInt8Span, n_tensors(calibration));
    for (guint i = 0; i < n_tensors(calibration); i++) {
        g_autofree HrnetHistogram *all = g_new0(HrnetHistogram, 1);
        for (guint c = 0; c < n_channels(calibration, i); c++)
            hrnet_histogram_merge(all, &calibration->histograms[i][c],
                                  hrnet_int8_shift_factor(shifts->of[i][c]));
        spans[i] = hrnet_histogram_span(all);
    }
    return spans;
}

/**
 * hrnet_calibration_get_options:
 * @calibration: a calibration
 * @error: return location for an error
 *
 * The ranges of what was added so far, each the one whose bytes have the least mean squared error,
 * as `key=value` strings for hrnet_model_load() or, to have them in a file, hrnet_model_convert():
 * `hrnet.int8.ranges`, `hrnet.int8.shifts`, by which small channels are stored larger, and
 * `hrnet.int8.hash` of weights and options, with any others of which they do not count.
 *
 * Returns: (transfer full) (array zero-terminated=1): the strings, or %NULL with
 * %HRNET_ERROR_INVALID_ARGUMENT where no picture was added
 */
gchar **hrnet_calibration_get_options(HrnetCalibration *calibration, GError **error)
{
    g_return_val_if_fail(calibration != NULL, NULL);
    if (calibration->n_images == 0) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                    "%s: no picture to calibrate with", hrnet_model_get_path(calibration->model));
        return NULL;
    }
    const HrnetGraph *graph = calibration->network.graph;
    g_autoptr(HrnetInt8Shifts) found = choose_shifts(calibration);
    g_autofree HrnetInt8Span *spans = choose_spans(calibration, found);
    g_autofree gchar *ranges = hrnet_int8_ranges_write(graph, spans);
    g_autofree gchar *shifts = hrnet_int8_shifts_write(graph, found);
    g_autofree gchar *hash = hrnet_int8_hash_write(calibration->network.fingerprint);
    gchar **options = g_new0(gchar *, 4);
    options[0] = g_strconcat(HRNET_INT8_RANGES_KEY "=", ranges, NULL);
    options[1] = g_strconcat(HRNET_INT8_SHIFTS_KEY "=", shifts, NULL);
    options[2] = g_strconcat(HRNET_INT8_HASH_KEY "=", hash, NULL);
    return options;
}

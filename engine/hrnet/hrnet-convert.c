/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hrnet/hrnet-private.h"

#include "base/output.h"
#include "weights/json.h"
#include "weights/writer.h"

#include <math.h>
#include <string.h>

/* A self-test: hrnet.selftest is {"seed": S, "height": H, "width": W, "largest": L, "logits":
 * [...]}. The input is noise(S, i) at element i; logit k of the list is that of element noise index
 * (S, k) of the output. */
#define SELFTEST_KEY    "hrnet.selftest"
#define SELFTEST_SEED   1
#define SELFTEST_HEIGHT 64
#define SELFTEST_WIDTH  96
#define SELFTEST_LOGITS 64
#define LARGEST_SIDE    512
#define TOLERANCE       1e-3

/* 32 bits of (seed, index), by the finaliser of MurmurHash3. */
static guint32 scramble(guint32 seed, guint32 index)
{
    guint32 bits = index * 0x9e3779b9u + seed * 0x85ebca6bu + 0x165667b1u;
    bits = (bits ^ bits >> 16) * 0x85ebca6bu;
    bits = (bits ^ bits >> 13) * 0xc2b2ae35u;
    return bits ^ bits >> 16;
}

/* The logits for noise of -2..2, or NULL. */
static gfloat *run_noise(HrnetModel *model, guint32 seed, guint height, guint width,
                         gsize *n_logits, GError **error)
{
    g_autoptr(HrnetSession) session =
        hrnet_session_new(model, height, width, 1, HRNET_PRECISION_FP32, error);
    guint classes, rows, columns;
    if (!session)
        return NULL;
    hrnet_session_get_logits_size(session, &classes, &rows, &columns);
    *n_logits = (gsize)classes * rows * columns;
    gsize n_input = (gsize)hrnet_model_peek_config(model)->input_channels * height * width;
    g_autofree gfloat *input = g_try_new(gfloat, n_input);
    g_autofree gfloat *logits = g_try_new(gfloat, *n_logits);
    if (!input || !logits) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_NO_MEMORY, "no memory for a self-test of %ux%u",
                    height, width);
        return NULL;
    }
    for (gsize i = 0; i < n_input; i++)
        input[i] = (gfloat)(scramble(seed, (guint32)i) >> 8) / (1 << 22) - 2;
    if (!hrnet_session_run(session, input, n_input, logits, *n_logits, error))
        return NULL;
    return g_steal_pointer(&logits);
}

static gfloat sample(const gfloat *logits, gsize n_logits, guint32 seed, guint k)
{
    g_assert(n_logits > 0);
    return logits[scramble(~seed, k) % n_logits];
}

static gchar *make_selftest(HrnetModel *model, GError **error)
{
    gsize n_logits;
    gchar number[G_ASCII_DTOSTR_BUF_SIZE];
    g_autofree gfloat *logits =
        run_noise(model, SELFTEST_SEED, SELFTEST_HEIGHT, SELFTEST_WIDTH, &n_logits, error);
    if (!logits)
        return NULL;
    gfloat largest = 0;
    for (gsize i = 0; i < n_logits; i++)
        largest = MAX(largest, fabsf(logits[i]));
    GString *text = g_string_new(NULL);
    g_string_append_printf(
        text, "{\"seed\": %d, \"height\": %d, \"width\": %d, \"largest\": %s, \"logits\": [",
        SELFTEST_SEED, SELFTEST_HEIGHT, SELFTEST_WIDTH,
        g_ascii_formatd(number, sizeof number, "%.7g", largest));
    for (guint k = 0; k < SELFTEST_LOGITS; k++)
        g_string_append_printf(text, "%s%s", k ? ", " : "",
                               g_ascii_formatd(number, sizeof number, "%.7g",
                                               sample(logits, n_logits, SELFTEST_SEED, k)));
    g_string_append(text, "]}");
    return g_string_free(text, FALSE);
}

typedef struct {
    guint32 seed;
    guint height, width;
    gdouble largest;
    JsonArray *logits; /* numbers, of the node that it was read from */
} Selftest;

static gboolean read_selftest(JsonNode *node, Selftest *test)
{
    JsonObject *object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    JsonNode *logits = object ? json_object_get_member(object, "logits") : NULL;
    if (!logits || !JSON_NODE_HOLDS_ARRAY(logits))
        return FALSE;
    gint64 seed = json_object_get_int_member_with_default(object, "seed", -1);
    gint64 height = json_object_get_int_member_with_default(object, "height", 0);
    gint64 width = json_object_get_int_member_with_default(object, "width", 0);
    JsonNode *largest = json_object_get_member(object, "largest");
    if (!largest || !hrnet_json_number(largest, &test->largest))
        return FALSE;
    test->logits = json_node_get_array(logits);
    if (seed < 0 || seed > G_MAXUINT32 || MIN(height, width) < HRNET_SESSION_MIN_SIZE ||
        MAX(height, width) > LARGEST_SIDE || !(test->largest > 0) ||
        json_array_get_length(test->logits) == 0)
        return FALSE;
    for (guint k = 0; k < json_array_get_length(test->logits); k++) {
        gdouble logit;
        if (!hrnet_json_number(json_array_get_element(test->logits, k), &logit))
            return FALSE;
    }
    test->seed = (guint32)seed;
    test->height = (guint)height;
    test->width = (guint)width;
    return TRUE;
}

/**
 * hrnet_model_selftest:
 * @model: a model
 * @error: return location for an error
 *
 * Runs the self-test that the model's file holds (its metadata `hrnet.selftest`, which
 * hrnet_model_convert() writes): a small input of noise, and some of the logits that it gave when
 * the file was made. A wrong option, such as another upsampling, shows as a difference. Takes some
 * milliseconds; any thread.
 *
 * Returns: %TRUE if the logits are within 1e-3 of the largest one of those that are expected, or of
 * twice the largest that there is;
 * %FALSE with %HRNET_ERROR_INVALID_ARGUMENT where the file holds no self-test, with
 * %HRNET_ERROR_INVALID_FILE where it fails
 */
gboolean hrnet_model_selftest(HrnetModel *model, GError **error)
{
    g_return_val_if_fail(model != NULL, FALSE);
    const gchar *path = hrnet_model_get_path(model),
                *text = hrnet_model_get_metadata(model, SELFTEST_KEY);
    GError *json_error = NULL;
    Selftest test;
    if (!text) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT, "%s: holds no self-test",
                    path);
        return FALSE;
    }
    g_autoptr(JsonNode) node = hrnet_json_parse(text, strlen(text), path, SELFTEST_KEY,
                                                HRNET_WEIGHTS_ERROR_INVALID, &json_error);
    if (!node) {
        hrnet_propagate_weights_error(error, json_error);
        return FALSE;
    }
    if (!read_selftest(node, &test)) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_FILE,
                    "%s: " SELFTEST_KEY " lacks a good seed, height, width, largest or logits",
                    path);
        return FALSE;
    }

    gsize n_logits;
    gdouble worst = 0, largest = 0;
    g_autofree gfloat *logits =
        run_noise(model, test.seed, test.height, test.width, &n_logits, error);
    if (!logits)
        return FALSE;
    for (guint k = 0; k < json_array_get_length(test.logits); k++) {
        gdouble difference = fabs(json_array_get_double_element(test.logits, k) -
                                  sample(logits, n_logits, test.seed, k));
        worst = isfinite(difference) ? MAX(worst, difference) : INFINITY;
    }
    for (gsize i = 0; i < n_logits; i++)
        largest = MAX(largest, fabs(logits[i]));
    /* The file's word alone would let it excuse any difference. */
    if (worst <= TOLERANCE * MIN(test.largest, 2 * largest))
        return TRUE;
    g_set_error(
        error, HRNET_ERROR, HRNET_ERROR_INVALID_FILE,
        "%s: self-test failed: logits are up to %.2g off where the largest is %.3g; an "
        "option such as "
        "hrnet.align_corners, hrnet.upsample, hrnet.norm, hrnet.eps or hrnet.padding may be "
        "wrong",
        path, worst, test.largest);
    return FALSE;
}

/* The value of hrnet.selftest for the model as it is in the file. */
static gchar *selftest_of(const gchar *path, GError **error)
{
    g_autoptr(HrnetModel) model = hrnet_model_load(path, NULL, error);
    return model ? make_selftest(model, error) : NULL;
}

/* Writes the file, and once more with its self-test if one is wanted. */
static gboolean write_model(HrnetWeights *weights, HrnetOutput *output, const gchar *path,
                            HrnetConvertFlags flags, GError **error)
{
    GError *cause = NULL;
    const HrnetWritten written = flags & HRNET_CONVERT_HALF    ? HRNET_WRITTEN_HALF
                                 : flags & HRNET_CONVERT_FLOAT ? HRNET_WRITTEN_FLOAT
                                                               : HRNET_WRITTEN_KEEP;
    g_autofree gchar *selftest = NULL;
    if ((flags & HRNET_CONVERT_SELFTEST) && !hrnet_output_path(output)) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                    "%s: a self-test needs a regular file to write to", path);
        return FALSE;
    }
    if (hrnet_weights_write(weights, output, path, written, NULL, &cause) &&
        (flags & HRNET_CONVERT_SELFTEST)) {
        selftest = selftest_of(hrnet_output_path(output), error);
        if (!selftest)
            return FALSE;
        if (!hrnet_output_rewind(output))
            return hrnet_fail_to_write(path, error);
        hrnet_weights_write(weights, output, path, written, selftest, &cause);
    }
    if (cause)
        hrnet_propagate_weights_error(error, cause);
    return cause == NULL;
}

/**
 * hrnet_model_convert:
 * @name: a checkpoint, as hrnet_model_load() takes it
 * @options: (nullable) (array zero-terminated=1): `key=value` strings that go over the file's
 * metadata, and are part of the result's
 * @path: (type filename): the file to write, as hrnet_write_file() does; not the checkpoint itself
 * @flags: how
 * @error: return location for an error
 *
 * Writes a checkpoint of any readable format in the native one: safetensors with the authors'
 * tensor names, all metadata within. Blocks; any thread.
 *
 * Returns: %TRUE, or %FALSE with any of #HrnetError
 */
gboolean hrnet_model_convert(const gchar *name, const gchar *const *options, const gchar *path,
                             HrnetConvertFlags flags, GError **error)
{
    g_return_val_if_fail(name != NULL && path != NULL, FALSE);
    GError *cause = NULL;
    g_autofree gchar *source = hrnet_model_find(name, error);
    if (!source)
        return FALSE;
    if (hrnet_output_same_file(source, path)) {
        g_set_error(error, HRNET_ERROR, HRNET_ERROR_INVALID_ARGUMENT,
                    "%s: is the input, %s, and would be lost", path, source);
        return FALSE;
    }
    HrnetWeights *weights = hrnet_weights_open(source, options, &cause);
    if (!weights) {
        hrnet_propagate_weights_error(error, cause);
        return FALSE;
    }
    HrnetOutput *output = hrnet_output_open(path, HRNET_OUTPUT_ANY);
    gboolean good = output ? write_model(weights, output, path, flags, error)
                           : hrnet_fail_to_write(path, error);
    hrnet_weights_close(weights);
    if (good)
        return hrnet_output_finish(output) || hrnet_fail_to_write(path, error);
    hrnet_output_discard(output);
    return FALSE;
}

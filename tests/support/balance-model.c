/* Makes a synthetic checkpoint tell things apart: balance-model IN.safetensors OUT.safetensors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Features of random weights have large means, so that one class wins everywhere. This shifts the
 * classifier's bias by the mean logits on a picture of coloured fields, after which each class wins
 * somewhere. */
#include <hrnet/hrnet.h>
#include <json-glib/json-glib.h>
#include <string.h>

/* The mean logit of every class. */
static gdouble *mean_logits(const gchar *path, guint *n_classes, GError **error)
{
    const guint height = 128, width = 128;
    g_autoptr(HrnetModel) model = hrnet_model_load(path, NULL, error);
    g_autoptr(HrnetSession) session =
        model ? hrnet_session_new(model, height, width, 1, HRNET_PRECISION_FP32, error) : NULL;
    g_autofree gfloat *input = g_new(gfloat, 3 * height * width);
    g_autofree gfloat *logits = NULL;
    g_autofree gdouble *means = NULL;
    guint rows, columns;
    gsize n;

    if (!session)
        return NULL;
    for (guint i = 0; i < 3 * height * width; i++) {
        const guint c = i / (height * width), y = i / width % height, x = i % width;

        input[i] = (gfloat)((x / 24 * 3 + y / 20 * (c + 2) + c) % 5) - 2;
    }
    hrnet_session_get_logits_size(session, n_classes, &rows, &columns);
    n = (gsize)*n_classes * rows * columns;
    logits = g_new(gfloat, n);
    if (!hrnet_session_run(session, input, 3 * height * width, logits, n, error))
        return NULL;
    means = g_new0(gdouble, *n_classes);
    for (gsize i = 0; i < n; i++)
        means[i / (rows * columns)] += logits[i] / (rows * columns);
    return g_steal_pointer(&means);
}

/* Where a tensor's bytes begin in a safetensors file, 0 if it has none of that name. */
static gsize tensor_offset(const gchar *file, const gchar *name)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    guint64 length;
    JsonObject *header, *tensor;

    memcpy(&length, file, 8);
    length = GUINT64_FROM_LE(length);
    if (!json_parser_load_from_data(parser, file + 8, (gssize)length, NULL))
        return 0;
    header = json_node_get_object(json_parser_get_root(parser));
    if (!json_object_has_member(header, name))
        return 0;
    tensor = json_object_get_object_member(header, name);
    return 8 + (gsize)length +
           (gsize)json_array_get_int_element(json_object_get_array_member(tensor, "data_offsets"),
                                             0);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree gdouble *means = NULL;
    g_autofree gchar *file = NULL;
    guint n_classes;
    gsize size, offset;

    if (argc != 3) {
        g_printerr("usage: balance-model IN.safetensors OUT.safetensors\n");
        return 2;
    }
    means = mean_logits(argv[1], &n_classes, &error);
    if (!means || !g_file_get_contents(argv[1], &file, &size, &error)) {
        g_printerr("balance-model: %s\n", error->message);
        return 1;
    }
    offset = tensor_offset(file, "last_layer.3.bias");
    g_assert_cmpuint(offset, >, 0);
    for (guint c = 0; c < n_classes; c++) {
        gfloat bias;

        memcpy(&bias, file + offset + 4 * c, 4);
        bias -= (gfloat)means[c];
        memcpy(file + offset + 4 * c, &bias, 4);
    }
    if (!g_file_set_contents(argv[2], file, (gssize)size, &error)) {
        g_printerr("balance-model: %s\n", error->message);
        return 1;
    }
    return 0;
}

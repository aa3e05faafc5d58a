/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "weights/writer.h"

#include <errno.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "weights/halves.h"
#include "graph/convs.h"

#define SELFTEST     "hrnet.selftest"
#define LARGEST_HALF 65504.0f

typedef struct {
    HrnetSource *source;
    GPtrArray *tensors; /* const HrnetStoredTensor *, in the order of writing */
    const gchar *path;
    HrnetWritten written;
    HrnetOutput *output;
    GError **error;
} Writer;

static HrnetDtype type_of(const Writer *writer, const HrnetStoredTensor *tensor)
{
    if (writer->written == HRNET_WRITTEN_HALF && tensor->n_dims == 4)
        return HRNET_DTYPE_F16;
    if (writer->written == HRNET_WRITTEN_FLOAT)
        return HRNET_DTYPE_F32;
    return tensor->dtype == HRNET_DTYPE_F16 || tensor->dtype == HRNET_DTYPE_BF16 ? tensor->dtype
                                                                                 : HRNET_DTYPE_F32;
}

static const gchar *type_name(HrnetDtype type)
{
    return type == HRNET_DTYPE_F16 ? "F16" : type == HRNET_DTYPE_BF16 ? "BF16" : "F32";
}

static guint64 bytes_of(const Writer *writer, const HrnetStoredTensor *tensor)
{
    return tensor->n_elements * (type_of(writer, tensor) == HRNET_DTYPE_F32 ? 4 : 2);
}

static gboolean collect(const HrnetConvSpec *spec, gpointer data)
{
    static const gchar *const parts[] = { "weight", "bias", "running_mean", "running_var" };
    Writer *writer = data;
    for (guint i = 0; i < 2 + G_N_ELEMENTS(parts); i++) {
        const gchar *layer = i < 2 ? spec->conv : spec->norm;
        g_autofree gchar *name =
            layer ? g_strconcat(layer, ".", parts[i < 2 ? i : i - 2], NULL) : NULL;
        const HrnetStoredTensor *tensor = name ? hrnet_source_find(writer->source, name) : NULL;
        if (tensor)
            g_ptr_array_add(writer->tensors, (gpointer)tensor);
    }
    return TRUE;
}

static void describe_tensor(const Writer *writer, JsonBuilder *builder,
                            const HrnetStoredTensor *tensor, guint64 offset)
{
    json_builder_set_member_name(builder, tensor->name);
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "dtype");
    json_builder_add_string_value(builder, type_name(type_of(writer, tensor)));
    json_builder_set_member_name(builder, "shape");
    json_builder_begin_array(builder);
    for (guint d = 0; d < tensor->n_dims; d++)
        json_builder_add_int_value(builder, (gint64)tensor->dims[d]);
    json_builder_end_array(builder);
    json_builder_set_member_name(builder, "data_offsets");
    json_builder_begin_array(builder);
    json_builder_add_int_value(builder, (gint64)offset);
    json_builder_add_int_value(builder, (gint64)(offset + bytes_of(writer, tensor)));
    json_builder_end_array(builder);
    json_builder_end_object(builder);
}

static void describe_metadata(JsonBuilder *builder, const HrnetWeights *weights,
                              const gchar *selftest)
{
    g_auto(GStrv) keys = hrnet_weights_metadata_keys(weights);
    json_builder_set_member_name(builder, "__metadata__");
    json_builder_begin_object(builder);
    for (gchar **key = keys; *key; key++)
        if (strcmp(*key, SELFTEST) != 0) {
            json_builder_set_member_name(builder, *key);
            json_builder_add_string_value(builder, hrnet_weights_metadata(weights, *key));
        }
    if (selftest) {
        json_builder_set_member_name(builder, SELFTEST);
        json_builder_add_string_value(builder, selftest);
    }
    json_builder_end_object(builder);
}

/* The JSON header, padded so that the data is aligned to 8 bytes. */
static gchar *make_header(const Writer *writer, const HrnetWeights *weights, const gchar *selftest)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    guint64 offset = 0;
    json_builder_begin_object(builder);
    describe_metadata(builder, weights, selftest);
    for (guint i = 0; i < writer->tensors->len; i++) {
        const HrnetStoredTensor *tensor = writer->tensors->pdata[i];
        describe_tensor(writer, builder, tensor, offset);
        offset += bytes_of(writer, tensor);
    }
    json_builder_end_object(builder);
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    g_autofree gchar *text = json_to_string(root, FALSE);
    return g_strdup_printf("%s%*s", text, (gint)(7 - (strlen(text) + 7) % 8), "");
}

static gboolean write_bytes(const Writer *writer, const void *bytes, gsize n_bytes)
{
    if (hrnet_output_write(writer->output, bytes, n_bytes))
        return TRUE;
    return hrnet_weights_fail(writer->error, HRNET_WEIGHTS_ERROR_NOT_FOUND, writer->path,
                              "cannot be written: %s", g_strerror(errno));
}

static gboolean fail_for_memory(const Writer *writer, const HrnetStoredTensor *tensor)
{
    return hrnet_weights_fail(writer->error, HRNET_WEIGHTS_ERROR_NO_MEMORY, writer->source->path,
                              "tensor %s: no memory for it", tensor->name);
}

static gboolean write_tensor(const Writer *writer, const HrnetStoredTensor *tensor)
{
    g_autofree gfloat *values = g_try_new(gfloat, tensor->n_elements);
    if (!values)
        return fail_for_memory(writer, tensor);
    if (!hrnet_source_read(writer->source, tensor, values, writer->error))
        return FALSE;
    const HrnetDtype type = type_of(writer, tensor);
    if (type == HRNET_DTYPE_F32)
        return write_bytes(writer, values, tensor->n_elements * sizeof *values);
    for (guint64 i = 0; i < tensor->n_elements; i++)
        if (type == HRNET_DTYPE_F16 && fabsf(values[i]) > LARGEST_HALF)
            return hrnet_weights_fail(
                writer->error, HRNET_WEIGHTS_ERROR_UNSUPPORTED, writer->source->path,
                "tensor %s holds %g, more than a 16-bit number can", tensor->name, values[i]);
    g_autofree guint16 *halves = g_try_new(guint16, tensor->n_elements);
    if (!halves)
        return fail_for_memory(writer, tensor);
    if (type == HRNET_DTYPE_F16)
        hrnet_f32_to_f16(values, tensor->n_elements, halves);
    else
        hrnet_f32_to_bf16(values, tensor->n_elements, halves);
    return write_bytes(writer, halves, tensor->n_elements * sizeof *halves);
}

static gboolean write_all(const Writer *writer, const gchar *header)
{
    guint64 header_bytes = strlen(header);
    if (!write_bytes(writer, &header_bytes, sizeof header_bytes) ||
        !write_bytes(writer, header, header_bytes))
        return FALSE;
    for (guint i = 0; i < writer->tensors->len; i++)
        if (!write_tensor(writer, writer->tensors->pdata[i]))
            return FALSE;
    return TRUE;
}

gboolean hrnet_weights_write(HrnetWeights *weights, HrnetOutput *output, const gchar *path,
                             HrnetWritten written, const gchar *selftest, GError **error)
{
    Writer writer = { .source = hrnet_weights_source(weights),
                      .path = path,
                      .written = written,
                      .output = output,
                      .error = error };
    writer.tensors = g_ptr_array_new();
    hrnet_config_each_conv(hrnet_weights_config(weights), collect, &writer);
    g_autofree gchar *header = make_header(&writer, weights, selftest);
    const gboolean good = write_all(&writer, header);
    g_ptr_array_unref(writer.tensors);
    return good;
}

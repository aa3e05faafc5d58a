/* Broken and hostile ONNX files: each is refused with one clear message.
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "checkpoint.h"
#include "weights/onnx-model.h"
#include "weights/weights.h"

static gchar *write_file(const guint8 *bytes, gsize n_bytes)
{
    gchar *path = g_build_filename(checkpoint_folder(), "hostile.onnx", NULL);
    g_assert_true(g_file_set_contents(path, (const gchar *)bytes, (gssize)n_bytes, NULL));
    return path;
}

static void expect(const guint8 *bytes, gsize n_bytes, const gchar *text)
{
    g_autofree gchar *path = write_file(bytes, n_bytes);
    const gint code = checkpoint_expect_refusal(path, text);
    g_assert_true(code == HRNET_WEIGHTS_ERROR_INVALID || code == HRNET_WEIGHTS_ERROR_UNSUPPORTED);
}

/* A message written from its end to its start, as lengths stand before what they measure. */
typedef struct {
    guint8 *bytes;
    gsize size, start;
} Backwards;

static void put(Backwards *message, guint8 byte)
{
    if (message->start == 0)
        g_error("the message is too long");
    message->bytes[--message->start] = byte;
}

/* Makes all that is there the contents of a field. */
static void wrap(Backwards *message, guint field)
{
    gsize length = message->size - message->start;
    guint n_digits = 1;
    while (length >> 7 * n_digits)
        n_digits++;
    for (guint d = n_digits; d-- > 0;) /* the least significant digit comes first */
        put(message, (guint8)((length >> 7 * d & 0x7f) | (d + 1 < n_digits ? 0x80 : 0)));
    put(message, (guint8)(field << 3 | 2));
}

static void add_version(Backwards *message)
{
    put(message, 8);
    put(message, 1 << 3);
}

/* graph.node.attribute.g.node.attribute.g...: protobuf-c calls itself for each. */
static void test_nesting(void)
{
    const gsize size = 4 << 20;
    Backwards message = { g_malloc(size), size, size };
    for (guint level = 0; level < 50000; level++) {
        wrap(&message, 1);
        wrap(&message, 6);
        wrap(&message, 5);
    }
    wrap(&message, 1);
    wrap(&message, 7);
    add_version(&message);
    expect(message.bytes + message.start, size - message.start, "nested too deeply");
    g_free(message.bytes);
}

/* Empty nodes: two bytes each in the file, a hundred in memory. */
static void test_flood(void)
{
    const gsize size = 8 << 20;
    Backwards message = { g_malloc(size), size, size };
    for (guint i = 0; i < 3000000; i++) {
        put(&message, 0);
        put(&message, 1 << 3 | 2);
    }
    wrap(&message, 7);
    add_version(&message);
    g_autofree gchar *path = write_file(message.bytes + message.start, size - message.start);
    checkpoint_expect_cheap_refusal(path, "too much memory");
    g_free(message.bytes);
}

/* Leaves one initialiser of a name. */
static void keep_last(Onnx__GraphProto *graph, const gchar *name)
{
    gsize n_kept = 0;
    for (gsize i = 0; i < graph->n_initializer; i++) {
        Onnx__TensorProto *tensor = graph->initializer[i];
        gboolean again = FALSE;
        for (gsize k = i + 1; k < graph->n_initializer; k++)
            again = again || strcmp(graph->initializer[k]->name, name) == 0;
        if (again && strcmp(tensor->name, name) == 0)
            onnx__tensor_proto__free_unpacked(tensor, NULL);
        else
            graph->initializer[n_kept++] = tensor;
    }
    graph->n_initializer = n_kept;
}

static const Onnx__AttributeProto *attribute_of(const Onnx__NodeProto *node, const gchar *name)
{
    for (gsize i = 0; i < node->n_attribute; i++)
        if (strcmp(node->attribute[i]->name, name) == 0)
            return node->attribute[i];
    g_assert_not_reached();
}

/* One tensor of 16-bit numbers that stand in 32 bits each, as the weights of every layer. */
static void test_shared_tensor(void)
{
    g_autofree gchar *bytes = NULL;
    gsize n_bytes;
    g_assert_true(g_file_get_contents(HRNET_TEST_ONNX, &bytes, &n_bytes, NULL));
    Onnx__ModelProto *model = onnx__model_proto__unpack(NULL, n_bytes, (const guint8 *)bytes);
    g_assert_nonnull(model);
    const guint n_elements = 4 << 20;
    for (gsize i = 0; i < model->graph->n_initializer; i++) {
        Onnx__TensorProto *tensor = model->graph->initializer[i];
        if (tensor->n_dims != 4)
            continue;
        const gint64 kernel = tensor->dims[2];
        g_free(tensor->name);
        tensor->name = g_strdup_printf("all%d", (gint)kernel);
        tensor->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16;
        tensor->dims[0] = 1;
        tensor->dims[1] = n_elements / (kernel * kernel);
        tensor->has_raw_data = FALSE;
        g_clear_pointer(&tensor->float_data, g_free);
        tensor->n_float_data = 0;
        tensor->n_int32_data = (gsize)(tensor->dims[1] * kernel * kernel);
        tensor->int32_data = g_new0(gint32, tensor->n_int32_data);
    }
    keep_last(model->graph, "all1");
    keep_last(model->graph, "all3");
    for (gsize i = 0; i < model->graph->n_node; i++) {
        Onnx__NodeProto *node = model->graph->node[i];
        if (strcmp(node->op_type, "Conv") != 0)
            continue;
        const gint kernel = (gint)attribute_of(node, "kernel_shape")->ints[0];
        g_free(node->input[1]);
        node->input[1] = g_strdup_printf("all%d", kernel);
    }
    const gsize n_packed = onnx__model_proto__get_packed_size(model);
    g_autofree guint8 *packed = g_malloc(n_packed);
    onnx__model_proto__pack(model, packed);
    onnx__model_proto__free_unpacked(model, NULL);
    g_autofree gchar *path = write_file(packed, n_packed);
    checkpoint_expect_cheap_refusal(path, "");
}

static void test_small(void)
{
    static const guint8 no_graph[] = { 8, 8, 0x12, 1, 'x' },
                        empty_graph[] = { 8, 8, 0x3a, 2, 0x12, 0 };
    static const guint8 old[] = { 8, 8, 0x3a, 2, 0x12, 0, 0x42, 2, 0x10, 8 };
    static const guint8 broken[] = { 8, 8, 0x3a, 0x7f, 0x12 };
    expect(no_graph, sizeof no_graph, "without a graph");
    expect(empty_graph, sizeof empty_graph, "no input");
    expect(old, sizeof old, "opset 8");
    expect(broken, sizeof broken, "corrupt or truncated");
}

/* A sound file cut off anywhere, and with single bytes changed. */
static void test_damaged(void)
{
    g_autofree gchar *bytes = NULL;
    gsize n_bytes;
    g_assert_true(g_file_get_contents(HRNET_TEST_ONNX, &bytes, &n_bytes, NULL));
    for (gsize cut = 1; cut < n_bytes; cut += 1 + n_bytes / 100)
        expect((guint8 *)bytes, n_bytes - cut, "");
    for (gsize at = 0; at < n_bytes; at += 1 + n_bytes / 500) {
        bytes[at] ^= 0x5a;
        g_autofree gchar *path = write_file((guint8 *)bytes, n_bytes);
        g_autoptr(GError) error = NULL;
        HrnetWeights *weights = hrnet_weights_open(path, NULL, &error);
        g_assert_true((weights == NULL) == (error != NULL)); /* a weight may change unnoticed */
        hrnet_weights_close(weights);
        bytes[at] ^= 0x5a;
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/onnx/nesting", test_nesting);
    g_test_add_func("/onnx/flood", test_flood);
    g_test_add_func("/onnx/shared-tensor", test_shared_tensor);
    g_test_add_func("/onnx/small", test_small);
    g_test_add_func("/onnx/damaged", test_damaged);
    return g_test_run();
}

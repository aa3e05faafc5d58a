/* Broken and hostile .safetensors files: each is refused with one clear message.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "checkpoint.h"
#include "weights/weights.h"

#define T(shape, from, to)                                                                         \
    "\"conv1.weight\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" from "," to "]}"

/* A file of `header` and n_data zeros behind it. */
static gchar *write_raw(const gchar *header, gsize header_bytes, guint64 claimed_bytes,
                        gsize n_data)
{
    GByteArray *bytes = g_byte_array_new();
    g_byte_array_append(bytes, (const guint8 *)&claimed_bytes, 8);
    g_byte_array_append(bytes, (const guint8 *)header, (guint)header_bytes);
    guint length = bytes->len;
    g_byte_array_set_size(bytes, (guint)(length + n_data));
    memset(bytes->data + length, 0, n_data);
    gchar *path = g_build_filename(checkpoint_folder(), "hostile.safetensors", NULL);
    g_assert_true(g_file_set_contents(path, (gchar *)bytes->data, bytes->len, NULL));
    g_byte_array_unref(bytes);
    return path;
}

static void expect(const gchar *path, gint code, const gchar *text)
{
    g_assert_cmpint(checkpoint_expect_refusal(path, text), ==, code);
}

typedef struct {
    const gchar *name, *header;
    gsize n_data;
    const gchar *message;
} Case;

static const Case cases[] = {
    { "beyond-the-file", "{" T("[2]", "0", "8") "}", 4, "conv1.weight: data_offsets" },
    { "backwards", "{" T("[2]", "8", "0") "}", 8, "conv1.weight: data_offsets" },
    { "negative-offset", "{" T("[2]", "-8", "0") "}", 8, "conv1.weight: data_offsets" },
    { "fractional-offset", "{" T("[2]", "0.0", "8") "}", 8, "conv1.weight: data_offsets" },
    { "huge-offset", "{" T("[2]", "18446744073709551608", "18446744073709551616") "}", 8,
      "conv1.weight: data_offsets" },
    { "three-offsets", "{" T("[2]", "0", "8,9") "}", 8, "conv1.weight: data_offsets" },
    { "size-mismatch", "{" T("[3]", "0", "8") "}", 8, "8 bytes of data, expected 12" },
    { "negative-size", "{" T("[-2]", "0", "8") "}", 8, "shape is no list" },
    { "size-of-text", "{" T("[\"2\"]", "0", "8") "}", 8, "shape is no list" },
    { "no-shape", "{" T("{}", "0", "8") "}", 8, "shape is no list" },
    { "product-overflow", "{" T("[4294967296,4294967296,4]", "0", "8") "}", 8, "overflows" },
    { "bytes-overflow", "{" T("[4611686018427387904]", "0", "8") "}", 8, "too many" },
    { "many-dims", "{" T("[1,1,1,1,1,1,1,1,2]", "0", "8") "}", 8, "shape is no list" },
    { "overlap",
      "{" T("[2]", "0", "8") ",\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8,
      "overlap" },
    { "gap", "{" T("[2]", "4", "12") "}", 12, "gap" },
    { "trailing", "{" T("[2]", "0", "8") "}", 9, "9 bytes of data, the header describes 8" },
    { "duplicate", "{" T("[2]", "0", "8") "," T("[2]", "8", "16") "}", 16,
      "has conv1.weight twice" },
    { "duplicate-escaped", "{" T("[2]", "0", "8") ",\"conv1\\u002eweight\":{}}", 8,
      "has conv1.weight twice" },
    { "no-dtype", "{\"conv1.weight\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "has no dtype" },
    { "dtype-number", "{\"conv1.weight\":{\"dtype\":32,\"shape\":[2],\"data_offsets\":[0,8]}}", 8,
      "has no dtype" },
    { "tensor-number", "{\"conv1.weight\":7}", 0, "is no object" },
    { "metadata-number", "{\"__metadata__\":{\"hrnet.mean\":1}}", 0, "hrnet.mean is no string" },
    { "metadata-list", "{\"__metadata__\":[]}", 0, "__metadata__ is no object" },
    { "unfinished", "{" T("[2]", "0", "8"), 8, "no valid JSON" },
    { "not-json", "{conv1", 8, "no valid JSON" },
    { "no-utf8", "{\"\xff\xfe\":{}}", 0, "" },
    { "control-characters", "{\"a\x1b[31m\\n\\u0007\":7}", 0, "" },
    { "empty", "{}", 0, "no HRNetV2" },
    { "array-empty-dims", "{" T("[0,9223372036854775807,9]", "0", "0") "}", 0, "no HRNetV2" },
};

static void test_case(gconstpointer data)
{
    const Case *hostile = data;
    gsize length = strlen(hostile->header);
    g_autofree gchar *path = write_raw(hostile->header, length, length, hostile->n_data);
    g_autoptr(GError) error = NULL;
    g_assert_null(hrnet_weights_open(path, NULL, &error));
    g_assert_cmpint(error->code, !=, HRNET_WEIGHTS_ERROR_OPTION);
    expect(path, error->code, hostile->message);
}

static void test_header_length(void)
{
    static const guint64 lengths[] = { 3, 100, 1u << 30, G_MAXUINT64, G_MAXINT64, (guint64)-8 };
    for (guint i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autofree gchar *path = write_raw("{}", 2, lengths[i], 0);
        expect(path, HRNET_WEIGHTS_ERROR_INVALID, "header of");
    }
}

static void test_nesting(void)
{
    GString *header = g_string_new("{\"x\":");
    for (guint i = 0; i < 1000000; i++)
        g_string_append_c(header, '[');
    g_autofree gchar *path = write_raw(header->str, header->len, header->len, 0);
    expect(path, HRNET_WEIGHTS_ERROR_INVALID, "nested too deeply");
    g_string_assign(header, "{\"x\":[0");
    for (guint i = 0; i < 1000000; i++)
        g_string_append(header, ",0");
    g_string_append(header, "]}");
    g_autofree gchar *second = write_raw(header->str, header->len, header->len, 0);
    expect(second, HRNET_WEIGHTS_ERROR_INVALID, "too many values");
    g_string_free(header, TRUE);
}

/* A sound file cut anywhere is refused. */
static void test_truncated(void)
{
    HrnetConfig config;
    Checkpoint *checkpoint = checkpoint_new();
    g_autoptr(GError) error = NULL;
    checkpoint_config(&config, 1, 8, 1, 1, 1, 1, 2, 2);
    checkpoint_add_network(checkpoint, &config, TRUE, NULL);
    guint64 size = 10 + checkpoint->header->len + checkpoint->data_bytes;
    for (guint64 cut = 1; cut <= size; cut += cut < 20 || size - cut < 20 ? 1 : 1 + size / 50) {
        g_autofree gchar *path =
            checkpoint_write(checkpoint, checkpoint_folder(), "cut.safetensors", cut);
        HrnetWeights *weights = hrnet_weights_open(path, NULL, &error);
        g_assert_null(weights);
        g_assert_error(error, HRNET_WEIGHTS_ERROR, HRNET_WEIGHTS_ERROR_INVALID);
        g_clear_error(&error);
    }
    checkpoint_free(checkpoint);
}

/* A file that loses its end after it was opened gives an error, not a signal. */
static void test_shrinking(void)
{
    HrnetConfig config;
    Checkpoint *checkpoint = checkpoint_new();
    gfloat w[2 * 30], b[2];
    g_autoptr(GError) error = NULL;
    checkpoint_config(&config, 1, 8, 1, 1, 1, 1, 2, 2);
    checkpoint_add_network(checkpoint, &config, TRUE, NULL);
    g_autofree gchar *path =
        checkpoint_write(checkpoint, checkpoint_folder(), "shrinks.safetensors", 0);
    HrnetWeights *weights = hrnet_weights_open(path, NULL, &error);
    g_assert_no_error(error);
    g_free(checkpoint_write(checkpoint, checkpoint_folder(), "shrinks.safetensors", 500));
    g_assert_false(hrnet_weights_read_conv(weights, "last_layer.3", NULL, 2, 30, 1, w, b, &error));
    g_assert_error(error, HRNET_WEIGHTS_ERROR, HRNET_WEIGHTS_ERROR_INVALID);
    hrnet_weights_close(weights);
    checkpoint_free(checkpoint);
}

static void test_not_a_file(void)
{
    g_autofree gchar *fifo = g_build_filename(checkpoint_folder(), "fifo", NULL);
    g_autofree gchar *absent = g_build_filename(checkpoint_folder(), "absent", NULL);
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    expect(fifo, HRNET_WEIGHTS_ERROR_NOT_FOUND, "not a regular file");
    expect(checkpoint_folder(), HRNET_WEIGHTS_ERROR_NOT_FOUND, "not a regular file");
    expect(absent, HRNET_WEIGHTS_ERROR_NOT_FOUND, "No such file");
    g_assert_true(g_file_set_contents(absent, "", 0, NULL));
    expect(absent, HRNET_WEIGHTS_ERROR_INVALID, "no checkpoint");
    g_assert_true(g_file_set_contents(absent, "GIF89a, a picture", -1, NULL));
    expect(absent, HRNET_WEIGHTS_ERROR_INVALID, "no checkpoint");
}

static void test_side_file(void)
{
    HrnetConfig config;
    Checkpoint *checkpoint = checkpoint_new();
    static const gchar *const texts[] = { "[]", "{", "{\"hrnet.mean\": 5}",
                                          "{\"mean\":[1,1,1],\"mean\":[1,1,1]}", "" };
    checkpoint_config(&config, 1, 8, 1, 1, 1, 1, 2, 2);
    checkpoint_add_network(checkpoint, &config, FALSE, NULL);
    g_autofree gchar *path =
        checkpoint_write(checkpoint, checkpoint_folder(), "side.safetensors", 0);
    g_autofree gchar *side = g_strconcat(path, ".json", NULL);
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_assert_true(g_file_set_contents(side, texts[i], -1, NULL));
        expect(path, HRNET_WEIGHTS_ERROR_OPTION, "");
    }
    checkpoint_free(checkpoint);
}

/* What people have in the place of a checkpoint is named, with what helps. */
static void test_mistaken(void)
{
    static const struct {
        const gchar *name, *text, *message;
        gsize n_bytes;
    } files[] = {
        { "model.pth", "", "is empty", 0 },
        { "model.pth", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 6\n",
          "Git LFS pointer", 60 },
        { "model.pth", "\n\n <!DOCTYPE html><html><title>Sign in</title>", "web page", 40 },
        { "model.onnx", "\xef\xbb\xbf<HTML>too many requests", "web page", 20 },
        { "model.h5", "\x89HDF\r\n\x1a\n\0\0\0\0\0\b\b\0", "Keras", 16 },
        { "model.tflite", "\x1c\0\0\0TFL3\0\0", "TensorFlow Lite", 10 },
        { "model.pdparams", "\x80\x02}q\0(X\x05\0\0\0conv1K\x01u.", "PaddlePaddle", 20 },
        { "model.pkl", "\x80\x02}q\0(X\x05\0\0\0conv1K\x01u.", "torch.save", 20 },
        { "model.xml", "<?xml version=\"1.0\"?>\n<net name=\"hrnet\" version=\"11\">", "OpenVINO",
          50 },
        { "model.xml", "<?xml version=\"1.0\"?>\n<svg name=\"hrnet\" version=\"11\">",
          "no checkpoint", 50 },
    };
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree gchar *path = g_build_filename(checkpoint_folder(), files[i].name, NULL);
        g_assert_true(g_file_set_contents(path, files[i].text, (gssize)files[i].n_bytes, NULL));
        const gint code = checkpoint_expect_refusal(path, files[i].message);
        g_assert_true(code == HRNET_WEIGHTS_ERROR_INVALID ||
                      code == HRNET_WEIGHTS_ERROR_UNSUPPORTED);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree gchar *path = g_strconcat("/safetensors/hostile/", cases[i].name, NULL);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/safetensors/header-length", test_header_length);
    g_test_add_func("/safetensors/nesting", test_nesting);
    g_test_add_func("/safetensors/truncated", test_truncated);
    g_test_add_func("/safetensors/shrinking", test_shrinking);
    g_test_add_func("/safetensors/not-a-file", test_not_a_file);
    g_test_add_func("/safetensors/side-file", test_side_file);
    g_test_add_func("/safetensors/mistaken", test_mistaken);
    return g_test_run();
}
